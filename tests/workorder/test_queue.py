"""The queue: its order, its depth, what it refuses, and who waits for room."""

from __future__ import annotations

import asyncio

import pytest

from nandtrace.errors import DuplicateOrder, QueueFull, SchedulerStopped, WorkOrderError
from nandtrace.workorder import Backpressure, QueueEmpty, WorkOrder
from tests.workorder.orders import Stage, Worker, fails, hangs, play, settle, takes


def test_orders_are_numbered_and_claimed_in_the_order_of_acceptance() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.enqueue("c", priority=9)
        stage.scheduler.start()
        await stage.scheduler.join()

    assert play(body).story("ENQUEUE", "CLAIM") == [
        "0 ENQUEUE 0 a 0 0 1",
        "0 ENQUEUE 1 b 0 0 2",
        "0 ENQUEUE 2 c 9 0 3",
        "0 CLAIM 0 1 0",
        "1 CLAIM 1 1 0",
        "2 CLAIM 2 1 0",
    ]


def test_by_priority_the_highest_is_claimed_and_among_equals_the_oldest() -> None:
    async def body(stage: Stage) -> None:
        for order_id, priority in (("a", 0), ("b", -1), ("c", 5), ("d", 5), ("e", 0)):
            stage.enqueue(order_id, priority=priority)
        stage.scheduler.start()
        await stage.until(0)
        stage.enqueue("f", priority=1)
        await stage.scheduler.join()

    log = play(body, policy="priority")
    assert [line.split()[1] for line in log.lines("CLAIM")] == ["2", "3", "5", "0", "4", "1"]


@pytest.mark.parametrize("policy", ["fifo", "priority"])
def test_a_retried_order_has_its_old_place(policy: str) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.enqueue("b", "c")
        stage.scheduler.start()
        await stage.scheduler.join()

    log = play(body, Worker({"a": [fails(1), takes(1)]}), policy=policy, backoff_s=0.5)
    assert log.story("RETRY", "CLAIM") == [
        "0 CLAIM 0 1 0",
        "1 CLAIM 1 1 0",
        "1.5 RETRY 0",
        "2 CLAIM 0 2 0",
        "3 CLAIM 2 1 0",
    ]


def test_a_full_queue_refuses_and_says_its_depth() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(Backpressure)
        stage.enqueue("a", "b")
        with pytest.raises(QueueFull, match="order 'c': the queue is full, 2 orders") as caught:
            stage.enqueue("c")
        assert caught.value.depth == 2
        assert stage.told == [Backpressure(2)]
        stage.scheduler.start()
        await settle()
        stage.enqueue("c")
        assert stage.scheduler.statistics().refused == 1

    assert play(body, max_depth=2).lines("ENQUEUE", "REFUSE", "CLAIM") == [
        "ENQUEUE 0 a 0 0 1",
        "ENQUEUE 1 b 0 0 2",
        "REFUSE c 0 FULL 2 0",
        "CLAIM 0 1 0",
        "ENQUEUE 2 c 0 0 2",
    ]


def test_an_active_order_keeps_a_place_for_its_retry() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.until(0.5)
        stage.enqueue("b")
        with pytest.raises(QueueFull):
            stage.enqueue("c", priority=3)
        await stage.until(1)
        # b has no retry that needs a place.
        stage.enqueue("d")
        with pytest.raises(QueueFull):
            stage.enqueue("e")
        await stage.until(2)
        # Neither has the last attempt of a.
        stage.enqueue("f")
        with pytest.raises(QueueFull):
            stage.enqueue("g")

    log = play(body, Worker({"a": [fails(1), takes(9)]}), max_depth=2, backoff_s=1)
    assert log.story("ENQUEUE", "REFUSE", "CLAIM", "RETRY") == [
        "0 ENQUEUE 0 a 0 1 1",
        "0 CLAIM 0 1 0",
        "0.5 ENQUEUE 1 b 0 0 1",
        "0.5 REFUSE c 3 FULL 1 1",
        "1 CLAIM 1 1 0",
        "1 ENQUEUE 2 d 0 0 2",
        "1 REFUSE e 0 FULL 2 0",
        "2 RETRY 0",
        "2 CLAIM 0 2 0",
        "2 ENQUEUE 3 f 0 0 2",
        "2 REFUSE g 0 FULL 2 0",
    ]


