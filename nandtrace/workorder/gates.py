"""The gates: whether an order is claimed now, and what keeps it from that."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.vocab.workorder import Gate, Mode, Pressure
from nandtrace.workorder.book import Record
from nandtrace.workorder.probe import Reading
from nandtrace.workorder.transitions import Transitions


@dataclass(frozen=True, slots=True)
class Decision:
    """What the pump decided: the gate that is closed, or none; the order that it is about, once known.

    `reading` is the one that it was made with, `until_ns` the end of the stagger that closes the gate.
    """

    gate: Gate | None
    record: Record | None = None
    reading: Reading | None = None
    until_ns: int | None = None


class Gates:
    """Asks one gate after another. Takes nothing, changes nothing, and reads the memory at most once."""

    def __init__(self, transitions: Transitions) -> None:
        self._state = transitions

    def decide(self, now_ns: int) -> Decision:
        """What to do now."""
        state = self._state
        if state.mode is not Mode.RUNNING:
            return Decision(Gate.RUNNING)
        record = state.book.head()
        if record is None:
            return Decision(Gate.QUEUE)
        if not state.has_handler:
            return Decision(Gate.HANDLER)
        until_ns = self._stagger_end_ns()
        if now_ns < until_ns:
            return Decision(Gate.STAGGER, record, until_ns=until_ns)
        reading = state.monitor.memory()
        return Decision(self._resource_gate(reading, now_ns), record, reading)

    def _stagger_end_ns(self) -> int:
        last_ns = self._state.last_claim_ns
        return 0 if last_ns is None else last_ns + self._state.limits.stagger_ns

    def _resource_gate(self, reading: Reading, now_ns: int) -> Gate | None:
        monitor, gating = self._state.monitor, self._state.limits.memory_gating
        if gating and monitor.level_of(reading) is Pressure.CRITICAL:
            return Gate.PRESSURE
        if not monitor.has_free_slot:
            return Gate.SLOT
        if gating and not monitor.has_memory(reading, self._state.settling(now_ns)):
            return Gate.MEMORY
        return None
