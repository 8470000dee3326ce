"""Events that others demand next, and that do not come."""

from __future__ import annotations

from nandtrace.check.event_rows import UNKNOWN_KIND
from nandtrace.check.ledger import number
from nandtrace.check.workorder.course import (
    CLAIM,
    HEALTH,
    HOLD,
    ITS_DECISION,
    NOTHING,
    PRESSURE,
    RECOVER,
    RELEASE,
    RESTART,
    RUN_BEGIN,
    RUN_END,
)
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.recovering import Recovering
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab.workorder import WORKORDER, RunEnd

_DECISIONS = (CLAIM, HOLD)
_LATER = (UNKNOWN_KIND, RUN_BEGIN, RUN_END)
"""Kinds that leave what is owed as it is: at the end of a run it depends on the end."""


class Owing:
    """Judges whether the next event is the one that is owed."""

    def __init__(self, scene: Scene, recovering: Recovering) -> None:
        self._scene = scene
        self._course = scene.course
        self._recovering = recovering

    def unpaid(self, at: int, code: int) -> None:
        """An event comes, and another was owed."""
        if code in _LATER:
            return
        course, state = self._course, self._scene.state
        owed = course.owed
        if owed in _DECISIONS:
            self._miss_decision(at, code)
            return
        if course.may_be_left and (owed == RELEASE or code in _DECISIONS):
            course.settle()
            return
        if course.owed_ns != NEVER or owed == RESTART:
            self._offend(at, WORKORDER.by_code[code].name)
        if owed == HEALTH:
            state.healthy = self._scene.is_healthy()
        elif owed == RELEASE:
            state.slots.lose(course.ended[1])
        elif owed == RECOVER:
            self._recovering.give_up()
        course.settle()

    def _miss_decision(self, at: int, code: int) -> None:
        """An event comes where a decision is owed: another one, or the PRESSURE right before one."""
        course, pump, offend = self._course, self._scene.pump, self._scene.ledger.offend
        actual = WORKORDER.by_code[code].name
        if code in _DECISIONS:
            course.settle()
        elif course.owed == ITS_DECISION:
            read_for = "a decision next, which the memory was read for, or a poll when it is due"
            offend("pressure-edge", at, read_for, actual)
            course.settle()
        elif code != PRESSURE:
            if pump.due_ns != NEVER:
                offend("work-conserving", at, "another decision next, after a CLAIM", actual)
                pump.give_up()
            course.settle()

    def late(self, at: int, time_ns: int) -> None:
        """The clock has advanced, and what was owed has not come: told of once."""
        course = self._course
        if course.owed == HEALTH or not course.may_be_left:
            self._offend(at, f"none up to {time_ns} ns", f" at {course.owed_ns} ns")
        course.owed_ns = NEVER

    def finish(self, at: int, end: RunEnd | None) -> None:
        """A run ends: nothing is owed any more, unless the log was cut."""
        course = self._course
        is_owed = course.owed not in (NOTHING, RUN_END, *_DECISIONS) and not course.may_be_left
        if is_owed and end is not RunEnd.CRASHED:
            self._offend(at, "RUN_END")
        course.settle()

    def _offend(self, at: int, actual: str, when: str = "") -> None:
        owed, offend = self._course.owed, self._scene.ledger.offend
        order, slot, _ = self._course.ended
        if owed == RELEASE:
            held = "?" if slot is None else slot
            due = f"RELEASE of slot {held} by order {number(order)}{when}"
            offend("slot-pairing", at, due, actual, order=order, slot=slot)
        elif owed == HEALTH:
            healthy = "true" if self._scene.is_healthy() else "false"
            offend("pressure-edge", at, f"HEALTH {healthy} next{when}", actual)
        elif owed == RESTART:
            offend("recovery", at, "RESTART first, after a crash or a stop", actual)
        elif owed == RECOVER:
            order = self._course.recovering[0]
            offend("recovery", at, f"RECOVER of order {order} next{when}", actual, order=order)
        else:
            end = f"nothing after STOPPED but the end of the run{when}"
            offend("no-claim-when-stopped", at, end, actual)
