"""A producer whose edge is full: it waits without turns, and loses and duplicates nothing."""

from __future__ import annotations

from typing import Any

from nandtrace.graph import Message, PutResult, RunReport, control
from tests.graph.nodes import Actor, ListLog, Ticker, advance, echo, graph, sayer, sink

EDGE = "a:out->b:in"


def _turns_while_blocked(log: ListLog, node: str) -> int:
    """How many turns a node had between a BLOCK and its WAKE."""
    turns, is_blocked = 0, False
    for line in log.lines("BLOCK", "WAKE", "TURN"):
        kind, name, _ = line.split(maxsplit=2)
        if name != node:
            continue
        if kind == "TURN":
            turns += is_blocked
        else:
            is_blocked = kind == "BLOCK"
    return turns


def _summary(report: RunReport) -> tuple[int, list[tuple[str, str, tuple[int, ...]]]]:
    return report.turns, [(item.edge, item.place, item.msgs) for item in report.leftovers]


def test_pending_messages_enter_as_the_edge_is_read() -> None:
    scheduler, log = graph(sayer("a", 1, 2, 3, 4), sink("b"), max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=2)
    scheduler.run()
    assert log.timed() == [
        (0, "START a"),
        (0, f"PUT 0 {EDGE} DATA OK 1 - 0"),
        (0, f"PUT 1 {EDGE} DATA OK 2 - 1"),
        (0, f"PUT 2 {EDGE} DATA BLOCKED 2 - 2"),
        (0, f"BLOCK a {EDGE}"),
        (0, f"PUT 3 {EDGE} DATA BLOCKED 2 - 3"),
        (0, "START b"),
        (0, "TURN b 1"),
        (0, f"GET 0 {EDGE} 1"),
        (0, f"FLUSH 2 {EDGE} 2"),
        (0, f"DELIVER 0 b {EDGE} 1"),
        (1_000, "TURN b 1"),
        (1_000, f"GET 1 {EDGE} 1"),
        (1_000, f"FLUSH 3 {EDGE} 2"),
        (1_000, f"WAKE a {EDGE}"),
        (1_000, f"DELIVER 1 b {EDGE} 1"),
        (2_000, "TURN b 1"),
        (2_000, f"GET 2 {EDGE} 1"),
        (2_000, f"DELIVER 2 b {EDGE} 1"),
        (3_000, "TURN b 1"),
        (3_000, f"GET 3 {EDGE} 0"),
        (3_000, f"DELIVER 3 b {EDGE} 1"),
        (4_000, "SHUTDOWN FINISHED 2000004000"),
        (4_000, "STOP b"),
        (4_000, "STOP a"),
    ]


def test_a_blocked_producer_loses_nothing_duplicates_nothing_and_does_not_spin() -> None:
    sent = 20_000

    def produce(node: Ticker) -> None:
        while len(node.results) < sent:
            node.say(len(node.results))
            if node.results[-1] is PutResult.BLOCKED:
                return
        node.end_ticks()

    source = Ticker("a", "", "out", tick=produce, desired_tick_interval_ms=0.01)
    target = sink("b", message=lambda *_: advance(target, 0.02))
    scheduler, log = graph(source, target, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=4)
    report = scheduler.run()
    assert target.got == list(range(sent))
    assert report.leftovers == ()
    assert source.results.count(PutResult.BLOCKED) > 9_000
    assert len(log.lines("BLOCK")) == len(log.lines("WAKE"))
    assert len(log.lines("BLOCK")) == source.results.count(PutResult.BLOCKED)
    assert _turns_while_blocked(log, "a") == 0
    assert report.turns == sent + source.ticked


def test_a_node_blocked_by_two_edges_wakes_when_both_have_flushed() -> None:
    def start(node: Actor) -> None:
        node.say(1, 2, port="left")
        node.say(3, 4, 5, port="right")

    scheduler, log = graph(
        Actor("a", "", "left right", start=start), sink("b"), sink("c"), max_batch_per_node=1
    )
    scheduler.connect("a:left", "b:in", capacity=1)
    scheduler.connect("a:right", "c:in", capacity=1)
    scheduler.run()
    assert log.lines("BLOCK", "FLUSH", "WAKE", "TURN") == [
        "BLOCK a a:left->b:in",
        "TURN b 1",
        "FLUSH 1 a:left->b:in 1",
        "TURN c 1",
        "FLUSH 3 a:right->c:in 1",
        "TURN b 1",
        "TURN c 1",
        "FLUSH 4 a:right->c:in 1",
        "WAKE a a:right->c:in",
        "TURN c 1",
    ]


