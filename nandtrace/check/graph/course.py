"""The course of a run: whose turn it is, which callback runs, and what must be written next."""

from __future__ import annotations

from enum import IntEnum

from nandtrace.check.graph.state import Edge, Node
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import GRAPH, Call

NOTHING = -1
"""Nothing is owed."""

TICK, FLUSH, DELIVER, BLOCK, WAKE, DISABLE = (
    GRAPH.by_name[name].code for name in ("TICK", "FLUSH", "DELIVER", "BLOCK", "WAKE", "DISABLE")
)


class Phase(IntEnum):
    """The parts of a graph's life, in order."""

    STARTING = 0
    RUNNING = 1
    LEAVING = 2
    """The drain is over; what is left is itemised."""

    STOPPING = 3


class Course:
    """What a snapshot does not hold, because it lies within a turn or a callback.

    `owed` is the code of the kind that must come next, for `owed_node` and `owed_edge`. `node` is that
    of the turn, `caller` that of the callback (`call`, and its message), `called_at` the position of the
    last TICK or DELIVER. `got` is the edge of a GET that was not yet delivered, `lost_get` says that a
    GET named no known edge. `stopped_by` is a node whose error shuts the graph down.
    """

    def __init__(self) -> None:
        self.caller: Node | None = None
        self.call: Call | None = None
        self.call_edge: Edge | None = None
        self.call_msg = self.call_attempt = NULL
        self.reset(Phase.STARTING)

    def reset(self, phase: Phase) -> None:
        """Begin anew, between two turns."""
        self.phase = phase
        self.owed = NOTHING
        self.owed_node: Node | None = None
        self.owed_edge: Edge | None = None
        self.disable_rest: list[Edge | None] = []
        self.node: Node | None = None
        self.in_turn = False
        self.turn_at = 0
        self.called_at = NOTHING
        self.mutated_at = NOTHING
        self.taken = 0
        self.ticked = False
        self.is_over = False
        self.is_unready = False
        self.stopped_by: Node | None = None
        self.idle_at = NOTHING
        self.got: Edge | None = None
        self.got_msg = 0
        self.lost_get = False
        self.end_call()

    def begin_call(self, node: Node | None, call: Call | None) -> None:
        """A callback without a message begins; one that ran is over."""
        self.caller = node
        self.call = call
        self.call_edge = None
        self.call_msg = self.call_attempt = NULL

    def running(self) -> tuple[Node | None, Call | None, Edge | None, int, int]:
        """The callback that runs: its node, and what it was called with."""
        call = self.call if self.caller else None
        return self.caller, call, self.call_edge, self.call_msg, self.call_attempt

    def end_call(self) -> None:
        """No callback runs."""
        self.begin_call(None, None)

    def owe(self, code: int, node: Node | None, edge: Edge | None) -> None:
        """An event of a kind must come next."""
        self.owed = code
        self.owed_node = node
        self.owed_edge = edge

    def settle(self) -> None:
        """What was owed was written: go back to the DELIVER of a GET, if there was one."""
        if self.got is not None:
            self.owe(DELIVER, self.got.target, self.got)
        else:
            self.owed = NOTHING
