"""What was due, and has not come in time."""

from __future__ import annotations

import heapq
from itertools import takewhile

from nandtrace.check.workorder.owing import Owing
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.check.workorder.state import WAITING_RETRY
from nandtrace.vocab.workorder import Mode, TerminateWhy

_STOPS = (Mode.STOPPING, Mode.STOPPED)


class Lateness:
    """Looks at what is due each time that the clock has advanced.

    Nothing is early by any clock; by a real one it may come late by `decision_within_ns`. What is late is
    told of once.
    """

    def __init__(self, scene: Scene, owing: Owing) -> None:
        self._owing = owing
        self._state = scene.state
        self._pump = scene.pump
        self._course = scene.course
        self._ledger = scene.ledger
        self._within_ns = scene.limits.decision_within_ns

    def advance(self, at: int, time_ns: int) -> None:
        """The event at a position comes at a later time than the one before."""
        state, course = self._state, self._course
        late_ns = time_ns - self._within_ns
        if course.owed_ns < late_ns:
            self._owing.late(at, time_ns)
        if self._pump.due_ns < late_ns:
            self._miss_decision(at, time_ns)
        if state.retries and state.retries[0][0] < late_ns:
            self._miss_retries(at, time_ns, late_ns)
        if state.leases and next(iter(state.leases.values())) < late_ns:
            self._miss_leases(at, time_ns, late_ns)
        if state.deadlines and next(iter(state.deadlines.values())) < late_ns:
            self._miss_deadlines(at, time_ns, late_ns)
        if course.stop_due_ns < late_ns:
            self._miss_stops(at, time_ns)
        if course.stopped_due_ns < late_ns:
            self._miss_stopped(at, time_ns)

    def _miss(
        self, rule: str, when: tuple[int, int, int], what: str, order: int | None = None
    ) -> None:
        at, time_ns, due_ns = when
        by = f"{what} by {due_ns + self._within_ns} ns"
        self._ledger.offend(rule, at, by, f"none up to {time_ns} ns", order=order)

    def _miss_decision(self, at: int, time_ns: int) -> None:
        self._miss("work-conserving", (at, time_ns, self._pump.due_ns), "a decision")
        self._pump.give_up()

    def _miss_retries(self, at: int, time_ns: int, late_ns: int) -> None:
        state = self._state
        if state.mode in _STOPS:
            return
        while state.retries and state.retries[0][0] < late_ns:
            due_ns, named = heapq.heappop(state.retries)
            order = state.orders.get(named)
            if order is None or order.state is not WAITING_RETRY or order.awaited_ns != due_ns:
                continue
            order.awaited_ns = None
            self._miss("backoff", (at, time_ns, due_ns), f"RETRY of {order}", named)

    def _miss_leases(self, at: int, time_ns: int, late_ns: int) -> None:
        for named, due_ns in _take_late(self._state.leases, late_ns):
            what = f"TERMINATE of order {named} at the end of its lease"
            self._miss("lease", (at, time_ns, due_ns), what, named)

    def _miss_deadlines(self, at: int, time_ns: int, late_ns: int) -> None:
        for named, due_ns in _take_late(self._state.deadlines, late_ns):
            what = f"the end of order {named} at its deadline"
            self._miss("lease", (at, time_ns, due_ns), what, named)

    def _miss_stops(self, at: int, time_ns: int) -> None:
        due_ns, self._course.stop_due_ns = self._course.stop_due_ns, NEVER
        for order in self._state.active.values():
            if order.why is None:
                what = f"TERMINATE of {order} for {TerminateWhy.STOP}"
                self._miss("no-claim-when-stopped", (at, time_ns, due_ns), what, order.number)

    def _miss_stopped(self, at: int, time_ns: int) -> None:
        due_ns, self._course.stopped_due_ns = self._course.stopped_due_ns, NEVER
        if self._state.is_sure:
            self._miss("no-claim-when-stopped", (at, time_ns, due_ns), "MODE STOPPED")


def _take_late(dues: dict[int, int], late_ns: int) -> list[tuple[int, int]]:
    """Take out what was due before a time: orders, and when, from what is due first on."""
    late = list(takewhile(lambda due: due[1] < late_ns, dues.items()))
    for named, _ in late:
        del dues[named]
    return late
