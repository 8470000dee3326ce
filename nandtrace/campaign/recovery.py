"""What a session that died leaves in the scheduler's trace, and how that is told from the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nandtrace.campaign.model import Cell, CellState
from nandtrace.campaign.scheduler_trace import SchedulerTrace, is_cut, open_trace
from nandtrace.vocab.workorder import OrderState
from nandtrace.workorder.clock import RealClock
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.log import JournalLog
from nandtrace.workorder.recording import CHECKPOINT_EVENTS
from nandtrace.workorder.scheduler import Scheduler

LookUp = Callable[[str], tuple[Cell, CellState] | None]
"""A cell and its state, by its id."""

_ENDED = {
    CellState.OK: OrderState.COMPLETED,
    CellState.VIOLATED: OrderState.COMPLETED,
    CellState.UNKNOWN: OrderState.COMPLETED,
    CellState.FAILED: OrderState.FAILED,
}
"""How the order of a settled cell has ended."""


def live_ids(state: Mapping[str, Any] | None) -> set[str]:
    """The orders that a trace takes for live, in its last state."""
    return set() if state is None else {entry["id"] for entry in state["orders"]}


def known_ends(state: Mapping[str, Any] | None, look_up: LookUp) -> dict[str, OrderState]:
    """How orders have ended that a trace takes for live, where the journal knows better."""
    found = {order_id: look_up(order_id) for order_id in sorted(live_ids(state))}
    ends = {
        order_id: OrderState.CANCELLED if entry is None else _ENDED.get(entry[1])
        for order_id, entry in found.items()
    }
    return {order_id: end for order_id, end in ends.items() if end is not None}


def finish_trace(path: Path, config: SchedulerConfig, name: str, look_up: LookUp) -> None:
    """Make the trace whole where a life was cut short and none comes after it.

    A last life recovers what was left, claims nothing, and stops. Raises StorageError.
    """
    if not is_cut(path):
        return
    trace = open_trace(path, config, name)
    if trace.state is None:
        trace.recorder.discard()
    else:
        asyncio.run(_finish(trace, config, look_up))


async def _finish(trace: SchedulerTrace, config: SchedulerConfig, look_up: LookUp) -> None:
    with trace.recorder:
        scheduler = Scheduler(
            config,
            clock=RealClock(trace.time_ns),
            log=JournalLog(trace.recorder, CHECKPOINT_EVENTS),
            state=trace.state,
            known=known_ends(trace.state, look_up),
        )
        await scheduler.stop()
