"""Faults, seeded into parts of the scheduler: each is one thing done wrong, and still written as it is done.

A part keeps its state and gets other methods. Where an assertion of the program would stop a fault, the
fault goes around it: what is tested is the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandtrace.workorder import ResourceMonitor, Scheduler
from nandtrace.workorder.book import OrderBook
from nandtrace.workorder.gates import Gates
from nandtrace.workorder.pump import Pump
from nandtrace.workorder.transitions import Transitions
from nandtrace.workorder.workers import Workers

_PARTS: dict[type, Callable[[Scheduler], Any]] = {
    Gates: lambda scheduler: scheduler._pump.gates,
    Pump: lambda scheduler: scheduler._pump,
    Workers: lambda scheduler: scheduler._workers,
    Transitions: lambda scheduler: scheduler._state,
    OrderBook: lambda scheduler: scheduler._state.book,
    ResourceMonitor: lambda scheduler: scheduler.monitor,
}


def faulty(part: type) -> type[Scheduler]:
    """A scheduler with a faulty part, which may be the scheduler itself."""
    if issubclass(part, Scheduler):
        return part

    class FaultyScheduler(Scheduler):
        def _begin(self, *args: Any) -> None:
            find = next(find for kind, find in _PARTS.items() if issubclass(part, kind))
            find(self).__class__ = part
            super()._begin(*args)

    return FaultyScheduler
