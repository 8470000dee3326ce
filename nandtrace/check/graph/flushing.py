"""Pending messages: what must follow at once when a node becomes blocked, or an edge has room again."""

from __future__ import annotations

from nandtrace.check.graph.course import (
    BLOCK,
    DELIVER,
    DISABLE,
    FLUSH,
    NOTHING,
    TICK,
    WAKE,
)
from nandtrace.check.graph.putting import Putting
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import Edge, Node

EdgeRow = tuple[int, Edge | None, int]
"""Message, edge, depth."""

BlockRow = tuple[Node | None, Edge | None]


class Flushing:
    """FLUSH, BLOCK, WAKE, and what is owed and does not come."""

    def __init__(self, scene: Scene, putting: Putting) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger
        self._putting = putting

    def flush(self, at: int, _time_ns: int, row: EdgeRow) -> None:
        msg, edge, depth = row
        edge = edge or (self._course.owed_edge if self._course.owed == FLUSH else None)
        if edge is None:
            return
        if msg in edge.assumed:
            edge.assumed.discard(msg)
            return
        self._ledger.count("flush-prompt")
        self._ledger.count("edge-fifo", 1, int(len(edge.pending) > 1))
        if self._is_pending(at, msg, edge):
            self._state.unpend(edge, msg)
        elif msg in edge.queued:
            if self._course.owed == FLUSH:
                self.owe_flush(edge)
            return
        self._putting.enter(at, edge, msg)
        if depth - len(edge.queued) != edge.skew:
            self._scene.off_depth("edge-capacity", at, edge, depth, msg)
        self.owe_flush(edge, flushed=True)

    def _is_pending(self, at: int, msg: int, edge: Edge) -> bool:
        pending, wrong = edge.pending, self._scene.numbering.wrong
        if pending and pending[0] == msg:
            return True
        if msg in pending:
            if wrong.isdisjoint(edge.queued):
                first = f"message {pending[0]}, pending the longest, first"
                self._ledger.offend("edge-fifo", at, first, f"message {msg}", edge=edge, msg=msg)
            else:
                # What was pending the longest has entered under a wrong number.
                self._state.unpend(edge, pending[0])
            return True
        if pending and pending[0] in wrong:
            self._state.unpend(edge, pending[0])
            return False
        wrong.add(msg)
        if not 0 <= msg < self._state.next_msg:
            self._offend_unknown(at, msg, edge)
        else:
            self._ledger.offend(
                "edge-conservation",
                at,
                f"a message pending for {edge.id}",
                f"message {msg}, which is not",
                edge=edge,
                msg=msg,
            )
        return False

    def _offend_unknown(self, at: int, msg: int, edge: Edge) -> None:
        self._ledger.offend(
            "names-resolve",
            at,
            f"a message below {self._state.next_msg}",
            f"message {msg}, which was not put",
            edge=edge,
            msg=msg,
        )

    def owe_flush(self, edge: Edge, *, flushed: bool = False) -> None:
        """After an edge may have got room: a FLUSH is due, or, after the last one, a WAKE."""
        if edge.pending and not edge.is_full:
            self._course.owe(FLUSH, edge.source, edge)
        elif flushed and edge.source is not None and not edge.source.blocked:
            self._course.owe(WAKE, edge.source, edge)
        else:
            self._course.settle()

    def block(self, at: int, _time_ns: int, row: BlockRow) -> None:
        course, (node, edge) = self._course, row
        self._ledger.count("blocked-pure")
        due = course.owed == BLOCK
        if node and edge and not (due and (node, edge) == (course.owed_node, course.owed_edge)):
            self._ledger.offend(
                "blocked-pure",
                at,
                self._owed_text()
                if due
                else "no BLOCK but after the first message that is pending",
                f"a BLOCK of {node.name} by {edge.id}",
                node=node,
                edge=edge,
            )
        if due:
            course.settle()

    def wake(self, at: int, time_ns: int, row: BlockRow) -> None:
        course, (node, edge) = self._course, row
        self._ledger.count("flush-prompt")
        due = course.owed == WAKE
        if node is not None:
            self._count_yield(node, time_ns)
        if node and node.wake_assumed:
            node.wake_assumed = False
        elif node and edge and not (due and (node, edge) == (course.owed_node, course.owed_edge)):
            self._ledger.offend(
                "flush-prompt",
                at,
                self._owed_text() if due else "no WAKE but after the last FLUSH of a blocked node",
                f"a WAKE of {node.name} by {edge.id}",
                node=node,
                edge=edge,
            )
            self._forget_pending(at, node)
        if due:
            course.settle()

    def _count_yield(self, node: Node, time_ns: int) -> None:
        """A node was blocked, and had to leave something that it could have taken, or not."""
        waits = bool(node.lanes[1] or node.lanes[2])
        waits |= node.due_ns is not None and node.due_ns <= time_ns
        self._ledger.count("blocked-yield", 1, int(waits))

    def _forget_pending(self, at: int, node: Node) -> None:
        """The log says that nothing of a node is pending any more."""
        for edge in node.outputs:
            for msg in tuple(edge.pending):
                self._ledger.offend(
                    "edge-conservation",
                    at,
                    f"message {msg} enters {edge.id}, or stays pending",
                    "its producer wakes without it",
                    node=node,
                    edge=edge,
                    msg=msg,
                )
                self._state.unpend(edge, msg)

    def unpaid(self, at: int, code: int) -> None:
        """Another event comes than the one that is owed: report it, and go on as if it had come."""
        course = self._course
        if course.owed == DELIVER and code in (FLUSH, WAKE):
            # Such events may lie before a DELIVER; whether these belong there is for them to say.
            return
        while course.owed not in (NOTHING, code):
            self._ledger.offend(
                _RULES[course.owed],
                at,
                self._owed_text(),
                "it does not come",
                node=course.owed_node,
                edge=course.owed_edge,
            )
            self._assume(at)

    def _assume(self, at: int) -> None:
        course = self._course
        owed, edge = course.owed, course.owed_edge
        if owed == FLUSH and edge is not None:
            while edge.pending and not edge.is_full:
                msg = edge.pending[0]
                self._state.unpend(edge, msg)
                self._putting.enter(at, edge, msg)
                edge.assumed.add(msg)
            if edge.source is not None and not edge.source.blocked:
                edge.source.wake_assumed = True
        elif owed == WAKE and course.owed_node is not None:
            course.owed_node.wake_assumed = True
        if owed == DELIVER:
            course.got = None
        course.settle()

    def _owed_text(self) -> str:
        course = self._course
        node = course.owed_node.name if course.owed_node else "?"
        edge = course.owed_edge
        match course.owed:
            case _ if course.owed == FLUSH and edge is not None:
                return f"a FLUSH of message {edge.pending[0]} into {edge.id}, which has room"
            case _ if course.owed == DELIVER:
                return f"the DELIVER of message {course.got_msg} to {node}"
            case _ if course.owed == DISABLE:
                rest = ", ".join(
                    "no edge" if item is None else item.id for item in course.disable_rest
                )
                return f"a DISABLE of {node} for {rest}"
            case _ if course.owed == TICK:
                return f"the TICK of {node} that is due, first"
        word = "BLOCK" if course.owed == BLOCK else "WAKE"
        return f"a {word} of {node} by {edge.id if edge else '?'}"


_RULES = {
    TICK: "tick-cadence",
    FLUSH: "flush-prompt",
    WAKE: "flush-prompt",
    BLOCK: "blocked-pure",
    DELIVER: "delivery",
    DISABLE: "error-isolated",
}
