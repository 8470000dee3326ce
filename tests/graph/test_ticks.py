"""When nodes tick: the grid, what is missed, what comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nandtrace.graph import VirtualClock
from tests.graph.nodes import MS, Actor, ListLog, Ticker, advance, echo, fails, graph, sayer


def _ticks(log: ListLog, node: str) -> list[tuple[int, int, int]]:
    """A node's ticks: when, when due, how many missed."""
    found = []
    for at_ns, line in log.timed("TICK"):
        _, name, due_ns, missed = line.split()
        if name == node:
            found.append((at_ns, int(due_ns), int(missed)))
    return found


def _on_time(*dues_ms: float) -> list[tuple[int, int, int]]:
    return [(int(due * MS), int(due * MS), 0) for due in dues_ms]


@pytest.mark.parametrize(
    ("hint_ms", "default_ms", "dues_ms"),
    [
        (None, 50, (50, 100, 150)),
        (None, 20, (20, 40, 60, 80, 100, 120, 140, 160)),
        (70, 20, (70, 140)),
        (62.5, 50, (62.5, 125)),
    ],
)
def test_a_node_ticks_at_its_hint_or_the_default(
    hint_ms: float | None, default_ms: float, dues_ms: tuple[float, ...]
) -> None:
    ticker = Ticker("a", "", "", desired_tick_interval_ms=hint_ms)
    scheduler, log = graph(ticker, tick_interval_ms=default_ms)
    report = scheduler.run(until_ms=175)
    assert _ticks(log, "a") == _on_time(*dues_ms)
    assert report.ticks == ticker.ticked == len(dues_ms)


def test_a_node_without_on_tick_does_not_tick() -> None:
    scheduler, log = graph(Actor("a", desired_tick_interval_ms=1), Ticker("b"))
    scheduler.run(until_ms=2.5)
    assert _ticks(log, "a") == []
    assert _ticks(log, "b") == _on_time(1, 2)


def test_idle_says_the_next_tick_and_the_clock_goes_there() -> None:
    scheduler, log = graph(Ticker("a"), Ticker("b", desired_tick_interval_ms=1.5))
    scheduler.run(until_ms=3.5)
    assert log.timed("IDLE", "TICK", "SHUTDOWN") == [
        (0, "IDLE 1000000"),
        (1_000_000, "TICK a 1000000 0"),
        (1_001_000, "IDLE 1500000"),
        (1_500_000, "TICK b 1500000 0"),
        (1_501_000, "IDLE 2000000"),
        (2_000_000, "TICK a 2000000 0"),
        (2_001_000, "IDLE 3000000"),
        (3_000_000, "TICK a 3000000 0"),
        (3_001_000, "TICK b 3000000 0"),
        (3_002_000, "IDLE 4000000"),
        (3_500_000, "SHUTDOWN UNTIL 2003500000"),
    ]


def test_the_first_tick_is_due_an_interval_after_the_nodes_start() -> None:
    scheduler, log = graph(
        Actor("a", start=lambda node: advance(node, 3)), Ticker("b", desired_tick_interval_ms=10)
    )
    scheduler.run(until_ms=24)
    assert log.timed("START") == [(0, "START a"), (3 * MS, "START b")]
    assert _ticks(log, "b") == _on_time(13, 23)


def test_intervals_that_went_by_are_left_out_and_counted() -> None:
    work_ms = iter((25, 0, 9.5, 10, 0, 40))
    ticker = Ticker(
        "a", tick=lambda node: advance(node, next(work_ms)), desired_tick_interval_ms=10
    )
    scheduler, log = graph(ticker)
    scheduler.run(until_ms=121)
    assert _ticks(log, "a") == [
        (10_000_000, 10 * MS, 0),
        (35_001_000, 20 * MS, 1),
        (40_000_000, 40 * MS, 0),
        (50_000_000, 50 * MS, 0),
        (60_001_000, 60 * MS, 0),
        (70_000_000, 70 * MS, 0),
        (110_001_000, 80 * MS, 3),
        (120_000_000, 120 * MS, 0),
    ]


def test_a_tick_exactly_one_interval_late_misses_one() -> None:
    work_ms = iter((20, 0))
    ticker = Ticker(
        "a", tick=lambda node: advance(node, next(work_ms)), desired_tick_interval_ms=10
    )
    scheduler, log = graph(ticker)
    scheduler.clock = VirtualClock(turn_ns=0)
    scheduler.run(until_ms=35)
    assert _ticks(log, "a")[:2] == [(10 * MS, 10 * MS, 0), (30 * MS, 20 * MS, 1)]


