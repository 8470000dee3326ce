"""PRESSURE and HEALTH: levels that are told when they change."""

from __future__ import annotations

from nandtrace.check.workorder.course import HEALTH, ITS_DECISION, NEXT_DECISION
from nandtrace.check.workorder.gates import said_reading
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab.workorder import Pressure

PressureRow = tuple[Pressure | None, int, int]
"""Level, total and available bytes."""

_RULE = "pressure-edge"


class Resources:
    """Judges what is told of the memory and of the scheduler's health."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger

    def pressure(self, at: int, time_ns: int, row: PressureRow) -> None:
        said, total, available = row
        state, before = self._state, self._state.pressure
        has_reading = self._scene.limits.is_reading(total, available)
        due = self._scene.limits.level(total, available) if has_reading else said
        if not has_reading:
            self._ledger.offend(_RULE, at, "a reading", said_reading(total, available))
        elif due is not said:
            reading = f"{due}: {available} of {total} bytes available"
            self._ledger.offend(_RULE, at, reading, f"{said}")
        elif said is before:
            self._ledger.offend(_RULE, at, f"another level than {before}, told last", "the same")
        state.pressure = due or before
        if before is Pressure.CRITICAL and state.pressure is not before:
            self._scene.pump.wake(time_ns)
        self._course.health_at = at + 1
        if self._course.owed == NEXT_DECISION or not self._may_be_poll(time_ns):
            self._course.owe(ITS_DECISION, NEVER)
            if has_reading:
                self._course.read_at, self._course.told = at + 1, (total, available)
        elif state.is_sure_of_slots and self._scene.is_healthy() is not state.healthy:
            # One that belongs to a decision has its HEALTH after that.
            self._course.owe(HEALTH, time_ns, may_be_left=True)

    def _may_be_poll(self, time_ns: int) -> bool:
        """Whether the memory is read now beside the decisions, as far as that is known.

        It is not before the start. By a real clock nobody knows how late a poll was.
        """
        limits, started_ns = self._scene.limits, self._course.started_ns
        if started_ns is None or (limits.decision_within_ns and started_ns != NEVER):
            return True
        return (time_ns - started_ns) % limits.resource_poll_ns == 0 and time_ns >= started_ns

    def health(self, at: int, _time_ns: int, row: tuple[int]) -> None:
        state, course, said = self._state, self._course, row[0] == 1
        course.settle()
        due = self._scene.is_healthy() if state.is_sure_of_slots else said
        if at != course.health_at:
            place = "HEALTH right after a HOLD, or after a PRESSURE between decisions"
            self._ledger.offend(_RULE, at, place, "one elsewhere")
        elif said is not due or row[0] not in (0, 1):
            self._ledger.offend(_RULE, at, f"healthy {due}".lower(), f"healthy {said}".lower())
        elif said is state.healthy:
            self._ledger.offend(_RULE, at, "a change of health", f"{said}, as before".lower())
        state.healthy = due
