"""Reference checker: pressure and health, told on change."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.claims import level, reading_of
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import State

DECISIONS = ("CLAIM", "HOLD")
READS = ("PRESSURE", "SLOT", "MEMORY")
"""The gates before which the memory is read."""


class Life(Rule):
    """pressure-edge. It also takes over what is told, or should have been."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        self.expected_ns = 0
        self.expects: set[bool] | None = None
        """What the health may be now, None where it may not be told."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        expects, self.expects = self.expects, None
        if entry.kind == "RESTART":
            self.run.started_ns = None
            self.run.is_known = True
        starts = entry.kind == "MODE" and (entry.get("mode") == "RUNNING" or state.mode == "NEW")
        if starts and self.run.started_ns is None:
            self.run.started_ns = entry.time_ns
        if entry.kind == "HEALTH":
            yield from self._health(entry, state, expects)
        elif expects is not None and state.healthy not in expects:
            yield "pressure-edge"
            if entry.kind != "RUN_END":
                state.healthy = not state.healthy
        if entry.kind in DECISIONS:
            yield from self._decided(entry, state)
        self.expected_ns = entry.time_ns
        if entry.kind == "PRESSURE":
            yield from self._pressed(entry, state)
        if self.expects is None and entry.kind == "HOLD":
            self.expects = self._healths(state)

    def _health(self, entry: Entry, state: State, expects: set[bool] | None) -> Iterator[str]:
        told = entry.get("healthy")
        is_late = entry.time_ns > self.expected_ns + self.run.within_ns
        if is_late or expects is None or told == state.healthy or told not in expects:
            yield "pressure-edge"
        healths = expects or self._healths(state)
        if told in healths:
            state.healthy = bool(told)
        elif len(healths) == 1 and expects is not None:
            state.healthy = not told

    def _decided(self, entry: Entry, state: State) -> Iterator[str]:
        reading = reading_of(entry)
        if reading is not None and level(reading, self.device) != state.pressure:
            yield "pressure-edge"
            state.pressure = level(reading, self.device)

    def _pressed(self, entry: Entry, state: State) -> Iterator[str]:
        reading, told = reading_of(entry), entry.get("level")
        was = state.pressure
        if reading is not None:
            state.pressure = level(reading, self.device)
        if reading is None or told != state.pressure or told == was:
            yield "pressure-edge"
        after = self.run.after(self.place)
        if after is None or after.kind not in DECISIONS:
            self.expects = self._healths(state)
            if not self._may_be_poll(entry):
                yield "pressure-edge"
        elif reading is not None and not self._may_be_poll(entry) and _differs(after, reading):
            yield "pressure-edge"

    def _may_be_poll(self, entry: Entry) -> bool:
        """May the memory be read beside the decisions at this event?"""
        before, started_ns = self.run.before(self.place), self.run.started_ns
        if before is not None and before.kind == "CLAIM":
            return False
        if not self.run.is_known:
            return True
        if started_ns is None:
            return False
        since_ns: int = entry.time_ns - started_ns
        return bool(self.run.within_ns) or since_ns % self.device["resource_poll_ns"] == 0

    def _healths(self, state: State) -> set[bool]:
        if state.pressure == "CRITICAL":
            return {False}
        used, slots = len(state.slots), self.device["slots"]
        return {number < slots for number in (used, used + state.unknown_slots)}


def _differs(decision: Entry, told: tuple[int, int]) -> bool:
    """Whether a decision was not made with the reading that was told right before it."""
    reading = reading_of(decision)
    if reading is None:
        return decision.kind == "HOLD" and decision.get("gate") not in READS
    return reading != told