@pytest.mark.parametrize("retries", [0, 2])
def test_the_configurations_retries_are_those_of_orders_without_their_own(retries: int) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.enqueue("b", max_retries=1)

    log = play(body, max_retries=retries)
    assert log.lines("ENQUEUE") == [f"ENQUEUE 0 a 0 {retries} 1", "ENQUEUE 1 b 0 1 2"]


def test_an_id_is_live_once_and_that_is_told_before_a_full_queue() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(Backpressure)
        stage.enqueue("a")
        for _ in range(2):
            with pytest.raises(DuplicateOrder, match="order 'a': an order with this id is live"):
                stage.enqueue("a")
            stage.scheduler.start()
            await settle()
        assert stage.told == []

    assert play(body, max_depth=1).lines("ENQUEUE", "REFUSE") == [
        "ENQUEUE 0 a 0 0 1",
        "REFUSE a 0 DUPLICATE 1 0",
        "REFUSE a 0 DUPLICATE 0 0",
    ]


def test_from_the_stop_on_nothing_is_accepted_and_that_is_told_first() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await settle()
        stopping = asyncio.ensure_future(stage.scheduler.stop())
        await settle()
        for order_id in ("a", "c"):
            with pytest.raises(SchedulerStopped, match=f"order '{order_id}': the scheduler has"):
                stage.enqueue(order_id)
        await stopping
        with pytest.raises(SchedulerStopped):
            stage.enqueue("d")
        with pytest.raises(SchedulerStopped):
            await stage.scheduler.submit(WorkOrder("e"))
        assert stage.scheduler.statistics().refused == 2

    assert play(body, max_depth=1 + 1).lines("REFUSE", "MODE") == [
        "MODE RUNNING -",
        "MODE STOPPING 30",
        "REFUSE a 0 STOPPING 1 0",
        "REFUSE c 0 STOPPING 1 0",
        "MODE STOPPED -",
    ]


# ---- waiting for room


def test_submit_waits_for_room_one_after_another() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        numbers = await asyncio.gather(
            *(stage.scheduler.submit(WorkOrder(order_id)) for order_id in "abcd")
        )
        assert numbers == [0, 1, 2, 3]
        await stage.scheduler.join()

    log = play(body, max_depth=1)
    assert log.story("ENQUEUE", "REFUSE", "CLAIM") == [
        "0 ENQUEUE 0 a 0 0 1",
        "0 CLAIM 0 1 0",
        "0 ENQUEUE 1 b 0 0 1",
        "1 CLAIM 1 1 0",
        "1 ENQUEUE 2 c 0 0 1",
        "2 CLAIM 2 1 0",
        "2 ENQUEUE 3 d 0 0 1",
        "3 CLAIM 3 1 0",
    ]


def test_one_who_no_longer_waits_for_room_takes_none() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        waiting = [asyncio.ensure_future(stage.scheduler.submit(WorkOrder(x))) for x in "bcd"]
        await settle()
        waiting[0].cancel()
        await settle()
        stage.scheduler.dequeue("a")
        # The place is given to c, who gives it up in the same moment.
        waiting[1].cancel()
        assert await waiting[2] == 1

    assert play(body, max_depth=1).lines("ENQUEUE") == ["ENQUEUE 0 a 0 0 1", "ENQUEUE 1 d 0 0 1"]


def test_one_who_is_refused_leaves_the_room_to_the_next() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "z")
        waiting = [asyncio.ensure_future(stage.scheduler.submit(WorkOrder(x))) for x in "zc"]
        await settle()
        stage.scheduler.dequeue("a")
        with pytest.raises(DuplicateOrder):
            await waiting[0]
        assert await waiting[1] == 2

    play(body, max_depth=2)


def test_a_stop_sends_away_all_who_wait_for_room() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        waiting = [asyncio.ensure_future(stage.scheduler.submit(WorkOrder(x))) for x in "bc"]
        await settle()
        await stage.scheduler.stop()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(answer) for answer in answers] == [SchedulerStopped, SchedulerStopped]

    play(body, max_depth=1)


