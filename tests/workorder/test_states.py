"""The life of an order: which events make it, and what is told of it."""

from __future__ import annotations

import asyncio

import pytest

from nandtrace.errors import WorkOrderError
from nandtrace.workorder import (
    Attempt,
    HistoryEntry,
    OrderState,
    Outcome,
    Scheduler,
    StateChanged,
    TerminalReached,
    VirtualClock,
    WorkOrder,
    run_virtual,
)
from tests.workorder.orders import Memory, S, Stage, Worker, config_of, fails, hangs, play, takes

PENDING, PREPARING, RUNNING, WAITING_RETRY, COMPLETED, FAILED, CANCELLED = OrderState


def test_an_order_that_completes_tells_its_whole_life() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.scheduler.join()
        await stage.scheduler.stop()

    assert play(body, Worker(prepares={"a": takes(2)})).story() == [
        "0 HANDLER 1",
        "0 ENQUEUE 0 a 0 0 1",
        "0 MODE RUNNING -",
        "0 CLAIM 0 1 0",
        "0 HOLD QUEUE - -",
        "0 HEALTH 0",
        "2 READY 0",
        "3 COMPLETE 0",
        "3 RELEASE 0 0 0",
        "3 MODE STOPPING 33",
        "3 MODE STOPPED -",
    ]


def test_one_that_fails_waits_and_is_tried_again_until_exhausted() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.scheduler.join()

    story = play(body, Worker(default=fails(1)), backoff_s=4).story()
    assert story == [
        "0 HANDLER 1",
        "0 ENQUEUE 0 a 0 1 1",
        "0 MODE RUNNING -",
        "0 CLAIM 0 1 0",
        "0 HOLD QUEUE - -",
        "0 HEALTH 0",
        "0 READY 0",
        "1 FAIL 0 1 ERROR ValueError: boom WAITING_RETRY 5",
        "1 RELEASE 0 0 0",
        "1 HOLD QUEUE - -",
        "1 HEALTH 1",
        "5 RETRY 0",
        "5 CLAIM 0 2 0",
        "5 HOLD QUEUE - -",
        "5 HEALTH 0",
        "5 READY 0",
        "6 FAIL 0 2 ERROR ValueError: boom FAILED -",
        "6 RELEASE 0 0 0",
    ]


