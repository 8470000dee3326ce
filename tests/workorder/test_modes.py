"""Modes: start, pause, resume and stop, and what a stop does to what is in flight."""

from __future__ import annotations

import asyncio

import pytest

from nandtrace.errors import SchedulerStopped, WorkOrderError
from nandtrace.workorder import (
    Attempt,
    Mode,
    OrderState,
    Outcome,
    Scheduler,
    StrayRelease,
    TerminalReached,
    VirtualClock,
    run_virtual,
)
from tests.workorder.orders import (
    Act,
    Body,
    Memory,
    Stage,
    StoryLog,
    Worker,
    config_of,
    deaf,
    fails,
    hangs,
    play,
    settle,
    takes,
)


def test_start_pause_resume_and_stop_are_idempotent() -> None:
    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        assert scheduler.mode is Mode.NEW
        scheduler.pause()
        scheduler.resume()
        for call in (scheduler.start, scheduler.start, scheduler.resume):
            call()
        for call in (scheduler.pause, scheduler.pause, scheduler.start):
            call()
        assert scheduler.mode is Mode.PAUSED
        for call in (scheduler.resume, scheduler.resume):
            call()
        await asyncio.gather(scheduler.stop(), scheduler.stop(), scheduler.stop())
        await scheduler.stop(5)
        assert scheduler.mode is Mode.STOPPED
        scheduler.pause()
        scheduler.resume()
        with pytest.raises(SchedulerStopped, match="does not start again"):
            scheduler.start()

    assert play(body).lines("MODE") == [
        "MODE RUNNING -",
        "MODE PAUSED -",
        "MODE RUNNING -",
        "MODE STOPPING 30",
        "MODE STOPPED -",
    ]


def test_a_pause_claims_nothing_and_lets_go_on_what_is_active() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", max_retries=1)
        stage.scheduler.start()
        await stage.until(0.5)
        stage.scheduler.pause()
        await stage.until(10)
        stage.enqueue("c")
        await settle()
        stage.scheduler.resume()
        await stage.until(11)

    log = play(body, Worker({"a": [fails(1), takes(1)]}), backoff_s=2)
    assert log.story("CLAIM", "HOLD", "MODE", "FAIL", "RETRY") == [
        "0 MODE RUNNING -",
        "0 CLAIM 0 1 0",
        "0 HOLD SLOT 1 -",
        "0.5 MODE PAUSED -",
        "1 FAIL 0 1 ERROR ValueError: boom WAITING_RETRY 3",
        "1 HOLD RUNNING - -",
        "3 RETRY 0",
        "3 HOLD RUNNING - -",
        "10 HOLD RUNNING - -",
        "10 MODE RUNNING -",
        "10 CLAIM 0 2 0",
        "10 HOLD SLOT 1 -",
        "11 CLAIM 1 1 0",
        "11 HOLD SLOT 2 -",
    ]


@pytest.mark.parametrize("begin", ["new", "running", "paused"])
def test_an_idle_scheduler_stops_at_once_from_any_mode(begin: str) -> None:
    async def body(stage: Stage) -> None:
        if begin != "new":
            stage.scheduler.start()
        if begin == "paused":
            stage.scheduler.pause()
        stage.enqueue("a")
        await stage.scheduler.stop()
        assert stage.clock.now_ns() == 0
        await settle()
        state = stage.scheduler.snapshot()
        assert [order["state"] for order in state["orders"]] == ["PENDING"]
        await stage.scheduler.join()

    assert play(body).lines()[-2:] == ["MODE STOPPING 30", "MODE STOPPED -"]


def test_a_stop_waits_for_what_is_active_and_leaves_the_queue() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c", "d")
        stage.scheduler.start()
        await stage.until(0.5)
        await stage.scheduler.stop()
        statistics = stage.scheduler.statistics()
        assert (statistics.completed, statistics.depth) == (2, 2)

    assert play(body, slots=2).story("MODE", "RELEASE", "HOLD", "TERMINATE", "CANCEL") == [
        "0 MODE RUNNING -",
        "0 HOLD SLOT 2 -",
        "0.5 MODE STOPPING 30.5",
        "1 RELEASE 0 0 0",
        "1 RELEASE 1 1 0",
        "1 MODE STOPPED -",
    ]


