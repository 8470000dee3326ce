"""The event queue: one heap ordered by time, priority and the order of queueing."""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush
from typing import Any

from nandtrace.vocab.nand import DISPATCH_PRIORITY


class Due(IntEnum):
    """What is queued. The value is its priority among events of equal time."""

    OP_END = DISPATCH_PRIORITY["OP_END"]
    PHASE_HOOK = DISPATCH_PRIORITY["PHASE_HOOK"]
    BACKLOG_REFILL = DISPATCH_PRIORITY["BACKLOG_REFILL"]
    BACKLOG_RETRY = DISPATCH_PRIORITY["BACKLOG_RETRY"]
    QUEUE_REFILL = DISPATCH_PRIORITY["QUEUE_REFILL"]
    OP_START = DISPATCH_PRIORITY["OP_START"]


Entry = tuple[int, int, int, Any]
"""time_ns, Due, id, and what it is about: a segment, or the place of a hook."""


class EventQueue:
    """A heap of entries, from which any can be withdrawn by its id."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._withdrawn: set[int] = set()
        self._next_id = 0

    def __len__(self) -> int:
        return len(self._heap) - len(self._withdrawn)

    def push(self, time_ns: int, due: int, what: Any) -> int:
        """Queue an event; returns the id to withdraw it by."""
        entry_id = self._next_id
        self._next_id = entry_id + 1
        heappush(self._heap, (time_ns, due, entry_id, what))
        return entry_id

    def withdraw(self, entry_id: int) -> None:
        """Take back an event that is still queued."""
        self._withdrawn.add(entry_id)

    def next_time(self) -> int | None:
        """The time of the earliest event; None when nothing is queued."""
        heap, withdrawn = self._heap, self._withdrawn
        while heap and heap[0][2] in withdrawn:
            withdrawn.discard(heappop(heap)[2])
        return heap[0][0] if heap else None

    def pop(self) -> Entry:
        """The earliest event. Call `next_time` first: what it returned is the time of this one."""
        return heappop(self._heap)

    def entries(self) -> list[Entry]:
        """All queued events in the order in which they will be dispatched."""
        return sorted(entry for entry in self._heap if entry[2] not in self._withdrawn)

    def keep(self, kept: list[Entry]) -> None:
        """Forget everything but these entries, which keep their ids."""
        self._heap = sorted(kept)
        self._withdrawn.clear()
