"""The local engine: the cells of a campaign as orders of the work-order scheduler, on this machine."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import Any, ClassVar

from nandtrace.campaign.cell_handler import CellHandler
from nandtrace.campaign.engine import Engine
from nandtrace.campaign.memory import check_memory, waiting_text
from nandtrace.campaign.model import Cell, Limits
from nandtrace.campaign.recovery import known_ends, live_ids
from nandtrace.campaign.scheduler_trace import SchedulerTrace, open_trace
from nandtrace.campaign.scheduling import scheduler_config
from nandtrace.campaign.session import Session
from nandtrace.errors import InternalError, SchedulerStopped
from nandtrace.vocab.workorder import OrderState, Pressure
from nandtrace.workorder.clock import RealClock
from nandtrace.workorder.events import (
    MemoryPressure,
    MemoryWait,
    SchedulerEvent,
    TerminalReached,
)
from nandtrace.workorder.log import JournalLog
from nandtrace.workorder.order import Outcome, WorkOrder
from nandtrace.workorder.recording import CHECKPOINT_EVENTS
from nandtrace.workorder.scheduler import Scheduler


class LocalEngine(Engine):
    """Runs as many cells at once as there are slots, as far as the memory goes."""

    name: ClassVar[str] = "local"

    def check(self, limits: Limits) -> None:
        """Raise UsageError where this machine has not the memory for any cell."""
        check_memory(limits)

    def run(self, session: Session) -> None:
        """Run all pending cells, as `Engine.run` says; campaign.mpk says all that the scheduler decided."""
        config = scheduler_config(session.limits)
        trace = open_trace(session.folder.scheduler_trace, config, session.name)
        asyncio.run(_main(session, trace))


async def _main(session: Session, trace: SchedulerTrace) -> None:
    # An error leaves the trace cut, for the next session to go on with: here, before the cells that are left
    # are ended, for what they are told then is no decision of the scheduler's.
    with ExitStack() as stack:
        stack.enter_context(trace.recorder)
        work = _Work(session, trace)
        recording = stack.pop_all()
    try:
        with recording:
            await work.run()
    finally:
        await work.end()


class _Work:
    """A session's work: what feeds the scheduler, what stops it, and what ends it before its time."""

    def __init__(self, session: Session, trace: SchedulerTrace) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._on_loop_error)
        self._broken: asyncio.Future[None] = self._loop.create_future()
        # Kept until they end, lest the event loop forgets them.
        self._stopping: set[asyncio.Future[None]] = set()
        self._handler = CellHandler(session, self._break)
        known = known_ends(trace.state, session.cell)
        self._resumed = live_ids(trace.state) - known.keys()
        self._scheduler = Scheduler(
            scheduler_config(session.limits),
            self._handler,
            clock=RealClock(trace.time_ns),
            log=JournalLog(trace.recorder, CHECKPOINT_EVENTS),
            state=trace.state,
            payloads=self._cell,
            known=known,
        )
        self._scheduler.subscribe(self._on_event)

    async def run(self) -> None:
        """Until all cells are settled, or a stop has ended what ran. Raises what breaks the session."""
        deafen = self._session.stop.add_listener(self._on_stop)
        self._scheduler.start()
        if self._session.stop.is_requested:
            self._stop()
        work = asyncio.ensure_future(self._work())
        try:
            await asyncio.wait({work, self._broken}, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
            await work
        finally:
            deafen()
            self._broken.cancel()

    async def _work(self) -> None:
        with suppress(SchedulerStopped):
            for cell in self._session.cells():
                if cell.id not in self._resumed:
                    await self._scheduler.submit(WorkOrder(cell.id, cell))
        await self._scheduler.join()
        await self._scheduler.stop()

    async def end(self) -> None:
        """End what an error or an urgent stop has left running."""
        await self._handler.end_all()

    def _cell(self, order_id: str) -> Cell | None:
        found = self._session.cell(order_id)
        return None if found is None else found[0]

    # ---- what happens

    def _on_event(self, event: SchedulerEvent) -> None:
        if self._broken.done():
            return
        try:
            self._take(event)
        except Exception as error:
            self._break(error)

    def _take(self, event: SchedulerEvent) -> None:
        match event:
            case TerminalReached(outcome=Outcome(state=OrderState.FAILED)):
                cell = self._cell(event.id)
                assert cell is not None
                self._handler.failed(event.id, cell, event.outcome)
            case MemoryWait():
                self._session.waits(waiting_text(event, self._session.limits))
            case MemoryPressure(level=Pressure.NONE | Pressure.WARNING):
                self._session.waits(None)

    def _on_stop(self) -> None:
        """Called in a signal's handler, or in another thread."""
        with suppress(RuntimeError):  # the loop is closed: nothing is left to be stopped
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._session.tell()
        self._stopping.add(asyncio.ensure_future(self._scheduler.stop()))
        if self._session.stop.is_urgent:
            for cell_id in self._session.progress().running:
                self._scheduler.cancel(cell_id)

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    def _on_loop_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the scheduler raises between tasks: mostly that its trace can't be written."""
        error = context.get("exception")
        self._break(error if error is not None else InternalError(context["message"]))
