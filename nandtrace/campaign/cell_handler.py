"""Works on the orders of the local engine: a process for each attempt at a cell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from nandtrace.campaign.cell_process import (
    CELL_COMMAND,
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
        self._processes = ProcessHandler(
            lambda _: CELL_COMMAND,
            input_of=self._input_of,
            environment=cell_environment(),
            kill_after_s=_KILL_AFTER_S,
        )

    async def prepare(self, attempt: Attempt) -> None:
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
            trace = self._trace(attempt)
            trace.unlink(missing_ok=True)
            trace.with_name(f"{trace.name}.partial").unlink(missing_ok=True)

    async def _run(self, attempt: Attempt) -> object:
        try:
            done = await self._processes.run(attempt)
        except ProcessFailed as error:
            done = error.result
        result = answer_of(done.stdout, done.returncode, done.stderr)
        self._reasons.pop(attempt.order.id, None)
        trace = None if result.digest is None else self._trace(attempt)
        self._session.settle(cell_of(attempt), result, trace, attempt.attempt)
        return result.state.value

    def failed(self, order_id: str, cell: Cell, outcome: Outcome) -> None:
        """An order has used up its attempts: settle its cell."""
        timeout = timeout_text(self._session.limits.timeout_s)
        reason = self._reasons.pop(order_id, timeout)
        self._session.settle(cell, CellResult.failure(reason), None, outcome.attempts)

    def _over(self, attempt: Attempt, reason: str | None) -> None:
        """An attempt came to nothing; without a reason it took too long, or was not wanted any more."""
        self._reasons.pop(attempt.order.id, None)
        if reason is not None:
            self._reasons[attempt.order.id] = reason
        self._session.ended(cell_of(attempt))

    def _trace(self, attempt: Attempt) -> Path:
        return self._session.scratch / f"{attempt.number}-{attempt.attempt}.mpk"

    def _input_of(self, attempt: Attempt) -> bytes:
        return spec_line(self._session.spec(cell_of(attempt)), self._trace(attempt))
