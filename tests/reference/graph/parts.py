"""The parts of a graph: its nodes and edges as a snapshot tells them, and what a full edge demands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Edge:
    """An edge of the header, and what is on it: [number, whether it is CONTROL], the oldest first."""

    id: str
    source: str | None
    source_port: str | None
    target: str
    policy: str
    capacity: int
    priority: int
    queued: list[tuple[int, bool]]
    pending: list[tuple[int, bool]]
    held: tuple[int, int] | None
    """A message that waits for its next attempt, and how many it had."""

    put: set[int] = field(default_factory=set)
    """Numbers of messages that were put on it in this run."""
    renumbered: set[int] = field(default_factory=set)
    """Numbers under which other messages were put on it."""
    flushed_ahead: set[int] = field(default_factory=set)
    """Messages that entered it because they had to, before their FLUSH."""
    taken_ahead: set[int] = field(default_factory=set)
    """Messages that were taken from it under a wrong number."""
    overtaken: set[int] = field(default_factory=set)
    """Messages on it that a younger one left before."""

    surplus: int = 0
    """By how much the last depth told differs from what was expected."""
    unknown: int = 0
    """Messages that entered it without a PUT, as the depth of a later one says."""

    @property
    def is_full(self) -> bool:
        return len(self.queued) + self.unknown >= self.capacity

    def numbers(self) -> list[int]:
        """The messages on it, the oldest first."""
        return [msg for msg, _ in self.queued]

    @property
    def has_input(self) -> bool:
        return bool(self.queued) or self.held is not None


@dataclass
class Node:
    """A node of the header, and its life."""

    name: str
    interval_ns: int | None
    override: int | None
    on_error: str
    max_attempts: int
    state: str
    due_ns: int | None
    inputs: list[Edge] = field(default_factory=list)
    outputs: list[Edge] = field(default_factory=list)

    @property
    def is_blocked(self) -> bool:
        return any(edge.pending for edge in self.outputs)


def nodes_of(device: dict[str, Any], snapshot: dict[str, Any]) -> dict[str, Node]:
    states = {state["name"]: state for state in snapshot["nodes"]}
    return {
        node["name"]: Node(
            node["name"],
            node["tick_interval_ns"],
            node["priority_override"],
            node["on_error"],
            node["max_attempts"],
            states[node["name"]]["state"],
            states[node["name"]]["due_ns"],
        )
        for node in device["nodes"]
    }


def edges_of(device: dict[str, Any], snapshot: dict[str, Any]) -> dict[str, Edge]:
    states = {state["id"]: state for state in snapshot["edges"]}
    edges = {}
    for edge in device["edges"]:
        state = states[edge["id"]]
        edges[edge["id"]] = Edge(
            edge["id"],
            edge["source"],
            edge["source_port"],
            edge["target"],
            edge["policy"],
            state["capacity"],
            state["priority"],
            [(msg, is_control) for msg, is_control in state["queued"]],
            [(msg, is_control) for msg, is_control in state["pending"]],
            None if state["held"] is None else (state["held"][0], state["held"][1]),
        )
    return edges


def remove(messages: list[tuple[int, bool]], msg: int | None) -> tuple[int, bool] | None:
    """Take a message out, wherever it is; None where it is not there."""
    for place, message in enumerate(messages):
        if message[0] == msg:
            return messages.pop(place)
    return None


def demanded(edge: Edge, is_control: bool) -> tuple[str, int | None]:
    """What becomes of a message put on an edge now, and the message that it takes the place of."""
    if not edge.pending and not edge.is_full:
        return "OK", None
    if edge.pending or is_control or edge.policy == "block":
        return "BLOCKED", None
    if edge.policy == "drop":
        return "DROPPED", None
    if edge.policy == "latest":
        others = [msg for msg, control in edge.queued if not control]
        return ("REPLACED", others[0]) if others else ("BLOCKED", None)
    newest, control = edge.queued[-1]
    return ("BLOCKED", None) if control else ("COALESCED", newest)
