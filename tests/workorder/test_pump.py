"""The pump: what wakes it, when it polls, and that it sleeps otherwise."""

from __future__ import annotations

from nandtrace.vocab.workorder import Pressure
from nandtrace.workorder import MemoryPressure, Reading
from tests.workorder.orders import MB, Stage, Worker, fails, hangs, play, settle, takes

DECISIONS = ("CLAIM", "HOLD")


def test_all_of_one_moment_is_answered_by_one_series_of_decisions() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue("a", "b", "c")
        await stage.until(1)

    log = play(body, slots=3)
    assert log.story() == [
        "0 HANDLER 1",
        "0 MODE RUNNING -",
        "0 ENQUEUE 0 a 0 0 1",
        "0 ENQUEUE 1 b 0 0 2",
        "0 ENQUEUE 2 c 0 0 3",
        "0 CLAIM 0 1 0",
        "0 CLAIM 1 1 1",
        "0 CLAIM 2 1 2",
        "0 HOLD QUEUE - -",
        "0 HEALTH 0",
        "0 READY 0",
        "0 READY 1",
        "0 READY 2",
        "1 COMPLETE 0",
        "1 RELEASE 0 0 0",
        "1 COMPLETE 1",
        "1 RELEASE 1 1 0",
        "1 COMPLETE 2",
        "1 RELEASE 2 2 0",
        "1 HOLD QUEUE - -",
        "1 HEALTH 1",
    ]


def test_nothing_is_decided_before_the_start() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.set_handler(None)
        stage.scheduler.set_handler(Worker())
        await stage.until(100)

    assert play(body).lines() == ["HANDLER 1", "ENQUEUE 0 a 0 0 1", "HANDLER 0", "HANDLER 1"]


def test_an_order_that_comes_later_is_claimed_at_once() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        await stage.until(7.25)
        stage.enqueue("a")
        await settle()

    assert play(body).story(*DECISIONS) == [
        "0 HOLD QUEUE - -",
        "7.25 CLAIM 0 1 0",
        "7.25 HOLD QUEUE - -",
    ]


def test_a_handler_that_comes_later_wakes_and_one_that_goes_does_not() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.set_handler(None)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(1)
        stage.scheduler.set_handler(Worker())
        await stage.until(1.5)
        stage.scheduler.set_handler(None)
        await stage.until(3)

    assert play(body).story(*DECISIONS, "HANDLER", "COMPLETE") == [
        "0 HANDLER 1",
        "0 HANDLER 0",
        "0 HOLD HANDLER - -",
        "1 HANDLER 1",
        "1 CLAIM 0 1 0",
        "1 HOLD SLOT 1 -",
        "1.5 HANDLER 0",
        "2 COMPLETE 0",
        "2 HOLD HANDLER - -",
    ]


def test_an_attempt_keeps_the_handler_that_it_was_claimed_for() -> None:
    first, second = Worker(), Worker()

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(0.5)
        stage.scheduler.set_handler(second)
        await stage.scheduler.join()

    play(body, first)
    assert [attempt.order.id for attempt in first.given] == ["a"]
    assert [attempt.order.id for attempt in second.given] == ["b"]


def test_pressure_is_polled_while_it_holds_an_order() -> None:
    """In between the monitor's own readings every 2.5 s find the pressure gone."""

    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue("a")
        await stage.until(2.25)
        stage.memory.used_mb = 0
        await stage.until(10)

    log = play(body, Worker(default=hangs), used_mb=900, resource_poll_s=2.5)
    assert log.story(*DECISIONS, "PRESSURE") == [
        f"0 PRESSURE CRITICAL {1000 * MB} {100 * MB}",
        "0 HOLD PRESSURE 0 -",
        "1 HOLD PRESSURE 0 -",
        "2 HOLD PRESSURE 0 -",
        f"2.5 PRESSURE NONE {1000 * MB} {1000 * MB}",
        "2.5 CLAIM 0 1 0",
        "2.5 HOLD QUEUE - -",
    ]


