"""Orders and handlers for tests of the scheduler, and lives that it leads by the virtual clock.

`play` runs a scheduler with a recorder beside a log of lines, and has the checker judge the trace: every
story that a test tells holds all invariants.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nandtrace.check.verify import verify_trace
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.event import Event, events_of
from nandtrace.trace.event_log import TwinLog, rows_of
from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.vocab import NULL, ColumnType, Kind
from nandtrace.vocab.workorder import WORKORDER
from nandtrace.workorder import (
    Attempt,
    Handler,
    NullLog,
    OrderState,
    Probe,
    Reading,
    Scheduler,
    SchedulerConfig,
    TraceLog,
    VirtualClock,
    WorkOrder,
    WorkOrderLog,
    run_virtual,
)
from nandtrace.workorder.recording import CHECKPOINT_EVENTS, continued, new_recorder

MB = 2**20
S = 1_000_000_000
TOTAL_MB = 1_000

FOREVER_S = 20_000
"""No life in a test is longer."""

_READING = ("total_bytes", "available_bytes")

Act = Callable[[Attempt], Awaitable[object]]
"""What a handler does in one attempt."""


# ---- what handlers do


def takes(seconds: float, result: object = None) -> Act:
    """Complete after a while; at once, without waiting at all, where that is 0."""

    async def act(_: Attempt) -> object:
        if seconds:
            await asyncio.sleep(seconds)
        return result

    return act


def fails(seconds: float, error: BaseException | None = None) -> Act:
    """Raise after a while."""

    async def act(_: Attempt) -> object:
        if seconds:
            await asyncio.sleep(seconds)
        raise error or ValueError("boom")

    return act


async def hangs(_: Attempt) -> object:
    """Wait until told to end."""
    return await asyncio.Event().wait()


def deaf(seconds: float, result: object = None) -> Act:
    """Complete after a while, whatever one is told."""

    async def act(_: Attempt) -> object:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 1e-10:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                continue
        return result

    return act


class Worker(Handler):
    """Acts in each attempt as its order's list says, whose last act repeats; keeps what it was given."""

    def __init__(
        self,
        acts: Mapping[str, list[Act] | Act] | None = None,
        default: Act | None = None,
        prepares: Mapping[str, Act] | None = None,
    ) -> None:
        self._acts = acts or {}
        self._default = default or takes(1)
        self._prepares = prepares or {}
        self.given: list[Attempt] = []

    async def prepare(self, attempt: Attempt) -> None:
        act = self._prepares.get(attempt.order.id)
        if act is not None:
            await act(attempt)

    async def run(self, attempt: Attempt) -> object:
        self.given.append(attempt)
        acts = self._acts.get(attempt.order.id, self._default)
        if isinstance(acts, list):
            acts = acts[min(attempt.attempt, len(acts)) - 1]
        return await acts(attempt)


class Memory(Probe):
    """A memory of 1000 MB that a test fills; counts how often it is read."""

    def __init__(self, used_mb: int = 0) -> None:
        self.used_mb = used_mb
        self.reads = 0

    def read(self) -> Reading:
        self.reads += 1
        return Reading(TOTAL_MB * MB, (TOTAL_MB - self.used_mb) * MB)

    def cpu(self) -> float:
        return 0.25


# ---- what they are told of


