"""Attempts at work: a task each, with its lease, and with the one place where its slot is released."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from nandtrace.errors import SchedulerStopped
from nandtrace.vocab.workorder import (
    CancelReason,
    FailCause,
    TerminateWhy,
)
from nandtrace.workorder.book import Record
from nandtrace.workorder.clock import Timer
from nandtrace.workorder.order import Attempt, Handler
from nandtrace.workorder.transitions import Transitions

_LONGEST_ERROR = 500


class _HandlerExit(Exception):  # noqa: N818 - what the handler meant as one
    """Stands for SystemExit, which a task would pass on to the event loop."""


class _Work:
    """One attempt, the task that makes it, and its timers."""

    __slots__ = ("attempt", "deadline", "is_over", "lease", "record", "task")

    def __init__(self, record: Record, attempt: Attempt) -> None:
        self.record = record
        self.attempt = attempt
        self.task: asyncio.Task[object] | None = None
        self.lease: Timer | None = None
        self.deadline: Timer | None = None
        self.is_over = False

    def stop_timers(self) -> None:
        for timer in (self.lease, self.deadline):
            if timer is not None:
                timer.cancel()


class Workers:
    """Starts attempts, asks them to end, and settles each exactly once.

    `settled` is called after each attempt, when its order has its next state and its slot is free.
    """

    def __init__(
        self,
        transitions: Transitions,
        safely: Callable[..., None],
        settled: Callable[[Record], None],
    ) -> None:
        self._state = transitions
        self._safely = safely
        self._settled = settled
        self._works: dict[int, _Work] = {}
        # Kept until they end, lest the event loop forgets them.
        self._abandoned: set[asyncio.Task[object]] = set()

    def start(self, record: Record, attempt: Attempt, handler: Handler) -> None:
        """Begin an attempt that was claimed."""
        work = self._works[attempt.number] = _Work(record, attempt)
        lease_ns = self._state.limits.lease_ns
        if lease_ns is not None:
            due_ns = self._state.clock.now_ns() + lease_ns
            work.lease = self._state.clock.call_at(
                due_ns, partial(self._safely, self._lease_over, work)
            )
        work.task = asyncio.ensure_future(self._work(work, handler))
        # Not a `finally` of the task: one that is cancelled before its first step never enters it.
        work.task.add_done_callback(partial(self._safely, self._ended, work))

    def terminate(self, record: Record, why: TerminateWhy) -> None:
        """Ask the handler of an active order to end, unless an equal or stronger wish came before."""
        stands = record.terminate
        if stands not in (None, TerminateWhy.LEASE) or stands is why:
            return
        work = self._works[record.number]
        self._state.terminate(record, why)
        if work.deadline is None:
            clock = self._state.clock
            abandon = partial(self._safely, self._abandon, work)
            work.deadline = clock.call_at(record.deadline_ns, abandon)
            assert work.task is not None
            work.task.cancel()

    async def _work(self, work: _Work, handler: Handler) -> object:
        try:
            return await self._make(work, handler)
        except SystemExit as error:
            # A command that was called as a function: it ends the attempt, not the program.
            raise _HandlerExit("" if error.code is None else error.code) from error

    async def _make(self, work: _Work, handler: Handler) -> object:
        try:
            await handler.prepare(work.attempt)
            if work.is_over or work.record.terminate is not None:
                # It was told to end, and has only now come to it.
                return None
            # A log that can't be written is no fault of the handler's: this task is cancelled then.
            self._safely(self._ready, work)
            return await handler.run(work.attempt)
        finally:
            await handler.close(work.attempt)

    def cancel_all(self) -> None:
        """The scheduler can't go on: end what is going on, without settling anything."""
        for work in self._works.values():
            work.stop_timers()
            assert work.task is not None
            work.task.add_done_callback(_retrieve)
            work.task.cancel()
        for task in self._abandoned:
            task.add_done_callback(_retrieve)
            task.cancel()

    def _ready(self, work: _Work) -> None:
        with self._state.listeners.held():
            self._state.ready(work.record)

    def _lease_over(self, work: _Work) -> None:
        with self._state.listeners.held():
            self.terminate(work.record, TerminateWhy.LEASE)

    def _abandon(self, work: _Work) -> None:
        """The handler did not end in time: it loses its slot, and nobody waits for it any more."""
        assert work.task is not None
        self._abandoned.add(work.task)
        self._settle(work, forced=True)

    def _ended(self, work: _Work, task: asyncio.Task[object]) -> None:
        self._abandoned.discard(task)
        _retrieve(task)
        if task.cancelled() and task.cancelling() and work.deadline is None:
            raise SchedulerStopped("somebody else, or the event loop's end, cancelled a handler")
        if work.is_over:
            self._state.stray(work.attempt)
        else:
            self._settle(work, forced=False)

    def _settle(self, work: _Work, *, forced: bool) -> None:
        """Give the order its next state and release its slot, in one step."""
        with self._state.listeners.held():
            work.is_over = True
            work.stop_timers()
            del self._works[work.attempt.number]
            self._end_attempt(work)
            self._state.release(work.attempt, forced=forced)
            self._settled(work.record)

    def _end_attempt(self, work: _Work) -> None:
        record, why = work.record, work.record.terminate
        if why is TerminateWhy.LEASE:
            self._state.fail(record, FailCause.LEASE, None)
        elif why is TerminateWhy.CANCEL:
            self._state.cancel(record, CancelReason.REQUESTED)
        elif why is TerminateWhy.STOP:
            self._state.cancel(record, CancelReason.STOPPED)
        else:
            assert work.task is not None
            error = _error_of(work.task)
            if error is None:
                self._state.complete(record, work.task.result())
            else:
                self._state.fail(record, FailCause.ERROR, error)


def _retrieve(task: asyncio.Task[object]) -> None:
    """Nobody else asks how it ended; asyncio would complain."""
    _ = task.cancelled() or task.exception()


def _error_of(task: asyncio.Task[object]) -> str | None:
    """What a task raised, as a text that a trace can hold."""
    if task.cancelled():
        return "CancelledError"
    error = task.exception()
    if error is None:
        return None
    name = "SystemExit" if isinstance(error, _HandlerExit) else type(error).__name__
    try:
        said = str(error)
    except Exception:
        # Its own text fails; its name must do.
        said = ""
    text = f"{name}: {said}" if said else name
    return text[:_LONGEST_ERROR].encode(errors="backslashreplace").decode()