def test_an_event_between_two_polls_moves_the_next() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue("a")
        await stage.until(0.75)
        stage.enqueue("b")
        await stage.until(3)

    log = play(body, used_mb=950, resource_poll_s=100)
    assert log.story(*DECISIONS) == [
        "0 HOLD PRESSURE 0 -",
        "0.75 HOLD PRESSURE 0 -",
        "1.75 HOLD PRESSURE 0 -",
        "2.75 HOLD PRESSURE 0 -",
    ]


def test_other_changes_of_the_pressure_wake_nothing() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(MemoryPressure)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        for second, used_mb in ((4, 800), (9, 950), (14, 0), (19, 850), (24, 0)):
            await stage.until(second)
            stage.memory.used_mb = used_mb
        await stage.until(26)
        assert [event.level for event in stage.told] == [
            Pressure.WARNING,
            Pressure.CRITICAL,
            Pressure.NONE,
            Pressure.WARNING,
            Pressure.NONE,
        ]
        assert stage.told[1].reading == Reading(1000 * MB, 50 * MB)

    log = play(body, Worker(default=hangs), slots=2)
    assert log.story("PRESSURE", "HOLD", "HEALTH") == [
        "0 HOLD QUEUE - -",
        "0 HEALTH 0",
        f"5 PRESSURE WARNING {1000 * MB} {200 * MB}",
        f"10 PRESSURE CRITICAL {1000 * MB} {50 * MB}",
        f"15 PRESSURE NONE {1000 * MB} {1000 * MB}",
        "15 HOLD QUEUE - -",
        f"20 PRESSURE WARNING {1000 * MB} {150 * MB}",
        f"25 PRESSURE NONE {1000 * MB} {1000 * MB}",
    ]


def test_an_idle_scheduler_has_no_timer_but_the_poll_of_the_resources() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue("a")
        await stage.scheduler.join()
        before = len(stage.log.entries)
        await settle()
        reads = stage.memory.reads
        assert stage.clock.next_due_ns() == 5_000_000_000
        await stage.until(1_000)
        assert len(stage.log.entries) == before + 2
        assert stage.memory.reads == reads + 200

    log = play(body)
    assert log.story()[-2:] == ["1 HOLD QUEUE - -", "1 HEALTH 1"]


def test_health_is_told_on_change_and_not_between_two_claims() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.scheduler.start()
        await stage.until(4)

    assert play(body).story("CLAIM", "RELEASE", "HEALTH") == [
        "0 CLAIM 0 1 0",
        "0 HEALTH 0",
        "1 RELEASE 0 0 0",
        "1 CLAIM 1 1 0",
        "2 RELEASE 1 0 0",
        "2 CLAIM 2 1 0",
        "3 RELEASE 2 0 0",
        "3 HEALTH 1",
    ]


def test_ten_thousand_orders_at_once_need_no_recursion() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue(*(f"o{number}" for number in range(10_000)))
        stage.scheduler.start()
        await stage.scheduler.join()
        statistics = stage.scheduler.statistics()
        assert (statistics.completed, statistics.claimed, statistics.active) == (10_000, 10_000, 0)
        state = stage.scheduler.snapshot()
        assert (state["orders"], state["slots"]) == ([], [])

    log = play(body, Worker(default=takes(0)), slots=2)
    assert len(log.lines("RELEASE")) == 10_000


def test_a_long_life_keeps_only_what_is_live_and_a_bounded_rest() -> None:
    """Orders that come and go, fail and are tried again; structures are bounded, timers cancelled."""

    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        scheduler.start()
        for number in range(1_100):
            stage.enqueue(f"o{number}", priority=number % 3)
            await stage.until(number / 10)
        await scheduler.join()
        book = scheduler._state.book
        kept = [len(book._live), len(book._numbers), len(book._queue)]
        kept += [len(scheduler._retry_timers), len(scheduler._workers._works)]
        assert kept == [0, 0, 0, 0, 0]
        assert len(book._ended) == 1_000

    play(
        body,
        Worker(default=fails(0.05)),
        max_retries=1,
        backoff_s=0.1,
        lease_s=5,
        policy="priority",
        slots=2,
    )
