"""Recovery: what a new process makes of the log of one that died, wherever it was cut."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import WorkOrderError
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.workorder import OrderState, Outcome, StateChanged, WorkOrder
from nandtrace.workorder.fold import LogState
from nandtrace.workorder.recording import state_of_log
from tests.workorder.lives import SETTINGS, everything, hands
from tests.workorder.orders import (
    S,
    Stage,
    Worker,
    deaf,
    die,
    events_of_trace,
    fails,
    go_on,
    hangs,
    play,
    takes,
)


async def _finish(stage: Stage) -> None:
    stage.scheduler.start()
    await stage.scheduler.join()


def test_active_orders_are_recovered_and_their_attempts_do_not_count(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.enqueue("d", max_retries=1)
        stage.scheduler.start()
        await stage.until(1.5)

    worker = Worker({"a": hangs, "b": hangs}, prepares={"b": hangs})
    left = die(tmp_path / "a.mpk", body, worker, slots=3)
    log = go_on(tmp_path / "a.mpk", _finish, left=left, slots=3, later_s=9).log
    assert log.story() == [
        "10 RESTART",
        "10 RECOVER 0 PENDING",
        "10 RECOVER 1 PENDING",
        "10 RECOVER 3 PENDING",
        "10 HANDLER 1",
        "10 MODE RUNNING -",
        "10 CLAIM 0 1 0",
        "10 CLAIM 1 1 1",
        "10 CLAIM 3 1 2",
        "10 HOLD QUEUE - -",
        "10 HEALTH 0",
        "10 READY 0",
        "10 READY 1",
        "10 READY 3",
        "11 COMPLETE 0",
        "11 RELEASE 0 0 0",
        "11 COMPLETE 1",
        "11 RELEASE 1 1 0",
        "11 COMPLETE 3",
        "11 RELEASE 3 2 0",
        "11 HOLD QUEUE - -",
        "11 HEALTH 1",
    ]


def test_what_the_owner_knows_to_have_ended_ends_in_the_log(tmp_path: Path) -> None:
    """Of an active order, of one in the queue and of one that waits for its retry."""

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", max_retries=1)
        stage.enqueue("c", "d")
        stage.scheduler.start()
        await stage.until(1.5)

    left = die(tmp_path / "a.mpk", body, Worker({"b": fails(1), "a": hangs}), slots=2, backoff_s=9)

    async def go(stage: Stage) -> None:
        assert await stage.scheduler.wait("a") == Outcome(OrderState.COMPLETED, 1)
        assert await stage.scheduler.wait("b") == Outcome(OrderState.FAILED, 1)
        stage.enqueue("a")
        await _finish(stage)
        statistics = stage.scheduler.statistics()
        assert (statistics.completed, statistics.failed, statistics.cancelled) == (3, 1, 1)
        assert statistics.enqueued == 5

    known = {
        "a": OrderState.COMPLETED,
        "b": OrderState.FAILED,
        "d": OrderState.CANCELLED,
        "x": OrderState.COMPLETED,
    }
    log = go_on(tmp_path / "a.mpk", go, left=left, slots=2, backoff_s=9, known=known).log
    assert log.lines("RESTART", "RECOVER", "ENQUEUE", "CLAIM") == [
        "RESTART",
        "RECOVER 0 COMPLETED",
        "RECOVER 1 FAILED",
        "RECOVER 2 PENDING",
        "RECOVER 3 CANCELLED",
        "ENQUEUE 4 a 0 0 2",
        "CLAIM 2 1 0",
        "CLAIM 4 1 1",
    ]


def test_known_as_anything_but_an_end_is_refused(tmp_path: Path) -> None:
    left = die(tmp_path / "a.mpk", lambda stage: _enqueue(stage, "a"))
    with pytest.raises(WorkOrderError, match="order 'a' is known as PENDING: that is no end"):
        go_on(tmp_path / "a.mpk", _finish, left=left, known={"a": OrderState.PENDING})


async def _enqueue(stage: Stage, *ids: str) -> None:
    stage.enqueue(*ids)


def test_the_last_claim_still_counts_for_the_stagger(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(2)

    left = die(tmp_path / "a.mpk", body, Worker(default=hangs), stagger_s=5)
    log = go_on(tmp_path / "a.mpk", _finish, left=left, stagger_s=5).log
    assert log.story("RECOVER", "CLAIM", "HOLD")[:3] == [
        "0 RECOVER 0 PENDING",
        "0 HOLD STAGGER 0 5",
        "5 CLAIM 0 1 0",
    ]


def test_a_retry_falls_due_as_it_was_told_or_at_once_where_that_is_past(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", max_retries=1)
        stage.scheduler.start()
        await stage.until(2.5)

    worker = Worker({"a": fails(1), "b": fails(2)})
    left = die(tmp_path / "a.mpk", body, worker, slots=2, backoff_s=4)
    log = go_on(tmp_path / "a.mpk", _finish, left=left, slots=2, backoff_s=4, later_s=3.5).log
    assert log.story("RESTART", "RETRY", "CLAIM") == [
        "5.5 RESTART",
        "5.5 RETRY 0",
        "5.5 CLAIM 0 2 0",
        "6 RETRY 1",
        "6 CLAIM 1 2 1",
    ]


def test_wishes_to_end_do_not_outlive_the_process(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.until(4)
        stage.scheduler.cancel("a")
        stopping = asyncio.ensure_future(stage.scheduler.stop())
        await stage.until(4.5)
        assert not stopping.done()

    left = die(tmp_path / "a.mpk", body, Worker(default=deaf(6)), lease_s=3)
    log = go_on(tmp_path / "a.mpk", _finish, left=left, lease_s=3).log
    assert log.lines("RECOVER", "CLAIM", "TERMINATE", "COMPLETE") == [
        "RECOVER 0 PENDING",
        "CLAIM 0 1 0",
        "COMPLETE 0",
    ]


def test_a_recovered_order_may_find_the_queue_fuller_than_it_may_be(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(0.5)
        stage.enqueue("b")

    async def go(stage: Stage) -> None:
        assert stage.scheduler.statistics().depth == 2
        waiting = asyncio.ensure_future(stage.scheduler.submit(WorkOrder("c")))
        await _finish(stage)
        assert await waiting == 2

    left = die(tmp_path / "a.mpk", body, max_depth=1)
    go_on(tmp_path / "a.mpk", go, left=left, max_depth=1)


def test_payloads_come_from_the_owner(tmp_path: Path) -> None:
    worker = Worker()
    left = die(tmp_path / "a.mpk", lambda stage: _enqueue(stage, "a", "b"))
    go_on(tmp_path / "a.mpk", _finish, worker, left=left, payloads=lambda order_id: order_id * 2)
    assert [attempt.order.payload for attempt in worker.given] == ["aa", "bb"]


def test_a_scheduler_that_stopped_is_continued_without_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(0.5)

    go_on(path, body, left=die(path, lambda stage: _enqueue(stage, "x")))
    log = go_on(path, _finish, later_s=1).log
    assert log.story("RESTART", "RECOVER", "CLAIM") == [
        "2 RESTART",
        "2 CLAIM 1 1 0",
        "3 CLAIM 2 1 0",
    ]
    ends = [event.fields["end"] for event in events_of_trace(path) if event.kind == "RUN_END"]
    assert ends == ["CRASHED", "STOPPED", "STOPPED"]


def test_the_history_of_a_recovered_order_begins_anew(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.until(0.5)

    async def go(stage: Stage) -> None:
        stage.listen(StateChanged)
        entries = stage.scheduler.history("a")
        assert [(entry.state, entry.why) for entry in entries] == [
            ("RUNNING", ""),
            ("PENDING", "recovered"),
        ]

    go_on(tmp_path / "a.mpk", go, left=die(tmp_path / "a.mpk", body))


# ---- wherever it was cut


def test_the_life_that_is_cut_has_every_kind_of_event() -> None:
    log = play(everything, hands(), **SETTINGS)
    kinds = {line.split()[0] for line in log.lines()}
    assert sorted(kinds) == [
        "CANCEL",
        "CLAIM",
        "COMPLETE",
        "ENQUEUE",
        "FAIL",
        "HANDLER",
        "HEALTH",
        "HOLD",
        "MODE",
        "PRESSURE",
        "READY",
        "REFUSE",
        "RELEASE",
        "RETRY",
        "STRAY",
        "TERMINATE",
    ]


def test_the_state_that_a_log_tells_is_the_schedulers_own(tmp_path: Path) -> None:
    """After each event but those that are in the middle of a change."""
    states: list[tuple[int, dict[str, Any]]] = []

    async def body(stage: Stage) -> None:
        def look(_: object) -> None:
            states.append((len(stage.log.entries), stage.scheduler.snapshot()))

        stage.scheduler.subscribe(look)
        await everything(stage)

    left = die(tmp_path / "a.mpk", body, hands(), **SETTINGS)
    partial_path(tmp_path / "a.mpk").write_bytes(left)
    begin, *events = events_of_trace(partial_path(tmp_path / "a.mpk"))
    with TraceReader(partial_path(tmp_path / "a.mpk")) as reader:
        fold = LogState(reader.chunk(0).snapshots[0].state)
    told = {0: fold.snapshot()}
    for number, event in enumerate(events, start=1):
        fold.apply(event)
        told[number] = fold.snapshot()
    assert begin.kind == "RUN_BEGIN"
    assert len(states) > 60
    for number, state in states:
        # The handler was set before the listener came.
        assert {**told[number], "clock_ns": 0} == {**state, "clock_ns": 0}


def test_a_log_is_continued_wherever_it_was_cut(tmp_path: Path) -> None:
    """Each event a chunk: the process dies after each of them, and every order ends exactly once."""
    path = tmp_path / "a.mpk"
    left = die(path, everything, hands(), chunk_events=1, **SETTINGS)
    partial_path(path).write_bytes(left)
    with TraceReader(partial_path(path)) as reader:
        ends = [*[chunk.offset for chunk in reader.index.chunks][1:], len(left)]
        events = [event.kind for event in events_of_trace(partial_path(path))]
    assert len(ends) == len(events) == 88
    for end in ends:
        path.unlink(missing_ok=True)
        log = go_on(path, _finish, left=left[:end], later_s=0.25, **SETTINGS).log
        assert log.lines()[0] == "RESTART"
        _assert_each_ended_once(path)


def test_a_chunk_that_was_cut_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    left = die(path, everything, hands(), chunk_events=40, **SETTINGS)
    partial_path(path).write_bytes(left)
    with TraceReader(partial_path(path)) as reader:
        second = reader.index.chunks[1].offset
        third = reader.index.chunks[2].offset
    told = []
    for end in (second, second + 1, second + 30, third - 1):
        partial_path(path).write_bytes(left[:end])
        told.append(state_of_log(partial_path(path)))
    assert told[1:] == told[:1] * 3
    assert told[0][1] < 9 * S


def _assert_each_ended_once(path: Path) -> None:
    """By the trace alone, told by a plain loop: all accepted orders have ended, each once."""
    accepted: set[int] = set()
    ended: list[int] = []
    for event in events_of_trace(path):
        if event.kind == "ENQUEUE":
            accepted.add(event.fields["order"])
        is_end = event.kind in ("COMPLETE", "CANCEL")
        if is_end or event.fields.get("state") in ("FAILED", "COMPLETED", "CANCELLED"):
            ended.append(event.fields["order"])
    assert sorted(ended) == sorted(accepted)


def test_a_life_may_end_again_and_again(tmp_path: Path) -> None:
    """Twenty processes that die after a second: what takes two is begun again and again."""
    path = tmp_path / "a.mpk"

    async def begin(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")

    async def one_second(stage: Stage) -> None:
        stage.scheduler.start()
        await asyncio.sleep(1)

    left = die(path, begin)
    for _ in range(20):
        left = go_on(path, one_second, Worker(default=takes(2)), left=left, dies=True).left
    log = go_on(path, _finish, Worker(default=takes(0.5)), left=left).log
    assert log.lines("CLAIM", "COMPLETE") == [
        "CLAIM 0 1 0",
        "COMPLETE 0",
        "CLAIM 1 1 0",
        "COMPLETE 1",
        "CLAIM 2 1 0",
        "COMPLETE 2",
    ]
