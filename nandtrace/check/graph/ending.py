"""The shutdown: the drain, its deadline, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.check.graph.course import Phase
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import Edge
from nandtrace.check.ledger import number
from nandtrace.vocab.graph import ErrorPolicy, NodeState, Place, ShutdownReason

_Left = tuple[Edge, int, Place]


LeftoverRow = tuple[int, Edge | None, Place | None]
"""Message, edge, place."""


class Ending:
    """SHUTDOWN, LEFTOVER, and the end of the drain."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger
        self._left: list[_Left] = []
        self._places: dict[tuple[Edge, int], int] = {}
        self._said: set[int] = set()
        self._due = 0

    def shutdown(self, at: int, time_ns: int, row: tuple[ShutdownReason | None, int]) -> None:
        reason, deadline_ns = row
        self._scene.finish_turn()
        self._scene.finish_start(at)
        self._ledger.count("shutdown-drained")
        offend = self._ledger.offend
        if self._state.shutdown is not None:
            offend("shutdown-drained", at, "SHUTDOWN once", "another")
            return
        due_ns = time_ns + self._scene.plan.shutdown_timeout_ns
        if deadline_ns != due_ns:
            offend("shutdown-drained", at, f"the deadline {due_ns} ns", f"{number(deadline_ns)} ns")
        self._check_reason(at, time_ns, reason)
        self._course.stopped_by = None
        self._state.shutdown = (str(reason), deadline_ns)
        for node in self._state.nodes:
            if node.tick_due:
                self._state.touch(node)

    def _check_reason(self, at: int, time_ns: int, reason: ShutdownReason | None) -> None:
        self._scene.ready.settle(at, time_ns)
        stopped = self._course.stopped_by
        if reason is ShutdownReason.FINISHED:
            self._check_finished(at)
        if stopped is None and reason is ShutdownReason.ERROR and not self._was_stopped():
            none = "the reason ERROR only after an error of a node whose policy is stop"
            self._ledger.offend("shutdown-drained", at, none, f"{reason}")
        elif reason is None:
            self._ledger.offend("shutdown-drained", at, "a reason", "no known one")
        elif stopped is not None and reason not in (ShutdownReason.ERROR, ShutdownReason.REQUESTED):
            self._ledger.offend(
                "error-isolated",
                at,
                f"the reason ERROR, for {stopped.name} raised and its policy is stop",
                f"{reason}",
                node=stopped,
            )

    def _was_stopped(self) -> bool:
        """Whether a node may have been disabled by the policy stop before this run."""
        return any(
            node.state is NodeState.DISABLED and node.plan.on_error is ErrorPolicy.STOP
            for node in self._state.nodes
        )

    def _check_finished(self, at: int) -> None:
        """Nothing may come of itself. Whether anybody could still put a message on an open input is not
        for the log to tell."""
        self._ledger.count("idle-only-when-idle")
        first, due_ns = self._scene.ready.first(), self._scene.ready.next_tick()
        why = None
        if first is not None:
            why = f"{first.name} is ready"
        elif due_ns is not None:
            why = f"a tick is due at {due_ns} ns"
        if why:
            never = "FINISHED only when nothing can become ready"
            self._ledger.offend("idle-only-when-idle", at, never, why)

    def end_drain(self, at: int, time_ns: int) -> None:
        """The first event after the drain: nothing is ready any more, or the deadline is reached."""
        if self._course.phase >= Phase.LEAVING:
            return
        self._scene.finish_turn()
        self._scene.finish_start(at)
        self._ledger.count("shutdown-drained")
        self._scene.ready.settle(at, time_ns)
        shutdown, first = self._state.shutdown, self._scene.ready.first()
        if shutdown is None:
            self._ledger.offend("shutdown-drained", at, "SHUTDOWN first", "the end without it")
        elif first is not None and time_ns < shutdown[1]:
            self._ledger.offend(
                "shutdown-drained",
                at,
                f"a turn of {first.name}, which is ready before the deadline, {shutdown[1]} ns",
                f"the end of the drain at {time_ns} ns",
                node=first,
            )
        self._course.phase = Phase.LEAVING
        self._left = list(_left_over(self._state.edges))
        self._places = {(edge, msg): place for place, (edge, msg, _) in enumerate(self._left)}
        self._said = set()
        self._due = 0

    def leftover(self, at: int, time_ns: int, row: LeftoverRow) -> None:
        msg, edge, place = row
        self.end_drain(at, time_ns)
        self._ledger.count("shutdown-drained")
        if edge is None:
            return
        if self._course.phase is not Phase.LEAVING:
            before = "every LEFTOVER before the first STOP"
            self._ledger.offend("shutdown-drained", at, before, "one after it", edge=edge, msg=msg)
        found = self._places.get((edge, msg))
        if found is None or found in self._said:
            self._scene.check_was_put(at, edge, msg)
            left = f"a message that is left on {edge.id}, once"
            said = f"message {number(msg)}"
            self._ledger.offend("edge-conservation", at, left, said, edge=edge, msg=msg)
            return
        if place is not self._left[found][2]:
            self._ledger.offend(
                "shutdown-drained", at, f"{self._left[found][2]}", f"{place}", edge=edge, msg=msg
            )
        if found < self._due:
            edge_due, msg_due, _ = self._left[self._due - 1]
            order = f"message {msg} of {edge.id} before message {msg_due} of {edge_due.id}"
            self._ledger.offend("shutdown-drained", at, order, "after it", edge=edge, msg=msg)
        self._said.add(found)
        self._due = max(self._due, found + 1)

    def finish(self, at: int, time_ns: int) -> None:
        """The graph is over: all that is left was itemised."""
        self.end_drain(at, time_ns)
        missing = [item for place, item in enumerate(self._left) if place not in self._said]
        for edge, msg, _ in missing:
            left = f"message {msg} of {edge.id} delivered, evicted, dropped or left over"
            self._ledger.offend(
                "edge-conservation", at, left, "it is none of these", edge=edge, msg=msg
            )
        if missing:
            edge, msg, place = missing[0]
            self._ledger.offend(
                "shutdown-drained",
                at,
                f"a LEFTOVER of message {msg} of {edge.id}, {place}",
                f"{len(missing)} not itemised",
                edge=edge,
                msg=msg,
            )


def _left_over(edges: list[Edge]) -> Iterator[_Left]:
    """What is left, edge by edge: held, queued, pending. Source: graph model: shutdown."""
    for edge in edges:
        if edge.held is not None:
            yield edge, edge.held[0], Place.HELD
        yield from ((edge, msg, Place.QUEUED) for msg in edge.queued)
        yield from ((edge, msg, Place.PENDING) for msg in edge.pending)
