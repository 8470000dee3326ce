"""Cancelling an order in each of its states, and how its handler takes it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest

from nandtrace.workorder import (
    Attempt,
    OrderState,
    Outcome,
    SlotAvailable,
    StrayRelease,
    WorkClaimed,
)
from tests.workorder.orders import Act, Stage, Worker, deaf, fails, hangs, play, settle, takes

ENDS = ("TERMINATE", "COMPLETE", "FAIL", "CANCEL", "RELEASE", "STRAY")


def test_a_pending_order_is_cancelled_at_once() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(0.5)
        assert stage.scheduler.cancel("b")
        assert not stage.scheduler.cancel("b")
        assert await stage.scheduler.wait("b") == Outcome(
            OrderState.CANCELLED, 0, error="REQUESTED"
        )

    assert play(body).story(*ENDS) == ["0.5 CANCEL 1 REQUESTED"]


def test_one_that_waits_for_its_retry_is_cancelled_at_once_and_never_retried() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=3)
        stage.scheduler.start()
        await stage.until(1.5)
        assert stage.scheduler.cancel("a")
        await stage.until(100)

    log = play(body, Worker(default=fails(1)), backoff_s=1)
    assert log.story(*ENDS, "RETRY") == [
        "1 FAIL 0 1 ERROR ValueError: boom WAITING_RETRY 2",
        "1 RELEASE 0 0 0",
        "1.5 CANCEL 0 REQUESTED",
    ]


def _swallow(then: Callable[[], object]) -> Act:
    """Wait until told to end, then do as if nothing were."""

    async def act(_: Attempt) -> object:
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            await asyncio.sleep(2)
        return then()

    return act


def _fail() -> None:
    raise RuntimeError("not so")


@pytest.mark.parametrize("is_prepared", [False, True])
@pytest.mark.parametrize(
    ("act", "seconds"),
    [(hangs, 1), (_swallow(lambda: 7), 3), (_swallow(_fail), 3)],
    ids=["ends", "returns", "raises"],
)
def test_an_active_order_is_cancelled_once_its_handler_has_ended(
    is_prepared: bool, act: Act, seconds: int
) -> None:
    """However it ends: what was asked for is what becomes of it."""

    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=5)
        stage.scheduler.start()
        await stage.until(1)
        assert stage.scheduler.cancel("a")
        assert stage.scheduler.cancel("a")
        await stage.scheduler.join()
        assert not stage.scheduler.cancel("a")

    worker = Worker({"a": act}, prepares={} if is_prepared else {"a": act})
    assert play(body, worker).story(*ENDS, "READY", "RETRY") == [
        *(["0 READY 0"] if is_prepared else []),
        "1 TERMINATE 0 CANCEL 6",
        f"{seconds} CANCEL 0 REQUESTED",
        f"{seconds} RELEASE 0 0 0",
    ]


def test_one_that_is_deaf_loses_its_slot_at_the_deadline_and_gives_it_back_in_vain() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(SlotAvailable, StrayRelease)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(1)
        stage.scheduler.cancel("a")
        await stage.scheduler.join()
        assert stage.told == [SlotAvailable(0), StrayRelease("a", 0), SlotAvailable(0)]
        assert stage.scheduler.statistics().strays == 1
        assert (await stage.scheduler.wait("a")).state is OrderState.CANCELLED

    worker = Worker({"a": deaf(9), "b": takes(20)})
    assert play(body, worker, terminate_grace_s=3).story(*ENDS, "CLAIM") == [
        "0 CLAIM 0 1 0",
        "1 TERMINATE 0 CANCEL 4",
        "4 CANCEL 0 REQUESTED",
        "4 RELEASE 0 0 1",
        "4 CLAIM 1 1 0",
        "9 STRAY 0 0",
        "24 COMPLETE 1",
        "24 RELEASE 1 0 0",
    ]


def test_one_abandoned_while_it_prepares_never_becomes_ready() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()
        stage.scheduler.cancel("a")
        await stage.until(20)

    worker = Worker(prepares={"a": deaf(9)})
    log = play(body, worker)
    assert log.story(*ENDS, "READY") == [
        "0 TERMINATE 0 CANCEL 5",
        "5 CANCEL 0 REQUESTED",
        "5 RELEASE 0 0 1",
        "9 STRAY 0 0",
    ]
    assert worker.given == []


def test_one_cancelled_before_its_first_step_gives_its_slot_back() -> None:
    worker = Worker()

    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        scheduler.subscribe(
            lambda event: isinstance(event, WorkClaimed) and scheduler.cancel(event.id)
        )
        stage.enqueue("a", "b")
        scheduler.start()
        await scheduler.join()

    log = play(body, worker)
    assert worker.given == []
    assert log.story()[3:] == [
        "0 MODE RUNNING -",
        "0 CLAIM 0 1 0",
        "0 HOLD SLOT 1 -",
        "0 HEALTH 0",
        "0 TERMINATE 0 CANCEL 5",
        "0 CANCEL 0 REQUESTED",
        "0 RELEASE 0 0 0",
        "0 CLAIM 1 1 0",
        "0 HOLD QUEUE - -",
        "0 TERMINATE 1 CANCEL 5",
        "0 CANCEL 1 REQUESTED",
        "0 RELEASE 1 0 0",
    ]


def test_a_handler_may_cancel_its_own_order() -> None:
    async def body(stage: Stage) -> None:
        async def work(attempt: Attempt) -> None:
            stage.scheduler.cancel(attempt.order.id)

        stage.scheduler.set_handler(work)
        stage.enqueue("a")
        stage.scheduler.start()
        assert (await stage.scheduler.wait("a")).state is OrderState.CANCELLED

    assert play(body).story(*ENDS) == [
        "0 TERMINATE 0 CANCEL 5",
        "0 CANCEL 0 REQUESTED",
        "0 RELEASE 0 0 0",
    ]


def test_a_handler_that_ends_exactly_at_its_deadline_is_too_late() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        stage.scheduler.cancel("a")
        await stage.until(7)

    assert play(body, Worker(default=deaf(6))).story(*ENDS) == [
        "1 TERMINATE 0 CANCEL 6",
        "6 CANCEL 0 REQUESTED",
        "6 RELEASE 0 0 1",
        "6 STRAY 0 0",
    ]


def test_without_any_time_to_end_a_handler_is_abandoned_in_the_same_moment() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        stage.scheduler.cancel("a")
        await stage.until(2)

    log = play(body, Worker(default=deaf(1.5)), terminate_grace_s=0)
    assert log.story(*ENDS) == [
        "1 TERMINATE 0 CANCEL 1",
        "1 CANCEL 0 REQUESTED",
        "1 RELEASE 0 0 1",
        "1.5 STRAY 0 0",
    ]


def test_a_stop_leaves_a_cancel_that_came_before_alone() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        stage.scheduler.cancel("a")
        await stage.scheduler.stop(0)

    log = play(body, Worker(default=deaf(3)))
    assert log.story(*ENDS, "MODE") == [
        "0 MODE RUNNING -",
        "1 TERMINATE 0 CANCEL 6",
        "1 MODE STOPPING 1",
        "3 CANCEL 0 REQUESTED",
        "3 RELEASE 0 0 0",
        "3 MODE STOPPED -",
    ]


def test_a_cancel_after_the_stop_has_asked_changes_nothing() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        stopping = asyncio.ensure_future(stage.scheduler.stop(0))
        await stage.until(2)
        assert stage.scheduler.cancel("a")
        await stopping

    assert play(body, Worker(default=deaf(3))).story(*ENDS) == [
        "1 TERMINATE 0 STOP 6",
        "3 CANCEL 0 STOPPED",
        "3 RELEASE 0 0 0",
    ]


def test_what_a_handler_raises_after_it_was_told_to_end_is_nobodys_complaint() -> None:
    """Neither the loop's, of an exception that was never retrieved."""
    complaints: list[object] = []

    async def body(stage: Stage) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(0.5)
        stage.scheduler.cancel("a")
        await stage.scheduler.join()
        gc.collect()

    play(body, Worker(default=_swallow(_fail)), lease_s=2)
    gc.collect()
    assert complaints == []
