"""The numbers of messages, and that each is put on every edge of its port."""

from __future__ import annotations

from nandtrace.check.graph.ledger import Ledger
from nandtrace.check.graph.state import Edge, GraphState
from nandtrace.check.ledger import number
from nandtrace.vocab.graph import MessageType


class Numbering:
    """What was emitted last: `rest` are the edges of its port on which it must still be put.

    `is_cut` says that something else has happened since, `wrong` are numbers that were reported: another
    event may name their messages by the right ones.
    """

    def __init__(self, state: GraphState, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger
        self.reset()

    def reset(self) -> None:
        """Begin anew, between two turns."""
        self.rest: list[Edge] = []
        self.is_cut = False
        self.wrong: set[int] = set()
        self._at = 0
        self._msg = 0
        self._emit_as: tuple[MessageType | None, int] = (None, 0)
        self._perhaps: tuple[int, ...] = ()

    def take(self, at: int, msg: int, edge: Edge, emit_as: tuple[MessageType | None, int]) -> None:
        """A message is put under a number, on one of several edges or not as the next one."""
        if self.rest and edge in self.rest and (msg == self._msg or self._msg in self.wrong):
            self.rest.remove(edge)
            self._state.next_msg = msg + 1
            if self._emit_as != emit_as:
                same = f"the type and trace of message {msg} as put before"
                self._offend(at, edge, msg, same, "others")
            if self.is_cut:
                at_once = f"message {msg} put on every edge of its port at once"
                self._offend(at, edge, msg, at_once, f"on {edge.id} after something else")
            return
        self.finish()
        self._take_next(at, msg, edge)
        self.rest = [other for other in edge.siblings if other is not edge]
        self._at, self._msg, self._emit_as = at, msg, emit_as
        self.is_cut = False

    def _take_next(self, at: int, msg: int, edge: Edge) -> None:
        """The number must be the next; after one that was not, any way of going on is taken.

        It may have been a number too many, a wrong one, or the first after a hole.
        """
        state = self._state
        if msg != state.next_msg and msg not in self._perhaps:
            due = state.next_msg
            self._offend(at, edge, msg, f"message {due}", f"message {number(msg)}")
            self.wrong.add(msg)
            self._perhaps = (due, due + 1)
            state.next_msg = max(msg, due) + 1
            return
        self._perhaps = ()
        state.next_msg = msg + 1

    def finish(self) -> None:
        """What was emitted last is put on every edge of its port."""
        for edge in self.rest:
            every = f"message {self._msg} put on every edge of its port"
            self._offend(self._at, edge, self._msg, every, f"not on {edge.id}")
        self.rest = []

    def _offend(self, at: int, edge: Edge, msg: int, expected: str, actual: str) -> None:
        self._ledger.offend("put-result", at, expected, actual, edge=edge, msg=msg)
