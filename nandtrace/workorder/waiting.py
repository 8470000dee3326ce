"""Who waits for the scheduler: for an order's end, room in the queue, the end of all orders, the stop."""

from __future__ import annotations

import asyncio
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
        self._room: dict[object, asyncio.Future[None] | None] = {}
        """By their places, in the order in which they came."""
        self._idle: dict[asyncio.Future[None], None] = {}
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

    def line_up(self) -> object:
        """Wait for room in the queue; returns a place, for the calls that follow."""
        place = object()
        self._room[place] = None
        return place

    def is_first(self, place: object) -> bool:
        """Whether nobody stands before a place."""
        return next(iter(self._room)) is place

    async def room(self, place: object) -> None:
        """Until there may be room for whoever stands there."""
        self.check()
        future = self._room[place] = _future()
        await future

    def leave(self, place: object) -> None:
        """Wait no longer."""
        del self._room[place]

    async def idle(self) -> None:
        """Until no order is live, or the scheduler has stopped."""
        self.check()
        future: asyncio.Future[None] = _future()
        self._idle[future] = None
        try:
            await future
        finally:
            self._idle.pop(future, None)

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
        """There is room for the first, who leaves the line to the next."""
        first = next(iter(self._room.values()), None)
        if first is not None:
            _set(first, None)

    def all_over(self) -> None:
        """No order is live."""
        for future in self._idle:
            _set(future, None)

    def stopping(self) -> None:
        """Nothing is accepted any more: who waits for room learns of it."""
        for future in self._room.values():
            if future is not None:
                _set(future, None)

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
        for future in (*self._room.values(), *self._idle, self._stopped):
            if future is not None:
                _fail(future, error)
        self._outcomes.clear()


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