# ---- leaving it


def test_only_pending_orders_are_dequeued() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.enqueue("c", max_retries=1)
        stage.scheduler.start()
        await settle()
        assert not stage.scheduler.dequeue("a")
        assert stage.scheduler.dequeue("b")
        assert not stage.scheduler.dequeue("b")
        await stage.until(2.5)
        assert not stage.scheduler.dequeue("c")
        outcome = await stage.scheduler.wait("b")
        assert (outcome.state, outcome.attempts, outcome.error) == ("CANCELLED", 0, "DEQUEUED")

    log = play(body, Worker({"c": [fails(1), takes(1)]}), backoff_s=5)
    assert log.story("CANCEL", "RELEASE", "FAIL") == [
        "0 CANCEL 1 DEQUEUED",
        "1 RELEASE 0 0 0",
        "2 FAIL 2 1 ERROR ValueError: boom WAITING_RETRY 7",
        "2 RELEASE 2 0 0",
    ]


def test_an_order_dequeued_before_the_pump_comes_is_not_claimed() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        await settle()
        stage.enqueue("a")
        stage.scheduler.dequeue("a")
        await settle()

    assert play(body).lines("ENQUEUE", "CANCEL", "CLAIM", "HOLD") == [
        "HOLD QUEUE - -",
        "ENQUEUE 0 a 0 0 1",
        "CANCEL 0 DEQUEUED",
        "HOLD QUEUE - -",
    ]


def test_listeners_hear_of_the_empty_queue() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(QueueEmpty)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(0.5)
        assert stage.told == []
        await stage.until(1)
        assert stage.told == [QueueEmpty()]

    play(body)


def test_a_queue_that_is_filled_and_emptied_without_a_claim_does_not_grow() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("first")
        for _ in range(5_000):
            stage.enqueue("a", priority=-1)
            stage.scheduler.dequeue("a")
        assert len(stage.scheduler._state.book._queue) < 500

    play(body, policy="priority")


@pytest.mark.parametrize("value", ["", 7, None, "\ud800"])
def test_an_id_is_a_text_that_a_trace_can_hold(value: object) -> None:
    with pytest.raises(WorkOrderError, match="an order's id is"):
        WorkOrder(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"priority": 1.5}, "order 'a': priority is 1.5, not a whole number"),
        ({"priority": True}, "order 'a': priority is True"),
        ({"priority": 2**31}, "order 'a': priority is 2147483648"),
        ({"max_retries": -1}, "order 'a': max_retries is -1, not a whole number from 0 on"),
    ],
)
def test_numbers_of_an_order_are_whole(settings: dict[str, int], reason: str) -> None:
    with pytest.raises(WorkOrderError, match=reason):
        WorkOrder("a", **settings)


def test_hanging_orders_do_not_block_the_queue_of_others() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.scheduler.start()
        await stage.until(2)
        statistics = stage.scheduler.statistics()
        assert (statistics.active, statistics.completed) == (1, 2)

    play(body, Worker({"a": hangs}), slots=2)


def test_who_waits_for_room_is_not_overtaken_by_who_comes_later() -> None:
    """Neither by one that submits in the moment in which there is room, nor for having been disappointed."""

    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        scheduler = stage.scheduler
        waiting = [asyncio.ensure_future(scheduler.submit(WorkOrder(x))) for x in "bc"]
        await settle()
        scheduler.cancel("a")
        stage.enqueue("x")
        late = asyncio.ensure_future(scheduler.submit(WorkOrder("d")))
        await settle()
        scheduler.cancel("x")
        scheduler.start()
        await asyncio.gather(*waiting, late)
        await scheduler.join()

    ids = [line.split()[2] for line in play(body, max_depth=1).lines("ENQUEUE")]
    assert ids == ["a", "x", "b", "c", "d"]


def test_one_that_no_longer_waits_leaves_nothing_behind() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        for _ in range(3):
            for waiting in (stage.scheduler.submit(WorkOrder("b")), stage.scheduler.join()):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(waiting, 0.1)
        assert stage.scheduler._waiting._room == {}
        stage.scheduler.cancel("a")

    play(body, max_depth=1)
