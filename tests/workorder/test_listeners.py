"""Listeners: what they are told and when, and that they harm nobody."""

from __future__ import annotations

import asyncio

import pytest

from nandtrace.errors import QueueFull
from nandtrace.workorder import (
    Backpressure,
    HealthChanged,
    HealthReport,
    OrderState,
    Outcome,
    Pressure,
    QueueEmpty,
    Reading,
    SlotAvailable,
    StateChanged,
    TerminalReached,
    WorkClaimed,
    WorkOrder,
)
from nandtrace.workorder.listeners import Listeners
from tests.workorder.orders import MB, Stage, Worker, play, settle

PENDING, PREPARING, RUNNING, _, COMPLETED, *_ = OrderState


def test_a_life_as_listeners_hear_it() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(object)
        stage.enqueue("a")
        with pytest.raises(QueueFull):
            stage.enqueue("b")
        stage.scheduler.start()
        await stage.until(2)
        report = HealthReport(False, 1, 0, Reading(1000 * MB, 1000 * MB), Pressure.NONE, 0.25)
        healthy = HealthReport(True, 1, 1, Reading(1000 * MB, 1000 * MB), Pressure.NONE, 0.25)
        assert stage.told == [
            StateChanged("a", None, PENDING),
            Backpressure(1),
            WorkClaimed("a", 1, 0),
            StateChanged("a", PENDING, PREPARING),
            QueueEmpty(),
            HealthChanged(report),
            StateChanged("a", PREPARING, RUNNING),
            StateChanged("a", RUNNING, COMPLETED),
            TerminalReached("a", Outcome(COMPLETED, 1)),
            SlotAvailable(0),
            QueueEmpty(),
            HealthChanged(healthy),
        ]

    play(body, max_depth=1)


@pytest.mark.parametrize("error", [RuntimeError("no"), asyncio.CancelledError(), StopIteration()])
def test_a_listener_that_raises_harms_nobody(error: BaseException) -> None:
    async def body(stage: Stage) -> None:
        def broken(_: object) -> None:
            raise error

        stage.scheduler.subscribe(broken)
        stage.listen(TerminalReached)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.scheduler.join()
        assert [event.id for event in stage.told] == ["a", "b"]
        assert stage.scheduler.statistics().listener_errors == 16
        await settle()
        assert stage.scheduler.statistics().listener_errors == 18

    play(body)


def test_the_last_error_of_a_listener_is_kept() -> None:
    listeners = Listeners()
    error = KeyError("x")

    def broken(_: object) -> None:
        raise error

    listeners.subscribe(broken)
    listeners.tell(QueueEmpty())
    assert (listeners.errors, listeners.last_error) == (1, error)


def test_a_listener_that_ends_the_program_leaves_the_others_in_order() -> None:
    listeners = Listeners()
    told: list[object] = []

    def ends(event: object) -> None:
        if not told:
            told.append(event)
            raise KeyboardInterrupt

    listeners.subscribe(ends)
    listeners.subscribe(told.append)
    with pytest.raises(KeyboardInterrupt):
        listeners.tell(SlotAvailable(1))
    listeners.tell(SlotAvailable(2))
    assert told == [SlotAvailable(1), SlotAvailable(2)]


def test_one_that_no_longer_listens_hears_nothing() -> None:
    async def body(stage: Stage) -> None:
        told: list[object] = []
        unsubscribe = stage.scheduler.subscribe(told.append)
        stage.enqueue("a")
        unsubscribe()
        unsubscribe()
        stage.enqueue("b")
        assert told == [StateChanged("a", None, PENDING)]

    play(body)


def test_listeners_are_called_in_the_order_of_their_subscription() -> None:
    async def body(stage: Stage) -> None:
        told: list[str] = []
        for name in "xyz":
            stage.scheduler.subscribe(lambda event, name=name: told.append(name + event.id))
        stage.enqueue("a", "b")
        assert told == ["xa", "ya", "za", "xb", "yb", "zb"]

    play(body)


def test_a_listener_sees_the_state_after_the_whole_change() -> None:
    """Told of the end of an attempt, it finds the slot free and the order gone."""

    async def body(stage: Stage) -> None:
        seen: list[tuple[object, ...]] = []

        def look(event: object) -> None:
            if isinstance(event, TerminalReached):
                state = stage.scheduler.snapshot()
                seen.append((event.id, state["slots"], [o["id"] for o in state["orders"]]))

        stage.scheduler.subscribe(look)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.scheduler.join()
        assert seen == [("a", [], ["b"]), ("b", [], [])]

    play(body)


def test_a_listener_may_use_the_scheduler_and_is_not_called_within_itself() -> None:
    async def body(stage: Stage) -> None:
        depth, deepest = 0, 0

        def chain(event: object) -> None:
            nonlocal depth, deepest
            depth += 1
            deepest = max(deepest, depth)
            if isinstance(event, TerminalReached) and event.id != "a-5":
                name, _, number = event.id.partition("-")
                stage.enqueue(f"{name}-{int(number) + 1}")
                stage.scheduler.pause()
                stage.scheduler.resume()
            depth -= 1

        stage.scheduler.subscribe(chain)
        stage.enqueue("a-0")
        stage.scheduler.start()
        await stage.until(10)
        assert deepest == 1
        assert stage.scheduler.statistics().completed == 6

    play(body)


def test_a_listener_may_stop_the_scheduler_in_the_middle_of_everything() -> None:
    async def body(stage: Stage) -> None:
        tasks: list[asyncio.Task[None]] = []

        def stop(event: object) -> None:
            if isinstance(event, WorkClaimed):
                tasks.append(asyncio.ensure_future(stage.scheduler.stop(0)))

        stage.scheduler.subscribe(stop)
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.scheduler.join()
        await asyncio.gather(*tasks)

    log = play(body, Worker(), slots=2)
    assert log.story("MODE", "CANCEL") == [
        "0 MODE RUNNING -",
        "0 MODE STOPPING 0",
        "0 CANCEL 0 STOPPED",
        "0 CANCEL 1 STOPPED",
        "0 MODE STOPPED -",
    ]


def test_listeners_that_come_and_go_while_they_are_called() -> None:
    listeners = Listeners()
    told: list[str] = []

    def first(_: object) -> None:
        told.append("first")
        end_second()
        listeners.subscribe(lambda _: told.append("third"))

    end_first = listeners.subscribe(first)
    end_second = listeners.subscribe(lambda _: told.append("second"))
    listeners.tell(QueueEmpty())
    end_first()
    listeners.tell(QueueEmpty())
    assert told == ["first", "second", "third"]


def test_who_submits_from_a_listener_does_not_wait_for_itself() -> None:
    async def body(stage: Stage) -> None:
        tasks: list[asyncio.Task[int]] = []

        def submit(event: object) -> None:
            if isinstance(event, Backpressure):
                tasks.append(asyncio.ensure_future(stage.scheduler.submit(WorkOrder("late"))))

        stage.scheduler.subscribe(submit)
        stage.enqueue("a")
        with pytest.raises(QueueFull):
            stage.enqueue("b")
        stage.scheduler.start()
        assert await asyncio.gather(*tasks) == [1]

    play(body, max_depth=1)


def test_what_is_told_in_a_change_within_a_change_waits_for_the_outer_one() -> None:
    listeners = Listeners()
    told: list[object] = []
    listeners.subscribe(told.append)
    with listeners.held():
        with listeners.held():
            listeners.tell(SlotAvailable(1))
        assert told == []
    assert told == [SlotAvailable(1)]
