"""Clocks: where the scheduler has its time and its timers from, in whole nanoseconds.

By the virtual clock an asyncio program takes no time: whenever nothing is left to do, the clock jumps to the
next timer, `asyncio.sleep` included. Of the clock's timers those of one time fire in the order in which they
were set; of asyncio's own in some order, always the same.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

from nandtrace.errors import WorkOrderError
from nandtrace.units import NS_PER_S

ResultT = TypeVar("ResultT")

_NS = 1 / NS_PER_S

_ASLEEP_NS = NS_PER_S
"""A timer that is later than this was not merely kept waiting: the process did not run."""

_HEARD_S = 0.2
"""For so long it then is heard what came to pass meanwhile."""


class Timer:
    """Something that is to happen at a time, unless it is cancelled before."""

    __slots__ = ("callback", "due_ns", "handle", "is_put_off")

    def __init__(self, due_ns: int, callback: Callable[[], object]) -> None:
        self.due_ns = due_ns
        self.callback: Callable[[], object] | None = callback
        self.handle: asyncio.TimerHandle | None = None
        self.is_put_off = False

    def cancel(self) -> None:
        """It is not to happen; no matter whether it did."""
        self.callback = None
        if self.handle is not None:
            self.handle.cancel()

    def fire(self) -> None:
        """It is time."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class Clock(ABC):
    """A clock that never goes back."""

    is_virtual: bool

    @abstractmethod
    def now_ns(self) -> int:
        """The time."""

    @abstractmethod
    def call_at(self, due_ns: int, callback: Callable[[], object]) -> Timer:
        """Call back at a time, never earlier. Only where an event loop runs."""

    async def sleep_until(self, due_ns: int) -> None:
        """Wait until a time."""
        woken = asyncio.Event()
        timer = self.call_at(due_ns, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()


class RealClock(Clock):
    """The system's monotonic clock; it reads `begin_ns` when it is made."""

    is_virtual = False

    def __init__(self, begin_ns: int = 0) -> None:
        self._origin_ns = time.monotonic_ns() - begin_ns

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._origin_ns

    def call_at(self, due_ns: int, callback: Callable[[], object]) -> Timer:
        timer = Timer(due_ns, callback)
        self._arm(timer)
        return timer

    def _arm(self, timer: Timer) -> None:
        wait_ns = max(timer.due_ns - self.now_ns(), 0)
        loop = asyncio.get_running_loop()
        timer.handle = loop.call_later(wait_ns * _NS, self._fire, timer)

    def _fire(self, timer: Timer) -> None:
        late_ns = self.now_ns() - timer.due_ns
        if late_ns < 0:
            # Event loops round, and called it early.
            self._arm(timer)
        elif late_ns > _ASLEEP_NS and not timer.is_put_off:
            # The process was stopped: what came to pass meanwhile is heard first.
            timer.is_put_off = True
            timer.handle = asyncio.get_running_loop().call_later(_HEARD_S, self._fire, timer)
        else:
            timer.fire()


class VirtualClock(Clock):
    """A clock that jumps from timer to timer. It moves in `run_virtual` only."""

    is_virtual = True

    def __init__(self, begin_ns: int = 0) -> None:
        self._now_ns = begin_ns
        self._timers: list[tuple[int, int, Timer]] = []
        self._sequence = count()

    def now_ns(self) -> int:
        return self._now_ns

    def call_at(self, due_ns: int, callback: Callable[[], object]) -> Timer:
        timer = Timer(due_ns, callback)
        due_ns = max(due_ns, self._now_ns)
        heapq.heappush(self._timers, (due_ns, next(self._sequence), timer))
        return timer

    def next_due_ns(self) -> int | None:
        """When the next timer fires."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def jump_to(self, time_ns: int) -> list[Timer]:
        """Go there; returns the timers that are due, in order."""
        self._now_ns = max(self._now_ns, time_ns)
        due = []
        while self._timers and self._timers[0][0] <= self._now_ns:
            due.append(heapq.heappop(self._timers)[2])
        return due


def run_virtual(
    main: Callable[[VirtualClock], Coroutine[Any, Any, ResultT]], begin_ns: int = 0
) -> ResultT:
    """Run a program by a virtual clock, in an event loop of its own; returns what it returns.

    Raises WorkOrderError where all of it waits and no timer is set: it would wait for ever.
    """
    clock = VirtualClock(begin_ns)
    with asyncio.Runner(loop_factory=lambda: _VirtualLoop(clock)) as runner:
        return runner.run(main(clock))


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the virtual clock's."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        super().__init__(_VirtualSelector(self))

    def time(self) -> float:
        now = self.clock.now_ns() * _NS
        # A timer is due within this: less than a step of the float would never be reached.
        self._clock_resolution = max(_NS, math.ulp(now))
        return now


class _VirtualSelector(selectors.DefaultSelector):
    """Where a loop would wait, the clock jumps."""

    def __init__(self, loop: _VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._jump(timeout)
        return super().select(0)

    def _jump(self, timeout: float | None) -> None:
        clock = self._loop.clock
        times = [clock.next_due_ns()]
        if timeout is not None:
            times.append(clock.now_ns() + round(timeout * NS_PER_S))
        known = [time_ns for time_ns in times if time_ns is not None]
        if not known:
            raise WorkOrderError("all of it waits, and nothing will happen any more")
        for timer in clock.jump_to(min(known)):
            self._loop.call_soon(timer.fire)
