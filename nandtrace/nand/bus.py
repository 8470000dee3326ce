"""The shared I/O bus: who holds it when."""

from __future__ import annotations

from bisect import bisect_right, insort

Slot = tuple[int, int, int]
"""start_ns, end_ns, segment id."""

Pattern = tuple[tuple[int, int], ...]
"""When an op holds the bus, from and until, in ns after its start."""


class Bus:
    """Reserved slots of the bus, disjoint and in order; those in the past are forgotten."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []

    def earliest(self, pattern: Pattern, at_ns: int, latest_ns: int | None = None) -> int | None:
        """The first start from `at_ns` on at which the pattern is free; None if past `latest_ns`."""
        if not pattern:
            return at_ns
        start = at_ns
        while latest_ns is None or start <= latest_ns:
            blocked_until = self._blocked(pattern, start)
            if blocked_until is None:
                return start
            start = blocked_until
        return None

    def _blocked(self, pattern: Pattern, start_ns: int) -> int | None:
        """The next start to try, if a slot is in the pattern's way at this one."""
        slots = self.slots
        if not slots:
            return None
        for begin, end in pattern:
            at = bisect_right(slots, (start_ns + begin, _LAST, 0))
            if at and slots[at - 1][1] > start_ns + begin:
                return slots[at - 1][1] - begin
            if at < len(slots) and slots[at][0] < start_ns + end:
                return slots[at][1] - begin
        return None

    def reserve(self, pattern: Pattern, start_ns: int, seg: int) -> None:
        """Hold the bus for a segment; the pattern must be free there."""
        for begin, end in pattern:
            insort(self.slots, (start_ns + begin, start_ns + end, seg))

    def release(self, seg: int, from_ns: int) -> None:
        """Give back what a segment holds from a time on."""
        kept = [slot for slot in self.slots if slot[2] != seg or slot[1] <= from_ns]
        cut = [
            (slot[0], from_ns, seg)
            for slot in self.slots
            if slot[2] == seg and slot[0] < from_ns < slot[1]
        ]
        self.slots = sorted(kept + cut)

    def forget(self, now_ns: int) -> None:
        """Drop the slots that are over."""
        slots = self.slots
        while slots and slots[0][1] <= now_ns:
            del slots[0]


_LAST = 2**63