def test_at_the_end_of_the_grace_what_is_active_is_told_to_end() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.scheduler.start()
        await stage.until(0.5)
        await stage.scheduler.stop(4)
        assert await stage.scheduler.wait("a") == Outcome(OrderState.CANCELLED, 1, error="STOPPED")
        assert stage.clock.now_ns() == 5_500_000_000

    worker = Worker({"a": hangs, "b": deaf(5.5), "c": takes(3)})
    log = play(body, worker, slots=3)
    assert log.story("MODE", "RELEASE", "TERMINATE", "CANCEL", "COMPLETE") == [
        "0 MODE RUNNING -",
        "0.5 MODE STOPPING 4.5",
        "3 COMPLETE 2",
        "3 RELEASE 2 2 0",
        "4.5 TERMINATE 0 STOP 9.5",
        "4.5 TERMINATE 1 STOP 9.5",
        "4.5 CANCEL 0 STOPPED",
        "4.5 RELEASE 0 0 0",
        "5.5 CANCEL 1 STOPPED",
        "5.5 RELEASE 1 1 0",
        "5.5 MODE STOPPED -",
    ]


def test_who_is_deaf_to_the_stop_is_abandoned_at_its_deadline() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(StrayRelease)
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()
        await stage.scheduler.stop(1)
        assert stage.clock.now_ns() == 3_000_000_000
        await stage.until(50)
        assert stage.told == [StrayRelease("a", 0)]
        assert stage.scheduler.statistics().strays == 1

    log = play(body, Worker(default=deaf(40)), terminate_grace_s=2)
    assert log.story("MODE", "TERMINATE", "CANCEL", "RELEASE", "STRAY") == [
        "0 MODE RUNNING -",
        "0 MODE STOPPING 1",
        "1 TERMINATE 0 STOP 3",
        "3 CANCEL 0 STOPPED",
        "3 RELEASE 0 0 1",
        "3 MODE STOPPED -",
    ]


@pytest.mark.parametrize("grace_s", [None, 0, 2.5])
def test_a_stop_has_the_configurations_grace_or_its_own(grace_s: float | None) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()
        await stage.scheduler.stop(grace_s)

    log = play(body, Worker(default=hangs), stop_grace_s=7)
    end = {None: "7", 0: "0", 2.5: "2.5"}[grace_s]
    assert log.story("MODE", "TERMINATE") == [
        "0 MODE RUNNING -",
        f"0 MODE STOPPING {end}",
        f"{end} TERMINATE 0 STOP {float(end) + 5:g}",
        f"{end} MODE STOPPED -",
    ]


def test_a_grace_that_makes_no_sense_changes_nothing() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        with pytest.raises(WorkOrderError, match="grace_s is -1, not a time from 0 s on"):
            await stage.scheduler.stop(-1)
        assert stage.scheduler.mode is Mode.RUNNING
        await stage.scheduler.stop()
        assert stage.scheduler.mode is Mode.STOPPED

    play(body)


def test_one_that_fails_while_the_scheduler_stops_keeps_its_retry_for_later() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", max_retries=1)
        stage.scheduler.start()
        await stage.until(0.5)
        await stage.scheduler.stop()
        await stage.until(100)
        states = [
            (entry["state"], entry["due_ns"]) for entry in stage.scheduler.snapshot()["orders"]
        ]
        assert states == [("WAITING_RETRY", 2_000_000_000), ("WAITING_RETRY", 3_000_000_000)]

    worker = Worker({"a": fails(1), "b": fails(2)})
    log = play(body, worker, slots=2, backoff_s=1)
    assert log.story("FAIL", "RETRY", "MODE", "HOLD") == [
        "0 MODE RUNNING -",
        "0 HOLD QUEUE - -",
        "0.5 MODE STOPPING 30.5",
        "1 FAIL 0 1 ERROR ValueError: boom WAITING_RETRY 2",
        "1 HOLD RUNNING - -",
        "2 FAIL 1 1 ERROR ValueError: boom WAITING_RETRY 3",
        "2 MODE STOPPED -",
    ]


def test_no_retry_falls_due_from_the_stop_on() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.enqueue("b")
        stage.scheduler.start()
        await stage.until(1.5)
        await stage.scheduler.stop()

    log = play(body, Worker({"a": fails(1), "b": takes(9)}), backoff_s=2)
    assert log.story("RETRY", "MODE")[1:] == ["1.5 MODE STOPPING 31.5", "10 MODE STOPPED -"]