def test_one_that_fails_before_it_is_ready_has_failed_as_well() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        outcome = await stage.scheduler.wait("a")
        assert outcome == Outcome(FAILED, 1, error="RuntimeError: no room")

    worker = Worker(prepares={"a": fails(2, RuntimeError("no room"))})
    assert play(body, worker).story("READY", "FAIL", "RELEASE") == [
        "2 FAIL 0 1 ERROR RuntimeError: no room FAILED -",
        "2 RELEASE 0 0 0",
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom"), "ValueError: boom"),
        (ValueError(), "ValueError"),
        (KeyError("k"), "KeyError: 'k'"),
        (asyncio.CancelledError(), "CancelledError"),
        (GeneratorExit(), "GeneratorExit"),
        (SystemExit(3), "SystemExit: 3"),
        (SystemExit(), "SystemExit"),
        (StopAsyncIteration("end"), "StopAsyncIteration: end"),
        (BaseExceptionGroup("two", [OSError(1, "x")]), "ExceptionGroup: two (1 sub-exception)"),
        (ValueError("x" * 600), "ValueError: " + "x" * 488),
        (ValueError("\ud800"), "ValueError: \\ud800"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_handler_raises_fails_its_attempt(error: BaseException, text: str) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("bad", "good")
        stage.scheduler.start()
        assert await stage.scheduler.wait("bad") == Outcome(FAILED, 1, error=text)
        assert (await stage.scheduler.wait("good")).state is COMPLETED

    log = play(body, Worker({"bad": fails(1, error)}))
    assert log.lines("FAIL", "COMPLETE") == [f"FAIL 0 1 ERROR {text} FAILED -", "COMPLETE 1"]


@pytest.mark.parametrize("handler", [lambda _: None, lambda _: 1])
def test_a_handler_that_is_no_coroutine_function_fails_its_attempts(handler: object) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        outcome = await stage.scheduler.wait("a")
        assert (outcome.state, outcome.attempts) == (FAILED, 1)
        assert str(outcome.error).startswith("TypeError: object ")

    play(body, handler)


def test_a_handler_is_given_the_order_its_number_the_attempt_and_the_slot() -> None:
    worker = Worker({"b": [fails(1), takes(1)]})
    orders = [WorkOrder("a", {"x": 1}), WorkOrder("b", max_retries=1)]

    async def body(stage: Stage) -> None:
        for order in orders:
            stage.scheduler.enqueue(order)
        stage.scheduler.start()
        await stage.scheduler.join()

    play(body, worker, slots=2)
    assert worker.given == [
        Attempt(orders[0], 0, 1, 0),
        Attempt(orders[1], 1, 1, 1),
        Attempt(orders[1], 1, 2, 0),
    ]


def test_wait_gives_the_result_to_all_who_wait_and_to_who_comes_late() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        waiting = [asyncio.ensure_future(stage.scheduler.wait("a")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        outcome = Outcome(COMPLETED, 1, result=[1, 2])
        assert await asyncio.gather(*waiting[1:]) == [outcome, outcome]
        assert waiting[0].cancelled()
        assert await stage.scheduler.wait("a") == outcome

    play(body, Worker(default=takes(1, [1, 2])))


def test_to_wait_for_an_unknown_order_is_an_error() -> None:
    async def body(stage: Stage) -> None:
        with pytest.raises(WorkOrderError, match="order 'x': no such order is known"):
            await stage.scheduler.wait("x")
        assert stage.scheduler.history("x") == []
        assert not stage.scheduler.cancel("x")
        assert not stage.scheduler.dequeue("x")

    play(body)


def test_the_id_of_an_order_that_has_ended_is_free() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue("a")
        await stage.scheduler.join()
        stage.enqueue("a")
        await stage.scheduler.join()
        assert [entry.time_ns for entry in stage.scheduler.history("a")] == [
            1 * S,
            1 * S,
            1 * S,
            2 * S,
        ]
        assert (await stage.scheduler.wait("a")).result == "done"

    log = play(body, Worker(default=takes(1, "done")))
    assert log.lines("ENQUEUE", "COMPLETE") == [
        "ENQUEUE 0 a 0 0 1",
        "COMPLETE 0",
        "ENQUEUE 1 a 0 0 1",
        "COMPLETE 1",
    ]


def test_the_history_of_an_order_says_when_and_why() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.until(1)
        assert stage.scheduler.history("a") == [
            HistoryEntry(0, PENDING),
            HistoryEntry(0, PREPARING),
            HistoryEntry(0, RUNNING),
            HistoryEntry(1 * S, WAITING_RETRY, "ValueError: boom"),
        ]
        await stage.until(3)
        stage.scheduler.cancel("a")
        await stage.scheduler.join()
        assert stage.scheduler.history("a")[4:] == [
            HistoryEntry(2 * S, PENDING),
            HistoryEntry(2 * S, PREPARING),
            HistoryEntry(2 * S, RUNNING),
            HistoryEntry(3 * S, CANCELLED, "REQUESTED"),
        ]

    play(body, Worker(default=None, acts={"a": [fails(1), hangs]}), backoff_s=1)


def test_only_the_last_orders_that_ended_are_remembered() -> None:
    async def body(stage: Stage) -> None:
        stage.scheduler.start()
        stage.enqueue(*(f"o{number}" for number in range(1_001)))
        await stage.scheduler.join()
        assert stage.scheduler.history("o0") == []
        assert len(stage.scheduler.history("o1")) == 4
        with pytest.raises(WorkOrderError, match="'o0': no such order"):
            await stage.scheduler.wait("o0")

    play(body, Worker(default=takes(0)))


def test_listeners_are_told_each_state_and_the_end() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(StateChanged, TerminalReached)
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.scheduler.join()
        assert stage.told == [
            StateChanged("a", None, PENDING),
            StateChanged("a", PENDING, PREPARING),
            StateChanged("a", PREPARING, RUNNING),
            StateChanged("a", RUNNING, WAITING_RETRY),
            StateChanged("a", WAITING_RETRY, PENDING),
            StateChanged("a", PENDING, PREPARING),
            StateChanged("a", PREPARING, RUNNING),
            StateChanged("a", RUNNING, COMPLETED),
            TerminalReached("a", Outcome(COMPLETED, 2)),
        ]

    play(body, Worker({"a": [fails(1), takes(1)]}))


@pytest.mark.parametrize("prepares", [False, True])
def test_a_cancelled_order_is_told_once_its_handler_has_ended(prepares: bool) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(1)
        stage.listen(StateChanged, TerminalReached)
        stage.scheduler.cancel("a")
        assert stage.told == []
        await stage.scheduler.join()
        assert stage.told == [
            StateChanged("a", PREPARING if prepares else RUNNING, CANCELLED),
            TerminalReached("a", Outcome(CANCELLED, 1, error="REQUESTED")),
        ]

    play(body, Worker({"a": hangs}, prepares={"a": hangs} if prepares else {}))


class _Speechless(Exception):  # noqa: N818 - it is what it is
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_without_words_fails_its_attempt_by_its_name() -> None:
    async def work(_: Attempt) -> None:
        raise _Speechless

    async def main(clock: VirtualClock) -> Outcome:
        scheduler = Scheduler(config_of(), work, clock=clock, probe=Memory())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        return await scheduler.wait("a")

    assert run_virtual(main) == Outcome(OrderState.FAILED, 1, error="_Speechless")
