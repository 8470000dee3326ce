"""Figures of a scheduler's work so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from nandtrace.units import NS_PER_S

WAITS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the scheduler, or the trace that it continues, began; and how long orders waited.

    A wait goes from when an order became PENDING to its claim. The average is over all of this
    scheduler's claims, the 95th percentile over the last 1 000.
    """

    depth: int
    active: int
    pending: int
    waiting_retry: int
    enqueued: int
    refused: int
    claimed: int
    retried: int
    completed: int
    failed: int
    cancelled: int
    average_wait_s: float
    p95_wait_s: float
    strays: int
    listener_errors: int


class Waits:
    """How long orders waited for their claims."""

    def __init__(self) -> None:
        self._sum_ns = 0
        self._count = 0
        self._last_ns: deque[int] = deque(maxlen=WAITS_KEPT)

    def add(self, wait_ns: int) -> None:
        self._sum_ns += wait_ns
        self._count += 1
        self._last_ns.append(wait_ns)

    @property
    def average_s(self) -> float:
        return self._sum_ns / self._count / NS_PER_S if self._count else 0.0

    @property
    def p95_s(self) -> float:
        """The wait that 95 of 100 did not exceed."""
        if not self._last_ns:
            return 0.0
        ordered = sorted(self._last_ns)
        return ordered[-(-len(ordered) * 95 // 100) - 1] / NS_PER_S
