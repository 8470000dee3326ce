"""Whether the bus is held by one state at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Log
from tests.reference.nand.executions import segments_by_run
from tests.reference.runs import Offence

Slot = tuple[int, int, int]
"""begin, end, event."""


def bus_exclusive(log: Log) -> Iterator[Offence]:
    """No two states that hold the bus overlap in time, over all dies."""
    for segments in segments_by_run(log):
        slots: list[Slot] = []
        for segment in segments:
            for state in segment.states:
                end = min(state.end_ns, segment.over_ns())
                if state.bus and state.begin_ns < end:
                    slots.append((state.begin_ns, end, state.seq))
        yield from _overlaps(sorted(slots))


def _overlaps(slots: list[Slot]) -> Iterator[Offence]:
    active: list[Slot] = []
    for slot in slots:
        active = [other for other in active if other[1] > slot[0]]
        if active:
            yield "bus-exclusive", slot[2]
        active.append(slot)
