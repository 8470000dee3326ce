"""Figures of the work so far."""

from __future__ import annotations

import pytest

from nandtrace.errors import QueueFull
from nandtrace.workorder import Statistics
from nandtrace.workorder.statistics import Waits
from tests.workorder.orders import S, Stage, Worker, fails, play, takes


def test_every_figure_of_a_life() -> None:
    async def body(stage: Stage) -> None:
        for order_id in ("done", "fails", "again", "gone", "left", "last"):
            stage.enqueue(order_id, max_retries=int(order_id == "again"))
        with pytest.raises(QueueFull):
            stage.enqueue("refused")
        stage.scheduler.start()
        stage.scheduler.dequeue("gone")
        await stage.until(3.5)
        assert stage.scheduler.statistics() == Statistics(
            depth=2,
            active=1,
            pending=1,
            waiting_retry=1,
            enqueued=6,
            refused=1,
            claimed=4,
            retried=0,
            completed=1,
            failed=1,
            cancelled=1,
            average_wait_s=1.5,
            p95_wait_s=3.0,
            strays=0,
            listener_errors=0,
        )

    worker = Worker({"fails": fails(1), "again": fails(1), "left": takes(9)})
    play(body, worker, max_depth=6, backoff_s=20)


def test_a_new_scheduler_has_none() -> None:
    async def body(stage: Stage) -> None:
        statistics = stage.scheduler.statistics()
        assert (statistics.average_wait_s, statistics.p95_wait_s) == (0.0, 0.0)

    play(body)


@pytest.mark.parametrize(
    ("waits", "p95"),
    [
        ([4], 4),
        ([1, 2], 2),
        (list(range(1, 21)), 19),
        (list(range(1, 101)), 95),
        (list(range(100, 0, -1)), 95),
        (list(range(1, 102)), 96),
        ([0] * 96 + [9] * 4, 0),
        ([0] * 94 + [9] * 6, 9),
    ],
)
def test_95_of_100_waits_do_not_exceed_the_percentile(waits: list[int], p95: int) -> None:
    kept = Waits()
    for wait_s in waits:
        kept.add(wait_s * S)
    assert kept.p95_s == p95


def test_the_percentile_is_of_the_last_thousand_the_average_of_all() -> None:
    waits = Waits()
    for wait_s in [9] * 1_000 + [1] * 1_000:
        waits.add(wait_s * S)
    assert (waits.p95_s, waits.average_s) == (1, 5)


def test_a_retry_waits_from_its_return_to_the_queue() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.scheduler.join()
        statistics = stage.scheduler.statistics()
        assert (statistics.average_wait_s, statistics.claimed, statistics.retried) == (0, 2, 1)

    play(body, Worker({"a": [fails(1), takes(1)]}), backoff_s=50)
