"""A graph that a program runs in steps, within a loop of its own."""

from __future__ import annotations

import pytest

from nandtrace.graph import GraphError, PutResult, RealClock, Scheduler, VirtualClock
from tests.graph.nodes import Actor, ListLog, Ticker, advance, drain, echo, graph, sayer, sink


def test_steps_make_the_same_decisions_as_a_run() -> None:
    def scheduler_and_log() -> tuple[Scheduler, ListLog]:
        scheduler, log = graph(
            sayer("a", *range(20)), Ticker("b", message=echo), sink("c"), max_batch_per_node=3
        )
        scheduler.connect("a:out", "b:in", capacity=4)
        scheduler.connect("b:out", "c:in", capacity=1)
        return scheduler, log

    whole, whole_log = scheduler_and_log()
    whole_report = whole.run(until_ms=5.5)
    steps, steps_log = scheduler_and_log()
    steps.start(until_ms=5.5)
    while steps.advance(1) is not None:
        pass
    assert steps.finish() == whole_report
    assert steps_log.entries == whole_log.entries


def test_advance_gives_so_many_turns() -> None:
    scheduler, log = graph(sayer("a", *range(10)), sink("b"), max_batch_per_node=1)
    scheduler.connect("a:out", "b:in")
    scheduler.start()
    assert log.lines("START") == ["START a", "START b"]
    assert scheduler.advance(1) == 0
    assert len(log.lines("TURN")) == 1
    assert scheduler.advance(4) == 0
    assert len(log.lines("TURN")) == 5
    assert scheduler.advance(100) is None
    assert scheduler.advance(100) is None
    assert scheduler.finish().turns == 10


def test_by_the_real_clock_advance_says_how_long_nothing_is_to_be_done() -> None:
    log = ListLog()
    scheduler = Scheduler(clock=RealClock(), log=log)
    scheduler.register(Ticker("a", desired_tick_interval_ms=60_000))
    scheduler.start()
    first = scheduler.advance(10)
    second = scheduler.advance(10)
    assert first is not None
    assert second is not None
    assert 59_000_000_000 < second <= first <= 60_000_000_000
    assert len(log.lines("IDLE")) == 1
    scheduler.shutdown()
    assert scheduler.advance(10) is None
    assert scheduler.finish().reason == "REQUESTED"


def test_the_real_clock_waits_no_longer_than_the_graph_may_run() -> None:
    scheduler = Scheduler(clock=RealClock())
    scheduler.register(Ticker("a", desired_tick_interval_ms=60_000))
    scheduler.start(until_ms=30_000)
    wait_ns = scheduler.advance(1)
    assert wait_ns is not None
    assert 29_000_000_000 < wait_ns <= 30_000_000_000


def test_messages_from_outside_come_in_between_steps() -> None:
    target = sink("b")
    scheduler, log = graph(target, Ticker("t", "", ""))
    edge = scheduler.open_input("b:in")
    assert edge == "->b:in"
    scheduler.start()
    assert scheduler.send(edge, "now") is PutResult.OK
    scheduler.advance(2)
    scheduler.send(edge, "then")
    scheduler.shutdown()
    assert scheduler.advance(5) is None
    scheduler.finish()
    assert target.got == ["now", "then"]
    assert log.timed("PUT", "IDLE", "DELIVER", "TURN") == [
        (0, "PUT 0 ->b:in DATA OK 1 - 0"),
        (0, "TURN b 1"),
        (0, "DELIVER 0 b ->b:in 1"),
        (1_000, "IDLE 1000000"),
        (1_000_000, "TURN t 1"),
        (1_001_000, "PUT 1 ->b:in DATA OK 1 - 1"),
        (1_001_000, "TURN b 1"),
        (1_001_000, "DELIVER 1 b ->b:in 1"),
    ]


def test_a_message_from_outside_ends_the_idling() -> None:
    log = ListLog()
    target = sink("b")
    scheduler = Scheduler(clock=RealClock(), log=log)
    scheduler.register(target)
    edge = scheduler.open_input("b:in")
    scheduler.start()
    assert (scheduler.advance(1) or 0) > 0
    scheduler.send(edge, 1)
    assert scheduler.advance(1) == 0
    assert (scheduler.advance(1) or 0) > 0
    assert [line.split()[0] for line in log.lines()] == [
        "START",
        "IDLE",
        "PUT",
        "TURN",
        "GET",
        "DELIVER",
        "IDLE",
    ]
    assert target.got == [1]


def test_a_graph_with_an_open_input_that_is_stepped_waits_for_a_shutdown() -> None:
    """By the virtual clock too: what comes in is up to the program between two steps."""
    scheduler, log = graph(sink("b"))
    scheduler.open_input("b:in")
    scheduler.start()
    assert [scheduler.advance(9), scheduler.advance(9)] == [1_000_000, 1_000_000]
    assert log.timed("IDLE") == [(0, "IDLE -")]
    assert drain(scheduler).reason == "REQUESTED"


def test_a_graph_with_an_open_input_that_is_run_finishes() -> None:
    """Nobody is there who could put a message on it."""
    for clock in (VirtualClock(), RealClock()):
        scheduler = Scheduler(clock=clock)
        scheduler.register(sink("b"))
        scheduler.open_input("b:in")
        assert scheduler.run().reason == "FINISHED"


def test_an_open_input_and_an_edge_may_lead_to_one_port() -> None:
    target = sink("b")
    scheduler, _ = graph(sayer("a", 1, 2), target)
    scheduler.connect("a:out", "b:in")
    edge = scheduler.open_input("b:in")
    scheduler.start()
    scheduler.send(edge, 10)
    scheduler.advance(1)
    assert target.got == [1, 10, 2]


def test_a_node_may_send_to_an_open_input() -> None:
    target = sink("b")
    scheduler, log = graph(target, Ticker("t", tick=lambda node: node.scheduler.send("->b:in", 7)))
    scheduler.open_input("b:in")
    scheduler.run(until_ms=1.5)
    assert target.got == [7]
    assert log.timed("TICK", "PUT") == [
        (1_000_000, "TICK t 1000000 0"),
        (1_000_000, "PUT 0 ->b:in DATA OK 1 - 0"),
    ]


def test_nothing_comes_in_once_a_shutdown_is_asked_for() -> None:
    scheduler, _ = graph(sink("b"), Ticker("t"))
    edge = scheduler.open_input("b:in")
    scheduler.start()
    scheduler.shutdown()
    with pytest.raises(
        GraphError, match=r"^edge ->b:in: the graph shuts down, nothing comes in any more$"
    ):
        scheduler.send(edge, 1)


def test_work_between_steps_may_let_the_clock_advance() -> None:
    scheduler, log = graph(Ticker("t", "", ""))
    scheduler.start()
    assert isinstance(scheduler.clock, VirtualClock)
    scheduler.clock.advance(2_500_000)
    scheduler.advance(1)
    assert log.timed("TICK") == [(2_500_000, "TICK t 1000000 1")]


def test_the_virtual_clock_can_sleep() -> None:
    clock = VirtualClock(turn_ns=7)
    clock.sleep(5)
    clock.spend_turn()
    assert clock.now_ns() == 12
    assert clock.idle_until(10) == 0
    assert clock.now_ns() == 12
    clock.idle_until(30)
    assert clock.now_ns() == 30


def test_a_node_may_know_its_scheduler_and_clock() -> None:
    seen: list[object] = []
    node = Actor("a", start=lambda node: (seen.append(node.scheduler), advance(node, 1)))
    scheduler, _ = graph(node)
    scheduler.run()
    assert seen == [scheduler]
    assert scheduler.clock.now_ns() == 1_000_000
