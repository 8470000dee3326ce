"""Graphs in a program that runs by asyncio."""

from __future__ import annotations

import asyncio

from nandtrace.graph.report import RunReport
from nandtrace.graph.scheduler import Scheduler

_TURNS_AT_ONCE = 64


async def run(scheduler: Scheduler, until_ms: float | None = None) -> RunReport:
    """Run a graph in the event loop's thread, giving way to other tasks every few turns.

    Other tasks may call `send`, `set_priority`, `set_capacity` and `shutdown` meanwhile. When the task is
    cancelled the graph shuts down: it drains, nodes are stopped, and then CancelledError goes on.
    """
    scheduler.start(until_ms)
    longest_ns = scheduler.config.idle_sleep_ns
    cancelled: asyncio.CancelledError | None = None
    while (wait_ns := scheduler.advance(_TURNS_AT_ONCE)) is not None:
        try:
            await asyncio.sleep(min(wait_ns, longest_ns) / 1e9)
        except asyncio.CancelledError as error:
            cancelled = error
            scheduler.shutdown()
    report = scheduler.finish()
    if cancelled is not None:
        raise cancelled
    return report
