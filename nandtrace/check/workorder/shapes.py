"""Snapshots of a work-order scheduler as the checker needs them: the shape of their fields."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from nandtrace.check.event_batch import State
from nandtrace.vocab.workorder import ACTIVE, WAITING, Mode, Pressure, TerminateWhy

TOTALS = ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled")
"""What a snapshot counts since the trace began."""

_LIVE = frozenset(str(state) for state in ACTIVE | WAITING)


def shape_problem(state: State) -> str | None:
    """What is wrong with the shape of a snapshot, None when nothing is.

    All fields of the vocabulary must be there. Whether they fit each other and the events is for the
    invariants to say.
    """
    for name, (fits, shape) in _SHAPES.items():
        if name not in state:
            return f"{name} is missing"
        if not fits(state[name]):
            return f"{name} is no {shape}"
    return None


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_time_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_word(value: Any, words: type[StrEnum]) -> bool:
    return isinstance(value, str) and value in list(words)


def _are_slots(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(
            isinstance(entry, list) and len(entry) == 2 and all(_is_number(item) for item in entry)
            for entry in value
        )
        and len({entry[0] for entry in value}) == len(value)
    )


def _are_orders(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(row, dict) and _is_order(row) for row in value)
        and len({row["order"] for row in value}) == len(value)
    )


def _is_order(row: dict[str, Any]) -> bool:
    return (
        all(_is_number(row.get(name)) for name in ("order", "max_retries", "attempts", "since_ns"))
        and isinstance(row.get("id"), str)
        and isinstance(row.get("state"), str)
        and row["state"] in _LIVE
        and type(row.get("priority")) is int
        and -(2**63) < row["priority"] < 2**63
        and all(name in row for name in ("claimed_ns", "due_ns", "terminate"))
        and _is_time_or_none(row["claimed_ns"])
        and _is_time_or_none(row["due_ns"])
        and (row["terminate"] is None or _is_terminate(row["terminate"]))
    )


def _is_terminate(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_word(value.get("why"), TerminateWhy)
        and _is_number(value.get("deadline_ns"))
    )


def _are_totals(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(value.get(name)) for name in TOTALS)


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "clock_ns": (_is_number, "number from 0 on"),
    "next_order": (_is_number, "number from 0 on"),
    "mode": (lambda value: _is_word(value, Mode), "mode"),
    "handler": (_is_flag, "flag"),
    "last_claim_ns": (_is_time_or_none, "number from 0 on, and not null"),
    "pressure": (lambda value: _is_word(value, Pressure), "level of pressure"),
    "healthy": (_is_flag, "flag"),
    "slots": (_are_slots, "list of pairs of slot and order"),
    "orders": (_are_orders, "list of live orders"),
    "totals": (_are_totals, "map of counts"),
}