class StoryLog(NullLog):
    """Keeps every event as its time and a line. Columns of times are in seconds, absent ones are `-`."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str, str]] = []
        for kind, name in rows_of(WORKORDER).items():
            setattr(self, name, partial(self._keep, WORKORDER.by_name[kind]))

    def _keep(self, kind: Kind, time_ns: int, *values: Any) -> None:
        columns = zip(kind.columns, values, strict=True)
        words = [
            _word(value, column.type)
            for column, value in columns
            if column.name not in _READING or kind.name == "PRESSURE"
        ]
        self.entries.append((time_ns, kind.name, " ".join([kind.name, *words])))

    def story(self, *kinds: str) -> list[str]:
        """Events of these kinds, or all: the time in seconds and the line, without readings."""
        return [
            f"{at / S:g} {line}" for at, kind, line in self.entries if not kinds or kind in kinds
        ]

    def lines(self, *kinds: str) -> list[str]:
        """The same without times."""
        return [line for _, kind, line in self.entries if not kinds or kind in kinds]


def _word(value: Any, column: ColumnType) -> str:
    if value == NULL:
        return "-"
    return f"{value / S:g}" if column is ColumnType.TIME else str(value)


class BothLogs(TwinLog, WorkOrderLog):
    """Gives two logs the same."""


# ---- lives


@dataclass
class Stage:
    """A scheduler with what a test does to it: its clock, its log, its memory."""

    scheduler: Scheduler
    clock: VirtualClock
    log: StoryLog
    memory: Memory
    told: list[Any] = field(default_factory=list)
    """What a listener was told."""

    def enqueue(self, *ids: str, **settings: Any) -> None:
        for order_id in ids:
            self.scheduler.enqueue(WorkOrder(order_id, **settings))

    async def until(self, seconds: float) -> None:
        """Wait for a time; what else happens at it by a timer that was set before has happened."""
        await self.clock.sleep_until(round(seconds * S))
        await settle()

    def listen(self, *kinds: type) -> None:
        """Keep what listeners are told, of these kinds."""
        self.scheduler.subscribe(
            lambda event: self.told.append(event) if isinstance(event, kinds) else None
        )


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


Body = Callable[[Stage], Awaitable[Any]]


def config_of(**settings: Any) -> SchedulerConfig:
    """One slot, no stagger, no jitter, little memory: what a test does not name is out of its way."""
    defaults = {"slots": 1, "stagger_s": 0, "memory_per_slot_mb": 100, "jitter": 0}
    return SchedulerConfig(**(defaults | settings))


async def _live(
    clock: VirtualClock,
    config: SchedulerConfig,
    body: Body,
    handler: Any,
    recorder: WorkOrderRecorder,
    memory: Memory,
    log: StoryLog,
    *,
    scheduler_class: type[Scheduler] = Scheduler,
    checkpoint_events: int = CHECKPOINT_EVENTS,
    dies: Path | None = None,
    **continuing: Any,
) -> bytes:
    """Lead a life until the body is over; what is in the file of one that dies is returned."""
    left = b""
    try:
        scheduler = scheduler_class(
            config,
            handler or Worker(),
            clock=clock,
            probe=memory,
            log=BothLogs(log, TraceLog(recorder, checkpoint_events)),
            **continuing,
        )
        async with asyncio.timeout(FOREVER_S):
            await body(Stage(scheduler, clock, log, memory))
        told = list(log.entries)
        if dies is None:
            await scheduler.stop()
            recorder.close()
        else:
            recorder.flush()
            left = partial_path(dies).read_bytes()
            scheduler.abandon()
    finally:
        recorder.discard()
    log.entries = told
    return left


def record(
    path: Path,
    body: Body,
    handler: Any = None,
    *,
    scheduler_class: type[Scheduler] = Scheduler,
    checkpoint_events: int = CHECKPOINT_EVENTS,
    used_mb: int = 0,
    **settings: Any,
) -> StoryLog:
    """Lead a life and stop the scheduler, unless the body does. Returns what was logged in the body.

    Without a handler each attempt takes a second.
    """
    config, log = config_of(**settings), StoryLog()

    async def main(clock: VirtualClock) -> None:
        recorder = new_recorder(path, config, is_virtual=True)
        await _live(
            *(clock, config, body, handler, recorder, Memory(used_mb), log),
            scheduler_class=scheduler_class,
            checkpoint_events=checkpoint_events,
        )

    run_virtual(main)
    return log


def play(body: Body, handler: Any = None, **options: Any) -> StoryLog:
    """Record a life (see there) whose trace holds every invariant."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mpk"
        log = record(path, body, handler, **options)
        found = violated(path)
    assert not found, found
    return log


def die(
    path: Path,
    body: Body,
    handler: Any = None,
    *,
    chunk_events: int = 65_536,
    checkpoint_events: int = CHECKPOINT_EVENTS,
    **settings: Any,
) -> bytes:
    """Lead a life whose process dies when the body is over; returns the log that it leaves."""
    config = config_of(**settings)

    async def main(clock: VirtualClock) -> bytes:
        limits = config.limits(is_virtual=True)
        recorder = WorkOrderRecorder(path, limits=limits, chunk_events=chunk_events)
        return await _live(
            *(clock, config, body, handler, recorder, Memory(), StoryLog()),
            checkpoint_events=checkpoint_events,
            dies=path,
        )

    return run_virtual(main)


@dataclass(frozen=True)
class Continuation:
    """What a process did that continued a recording, and what it left, if it died."""

    log: StoryLog
    left: bytes


def go_on(
    path: Path, body: Body, handler: Any = None, *, left: bytes | None = None, **options: Any
) -> Continuation:
    """Continue a recording (see `revive`); its whole trace, unless it dies again, holds every invariant."""
    continuation = revive(path, body, handler, left=left, **options)
    found = [] if continuation.left else violated(path)
    assert not found, found
    return continuation


def revive(
    path: Path,
    body: Body,
    handler: Any = None,
    *,
    left: bytes | None = None,
    later_s: float = 0,
    dies: bool = False,
    known: Mapping[str, OrderState] | None = None,
    payloads: Callable[[str], object] | None = None,
    scheduler_class: type[Scheduler] = Scheduler,
    checkpoint_events: int = CHECKPOINT_EVENTS,
    **settings: Any,
) -> Continuation:
    """Continue a recording, from what a dead process left where that is given, and stop or die.

    The new process begins some time after the last event.
    """
    if left is not None:
        partial_path(path).write_bytes(left)
    config, log = config_of(**settings), StoryLog()
    before = continued(path, config, is_virtual=True)
    assert before is not None

    async def main(clock: VirtualClock) -> bytes:
        return await _live(
            *(clock, config, body, handler, before.recorder, Memory(), log),
            scheduler_class=scheduler_class,
            checkpoint_events=checkpoint_events,
            dies=path if dies else None,
            state=before.state,
            known=known,
            payloads=payloads,
        )

    left = run_virtual(main, begin_ns=before.time_ns + round(later_s * S))
    return Continuation(log, left)


def violated(path: Path) -> list[str]:
    """The ids of the invariants that a trace violates. The trace is whole."""
    verdict = verify_trace(path)
    assert (verdict.error, verdict.damages, verdict.broken_runs) == (None, [], 0)
    return [item.id for item in verdict.invariants if item.violated]


def events_of_trace(path: Path) -> list[Event]:
    """Every event of a trace."""
    with TraceReader(path) as reader:
        chunks = [reader.chunk(number) for number in range(len(reader.index.chunks))]
        return [event for chunk in chunks for event in events_of(chunk, reader.header.vocabulary)]
