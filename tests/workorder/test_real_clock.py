"""The scheduler in a real event loop, by the real clock: nothing early, nothing lost, every trace holds."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.workorder import (
    Attempt,
    Handler,
    OrderState,
    RealClock,
    Scheduler,
    SchedulerConfig,
    TraceLog,
    WorkClaimed,
    WorkOrder,
)
from nandtrace.workorder.recording import continued, new_recorder
from tests.workorder.orders import Memory, Worker, events_of_trace, fails, hangs, takes, violated

MS = 1_000_000

CONFIG = SchedulerConfig(
    slots=2,
    memory_per_slot_mb=1,
    stagger_s=0.004,
    backoff_s=0.01,
    jitter=0,
    poll_s=0.005,
    resource_poll_s=0.01,
    terminate_grace_s=0.02,
    lease_s=2,
    late_s=30.0,
)
"""Late by half a minute: machines that run tests are busy."""


def _scheduler(path: Path, handler: Handler) -> tuple[Scheduler, WorkOrderRecorder]:
    recorder = new_recorder(path, CONFIG, is_virtual=False)
    return Scheduler(CONFIG, handler, probe=Memory(), log=TraceLog(recorder, 20)), recorder


def test_a_life_by_the_real_clock_holds_every_invariant(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    worker = Worker(
        {"o3": [fails(0.002), takes(0.001)], "o5": hangs, "o7": hangs}, default=takes(0.002)
    )

    async def main() -> None:
        scheduler, recorder = _scheduler(path, worker)
        for number in range(12):
            scheduler.enqueue(WorkOrder(f"o{number}", max_retries=int(number == 3)))
        scheduler.start()
        scheduler.subscribe(
            lambda event: (
                isinstance(event, WorkClaimed) and event.id == "o7" and scheduler.cancel("o7")
            )
        )
        await scheduler.join()
        await scheduler.stop()
        recorder.close()
        statistics = scheduler.statistics()
        assert (statistics.completed, statistics.failed, statistics.cancelled) == (10, 1, 1)

    asyncio.run(main())
    assert violated(path) == []
    events = events_of_trace(path)
    claims = [event.time_ns for event in events if event.kind == "CLAIM"]
    gaps = [after - before for before, after in pairwise(claims)]
    assert len(gaps) == 12
    assert min(gaps) >= 4 * MS
    (failed,) = [e for e in events if e.kind == "FAIL" and "due_ns" in e.fields]
    (retried,) = [e.time_ns for e in events if e.kind == "RETRY"]
    assert failed.fields["due_ns"] == failed.time_ns + 10 * MS
    assert retried >= failed.time_ns + 10 * MS
    (asked,) = [e for e in events if e.kind == "TERMINATE" and e.fields["why"] == "LEASE"]
    begun = next(e.time_ns for e in events if e.kind == "CLAIM" and e.fields["order"] == 5)
    assert asked.time_ns >= begun + 200 * MS


def test_a_recording_is_continued_with_its_own_time(tmp_path: Path) -> None:
    """The clock of the new process goes on where the log ends, whatever the machine's says."""
    path = tmp_path / "a.mpk"

    async def first() -> None:
        scheduler, recorder = _scheduler(path, Worker(default=takes(0.001)))
        for order_id in "abc":
            scheduler.enqueue(WorkOrder(order_id))
        scheduler.start()
        await scheduler.wait("a")
        await scheduler.stop()
        recorder.close()

    async def second() -> None:
        before = continued(path, CONFIG)
        assert before is not None
        with before.recorder:
            scheduler = Scheduler(
                CONFIG,
                Worker(default=takes(0.001)),
                clock=RealClock(begin_ns=before.time_ns),
                probe=Memory(),
                log=TraceLog(before.recorder, 20),
                state=before.state,
            )
            scheduler.start()
            await scheduler.join()
            await scheduler.stop()

    asyncio.run(first())
    asyncio.run(second())
    assert violated(path) == []
    events = events_of_trace(path)
    times = [event.time_ns for event in events]
    assert times == sorted(times)
    assert sum(event.kind == "COMPLETE" for event in events) == 3


def test_handlers_may_wait_for_threads() -> None:
    main_thread = threading.get_ident()

    async def work(_: Attempt) -> int:
        def count() -> int:
            time.sleep(0.001)
            return threading.get_ident()

        return await asyncio.to_thread(count)

    async def main() -> None:
        scheduler = Scheduler(CONFIG, work, probe=Memory())
        for order_id in "abcd":
            scheduler.enqueue(WorkOrder(order_id))
        scheduler.start()
        outcomes = [await scheduler.wait(order_id) for order_id in "abcd"]
        assert [outcome.state for outcome in outcomes] == [OrderState.COMPLETED] * 4
        assert main_thread not in {outcome.result for outcome in outcomes}
        await scheduler.stop()

    asyncio.run(main())


def test_by_itself_a_scheduler_reads_this_machine() -> None:
    async def main() -> None:
        scheduler = Scheduler(SchedulerConfig(memory_per_slot_mb=1), takes(0))
        report = scheduler.monitor.health()
        assert report.slots == report.slots_free == 2
        assert report.reading.total_bytes > report.reading.available_bytes > 0
        assert 0 <= report.cpu <= 1
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        await scheduler.stop(0)
        assert scheduler.clock.now_ns() > 0

    asyncio.run(main())


def test_an_interrupt_ends_the_program_not_the_attempt() -> None:
    async def work(_: Attempt) -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        scheduler = Scheduler(CONFIG, work, probe=Memory())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        await scheduler.join()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
