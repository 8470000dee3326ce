"""PRESSURE and HEALTH: levels that are told when they change."""

from __future__ import annotations

from nandtrace.check.workorder.course import HEALTH
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
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
        has_reading = NULL not in (total, available)
        due = self._scene.limits.level(total, available) if has_reading else said
        if not has_reading:
            self._ledger.offend(_RULE, at, "a reading", "none")
        elif due is not said:
            reading = f"{due}: {available} of {total} bytes available"
            self._ledger.offend(_RULE, at, reading, f"{said}")
        elif said is before:
            self._ledger.offend(_RULE, at, f"another level than {before}, told last", "the same")
        state.pressure = due or before
        if before is Pressure.CRITICAL and state.pressure is not before:
            self._scene.pump.wake(time_ns)
        self._course.health_at = at + 1
        if state.is_sure_of_slots and self._scene.is_healthy() is not state.healthy:
            # One that belongs to a decision has its HEALTH after that.
            self._course.owe(HEALTH, time_ns, may_be_left=True)

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
