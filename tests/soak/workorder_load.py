"""Work orders under load for as long as one likes: all that may happen to a scheduler, at random.

A client submits orders as the queue has room, and an operator cancels some, takes some out of the queue,
pauses, takes the handler away and sends orders for which there is no room, or whose ids are taken. Handlers
raise, before or after they are ready, hang, or don't listen when they are told to end. The memory comes and
goes. The scheduler is stopped with work in flight and continued, and its process crashes and is recovered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.peak_memory import peak_mib
from nandtrace.errors import WorkOrderError
from nandtrace.trace.chunk_file import partial_path
from nandtrace.vocab.workorder import ACTIVE, TERMINAL, OrderState, Policy, RunEnd
from nandtrace.workorder import (
    Attempt,
    Clock,
    Handler,
    Probe,
    Reading,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
    WorkOrder,
    run_virtual,
)
from nandtrace.workorder.recording import new_recorder, state_of_log
from nandtrace.workorder.scenario_log import ScenarioLog

RECENT = 40
"""The operator's hand goes to one of so many orders."""

QUEUED = 50
"""So many orders the client has in a queue without a bound."""

SECOND = 1_000_000_000
GIB = 2**30
TOTAL_BYTES = 32 * GIB
AVAILABLE_BYTES = (20 * GIB,) * 6 + (5 * GIB, 3_600 * 2**20, 2 * GIB)
"""Mostly enough; for one slot; below that; critical."""

READING_NS = 2 * SECOND
"""So long the memory stays as it is."""


class End(Enum):
    """How a life of the scheduler ends."""

    STOP = auto()
    CRASH = auto()
    DONE = auto()


LIVES = (End.STOP, End.CRASH, End.STOP, End.DONE)
"""Each has its part of the orders."""


@dataclass(frozen=True)
class WorkLoad:
    """One load: its seed decides on everything."""

    seed: int
    orders: int
    checkpoint_events: int

    def config(self) -> SchedulerConfig:
        draw = _random(self.seed, "config")
        return SchedulerConfig(
            slots=draw.randint(1, 6),
            memory_per_slot_mb=4_096,
            memory_gating=draw.random() < 0.8,
            stagger_s=draw.choice((0, 0, 0.05)),
            policy=draw.choice([*Policy]),
            max_depth=draw.choice((None, 8, 64)),
            backoff_s=0.2,
            backoff_cap_s=3,
            jitter=draw.choice((0, 0.1, 0.5)),
            lease_s=draw.choice((3, 8)),
            stop_grace_s=1,
            terminate_grace_s=draw.choice((0.2, 2)),
            settle_s=draw.choice((0, 0, 0.3)),
            seed=self.seed,
        )


@dataclass(frozen=True)
class WorkLoaded:
    """What became of it: figures of the trace, and the process's peak memory after each life."""

    events: int
    totals: Mapping[str, int]
    peaks_mib: tuple[float, ...]


def record_work(path: Path, load: WorkLoad) -> WorkLoaded:
    """Record a load."""
    config = load.config()
    state: dict[str, Any] | None = None
    begin_ns, peaks = 0, []
    with new_recorder(path, config, is_virtual=True, compress=True) as recorder:
        for number, end in enumerate(LIVES):
            log = ScenarioLog(recorder, load.checkpoint_events)
            life = _Life(load, number, log, state)
            state, begin_ns = run_virtual(life.live, begin_ns)
            if end is End.CRASH:
                recorder.flush()
                state, begin_ns = state_of_log(partial_path(path))
                recorder.end_run(begin_ns, RunEnd.CRASHED, snapshot=state)
            peaks.append(peak_mib())
        return WorkLoaded(recorder.events, state["totals"], tuple(peaks))


