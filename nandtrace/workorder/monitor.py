"""The resource monitor: slots, memory, pressure and CPU, and whether all that is healthy."""

from __future__ import annotations

import heapq
import warnings

from nandtrace.trace.workorder_recorder import WorkOrderLimits
from nandtrace.vocab.workorder import Pressure
from nandtrace.workorder.events import HealthChanged, HealthReport, MemoryPressure, SlotAvailable
from nandtrace.workorder.listeners import Listeners
from nandtrace.workorder.probe import Probe, Reading


class ResourceMonitor:
    """Keeps the slots, judges readings of the memory, and tells listeners what changes.

    `pressure` and `healthy` are what was told last; readings alone do not change them.
    """

    def __init__(
        self, limits: WorkOrderLimits, probe: Probe, listeners: Listeners | None = None
    ) -> None:
        self._limits = limits
        self._probe = probe
        self._listeners = listeners or Listeners()
        self.pressure = Pressure.NONE
        self.healthy = True
        self._used: dict[int, int] = {}
        self._released: list[int] = []
        self._next = 0  # the lowest slot that nobody has had

    # ---- slots

    @property
    def slots(self) -> int:
        """How many there are."""
        return self._limits.slots

    @property
    def slots_free(self) -> int:
        return self.slots - len(self._used)

    @property
    def has_free_slot(self) -> bool:
        return len(self._used) < self.slots

    def held(self) -> list[tuple[int, int]]:
        """The slots in use with their holders, ascending."""
        return sorted(self._used.items())

    def holder(self, slot: int) -> int | None:
        """Who holds a slot."""
        return self._used.get(slot)

    def acquire(self, holder: int) -> int:
        """Take the lowest free slot; there must be one."""
        if self._released:
            slot = heapq.heappop(self._released)
        else:
            slot = self._next
            self._next += 1
        self._used[slot] = holder
        return slot

    def take(self, slot: int, holder: int) -> None:
        """Take a certain slot, which must be free."""
        self._released += range(self._next, slot + 1)
        self._next = max(self._next, slot + 1)
        self._released.remove(slot)
        heapq.heapify(self._released)
        self._used[slot] = holder

    def release(self, slot: int, holder: int) -> bool:
        """Give a slot back; False, with a RuntimeWarning, where it is not that holder's."""
        if self._used.get(slot) != holder:
            warnings.warn(f"slot {slot} is not held by {holder}", RuntimeWarning, stacklevel=2)
            return False
        del self._used[slot]
        heapq.heappush(self._released, slot)
        self._listeners.tell(SlotAvailable(slot))
        return True

    # ---- memory

    def memory(self) -> Reading:
        """Read the memory."""
        return self._probe.read()

    def level_of(self, reading: Reading) -> Pressure:
        """The pressure that a reading shows."""
        used = reading.used_bytes * 1000
        if used >= self._limits.critical_permille * reading.total_bytes:
            return Pressure.CRITICAL
        if used >= self._limits.warning_permille * reading.total_bytes:
            return Pressure.WARNING
        return Pressure.NONE

    def note(self, reading: Reading) -> bool:
        """Take over the level of a reading; returns whether it is another one."""
        level = self.level_of(reading)
        if level is self.pressure:
            return False
        self.pressure = level
        self._listeners.tell(MemoryPressure(level, reading))
        return True

    def has_memory(self, reading: Reading, settling: int) -> bool:
        """Whether a reading has memory for one more slot, beside those it does not show yet."""
        return reading.available_bytes >= self._limits.memory_per_slot_bytes * (1 + settling)

    # ---- health

    def forget(self) -> None:
        """Nothing was told yet."""
        self.pressure, self.healthy = Pressure.NONE, True

    def note_health(self) -> bool:
        """Take over whether the resources are healthy now; returns whether that is a change."""
        healthy = self.pressure is not Pressure.CRITICAL and self.has_free_slot
        if healthy is self.healthy:
            return False
        self.healthy = healthy
        if self._listeners.are_there:
            self._listeners.tell(HealthChanged(self.health()))
        return True

    def health(self) -> HealthReport:
        """A report of this moment."""
        return HealthReport(
            healthy=self.pressure is not Pressure.CRITICAL and self.has_free_slot,
            slots=self.slots,
            slots_free=self.slots_free,
            reading=self.memory(),
            pressure=self.pressure,
            cpu=self._probe.cpu(),
        )
