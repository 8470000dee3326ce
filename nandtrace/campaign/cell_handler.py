"""Works on the orders of the local engine: a process for each attempt at a cell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nandtrace.campaign.cell_process import (
    CELL_COMMAND,
    CellCancelled,
    CellCrashError,
    answer_of,
    cell_environment,
    spec_line,
    timeout_text,
)
from nandtrace.campaign.model import Cell, CellResult
from nandtrace.campaign.session import Session
from nandtrace.workorder.order import Attempt, Handler, Outcome
from nandtrace.workorder.processes import ProcessFailed, ProcessHandler

_KILL_AFTER_S = 1.0


def cell_of(attempt: Attempt) -> Cell:
    """The cell of an attempt's order."""
    cell = attempt.order.payload
    assert isinstance(cell, Cell)
    return cell


class CellHandler(Handler):
    """Records and verifies cells, and settles them. A crash or a time limit fails the attempt.

    `broken` is called with what ends the session: a full disk, or another nandtrace under this one's name.
    """

    def __init__(self, session: Session, broken: Callable[[BaseException], None]) -> None:
        self._session = session
        self._broken = broken
        self._reasons: dict[str, str] = {}
        self._begun_s: dict[str, float] = {}
        self._took_s: dict[str, float] = {}
        self._tasks: dict[Attempt, asyncio.Task[object]] = {}
        self._is_over = False
        self._processes = ProcessHandler(
            lambda _: CELL_COMMAND,
            input_of=self._input_of,
            environment=cell_environment(),
            kill_after_s=_KILL_AFTER_S,
        )

    async def prepare(self, attempt: Attempt) -> None:
        if self._is_over:
            raise CellCancelled("the session is over")
        task = asyncio.current_task()
        assert task is not None
        self._tasks[attempt] = task
        self._begun_s[attempt.order.id] = time.monotonic()
        with self._breaking():
            self._session.began(cell_of(attempt))
        try:
            await self._processes.prepare(attempt)
        except OSError as error:
            # No process can be had at the moment; a retry may find one.
            self._over(attempt, f"its process can't be started: {error}")
            raise CellCrashError(str(error)) from error
        except asyncio.CancelledError:
            self._over(attempt, None)
            raise

    async def run(self, attempt: Attempt) -> object:
        try:
            return await self._run(attempt)
        except CellCrashError as error:
            self._over(attempt, str(error))
            raise
        except asyncio.CancelledError:
            self._over(attempt, None)
            raise
        except Exception as error:
            # Nothing of the cell's: it stays pending.
            self._broken(error)
            raise

    async def close(self, attempt: Attempt) -> None:
        try:
            await self._processes.close(attempt)
        finally:
            self._tasks.pop(attempt, None)
            trace = self._trace(attempt)
            for left in (trace, trace.with_name(f"{trace.name}.partial")):
                # What can't be removed now goes with the session's folder.
                with suppress(OSError):
                    left.unlink()

    async def end_all(self) -> None:
        """End what runs, and wait for that; nothing begins any more.

        An event loop that is closed while a process is being started may never end.
        """
        self._is_over = True
        while tasks := [task for task in self._tasks.values() if not task.done()]:
            for task in tasks:
                if not task.cancelling():
                    task.cancel()
            await asyncio.wait(tasks)

    async def _run(self, attempt: Attempt) -> object:
        try:
            done = await self._processes.run(attempt)
        except ProcessFailed as error:
            done = error.result
        result = answer_of(done.stdout, done.returncode, done.stderr)
        self._forget(attempt.order.id)
        trace = None if result.digest is None else self._trace(attempt)
        self._session.settle(cell_of(attempt), result, trace, attempt.attempt)
        return result.state.value

    def failed(self, order_id: str, cell: Cell, outcome: Outcome) -> None:
        """An order has used up its attempts: settle its cell."""
        timeout = timeout_text(self._session.limits.timeout_s)
        reason = self._reasons.get(order_id, timeout)
        result = CellResult.failure(reason, self._took_s.get(order_id))
        self._forget(order_id)
        self._session.settle(cell, result, None, outcome.attempts)

    def _over(self, attempt: Attempt, reason: str | None) -> None:
        """An attempt came to nothing; without a reason it took too long, or was not wanted any more."""
        order_id = attempt.order.id
        begun_s = self._begun_s[order_id]
        self._forget(order_id)
        self._took_s[order_id] = time.monotonic() - begun_s
        if reason is not None:
            self._reasons[order_id] = reason
        with self._breaking():
            self._session.ended(cell_of(attempt))

    def _forget(self, order_id: str) -> None:
        for known in (self._reasons, self._begun_s, self._took_s):
            known.pop(order_id, None)

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """What is raised in the block is nothing of the cell's, and ends the session."""
        try:
            yield
        except Exception as error:
            self._broken(error)
            raise

    def _trace(self, attempt: Attempt) -> Path:
        return self._session.scratch / f"{attempt.number}-{attempt.attempt}.mpk"

    def _input_of(self, attempt: Attempt) -> bytes:
        return spec_line(self._session.spec(cell_of(attempt)), self._trace(attempt))
