"""Edges and nodes of a running graph: what changes from turn to turn."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from nandtrace.graph.message import Message
from nandtrace.graph.node import Node
from nandtrace.graph.values import Merge
from nandtrace.vocab.graph import Band, ErrorPolicy, NodeState, Policy

Item = tuple[int, Message]
"""A message and its number."""


@dataclass(slots=True, eq=False)
class Held:
    """A message that waits for its next attempt at the head of its edge."""

    msg: int
    message: Message
    attempts: int


@dataclass(slots=True, eq=False)
class EdgeState:
    """An edge: its messages, those pending at its producer, and one that waits for a retry."""

    id: str
    code: object
    source: NodeRecord | None
    target: NodeRecord
    target_port: str
    capacity: int
    policy: Policy
    band: int
    merge: Merge
    types: tuple[type, ...]
    """What the target takes."""

    is_checked: bool
    """Whether each message is checked for that: its source may send something else."""

    queue: deque[Item] = field(default_factory=deque)
    pending: deque[Item] = field(default_factory=deque)
    held: Held | None = None


@dataclass(slots=True, eq=False)
class OutPort:
    """An output port: the edges that leave it, and what may go out (None: anything)."""

    edges: tuple[EdgeState, ...]
    types: tuple[type, ...] | None
    type_text: str


@dataclass(slots=True, eq=False)
class NodeRecord:
    """A node of a running graph.

    `edges_in` are its inputs in the order of the plan, `inputs` the same in the order of service: the edge
    read last is last. `code` stands for its name in the log. `queued` is the band in which it waits for a
    turn, 0 for none; `is_touched` says that it may have to wait in another one by the next decision.
    `blocked_edges` counts edges for which messages of it are pending.
    """

    node: Node
    name: str
    index: int
    code: object
    override: int
    on_error: ErrorPolicy
    max_attempts: int
    interval_ns: int | None
    outputs: dict[str, OutPort] = field(default_factory=dict)
    edges_in: tuple[EdgeState, ...] = ()
    inputs: list[EdgeState] = field(default_factory=list)
    state: NodeState = NodeState.NEW
    queued: int = 0
    is_touched: bool = False
    blocked_edges: int = 0
    due_ns: int | None = None
    tick_is_due: bool = False

    def next_edge(self) -> EdgeState | None:
        """The input to take a message from now: of the highest priority, the one read longest ago."""
        found, best = None, 0
        for edge in self.inputs:
            if edge.band > best and (edge.queue or edge.held):
                found, best = edge, edge.band
        if self.blocked_edges and best < Band.CONTROL:
            return None
        return found

    def ready_band(self) -> int:
        """The band in which the node is ready, 0 where it is not."""
        if self.state is not NodeState.RUNNING:
            return 0
        edge = self.next_edge()
        if edge is not None:
            return self.override or edge.band
        if self.tick_is_due and not self.blocked_edges:
            return self.override or Band.NORMAL
        return 0
