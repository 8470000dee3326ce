"""Why a graph shuts down, how it drains, and what it says it left."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from nandtrace.graph import (
    Leftover,
    Message,
    RealClock,
    RunReport,
    Scheduler,
    SchedulerConfig,
    control,
)
from nandtrace.vocab.graph import Place
from tests.graph.nodes import (
    MINUTE_MS,
    Actor,
    ListLog,
    Ticker,
    advance,
    drain,
    fails,
    graph,
    sayer,
    sink,
)

EDGE = "a:out->b:in"


# ---- why


def test_finished_when_nothing_can_become_ready() -> None:
    scheduler, log = graph(sayer("a", 1), sink("b"))
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert report.reason == "FINISHED"
    assert log.timed("SHUTDOWN") == [(1_000, "SHUTDOWN FINISHED 2000001000")]


def test_finished_when_the_only_ticking_nodes_are_blocked() -> None:
    source = Ticker("a", "", "out", start=lambda node: node.say(1, 2))
    scheduler, log = graph(source, sink("b", start=fails))
    scheduler.connect("a:out", "b:in", capacity=1)
    report = scheduler.run()
    assert (report.reason, report.time_ns, source.ticked) == ("FINISHED", 0, 0)
    assert log.lines("IDLE") == []


def test_until_when_its_time_is_over() -> None:
    scheduler, log = graph(Ticker("a"))
    report = scheduler.run(until_ms=3)
    assert (report.reason, report.ticks, report.time_ns) == ("UNTIL", 2, 3_000_000)
    assert log.timed("IDLE", "SHUTDOWN")[-2:] == [
        (2_001_000, "IDLE 3000000"),
        (3_000_000, "SHUTDOWN UNTIL 2003000000"),
    ]


def test_until_never_comes_when_the_graph_finishes_before() -> None:
    scheduler, _ = graph(sayer("a", 1), sink("b"))
    scheduler.connect("a:out", "b:in")
    report = scheduler.run(until_ms=3)
    assert (report.reason, report.time_ns) == ("FINISHED", 1_000)


def test_requested_by_a_node_at_the_end_of_its_turn() -> None:
    def tick(node: Ticker) -> None:
        if node.ticked == 2:
            node.scheduler.shutdown()
            node.scheduler.shutdown()
            node.say("last")

    target = sink("b")
    scheduler, log = graph(Ticker("a", "", "out", tick=tick), target)
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert (report.reason, report.ticks, target.got) == ("REQUESTED", 2, ["last"])
    assert log.timed("SHUTDOWN") == [(2_001_000, "SHUTDOWN REQUESTED 2002001000")]


def test_requested_while_nodes_start() -> None:
    target = sink("b")
    scheduler, log = graph(Ticker("a", start=lambda node: node.scheduler.shutdown()), target)
    report = scheduler.run()
    assert (report.reason, report.turns) == ("REQUESTED", 0)
    assert log.lines() == [
        "START a",
        "START b",
        "SHUTDOWN REQUESTED 2000000000",
        "STOP b",
        "STOP a",
    ]


def test_an_error_comes_before_a_request() -> None:
    def tick(node: Ticker) -> None:
        node.scheduler.shutdown()
        raise RuntimeError("no luck")

    scheduler, _ = graph(Ticker("a", tick=tick, on_error="stop"))
    assert scheduler.run().reason == "ERROR"


def test_a_shutdown_under_way_has_no_second_reason() -> None:
    """It was requested; a node stops the graph while it drains, and its time is over too."""

    def handle(node: Actor, *_: object) -> None:
        advance(node, 10)
        raise RuntimeError("no luck")

    scheduler, log = graph(sayer("a", 1, 2), sink("b", message=handle, on_error="stop"))
    scheduler.connect("a:out", "b:in")
    scheduler.start(until_ms=5)
    assert drain(scheduler).reason == "REQUESTED"
    assert len(log.lines("SHUTDOWN")) == 1


# ---- draining


def test_messages_drain_and_no_tick_is_taken_any_more() -> None:
    source = Ticker("a", "", "out", tick=lambda node: node.say(*range(10)))
    target = sink("b", message=lambda *_: advance(target, 1))
    scheduler, log = graph(source, target, max_batch_per_node=2)
    scheduler.connect("a:out", "b:in", capacity=4)
    report = scheduler.run(until_ms=2)
    assert target.got == list(range(10))
    assert (source.ticked, report.leftovers) == (1, ())
    assert log.timed("TURN", "SHUTDOWN") == [
        (1_000_000, "TURN a 1"),
        (1_001_000, "TURN b 1"),
        (3_002_000, "SHUTDOWN UNTIL 2003002000"),
        (3_002_000, "TURN b 1"),
        (5_003_000, "TURN b 1"),
        (7_004_000, "TURN b 1"),
        (9_005_000, "TURN b 1"),
    ]


def test_a_tick_that_was_due_already_is_not_taken() -> None:
    """Both ticks fall due at once; the first to be taken asks for the shutdown."""
    other = Ticker("b", "", "")
    scheduler, log = graph(Ticker("a", "", "", tick=lambda node: node.scheduler.shutdown()), other)
    scheduler.run()
    assert other.ticked == 0
    assert log.lines("TURN") == ["TURN a 1"]


def test_the_drain_ends_at_its_deadline_and_says_what_is_left() -> None:
    slow = sink("b", message=lambda *_: advance(slow, 800))
    scheduler, log = graph(sayer("a", *range(8)), slow, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=4)
    scheduler.start()
    report = drain(scheduler)
    assert slow.got == [0, 1, 2]
    assert log.timed("TURN", "SHUTDOWN", "LEFTOVER", "STOP") == [
        (0, "SHUTDOWN REQUESTED 2000000000"),
        (0, "TURN b 1"),
        (800_001_000, "TURN b 1"),
        (1_600_002_000, "TURN b 1"),
        *[(2_400_003_000, f"LEFTOVER {msg} {EDGE} QUEUED") for msg in (3, 4, 5, 6)],
        (2_400_003_000, f"LEFTOVER 7 {EDGE} PENDING"),
        (2_400_003_000, "STOP b"),
        (2_400_003_000, "STOP a"),
    ]
    assert report.leftovers == (
        Leftover(EDGE, Place.QUEUED, (3, 4, 5, 6)),
        Leftover(EDGE, Place.PENDING, (7,)),
    )
    assert report.leftover_count == 5


def test_the_deadline_is_the_configured_time_after_the_shutdown() -> None:
    node = Actor("a", start=lambda node: node.say(0), message=lambda node, *_: node.say(0))
    scheduler, log = graph(node, shutdown_timeout_s=0.00001)
    scheduler.connect("a:out", "a:in")
    report = scheduler.run(until_ms=0.005)
    assert log.timed("SHUTDOWN") == [(5_000, "SHUTDOWN UNTIL 15000")]
    assert [at for at, _ in log.timed("TURN")] == list(range(0, 15_000, 1_000))
    assert (report.turns, report.time_ns, report.leftover_count) == (15, 15_000, 1)


def test_control_messages_of_a_drain_come_first_too() -> None:
    target = Actor("x", "in knob", "")
    scheduler, _ = graph(sayer("a", 1, 2), sayer("k", control("stop")), target)
    scheduler.connect("a:out", "x:in")
    scheduler.connect("k:out", "x:knob", priority="control")
    scheduler.start()
    drain(scheduler)
    assert target.got == ["stop", 1, 2]


def test_leftovers_stand_edge_by_edge_in_the_order_of_wiring() -> None:
    broken = Actor("x", "in other", "", start=fails)
    scheduler, log = graph(sayer("b", 1, 2), sayer("a", 3, 4), broken)
    scheduler.connect("b:out", "x:other", capacity=1)
    scheduler.connect("a:out", "x:in")
    scheduler.connect("b:out", "x:in")
    scheduler.run()
    assert log.lines("LEFTOVER") == [
        "LEFTOVER 0 b:out->x:other QUEUED",
        "LEFTOVER 1 b:out->x:other PENDING",
        "LEFTOVER 2 a:out->x:in QUEUED",
        "LEFTOVER 3 a:out->x:in QUEUED",
        "LEFTOVER 0 b:out->x:in QUEUED",
        "LEFTOVER 1 b:out->x:in QUEUED",
    ]


# ---- with the real clock


def _real(*nodes: Any) -> tuple[Scheduler, ListLog]:
    log = ListLog()
    scheduler = Scheduler(SchedulerConfig(idle_sleep_ms=0.5), clock=RealClock(), log=log)
    for node in nodes:
        scheduler.register(node)
    return scheduler, log


def _check_ended(report: RunReport, log: ListLog) -> None:
    assert report.reason == "REQUESTED"
    assert len(log.lines("SHUTDOWN")) == 1
    assert log.lines()[-1] == "STOP a"


@pytest.mark.parametrize("when", ["in a tick", "while idle"])
def test_another_thread_may_ask_for_a_shutdown(when: str) -> None:
    def begin(node: Any) -> None:
        if not threads:
            threads.append(threading.Thread(target=node.scheduler.shutdown))
            threads[0].start()

    threads: list[threading.Thread] = []
    if when == "in a tick":
        scheduler, log = _real(Ticker("a", tick=begin))
    else:
        scheduler, log = _real(Ticker("a", start=begin, desired_tick_interval_ms=MINUTE_MS))
    report = scheduler.run()
    threads[0].join()
    _check_ended(report, log)


def test_a_signal_handler_may_ask_for_a_shutdown() -> None:
    """The graph idles, with no tick to come for a minute, when the signal arrives."""
    scheduler, log = _real(Ticker("a", desired_tick_interval_ms=MINUTE_MS))
    before = signal.signal(signal.SIGALRM, lambda *_: scheduler.shutdown())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        report = scheduler.run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    _check_ended(report, log)
    assert [line.split()[0] for line in log.lines()] == ["START", "IDLE", "SHUTDOWN", "STOP"]


def test_the_real_clock_waits_for_the_next_tick() -> None:
    ticker = Ticker("a", tick=lambda node: node.ticked == 3 and node.end_ticks())
    scheduler, log = _real(ticker)
    report = scheduler.run()
    assert (report.reason, ticker.ticked) == ("FINISHED", 3)
    assert report.time_ns >= 3_000_000
    for at_ns, line in log.timed("TICK"):
        assert at_ns >= int(line.split()[2])


def test_until_works_by_the_real_clock() -> None:
    scheduler, _ = _real(Ticker("a", desired_tick_interval_ms=60_000))
    report = scheduler.run(until_ms=5)
    assert (report.reason, report.ticks) == ("UNTIL", 0)
    assert report.time_ns >= 5_000_000


def test_a_scheduler_runs_by_the_real_clock_unless_it_is_given_another() -> None:
    seen: list[Message] = []
    scheduler = Scheduler()
    scheduler.register(sayer("a", 1)).register(
        sink("b", message=lambda *call: seen.append(call[2]))
    )
    scheduler.connect("a:out", "b:in")
    assert not scheduler.has_clock
    scheduler.run()
    assert isinstance(scheduler.clock, RealClock)
    assert [message.payload for message in seen] == [1]
