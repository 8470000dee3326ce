"""Backoff: how long a failed attempt waits for the next."""

from __future__ import annotations

import pytest

from nandtrace.workorder.retries import nominal_delay_ns, retry_delay_ns
from tests.workorder.orders import S, Stage, Worker, config_of, fails, play


@pytest.mark.parametrize(
    ("settings", "delays_s"),
    [
        ({}, [1, 2, 4, 8, 16, 32, 60, 60]),
        ({"backoff_s": 0.5, "backoff_factor": 3}, [0.5, 1.5, 4.5, 13.5, 40.5, 60]),
        ({"backoff_s": 7, "backoff_factor": 1}, [7, 7, 7]),
        ({"backoff_s": 70}, [60, 60]),
        ({"backoff_s": 0}, [0, 0]),
        ({"backoff_s": 1, "backoff_factor": 1.5, "backoff_cap_s": 2}, [1, 1.5, 2, 2]),
    ],
)
def test_the_nominal_delay_grows_to_its_cap(
    settings: dict[str, float], delays_s: list[float]
) -> None:
    limits = config_of(**settings).limits(is_virtual=True)
    delays = [nominal_delay_ns(limits, attempt) for attempt in range(1, len(delays_s) + 1)]
    assert delays == [round(delay * S) for delay in delays_s]


def test_the_nominal_delay_is_rounded_down_and_never_by_steps() -> None:
    """1.001**n ns, as whole numbers have it: 1.001**694 is 2.0009."""
    limits = config_of(backoff_s=1e-9, backoff_factor=1.001).limits(is_virtual=True)
    assert [nominal_delay_ns(limits, attempt) for attempt in (1, 694, 695, 2_304)] == [1, 1, 2, 9]


@pytest.mark.parametrize("attempt", [1_000, 2**31 - 1])
def test_the_delay_of_any_attempt_is_found_at_once(attempt: int) -> None:
    limits = config_of(backoff_s=1e-9, backoff_factor=1.001).limits(is_virtual=True)
    grown = 1_001 ** (attempt - 1) // 1_000 ** (attempt - 1) if attempt == 1_000 else 60 * S
    assert nominal_delay_ns(limits, attempt) == grown


def test_jitter_spreads_the_delays_within_its_bounds_and_under_the_cap() -> None:
    limits = config_of(jitter=0.25, backoff_cap_s=2.2).limits(is_virtual=True)
    first = [retry_delay_ns(limits, 7, f"o{number}", 1) for number in range(400)]
    second = [retry_delay_ns(limits, 7, f"o{number}", 2) for number in range(400)]
    assert (0.75 * S <= min(first) < 0.77 * S, 1.23 * S < max(first) <= 1.25 * S) == (True, True)
    assert (1.5 * S <= min(second) < 1.52 * S, 2.18 * S < max(second) <= 2.2 * S) == (True, True)
    assert len(set(first)) == 400


def test_a_delay_depends_on_seed_order_and_attempt_alone() -> None:
    limits = config_of(jitter=0.5).limits(is_virtual=True)
    delays = {
        (seed, order_id, attempt): retry_delay_ns(limits, seed, order_id, attempt)
        for seed in (0, 1)
        for order_id in ("a", "b")
        for attempt in (1, 2)
    }
    assert delays == {
        (0, "a", 1): 1_424_742_459,
        (0, "a", 2): 1_412_712_769,
        (0, "b", 1): 532_666_276,
        (0, "b", 2): 1_592_384_099,
        (1, "a", 1): 893_538_680,
        (1, "a", 2): 1_176_638_635,
        (1, "b", 1): 631_990_885,
        (1, "b", 2): 1_020_849_883,
    }


def test_the_log_says_when_a_retry_is_due_and_there_it_comes() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await stage.scheduler.join()

    log = play(body, Worker(default=fails(1)), jitter=0.1, max_retries=4, seed=3)
    fails_at = [at for at, kind, _ in log.entries if kind == "FAIL"]
    retries_at = [at for at, kind, _ in log.entries if kind == "RETRY"]
    limits = config_of(jitter=0.1).limits(is_virtual=True)
    expected = [
        at + retry_delay_ns(limits, 3, "a", attempt)
        for attempt, at in enumerate(fails_at[:-1], start=1)
    ]
    assert retries_at == expected
    assert len(fails_at) == 5


def test_without_a_delay_the_retry_comes_in_the_same_moment() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=2)
        stage.scheduler.start()
        await stage.scheduler.join()

    assert play(body, Worker(default=fails(0)), backoff_s=0).story("CLAIM", "RETRY", "FAIL") == [
        "0 CLAIM 0 1 0",
        "0 FAIL 0 1 ERROR ValueError: boom WAITING_RETRY 0",
        "0 RETRY 0",
        "0 CLAIM 0 2 0",
        "0 FAIL 0 2 ERROR ValueError: boom WAITING_RETRY 0",
        "0 RETRY 0",
        "0 CLAIM 0 3 0",
        "0 FAIL 0 3 ERROR ValueError: boom FAILED -",
    ]


def test_an_order_that_waits_for_its_retry_holds_no_slot() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", max_retries=1)
        stage.enqueue("b")
        stage.scheduler.start()
        await stage.until(1.5)
        statistics = stage.scheduler.statistics()
        assert (statistics.active, statistics.waiting_retry, statistics.depth) == (1, 1, 1)

    log = play(body, Worker({"a": fails(1)}))
    assert log.story("CLAIM") == ["0 CLAIM 0 1 0", "1 CLAIM 1 1 0"]
