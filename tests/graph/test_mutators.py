"""Priorities and capacities that change while the graph runs, or before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import verify_trace
from nandtrace.graph import PutResult, Scheduler, SchedulerConfig, record_graph
from tests.graph.nodes import Actor, ListLog, Ticker, drain, fails, graph, sayer, sink
from tests.graph.recordings import read_events

EDGE = "a:out->b:in"


def _feed(*payloads: Any, capacity: int, policy: str = "block") -> tuple[Scheduler, ListLog, Actor]:
    """A graph that has started, with these payloads on its one edge."""
    target = sink("b")
    scheduler, log = graph(sayer("a", *payloads), target)
    scheduler.connect("a:out", "b:in", capacity=capacity, policy=policy)
    scheduler.start()
    log.entries.clear()
    return scheduler, log, target


def test_a_grown_capacity_lets_pending_messages_in_at_once() -> None:
    scheduler, log, target = _feed(1, 2, 3, 4, 5, capacity=1)
    scheduler.set_capacity(EDGE, 3)
    assert log.timed() == [
        (0, f"MUTATE {EDGE} CAPACITY 1 3 1"),
        (0, f"FLUSH 1 {EDGE} 2"),
        (0, f"FLUSH 2 {EDGE} 3"),
    ]
    scheduler.set_capacity(EDGE, 9)
    assert log.lines()[3:] == [
        f"MUTATE {EDGE} CAPACITY 3 9 3",
        f"FLUSH 3 {EDGE} 4",
        f"FLUSH 4 {EDGE} 5",
        f"WAKE a {EDGE}",
    ]
    drain(scheduler)
    assert target.got == [1, 2, 3, 4, 5]


def test_a_shrunk_capacity_evicts_nothing() -> None:
    scheduler, log, target = _feed(1, 2, 3, 4, capacity=4)
    scheduler.set_capacity(EDGE, 2)
    assert log.lines() == [f"MUTATE {EDGE} CAPACITY 4 2 4"]
    drain(scheduler)
    assert target.got == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("policy", "result"), [("block", "BLOCKED"), ("drop", "DROPPED"), ("coalesce", "COALESCED")]
)
def test_a_shrunk_edge_is_full_until_it_has_been_read_far_enough(policy: str, result: str) -> None:
    target = Actor("b")
    source = Actor("a", "knob", "out", message=lambda node, *_: node.say("new"))
    scheduler, _ = graph(source, target, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=4, policy=policy)
    knob = scheduler.open_input("a:knob", priority="control")
    source._start = lambda node: node.say(1, 2, 3, 4)
    scheduler.start()
    scheduler.set_capacity(EDGE, 2)
    scheduler.advance(2)
    scheduler.send(knob, "say one more")
    scheduler.advance(1)
    assert target.got == [1, 2]
    assert source.results[-1] == result
    scheduler.advance(1)
    scheduler.send(knob, "and one")
    scheduler.advance(1)
    assert source.results[-1] is (PutResult.BLOCKED if policy == "block" else PutResult.OK)


def test_latest_on_a_shrunk_edge_evicts_one_for_one() -> None:
    source = Actor("a", "knob", "out", message=lambda node, *_: node.say("new"))
    source._start = lambda node: node.say(1, 2, 3, 4)
    target = sink("b")
    scheduler, log = graph(source, target, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=4, policy="latest")
    knob = scheduler.open_input("a:knob", priority="control")
    scheduler.start()
    scheduler.set_capacity(EDGE, 2)
    scheduler.send(knob, "say one more")
    scheduler.advance(1)
    assert log.lines("PUT")[-1] == f"PUT 5 {EDGE} DATA REPLACED 4 0 4"
    drain(scheduler)
    assert target.got == [2, 3, 4, "new"]


def test_another_priority_takes_effect_at_once() -> None:
    scheduler, log, _ = _feed(1, 2, capacity=4)
    scheduler.set_priority(EDGE, "high")
    scheduler.set_priority(EDGE, 3)
    scheduler.set_priority(EDGE, 3)
    scheduler.advance(1)
    assert log.lines("MUTATE", "TURN") == [
        f"MUTATE {EDGE} PRIORITY 1 2 2",
        f"MUTATE {EDGE} PRIORITY 2 3 2",
        f"MUTATE {EDGE} PRIORITY 3 3 2",
        "TURN b 3",
    ]


def test_a_node_may_change_its_own_input_in_the_middle_of_a_turn() -> None:
    """The rest of the turn follows the new priorities."""

    def handle(node: Actor, *_: object) -> None:
        if len(node.got) == 1:
            node.scheduler.set_priority("c:out->x:in", "high")

    target = sink("x", message=handle)
    scheduler, _ = graph(sayer("a", 1, 2), sayer("c", 10, 20), target)
    scheduler.connect("a:out", "x:in")
    scheduler.connect("c:out", "x:in")
    scheduler.run()
    assert target.got == [1, 10, 20, 2]


def test_changes_made_by_a_callback_have_the_time_of_its_turn() -> None:
    def tick(node: Ticker) -> None:
        node.clock.advance(500_000)
        node.scheduler.set_capacity(EDGE, 2)
        node.end_ticks()

    scheduler, log = graph(sayer("a", 1, 2), sink("b", start=fails), Ticker("k", "", "", tick=tick))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert log.timed("MUTATE", "FLUSH", "WAKE", "TICKS_END", "SHUTDOWN") == [
        (1_000_000, f"MUTATE {EDGE} CAPACITY 1 2 1"),
        (1_000_000, f"FLUSH 1 {EDGE} 2"),
        (1_000_000, f"WAKE a {EDGE}"),
        (1_000_000, "TICKS_END k"),
        (1_501_000, "SHUTDOWN FINISHED 2001501000"),
    ]


def test_changes_made_between_turns_have_the_clocks_time() -> None:
    scheduler, log, _ = _feed(1, 2, 3, capacity=4)
    scheduler.advance(1)
    scheduler.set_capacity(EDGE, 5)
    assert log.timed("TURN", "MUTATE") == [
        (0, "TURN b 1"),
        (1_000, f"MUTATE {EDGE} CAPACITY 4 5 0"),
    ]


def test_an_edge_can_be_changed_before_the_graph_runs() -> None:
    scheduler, log = graph(sayer("a", 1, 2, 3), sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.set_capacity(EDGE, 2)
    scheduler.set_priority(EDGE, "control")
    scheduler.run()
    assert log.lines("PUT", "TURN", "MUTATE") == [
        f"PUT 0 {EDGE} DATA OK 1 - 0",
        f"PUT 1 {EDGE} DATA OK 2 - 1",
        f"PUT 2 {EDGE} DATA BLOCKED 2 - 2",
        "TURN b 3",
    ]


def test_what_a_plan_says_follows_the_changes() -> None:
    scheduler, _ = graph(sayer("a", 1), sink("b"))
    scheduler.connect("a:out", "b:in")
    assert scheduler.plan().edges[0].wire.capacity == 64
    scheduler.set_capacity(EDGE, 2)
    assert scheduler.plan().edges[0].wire.capacity == 2


def test_a_node_whose_band_changes_for_a_moment_keeps_its_place(tmp_path: Path) -> None:
    """A knob that is turned there and back within a turn starves nobody."""

    def knob(node: Actor, *_: object) -> None:
        node.scheduler.set_priority("source:out->a:in", "high")
        node.scheduler.set_priority("source:out->a:in", "normal")

    source = sayer("source", *range(4))
    names = ("a", "b", "knob", "c")
    nodes = [Actor(name, "in", message=knob if name == "knob" else None) for name in names]
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=1))
    for node in (source, *nodes):
        scheduler.register(node)
    for name in ("b", "knob", "a", "c"):
        scheduler.connect("source:out", f"{name}:in")
    trace = tmp_path / "trace.mpk"
    record_graph(trace, scheduler)
    turns = [event.fields["node"] for event in read_events(trace) if event.kind == "TURN"]
    assert turns[:8] == ["a", "b", "knob", "c", "a", "b", "knob", "c"]
    verdict = verify_trace(trace)
    assert [item.id for item in verdict.invariants if item.violated] == []