def test_under_load_every_tick_comes_within_an_interval() -> None:
    """Every seventh turn is a normal one, and seven hungry nodes share those with the ticking one."""
    hungry = [sayer(f"h{number}", 0, inputs="in", message=echo) for number in range(20)]
    scheduler, log = graph(Ticker("a"), *hungry, max_batch_per_node=1, shutdown_timeout_s=1e-6)
    for number, node in enumerate(hungry):
        scheduler.connect(f"{node.name}:out", f"{node.name}:in", priority=1 + number % 3)
    scheduler.run(until_ms=40.5)
    ticks = _ticks(log, "a")
    assert [(due, missed) for _, due, missed in ticks] == [(ms * MS, 0) for ms in range(1, 41)]
    assert max(at - due for at, due, _ in ticks) == 55_000


def test_a_busy_nodes_own_tick_is_the_first_thing_in_its_turn() -> None:
    node = Ticker("a", start=lambda node: node.say(0), message=echo, desired_tick_interval_ms=0.005)
    scheduler, log = graph(node, max_batch_per_node=2)
    scheduler.connect("a:out", "a:in", priority="control")
    scheduler.start()
    scheduler.advance(12)
    kinds = dict.fromkeys(range(0, 12_000, 1_000), "")
    for at, line in log.timed("TURN", "TICK", "DELIVER"):
        kinds[at] += line.split()[0] + " "
    busy, ticking = "TURN DELIVER DELIVER ", "TURN TICK DELIVER DELIVER "
    assert list(kinds.values()) == [*[busy] * 5, ticking, *[busy] * 4, ticking, busy]


@pytest.mark.parametrize("policy", ["skip", "retry"])
def test_the_cadence_goes_on_after_errors(policy: str) -> None:
    scheduler, log = graph(Ticker("a", tick=fails, on_error=policy))
    report = scheduler.run(until_ms=5.5)
    assert _ticks(log, "a") == _on_time(1, 2, 3, 4, 5)
    assert report.error_count == 5
    assert {error.disposition for error in report.errors} == {"SKIPPED"}


def test_ticks_that_are_due_together_come_in_the_order_of_registration() -> None:
    scheduler, log = graph(*[Ticker(name, "", "") for name in ("c", "a", "b")])
    scheduler.run(until_ms=2.5)
    assert log.timed("TICK") == [
        (1_000_000, "TICK c 1000000 0"),
        (1_001_000, "TICK a 1000000 0"),
        (1_002_000, "TICK b 1000000 0"),
        (2_000_000, "TICK c 2000000 0"),
        (2_001_000, "TICK a 2000000 0"),
        (2_002_000, "TICK b 2000000 0"),
    ]


# ---- the end of ticks


def _end(node: Any, *_: object) -> None:
    node.end_ticks()


@pytest.mark.parametrize(
    ("settings", "ticks", "end_ns"),
    [
        ({"start": _end}, 0, 0),
        ({"tick": _end}, 1, MS),
        ({"message": _end}, 0, 0),
        ({"tick": lambda node: node.ticked == 3 and _end(node)}, 3, 3 * MS),
        ({"start": lambda node: (_end(node), _end(node))}, 0, 0),
    ],
)
def test_a_node_may_end_its_ticks(
    settings: dict[str, Callable[..., object]], ticks: int, end_ns: int
) -> None:
    node = Ticker("a", **settings)
    scheduler, log = graph(sayer("s", 1), node)
    scheduler.connect("s:out", "a:in")
    report = scheduler.run()
    assert node.ticked == ticks
    assert log.timed("TICKS_END") == [(end_ns, "TICKS_END a")]
    assert report.reason == "FINISHED"


def test_a_tick_that_is_due_already_is_not_taken_after_the_end() -> None:
    """Its tick falls due while it waits for its turn; a message ends the ticks in the one before."""

    def handle(node: Ticker, *_: object) -> None:
        advance(node, 2)
        node.end_ticks()

    node = Ticker("a", message=handle)
    scheduler, log = graph(sayer("s", 1, 2), node, max_batch_per_node=1)
    scheduler.connect("s:out", "a:in")
    scheduler.run()
    assert log.lines("TURN", "TICK", "TICKS_END", "DELIVER") == [
        "TURN a 1",
        "DELIVER 0 a s:out->a:in 1",
        "TICKS_END a",
        "TURN a 1",
        "DELIVER 1 a s:out->a:in 1",
    ]


def test_ending_ticks_that_a_node_does_not_have_is_nothing() -> None:
    scheduler, log = graph(Actor("a", start=_end))
    assert scheduler.run().errors == ()
    assert log.lines("TICKS_END") == []


def test_one_node_may_end_the_ticks_of_another() -> None:
    other = Ticker("b")
    scheduler, log = graph(
        Ticker("a", tick=lambda node: (other.end_ticks(), node.end_ticks())), other
    )
    scheduler.run()
    assert log.lines("TURN", "TICK", "TICKS_END") == [
        "TURN a 1",
        "TICK a 1000000 0",
        "TICKS_END b",
        "TICKS_END a",
    ]
    assert other.ticked == 0
