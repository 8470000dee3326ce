"""Reference checker: when the pump decides, and what its HOLDs say."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.claims import (
    doubt_overtaken,
    level,
    needed,
    precedes,
    reading_of,
    stagger_until,
    wanted,
)
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import State

WAKERS = ("ENQUEUE", "RELEASE", "RETRY", "RECOVER")
READS = ("PRESSURE", "SLOT", "MEMORY")
"""The gates before which the memory is read."""


class Pump(Rule):
    """work-conserving, and what HOLDs tell of claim-order."""

    def __init__(self, run: Stretch, goes_on: bool) -> None:
        super().__init__(run)
        self.goes_on = goes_on
        """Does the run go on after a decision, in the state that its begin tells?"""

        self.woken_ns: int | None = None
        """Since when something waits for a decision."""

        self.timer_ns: int | None = None
        """When the pump wakes by itself."""

        self.is_first = True
        self.is_polled = False
        self.clock_ns: int = (run.entries[0].snapshot or {}).get("clock_ns", 0)

        self.is_between = False
        """Was the last decision a CLAIM, and another must follow?"""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "RUN_BEGIN":
            if self.goes_on:
                gate = self._gate(entry, state, state.pressure)
                self._held_by(gate, min(self.clock_ns, entry.time_ns), state)
        elif entry.kind in ("CLAIM", "HOLD"):
            yield from self._decided(entry, state)
        else:
            yield from self._waits(entry, state)
            self._wakes(entry, state)

    # ---- when

    def _decided(self, entry: Entry, state: State) -> Iterator[str]:
        due_ns = self._due_ns()
        is_early = self.woken_ns is None and (due_ns is None or entry.time_ns < due_ns)
        is_excused = self.is_first and self.run.within_ns > 0
        if state.mode == "NEW" or (is_early and not is_excused):
            yield "work-conserving"
        elif due_ns is None:
            pass
        elif state.mode == "RUNNING" and entry.time_ns > due_ns + self._grace_ns():
            yield "work-conserving"
        self.is_first = False
        self.woken_ns = self.timer_ns = None
        self.is_between = entry.kind == "CLAIM"
        if self.is_between:
            self.woken_ns = entry.time_ns
        else:
            self._settle(entry, state)
            yield from self._told(entry, state)
            self._held_by(entry.get("gate"), entry.time_ns, state)

    def _waits(self, entry: Entry, state: State) -> Iterator[str]:
        """Another event, while a decision is owed."""
        due_ns = self._due_ns()
        if self.is_between:
            if entry.kind == "PRESSURE":
                return
            self.is_between = False
            if entry.kind != "RUN_END":
                yield "work-conserving"
        elif (
            state.mode == "RUNNING" and entry.kind != "RESTART" and self._is_overdue(entry, due_ns)
        ):
            self.woken_ns = self.timer_ns = None
            yield "work-conserving"

    def _is_overdue(self, entry: Entry, due_ns: int | None) -> bool:
        return due_ns is not None and entry.time_ns > due_ns + self._grace_ns()

    def _grace_ns(self) -> int:
        """How late a decision may be; at the begin of a run it is not known when the last one was."""
        begin, clock_ns = self.run.entries[0], self.clock_ns
        is_polled = self.woken_ns is None and self.is_first and self.is_polled
        return self.run.within_ns + (max(begin.time_ns - clock_ns, 0) if is_polled else 0)

    def _due_ns(self) -> int | None:
        times = [time for time in (self.woken_ns, self.timer_ns) if time is not None]
        return min(times, default=None)

    def _wakes(self, entry: Entry, state: State) -> None:
        if entry.kind == "RESTART":
            self.woken_ns = self.timer_ns = None
        elif entry.kind == "MODE" and entry.get("mode") == "RUNNING":
            self.woken_ns = entry.time_ns
        elif _is_waker(entry, state):
            since_ns = entry.time_ns if self.woken_ns is None else self.woken_ns
            self.woken_ns = min(since_ns, entry.time_ns)

    def _held_by(self, gate: str | None, time_ns: int, state: State) -> None:
        self.woken_ns = self.timer_ns = None
        self.is_polled = gate in ("PRESSURE", "MEMORY")
        if gate == "STAGGER":
            self.timer_ns = stagger_until(state, self.device)
        elif self.is_polled:
            self.timer_ns = time_ns + self.device["poll_ns"]

    # ---- what

    def _told(self, entry: Entry, state: State) -> Iterator[str]:
        reading = reading_of(entry)
        pressure = state.pressure if reading is None else level(reading, self.device)
        gate = self._gate(entry, state, pressure)
        until_ns = stagger_until(state, self.device) if gate == "STAGGER" else None
        is_read = entry.get("total_bytes") is not None or entry.get("available_bytes") is not None
        if entry.get("gate") != gate:
            yield "work-conserving"
            return
        first = wanted(state, self.device)
        due = None if gate in ("RUNNING", "QUEUE", "HANDLER") or first is None else first.number
        if first is None and _may_be_pending(entry, state):
            due = entry.get("order")
        if entry.get("order") != due:
            yield "claim-order"
            named = state.find(entry.get("order"))
            if named is not None and named.state == "PENDING":
                doubt_overtaken(named, state, self.device)
        is_wrongly_read = reading is None if gate in READS else is_read
        if entry.get("until_ns") != until_ns or is_wrongly_read:
            yield "work-conserving"

    def _settle(self, entry: Entry, state: State) -> None:
        """An order in doubt that a HOLD names is pending, if it may be its turn."""
        named, first = state.find(entry.get("order")), wanted(state, self.device)
        if named is None or not named.in_doubt or not named.id:
            return
        if first is None or precedes(named, first, self.device):
            named.state = "PENDING"

    def _gate(  # noqa: PLR0911 - one return for each gate
        self, entry: Entry, state: State, pressure: str
    ) -> str | None:
        """The first gate that is closed."""
        reading, is_gated = reading_of(entry), self.device["memory_gating"]
        if state.mode != "RUNNING":
            return "RUNNING"
        if wanted(state, self.device) is None and not _may_be_pending(entry, state):
            return "QUEUE"
        if not state.handler:
            return "HANDLER"
        if stagger_until(state, self.device) > entry.time_ns:
            return "STAGGER"
        if is_gated and pressure == "CRITICAL":
            return "PRESSURE"
        used = len(state.slots)
        if entry.get("gate") == "SLOT":
            used += state.unknown_slots
        if used >= self.device["slots"]:
            return "SLOT"
        has_memory = reading and reading[1] >= needed(entry.time_ns, state, self.device)
        if is_gated and not has_memory:
            return "MEMORY"
        return None


def _is_waker(entry: Entry, state: State) -> bool:
    if entry.kind == "HANDLER":
        return bool(entry.get("is_set") == 1)
    if entry.kind == "PRESSURE":
        return state.pressure == "CRITICAL" and entry.get("level") != "CRITICAL"
    return entry.kind in WAKERS


def _may_be_pending(entry: Entry, state: State) -> bool:
    """A HOLD that names an order is believed where another one may be pending."""
    return entry.get("order") is not None and any(order.in_doubt for order in state.live())
