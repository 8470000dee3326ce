"""Who waits for the scheduler: for an order's end, room in the queue, the end of all orders, the stop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeVar

from nandtrace.errors import SchedulerStopped
from nandtrace.workorder.book import Record
from nandtrace.workorder.order import Outcome

ResultT = TypeVar("ResultT")


class Waiting:
    """Futures of those who wait. `error` is what broke the scheduler: whoever waits is told of it."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._outcomes: dict[int, asyncio.Future[Outcome]] = {}
        self._room: deque[asyncio.Future[None]] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._stopped: asyncio.Future[None] | None = None

    def check(self) -> None:
        """Raise what broke the scheduler."""
        if self.error is not None:
            raise self.error

    # ---- waiting

    async def outcome(self, number: int) -> Outcome:
        """Until an order has ended. Raises SchedulerStopped where that comes first."""
        self.check()
        future = self._outcomes.get(number)
        if future is None:
            future = self._outcomes[number] = _future()
        return await asyncio.shield(future)

    async def room(self) -> None:
        """Until there may be room in the queue."""
        self.check()
        future: asyncio.Future[None] = _future()
        self._room.append(future)
        await future

    async def idle(self) -> None:
        """Until no order is live, or the scheduler has stopped."""
        self.check()
        future: asyncio.Future[None] = _future()
        self._idle.append(future)
        await future

    async def stopped(self) -> None:
        """Until the scheduler has stopped; it must be about to."""
        self.check()
        if self._stopped is None:
            self._stopped = _future()
        await asyncio.shield(self._stopped)

    # ---- telling

    def order_over(self, record: Record) -> None:
        """An order has ended."""
        future = self._outcomes.pop(record.number, None)
        if future is not None:
            assert record.outcome is not None
            _set(future, record.outcome)

    def room_free(self) -> None:
        """There is room for one, who wakes the next through what it does."""
        while self._room:
            future = self._room.popleft()
            if not future.done():
                future.set_result(None)
                return

    def all_over(self) -> None:
        """No order is live."""
        for future in self._idle:
            _set(future, None)
        self._idle.clear()

    def stopping(self) -> None:
        """Nothing is accepted any more: who waits for room learns of it."""
        while self._room:
            _set(self._room.popleft(), None)

    def end(self) -> None:
        """The scheduler has stopped; what is in the queue stays there."""
        for future in self._outcomes.values():
            _fail(future, SchedulerStopped("the scheduler has stopped before the order's end"))
        self._outcomes.clear()
        self.all_over()
        if self._stopped is not None:
            _set(self._stopped, None)

    def break_off(self, error: BaseException) -> None:
        """The scheduler can't go on."""
        self.error = error
        for outcome in self._outcomes.values():
            _fail(outcome, error)
        for future in (*self._room, *self._idle, self._stopped):
            if future is not None:
                _fail(future, error)
        self._outcomes.clear()
        self._room.clear()
        self._idle.clear()


def _future() -> asyncio.Future[ResultT]:
    return asyncio.get_running_loop().create_future()


def _set(future: asyncio.Future[ResultT], result: ResultT) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[ResultT], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        # Whoever waited may have gone; nobody is to be told of that.
        future.exception()
