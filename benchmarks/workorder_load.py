"""Orders to measure: a handler that has nothing to do, so that what is left is the scheduler's own work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from nandtrace.workorder import (
    Attempt,
    JournalLog,
    Scheduler,
    SchedulerConfig,
    TraceLog,
    WorkOrder,
    WorkOrderLog,
)
from nandtrace.workorder.recording import CHECKPOINT_EVENTS, new_recorder

SLOTS = 2
DEPTH = 64
"""How many orders a queue holds whose length is bound."""


def config(max_depth: int | None = None) -> SchedulerConfig:
    """Claims at once, as long as there is any memory at all."""
    return SchedulerConfig(
        slots=SLOTS, memory_per_slot_mb=1, critical=1.0, stagger_s=0, max_depth=max_depth
    )


async def no_work(_: Attempt) -> None:
    """Ends at once."""


def run_queued(orders: int, log: WorkOrderLog | None = None) -> None:
    """All of them are in the queue before the first is claimed."""
    asyncio.run(_run_queued(orders, log))


def run_submitted(orders: int, log: WorkOrderLog | None = None) -> None:
    """They come as the queue has room for them."""
    asyncio.run(_run_submitted(orders, log))


def record(
    path: Path,
    orders: int,
    run: Callable[[int, WorkOrderLog], None],
    *,
    compress: bool = False,
    write_ahead: bool = False,
) -> None:
    """Do it with a trace; with `write_ahead` it is always as far as the scheduler."""
    limits = config(DEPTH if run is run_submitted else None)
    with new_recorder(path, limits, is_virtual=False, compress=compress) as recorder:
        log = JournalLog if write_ahead else TraceLog
        run(orders, log(recorder, CHECKPOINT_EVENTS))


def idle_cpu_s(seconds: float) -> float:
    """CPU seconds of a scheduler that has nothing to do, for so long."""
    return asyncio.run(_idle(seconds, with_scheduler=True))


def idle_loop_cpu_s(seconds: float) -> float:
    """CPU seconds of an event loop that has nothing to do, for so long."""
    return asyncio.run(_idle(seconds, with_scheduler=False))


async def _run_queued(orders: int, log: WorkOrderLog | None) -> None:
    scheduler = Scheduler(config(), no_work, log=log)
    for number in range(orders):
        scheduler.enqueue(WorkOrder(f"order-{number}"))
    scheduler.start()
    await _finish(scheduler, orders)


async def _run_submitted(orders: int, log: WorkOrderLog | None) -> None:
    scheduler = Scheduler(config(DEPTH), no_work, log=log)
    scheduler.start()
    for number in range(orders):
        await scheduler.submit(WorkOrder(f"order-{number}"))
    await _finish(scheduler, orders)


async def _finish(scheduler: Scheduler, orders: int) -> None:
    """Raises RuntimeError where not all of it was done."""
    await scheduler.join()
    await scheduler.stop()
    done = scheduler.statistics()
    if (done.claimed, done.completed) != (orders, orders):
        raise RuntimeError(f"the scheduler did not do its work: {done}")


async def _idle(seconds: float, *, with_scheduler: bool) -> float:
    scheduler = Scheduler(config(), no_work) if with_scheduler else None
    if scheduler is not None:
        scheduler.start()
    # What the start has to do is done.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    begun = time.process_time()
    await asyncio.sleep(seconds)
    spent = time.process_time() - begun
    if scheduler is not None:
        await scheduler.stop()
    return spent