class _Life:
    """One process."""

    def __init__(
        self, load: WorkLoad, number: int, log: ScenarioLog, state: dict[str, Any] | None
    ) -> None:
        self._load = load
        self._end = LIVES[number]
        self._draw = _random(load.seed, f"life {number}")
        self._log = log
        self._state = state
        self._sent = load.orders * number // len(LIVES)
        self._last = load.orders * (number + 1) // len(LIVES)
        self._failures: list[dict[str, Any]] = []

    async def live(self, clock: VirtualClock) -> tuple[dict[str, Any], int]:
        """Live to the end; returns the state then, and the time."""
        asyncio.get_running_loop().set_exception_handler(lambda _, about: self._fail(about))
        scheduler = Scheduler(
            self._load.config(),
            clock=clock,
            probe=_Memory(self._load.seed, clock),
            log=self._log,
            state=self._state,
            known=self._known(),
        )
        handler = _Work(self._load.seed, clock)
        scheduler.set_handler(handler)
        scheduler.start()
        operator = asyncio.ensure_future(self._operate(scheduler, handler))
        await self._send(scheduler)
        operator.cancel()
        await asyncio.wait([operator])
        await self._finish(scheduler, handler)
        assert self._failures == []
        return scheduler.snapshot(), clock.now_ns()

    def _fail(self, about: dict[str, Any]) -> None:
        """Nobody else would see what a callback of the event loop raises."""
        if not self._log.is_cut:
            self._failures.append(about)

    def _known(self) -> dict[str, OrderState]:
        """How some orders ended before the restart: mostly such as were worked on."""
        orders = [] if self._state is None else self._state["orders"]
        ends = sorted(TERMINAL)
        return {
            order["id"]: self._draw.choice(ends)
            for order in orders
            if self._draw.random() < (0.5 if order["state"] in ACTIVE else 0.1)
        }

    async def _send(self, scheduler: Scheduler) -> None:
        """Submit this life's part of the orders."""
        while self._sent < self._last:
            while scheduler.config.max_depth is None and scheduler.statistics().depth >= QUEUED:
                await asyncio.sleep(0.5)
            await scheduler.submit(self._order(f"order-{self._sent}"))
            self._sent += 1
            if self._draw.random() < 0.02:
                await asyncio.sleep(self._draw.random() * 4)

    def _order(self, order_id: str) -> WorkOrder:
        return WorkOrder(
            order_id, priority=self._draw.randint(-1, 2), max_retries=self._draw.randint(0, 3)
        )

    async def _operate(self, scheduler: Scheduler, handler: Handler) -> None:
        draw = self._draw
        while True:
            await asyncio.sleep(draw.random())
            order_id = f"order-{max(0, self._sent - draw.randint(1, RECENT))}"
            deed = draw.random()
            if deed < 0.4:
                scheduler.cancel(order_id)
            elif deed < 0.6:
                scheduler.dequeue(order_id)
            elif deed < 0.9:
                with suppress(WorkOrderError):
                    scheduler.enqueue(self._order(order_id))
            elif deed < 0.95:
                scheduler.pause()
                await asyncio.sleep(draw.random() * 3)
                scheduler.resume()
            else:
                scheduler.set_handler(None)
                await asyncio.sleep(draw.random())
                scheduler.set_handler(handler)

    async def _finish(self, scheduler: Scheduler, handler: Handler) -> None:
        if self._end is End.CRASH:
            self._log.cut()
            # The rest of its process is not to begin anything.
            scheduler.pause()
            return
        if self._end is End.DONE:
            scheduler.resume()
            scheduler.set_handler(handler)
            await scheduler.join()
        stopping = asyncio.ensure_future(scheduler.stop())
        await asyncio.sleep(0)
        with suppress(WorkOrderError):
            scheduler.enqueue(self._order("too-late"))
        await stopping


class _Memory(Probe):
    """Readings by the time and the seed alone."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self._number = -1
        self._reading = Reading(TOTAL_BYTES, TOTAL_BYTES)

    def read(self) -> Reading:
        number = self._clock.now_ns() // READING_NS
        if number != self._number:
            draw = _random(self._seed, f"reading {number}")
            self._number = number
            self._reading = Reading(TOTAL_BYTES, draw.choice(AVAILABLE_BYTES))
        return self._reading

    def cpu(self) -> float:
        return 0.5


class _Work(Handler):
    """Fares with each attempt as the seed says."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock

    async def prepare(self, attempt: Attempt) -> None:
        draw = self._random(attempt, "prepare")
        if draw.random() < 0.3:
            await asyncio.sleep(draw.random() * 0.2)
        if draw.random() < 0.03:
            raise FileNotFoundError("there is nothing to work on")

    async def run(self, attempt: Attempt) -> None:
        draw = self._random(attempt, "run")
        fate = draw.random()
        if fate < 0.01:
            await asyncio.get_running_loop().create_future()
        elif fate < 0.02:
            await self._sleep_deaf(draw.random() * 12)
        elif fate < 0.5:
            await asyncio.sleep(draw.random())
        if fate > 0.9:
            raise ValueError(f"attempt {attempt.attempt} fails")

    async def _sleep_deaf(self, seconds: float) -> None:
        due_ns = self._clock.now_ns() + int(seconds * SECOND)
        while self._clock.now_ns() < due_ns:
            with suppress(asyncio.CancelledError):
                await self._clock.sleep_until(due_ns)

    def _random(self, attempt: Attempt, of: str) -> Random:
        return _random(self._seed, f"{attempt.order.id} {attempt.attempt} {of}")


def _random(seed: int, of: str) -> Random:
    """Streams of their own, for what is drawn in one place not to change what is drawn in another."""
    return Random(f"{seed} {of}")  # noqa: S311 - nothing secret
