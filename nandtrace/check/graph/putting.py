"""Messages put on edges: their numbers, and what became of them."""

from __future__ import annotations

from nandtrace.check.graph.course import BLOCK, Phase
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import Edge
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import MessageType, Policy, PutResult

OK, BLOCKED, DROPPED = PutResult.OK, PutResult.BLOCKED, PutResult.DROPPED
REPLACED, COALESCED = PutResult.REPLACED, PutResult.COALESCED
CONTROL = MessageType.CONTROL


def demanded(edge: Edge, control: bool, length: int) -> tuple[PutResult, int]:
    """What must become of a message put on an edge of some length, and the other message concerned.

    Source: graph model: policies of a full edge.
    """
    if not edge.pending and length < edge.capacity:
        return OK, NULL
    if edge.pending or control:
        return BLOCKED, NULL
    match edge.plan.policy:
        case Policy.DROP:
            return DROPPED, NULL
        case Policy.LATEST:
            oldest = next((msg for msg in edge.queued if msg not in edge.controls), None)
            return (BLOCKED, NULL) if oldest is None else (REPLACED, oldest)
        case Policy.COALESCE if edge.queued and edge.queued[-1] not in edge.controls:
            return COALESCED, edge.queued[-1]
        case _:
            return BLOCKED, NULL


PutRow = tuple[int, Edge | None, MessageType | None, PutResult | None, int, int, int]
"""Message, edge, type, result, depth, other message, trace."""


class Putting:
    """PUT."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger
        self._numbering = scene.numbering

    def put(self, at: int, _time_ns: int, row: PutRow) -> None:
        course, (msg, edge, type_, result, depth, other, trace_id) = self._course, row
        numbering = self._numbering
        if edge is None:
            self._state.next_msg = max(self._state.next_msg, msg + 1)
            numbering.rest = []
            return
        if msg != self._state.next_msg or numbering.rest or edge.siblings:
            numbering.take(at, msg, edge, (type_, trace_id))
            if msg in numbering.wrong and (msg in edge.queued or msg in edge.pending):
                return
        else:
            self._state.next_msg = msg + 1
        if edge.source is None or edge.source is not course.caller or course.phase > Phase.RUNNING:
            self._check_source(at, msg, edge)
        queued = edge.queued
        if (
            result is OK
            and not edge.pending
            and len(queued) < edge.capacity
            and other == NULL
            and type_ is not CONTROL
        ):
            if not queued and edge.held is None:
                self._state.arrive(edge, at)
            queued.append(msg)
        else:
            self._judge(at, edge, row)
        if depth - len(queued) != edge.skew:
            rule = "blocked-pure" if result is BLOCKED else "edge-capacity"
            self._scene.off_depth(rule, at, edge, depth, msg)

    def _offend_put(self, at: int, edge: Edge, msg: int, expected: str, actual: str) -> None:
        self._ledger.offend("put-result", at, expected, actual, edge=edge, msg=msg)

    def _check_source(self, at: int, msg: int, edge: Edge) -> None:
        """What comes from outside comes before the shutdown; a node emits in a callback of its own."""
        source, course = edge.source, self._course
        if course.phase > Phase.RUNNING or (source is None and self._state.shutdown is not None):
            self._ledger.offend(
                "shutdown-drained",
                at,
                "no message from outside after SHUTDOWN, and none at all once the drain is over",
                f"message {msg} on {edge.id}",
                edge=edge,
                msg=msg,
            )
        elif source is not None and source is not course.caller:
            caller = course.caller.name if course.caller else "none"
            # What it emits besides, in the same callback, is no further offence.
            course.begin_call(source, None)
            self._ledger.offend(
                "delivery",
                at,
                f"message {msg} emitted in a callback of {source.name}",
                f"in that of {caller}",
                node=source,
                edge=edge,
                msg=msg,
            )

    def _judge(self, at: int, edge: Edge, row: PutRow) -> None:
        """A PUT that is not just that of a message that finds room."""
        msg, _, type_, result, depth, other, _ = row
        control = type_ is CONTROL
        due = demanded(edge, control, len(edge.queued))
        if (result, other) != due and edge.skew:
            due = demanded(edge, control, len(edge.queued) + edge.skew)
        if (result, other) != due:
            self._offend_put(at, edge, msg, _said(*due, edge), _said(result, other, edge))
            if self._is_slip(edge, result, due[0], depth):
                result, other = due
        if edge.pending:
            self._check_order(at, edge, msg, result)
        if control and result is not DROPPED:
            edge.controls.add(msg)
        if result is REPLACED:
            self._replace(at, edge, msg, other)
        elif result is OK:
            self.enter(at, edge, msg)
        elif result is BLOCKED and edge.source is not None:
            self._pend(edge, msg)

    @staticmethod
    def _is_slip(edge: Edge, said: PutResult | None, due: PutResult, depth: int) -> bool:
        """Whether the depth tells that the result was another than the one that was said."""
        grows = depth - edge.skew - len(edge.queued)
        return said is None or ((said is OK) != (grows == 1) and (due is OK) == (grows == 1))

    def _check_order(self, at: int, edge: Edge, msg: int, result: PutResult | None) -> None:
        self._ledger.count("edge-fifo")
        if result in (OK, REPLACED):
            self._ledger.offend(
                "edge-fifo",
                at,
                f"message {edge.pending[0]}, pending for {edge.id}, enters first",
                f"message {msg} entered",
                edge=edge,
                msg=msg,
            )

    def _pend(self, edge: Edge, msg: int) -> None:
        assert edge.source is not None, "a message from outside is never pending"
        self._state.pend(edge, msg)
        self._ledger.count("blocked-pure")
        if edge.source.blocked == 1:
            self._course.owe(BLOCK, edge.source, edge)

    def _replace(self, at: int, edge: Edge, msg: int, other: int) -> None:
        """The edge is no fuller than before, though it may hold more than a capacity that shrank."""
        if other not in edge.queued:
            if not edge.queued:
                self.enter(at, edge, msg)
                return
            other = edge.queued[0]
        edge.queued.remove(other)
        edge.controls.discard(other)
        edge.queued.append(msg)

    def enter(self, at: int, edge: Edge, msg: int) -> None:
        """A message enters an edge that has room for it."""
        length = len(edge.queued)
        if length >= edge.capacity and length + edge.skew >= edge.capacity:
            self._ledger.offend(
                "edge-capacity",
                at,
                f"at most {edge.capacity} messages on {edge.id}",
                f"message {msg} entered as number {length + 1}",
                edge=edge,
                msg=msg,
            )
        if not edge.queued and edge.held is None:
            self._state.arrive(edge, at)
        edge.queued.append(msg)


def _said(result: PutResult | None, other: int, edge: Edge) -> str:
    word = "no known result" if result is None else str(result)
    if other != NULL:
        return f"{word} with message {other}"
    return f"{word} ({len(edge.queued)} of {edge.capacity}, {len(edge.pending)} pending)"
