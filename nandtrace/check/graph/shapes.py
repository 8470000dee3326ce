"""Snapshots of a graph as the checker needs them: the shape of their fields."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from nandtrace.check.event_batch import State
from nandtrace.vocab.graph import Band, NodeState, ShutdownReason

BAND_NAMES = tuple(band.name.lower() for band in Band)
"""How a snapshot names the bands, lowest first."""


def shape_problem(state: State) -> str | None:
    """What is wrong with the shape of a snapshot, None when nothing is.

    All fields of the vocabulary must be there. Whether the names in it are those of the
    header, and its numbers right, is for the invariants to say.
    """
    for name, (fits, shape) in _SHAPES.items():
        if name not in state:
            return f"{name} is missing"
        if not fits(state[name]):
            return f"{name} is no {shape}"
    return None


def _is_number(value: Any, low: int = 0) -> bool:
    return type(value) is int and low <= value < 2**63


def _is_word(value: Any, words: type[StrEnum]) -> bool:
    return isinstance(value, str) and value in list(words)


def _are_credits(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(value.get(name)) for name in BAND_NAMES)


def _are_nodes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and _is_word(row.get("state"), NodeState)
        and "due_ns" in row
        and (row["due_ns"] is None or _is_number(row["due_ns"]))
        for row in value
    )


def _are_edges(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("id"), str)
        and _is_number(row.get("capacity"), 1)
        and _is_number(row.get("priority"), 1)
        and row["priority"] <= Band.CONTROL
        and _are_messages(row.get("queued"))
        and _are_messages(row.get("pending"))
        and "held" in row
        and (row["held"] is None or _is_held(row["held"]))
        for row in value
    )


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, list)
        and len(entry) == 2
        and _is_number(entry[0])
        and isinstance(entry[1], bool)
        for entry in value
    )


def _is_held(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(item) for item in value)


def _are_bands(value: Any) -> bool:
    return isinstance(value, dict) and all(_are_names(value.get(name)) for name in BAND_NAMES)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_shutdown(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, dict)
        and _is_word(value.get("reason"), ShutdownReason)
        and _is_number(value.get("deadline_ns"))
    )


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "clock_ns": (_is_number, "number from 0 on"),
    "next_msg": (_is_number, "number from 0 on"),
    "credits": (_are_credits, "map of numbers by band"),
    "nodes": (_are_nodes, "list of nodes with name, state and due_ns"),
    "edges": (_are_edges, "list of edges with capacity, priority and messages"),
    "ready": (_are_bands, "map of lists of names by band"),
    "shutdown": (_is_shutdown, "map with reason and deadline_ns, and not null"),
}