def test_one_message_pending_for_two_edges_blocks_once() -> None:
    scheduler, log = graph(sayer("a", 1, 2), sink("b"), sink("c"))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.connect("a:out", "c:in", capacity=1)
    scheduler.run()
    assert log.lines("BLOCK", "WAKE") == ["BLOCK a a:out->b:in", "WAKE a a:out->c:in"]


def test_a_blocked_node_can_block_again_once_it_woke() -> None:
    def tick(node: Ticker) -> None:
        node.say(1, 2)
        if node.ticked == 3:
            node.end_ticks()

    scheduler, log = graph(Ticker("a", "", "out", tick=tick), sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert log.lines("BLOCK", "WAKE") == [f"BLOCK a {EDGE}", f"WAKE a {EDGE}"] * 3


def test_a_tick_that_falls_due_while_blocked_waits_until_the_node_wakes() -> None:
    def tick(node: Ticker) -> None:
        if node.ticked == 1:
            node.say(1, 2)
        else:
            node.end_ticks()

    slow = sink("b", message=lambda *_: advance(slow, 3.5))
    scheduler, log = graph(Ticker("a", "", "out", tick=tick), slow, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert log.timed("TICK", "BLOCK", "WAKE", "DELIVER", "TURN", "IDLE") == [
        (0, "IDLE 1000000"),
        (1_000_000, "TURN a 1"),
        (1_000_000, "TICK a 1000000 0"),
        (1_000_000, f"BLOCK a {EDGE}"),
        (1_001_000, "TURN b 1"),
        (1_001_000, f"WAKE a {EDGE}"),
        (1_001_000, f"DELIVER 0 b {EDGE} 1"),
        (4_502_000, "TURN a 1"),
        (4_502_000, "TICK a 2000000 2"),
        (4_503_000, "TURN b 1"),
        (4_503_000, f"DELIVER 1 b {EDGE} 1"),
    ]


def test_a_due_tick_is_not_taken_while_the_node_is_blocked() -> None:
    source = Ticker(
        "a", "", "out", start=lambda node: node.say(1, 2, 3), desired_tick_interval_ms=1
    )
    slow = sink("b", message=lambda *_: advance(slow, 2))
    scheduler, log = graph(source, slow, max_batch_per_node=1)
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run(until_ms=9)
    assert log.timed("TURN", "WAKE", "TICK")[:5] == [
        (0, "TURN b 1"),
        (2_001_000, "TURN b 1"),
        (2_001_000, f"WAKE a {EDGE}"),
        (4_002_000, "TURN a 1"),
        (4_002_000, "TICK a 1000000 3"),
    ]


def _controlled(*priorities: str) -> tuple[list[Any], list[str], RunReport]:
    """What a blocked node gets of the messages on its three inputs, the turns, and the report."""
    node = Actor("a", "control high normal", "out", start=lambda node: node.say(1, 2))
    feeders = [sayer(name, name) for name in ("control", "high", "normal")]
    stuck = sink("b", start=_raise)
    scheduler, log = graph(node, *feeders, stuck)
    scheduler.connect("a:out", "b:in", capacity=1)
    for feeder, priority in zip(feeders, priorities, strict=True):
        scheduler.connect(f"{feeder.name}:out", f"a:{feeder.name}", priority=priority)
    report = scheduler.run()
    return node.got, log.lines("TURN"), report


def _raise(*_: object) -> None:
    raise RuntimeError("never starts")


def test_a_blocked_node_takes_control_messages_and_no_others() -> None:
    got, turns, report = _controlled("control", "high", "normal")
    assert got == ["control"]
    assert turns == ["TURN a 3"]
    assert _summary(report)[1] == [
        (EDGE, "QUEUED", (3,)),
        (EDGE, "PENDING", (4,)),
        ("high:out->a:high", "QUEUED", (1,)),
        ("normal:out->a:normal", "QUEUED", (2,)),
    ]


def test_it_is_the_edge_that_must_be_control_not_the_message_or_the_node() -> None:
    node = Actor("a", start=lambda node: node.say(1, 2), priority_override="control")
    scheduler, log = graph(node, sayer("c", control("stop")), sink("b", start=_raise))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.connect("c:out", "a:in", priority="high")
    scheduler.run()
    assert node.got == []
    assert log.lines("TURN") == []


def test_a_node_that_becomes_blocked_in_its_turn_goes_on_with_control_inputs_only() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        if message.payload == "fill":
            node.say(1, 2)

    node = Actor("a", "knob data", "out", message=handle)
    knob = sayer("k", "fill", "more")
    data = sayer("d", "x")
    reader = sink("b", start=_raise)
    scheduler, log = graph(knob, data, node, reader)
    scheduler.connect("k:out", "a:knob", priority="control")
    scheduler.connect("d:out", "a:data", priority="high")
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert node.got == ["fill", "more"]
    assert log.lines("TURN") == ["TURN a 3"]


def test_a_node_that_blocks_in_its_tick_takes_no_data_in_that_turn() -> None:
    def tick(node: Ticker) -> None:
        node.say(1, 2)
        node.end_ticks()

    node = Ticker("a", tick=tick)
    reader = sink("b")
    feeder = Ticker("f", "", "out", tick=lambda node: (node.say("x"), node.end_ticks()))
    scheduler, log = graph(feeder, node, reader)
    scheduler.connect("f:out", "a:in")
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert log.lines("TURN", "TICK", "BLOCK", "WAKE", "DELIVER") == [
        "TURN f 1",
        "TICK f 1000000 0",
        "TURN a 1",
        "TICK a 1000000 0",
        f"BLOCK a {EDGE}",
        "TURN b 1",
        f"WAKE a {EDGE}",
        "DELIVER 1 b a:out->b:in 1",
        "DELIVER 2 b a:out->b:in 1",
        "TURN a 1",
        "DELIVER 0 a f:out->a:in 1",
    ]


def test_an_edge_moved_to_the_control_band_reaches_a_blocked_node() -> None:
    def tick(node: Ticker) -> None:
        node.scheduler.set_priority("c:out->a:in", "control")
        node.end_ticks()

    node = Actor("a", start=lambda node: node.say(1, 2))
    scheduler, log = graph(
        sayer("c", "stop"), node, sink("b", start=_raise), Ticker("knob", "", "", tick=tick)
    )
    scheduler.connect("c:out", "a:in")
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert node.got == ["stop"]
    assert log.lines("TURN") == ["TURN knob 1", "TURN a 3"]


def test_a_node_that_fills_its_own_edge_stalls_and_the_graph_ends() -> None:
    node = Actor("a", start=lambda node: node.say(1), message=lambda node, *_: node.say(2, 3))
    scheduler, log = graph(node)
    scheduler.connect("a:out", "a:in", capacity=1)
    report = scheduler.run()
    assert report.reason == "FINISHED"
    assert _summary(report) == (
        1,
        [("a:out->a:in", "QUEUED", (1,)), ("a:out->a:in", "PENDING", (2,))],
    )
    assert log.lines("WAKE") == []


def test_a_self_loop_of_the_control_band_does_not_stall() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        if message.payload < 4:
            node.say(*[message.payload + 1] * 2)

    node = Actor("a", start=lambda node: node.say(1), message=handle)
    scheduler, _ = graph(node)
    scheduler.connect("a:out", "a:in", capacity=1, priority="control")
    report = scheduler.run()
    assert node.got == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]
    assert report.leftovers == ()


def test_nodes_that_block_each_other_stall_and_all_is_itemised() -> None:
    first = Actor("a", start=lambda node: node.say(1, 2), message=echo)
    second = Actor("b", start=lambda node: node.say(3, 4), message=echo)
    scheduler, _ = graph(first, second)
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.connect("b:out", "a:in", capacity=1)
    report = scheduler.run()
    assert _summary(report) == (
        0,
        [
            ("a:out->b:in", "QUEUED", (0,)),
            ("a:out->b:in", "PENDING", (1,)),
            ("b:out->a:in", "QUEUED", (2,)),
            ("b:out->a:in", "PENDING", (3,)),
        ],
    )


def test_a_token_goes_round_a_cycle() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        if message.payload:
            node.say(message.payload - 1)

    ring = [Actor(name, message=handle) for name in "abc"]
    ring[0]._start = lambda node: node.say(300)
    scheduler, _ = graph(*ring)
    for source, target in ("ab", "bc", "ca"):
        scheduler.connect(f"{source}:out", f"{target}:in", capacity=1)
    report = scheduler.run()
    assert (report.turns, report.deliveries, report.leftovers) == (301, 301, ())
    assert [node.got[0] for node in ring] == [298, 300, 299]
