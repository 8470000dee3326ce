"""Leases: attempts that take too long."""

from __future__ import annotations

from nandtrace.workorder import OrderState, Outcome
from tests.workorder.orders import Stage, Worker, deaf, hangs, play, takes

STORY = ("CLAIM", "READY", "TERMINATE", "COMPLETE", "FAIL", "CANCEL", "RELEASE", "RETRY", "STRAY")


def test_an_attempt_that_hangs_fails_when_its_lease_is_over() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        assert await stage.scheduler.wait("a") == Outcome(OrderState.FAILED, 2, error="LEASE")
        whys = [entry.why for entry in stage.scheduler.history("a")]
        assert whys == ["", "", "", "LEASE", "", "", "", "LEASE"]

    log = play(body, Worker(default=hangs), lease_s=3, backoff_s=1)
    assert log.story(*STORY) == [
        "0 CLAIM 0 1 0",
        "0 READY 0",
        "3 TERMINATE 0 LEASE 8",
        "3 FAIL 0 1 LEASE - WAITING_RETRY 4",
        "3 RELEASE 0 0 0",
        "4 RETRY 0",
        "4 CLAIM 0 2 0",
        "4 READY 0",
        "7 TERMINATE 0 LEASE 12",
        "7 FAIL 0 2 LEASE - FAILED -",
        "7 RELEASE 0 0 0",
    ]


def test_the_lease_counts_from_the_claim() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.scheduler.join()

    worker = Worker({"a": takes(2)}, prepares={"a": takes(2)})
    assert play(body, worker, lease_s=3).story(*STORY) == [
        "0 CLAIM 0 1 0",
        "2 READY 0",
        "3 TERMINATE 0 LEASE 8",
        "3 FAIL 0 1 LEASE - FAILED -",
        "3 RELEASE 0 0 0",
    ]


def test_an_attempt_that_ends_before_its_lease_has_nothing_to_do_with_it() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(20)

    log = play(body, Worker(default=takes(2.999)), lease_s=3)
    assert log.lines("TERMINATE", "COMPLETE") == ["COMPLETE 0", "COMPLETE 1"]


def test_one_that_completes_after_its_lease_has_failed_nevertheless() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        assert (await stage.scheduler.wait("a")).result is None

    log = play(body, Worker(default=deaf(5, "late")), lease_s=3)
    assert log.story(*STORY)[2:] == [
        "3 TERMINATE 0 LEASE 8",
        "5 FAIL 0 1 LEASE - FAILED -",
        "5 RELEASE 0 0 0",
    ]


def test_one_that_is_deaf_is_tried_again_beside_what_was_abandoned() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.scheduler.start()
        await stage.until(12)

    worker = Worker({"a": [deaf(11), takes(1)]})
    log = play(body, worker, lease_s=3, terminate_grace_s=2, backoff_s=1)
    assert log.story(*STORY)[2:] == [
        "3 TERMINATE 0 LEASE 5",
        "5 FAIL 0 1 LEASE - WAITING_RETRY 6",
        "5 RELEASE 0 0 1",
        "6 RETRY 0",
        "6 CLAIM 0 2 0",
        "6 READY 0",
        "7 COMPLETE 0",
        "7 RELEASE 0 0 0",
        "11 STRAY 0 0",
    ]


def test_a_cancel_takes_the_place_of_a_lease_and_keeps_its_deadline() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=3)
        stage.scheduler.start()
        await stage.until(4)
        stage.scheduler.cancel("a")
        await stage.until(20)

    log = play(body, Worker(default=deaf(15)), lease_s=3)
    assert log.story(*STORY)[2:] == [
        "3 TERMINATE 0 LEASE 8",
        "4 TERMINATE 0 CANCEL 8",
        "8 CANCEL 0 REQUESTED",
        "8 RELEASE 0 0 1",
        "15 STRAY 0 0",
    ]


def test_a_stop_takes_the_place_of_a_lease() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=3)
        stage.scheduler.start()
        await stage.until(1)
        await stage.scheduler.stop(3)

    log = play(body, Worker(default=deaf(6)), lease_s=3)
    assert log.story(*STORY)[2:] == [
        "3 TERMINATE 0 LEASE 8",
        "4 TERMINATE 0 STOP 8",
        "6 CANCEL 0 STOPPED",
        "6 RELEASE 0 0 0",
    ]


def test_no_lease_follows_a_cancel() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=3)
        stage.scheduler.start()
        await stage.until(2)
        stage.scheduler.cancel("a")
        await stage.scheduler.join()

    log = play(body, Worker(default=deaf(4)), lease_s=3)
    assert log.story(*STORY)[2:] == [
        "2 TERMINATE 0 CANCEL 7",
        "4 CANCEL 0 REQUESTED",
        "4 RELEASE 0 0 0",
    ]