def test_orders_in_the_queue_may_be_taken_out_until_the_scheduler_has_stopped() -> None:
    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        stage.enqueue("a", "b", "c", "d")
        scheduler.start()
        await settle()
        stopping = asyncio.ensure_future(scheduler.stop())
        await settle()
        assert scheduler.cancel("b")
        assert scheduler.dequeue("c")
        await stopping
        assert not scheduler.cancel("d")
        assert not scheduler.dequeue("d")
        with pytest.raises(SchedulerStopped, match="takes no handler"):
            scheduler.set_handler(None)

    log = play(body)
    assert log.lines("CANCEL") == ["CANCEL 1 REQUESTED", "CANCEL 2 DEQUEUED"]


def test_who_waits_for_an_order_that_stays_in_the_queue_is_told_of_the_stop() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        waiting = asyncio.ensure_future(stage.scheduler.wait("a"))
        joining = asyncio.ensure_future(stage.scheduler.join())
        await settle()
        await stage.scheduler.stop()
        with pytest.raises(SchedulerStopped):
            await waiting
        with pytest.raises(SchedulerStopped, match="order 'a': the scheduler has stopped"):
            await stage.scheduler.wait("a")
        await joining

    play(body)


def test_one_who_no_longer_waits_for_the_stop_does_not_undo_it() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await stage.scheduler.stop()
        assert stage.scheduler.mode is Mode.STOPPING
        await stage.scheduler.stop()
        assert stage.clock.now_ns() == 1_000_000_000

    play(body)


def test_a_handler_may_stop_the_scheduler() -> None:
    async def body(stage: Stage) -> None:
        async def work(_: object) -> None:
            await stage.scheduler.stop()

        stage.scheduler.set_handler(work)
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.scheduler.join()
        assert stage.scheduler.mode is Mode.STOPPED

    assert play(body, stop_grace_s=3).story("MODE", "CANCEL") == [
        "0 MODE RUNNING -",
        "0 MODE STOPPING 3",
        "3 CANCEL 0 STOPPED",
        "3 MODE STOPPED -",
    ]


def test_join_waits_until_no_order_is_live() -> None:
    async def body(stage: Stage) -> None:
        await stage.scheduler.join()
        stage.enqueue("a", "b", max_retries=1)
        stage.scheduler.start()
        await asyncio.gather(stage.scheduler.join(), stage.scheduler.join())
        assert stage.clock.now_ns() == 13_000_000_000

    play(body, Worker({"b": [fails(1), takes(1)]}), slots=2, backoff_s=11)


def test_what_is_no_handler_is_refused() -> None:
    async def body(stage: Stage) -> None:
        with pytest.raises(WorkOrderError, match="7 is no handler"):
            stage.scheduler.set_handler(7)  # type: ignore[arg-type]

    assert play(body).lines() == ["HANDLER 1"]


def _unfinished(body: Body, act: Act) -> StoryLog:
    """A life that ends with its event loop."""
    log = StoryLog()

    async def main(clock: VirtualClock) -> None:
        memory = Memory()
        scheduler = Scheduler(config_of(), Worker(default=act), clock=clock, probe=memory, log=log)
        await body(Stage(scheduler, clock, log, memory))

    run_virtual(main)
    return log


def test_an_abandoned_scheduler_settles_nothing_and_says_so_to_who_waits() -> None:
    ended: list[str] = []

    async def work(_: Attempt) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append("cancelled")

    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        waiting = asyncio.ensure_future(stage.scheduler.wait("a"))
        await settle()
        stage.scheduler.abandon()
        stage.scheduler.abandon()
        with pytest.raises(SchedulerStopped, match="given up"):
            await waiting
        with pytest.raises(SchedulerStopped, match="given up"):
            await stage.scheduler.stop()
        await settle()

    log = _unfinished(body, work)
    assert log.lines("READY") == ["READY 0"]
    assert log.lines("FAIL", "CANCEL", "RELEASE") == []
    assert ended == ["cancelled"]


def test_an_event_loop_that_ends_fails_no_order() -> None:
    """Its end cancels all tasks: that is nothing that a handler did."""
    told: list[object] = []

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.subscribe(told.append)
        stage.scheduler.start()
        await stage.until(1)

    log = _unfinished(body, takes(5))
    assert log.lines("CLAIM", "FAIL", "RELEASE") == ["CLAIM 0 1 0"]
    assert not [event for event in told if isinstance(event, TerminalReached)]
