"""Starting in topological order, stopping in reverse, and what fails on the way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nandtrace.graph import GraphError
from tests.graph.nodes import Actor, ListLog, Ticker, fails, graph, sayer, sink


def _start_and_stop(names: str, *edges: str) -> tuple[str, str]:
    """The order in which nodes, registered in this order, are started and stopped."""
    scheduler, log = graph(*[Actor(name) for name in names])
    for source, target in edges:
        scheduler.connect(f"{source}:out", f"{target}:in")
    scheduler.run()
    return _order(log, "START"), _order(log, "STOP")


def _order(log: ListLog, kind: str) -> str:
    return "".join(line.split()[1] for line in log.lines(kind))


@pytest.mark.parametrize(
    ("names", "edges", "order"),
    [
        ("a", [], "a"),
        ("cab", [], "cab"),
        ("cba", ["ab", "bc"], "abc"),
        ("dcba", ["ab", "ac", "bd", "cd"], "acbd"),
        ("abcd", ["db", "bc"], "adbc"),
        ("abc", ["ab", "bc", "ca"], "abc"),
        ("cab", ["ab", "bc", "ca"], "cab"),
        ("axybz", ["xy", "yx", "ax", "yb", "bz", "zb"], "axybz"),
        ("bzyxa", ["xy", "yx", "ax", "yb", "bz", "zb"], "ayxbz"),
        ("ab", ["aa", "ba"], "ba"),
        ("zxay", ["xy", "yx", "az"], "xyaz"),
    ],
)
def test_nodes_start_after_their_sources_and_stop_in_reverse(
    names: str, edges: list[str], order: str
) -> None:
    assert _start_and_stop(names, *edges) == (order, order[::-1])


def test_long_chains_and_rings_start_in_order() -> None:
    nodes = [Actor(f"n{number}") for number in range(3_000)]
    scheduler, log = graph(*reversed(nodes))
    for first, second in pairwise(nodes[:2_000]):
        scheduler.connect(f"{first.name}:out", f"{second.name}:in")
    for first, second in zip(nodes[2_000:], [*nodes[2_001:], nodes[2_000]], strict=True):
        scheduler.connect(f"{first.name}:out", f"{second.name}:in")
    scheduler.run()
    ring = [f"START n{number}" for number in range(2_999, 1_999, -1)]
    chain = [f"START n{number}" for number in range(2_000)]
    assert log.lines("START") == ring + chain


def test_every_callback_of_life_is_called_once() -> None:
    calls: list[str] = []
    nodes = [
        Actor(
            name,
            start=lambda node: calls.append(f"start {node.name}"),
            stop=lambda node: calls.append(f"stop {node.name}"),
        )
        for name in "ab"
    ]
    scheduler, _ = graph(*nodes)
    scheduler.connect("b:out", "a:in")
    scheduler.run()
    assert calls == ["start b", "start a", "stop a", "stop b"]


def test_a_node_may_emit_before_its_target_has_started() -> None:
    target = sink("b")
    scheduler, log = graph(sayer("a", 1), target)
    scheduler.connect("a:out", "b:in")
    scheduler.run()
    assert log.lines() == [
        "START a",
        "PUT 0 a:out->b:in DATA OK 1 - 0",
        "START b",
        "TURN b 1",
        "GET 0 a:out->b:in 0",
        "DELIVER 0 b a:out->b:in 1",
        "SHUTDOWN FINISHED 2000001000",
        "STOP b",
        "STOP a",
    ]


def test_a_graph_with_nothing_to_do_is_finished_at_once() -> None:
    scheduler, log = graph(Actor("a"), Actor("b"))
    report = scheduler.run()
    assert log.timed() == [
        (0, "START a"),
        (0, "START b"),
        (0, "SHUTDOWN FINISHED 2000000000"),
        (0, "STOP b"),
        (0, "STOP a"),
    ]
    assert (report.reason, report.turns, report.time_ns) == ("FINISHED", 0, 0)


# ---- failed starts


def test_a_node_that_fails_to_start_is_disabled_and_takes_no_turn() -> None:
    broken = Ticker("b", "in other", "out", start=fails)
    scheduler, log = graph(sayer("a", 1, 2), broken, sink("c"))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.connect("b:out", "c:in")
    scheduler.connect("a:out", "b:other", priority="control")
    report = scheduler.run()
    assert log.lines() == [
        "START a",
        "PUT 0 a:out->b:in DATA OK 1 - 0",
        "PUT 0 a:out->b:other DATA OK 1 - 0",
        "PUT 1 a:out->b:in DATA BLOCKED 1 - 1",
        "BLOCK a a:out->b:in",
        "PUT 1 a:out->b:other DATA OK 2 - 1",
        "START b",
        "ERROR b START - - - DISABLED RuntimeError: no luck",
        "DISABLE b a:out->b:in",
        "DISABLE b a:out->b:other",
        "START c",
        "SHUTDOWN FINISHED 2000000000",
        "LEFTOVER 0 a:out->b:in QUEUED",
        "LEFTOVER 1 a:out->b:in PENDING",
        "LEFTOVER 0 a:out->b:other QUEUED",
        "LEFTOVER 1 a:out->b:other QUEUED",
        "STOP c",
        "STOP a",
    ]
    assert report.disabled == {"b": ("a:out->b:in", "a:out->b:other")}
    assert (report.turns, report.ticks, report.leftover_count) == (0, 0, 4)


def test_a_disabled_source_is_reported_without_an_edge() -> None:
    scheduler, log = graph(Actor("a", "", "out", start=fails), sink("b"))
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert log.lines("DISABLE") == ["DISABLE a -"]
    assert report.disabled == {"a": ()}


@pytest.mark.parametrize("policy", ["skip", "retry", "stop"])
def test_a_failed_start_does_not_end_the_graph_whatever_the_policy(policy: str) -> None:
    target = sink("b")
    scheduler, _ = graph(sayer("a", 1), target, Actor("x", start=fails, on_error=policy))
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert (report.reason, target.got) == ("FINISHED", [1])


def test_what_a_node_emitted_before_its_start_failed_is_delivered() -> None:
    def start(node: Actor) -> None:
        node.say(1, 2)
        raise ValueError("too late")

    target = sink("b")
    scheduler, log = graph(Actor("a", "in", "out", start=start), target)
    scheduler.connect("a:out", "b:in", capacity=1)
    report = scheduler.run()
    assert target.got == [1, 2]
    assert log.lines("BLOCK", "WAKE", "STOP") == [
        "BLOCK a a:out->b:in",
        "WAKE a a:out->b:in",
        "STOP b",
    ]
    assert report.leftovers == ()


# ---- stopping


def test_on_stop_may_not_emit() -> None:
    source = Actor("a", stop=lambda node: node.say(1))
    scheduler, log = graph(source, sink("b"))
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert log.lines("STOP", "ERROR", "PUT", "LEFTOVER") == [
        "STOP b",
        "STOP a",
        "ERROR a STOP - - - SKIPPED GraphError: node a: it is in no graph that runs",
    ]
    assert report.error_count == 1


def test_an_on_stop_that_raises_does_not_keep_others_from_stopping() -> None:
    stopped: list[str] = []
    scheduler, log = graph(
        Actor("a", stop=lambda node: stopped.append("a")),
        Actor("b", stop=fails),
        Actor("c", stop=lambda node: stopped.append("c")),
    )
    report = scheduler.run()
    assert stopped == ["c", "a"]
    assert log.lines("STOP", "ERROR") == [
        "STOP c",
        "STOP b",
        "ERROR b STOP - - - SKIPPED RuntimeError: no luck",
        "STOP a",
    ]
    assert str(report.errors[0]) == "b: stop: RuntimeError: no luck"


def test_on_stop_may_still_ask_for_its_clock() -> None:
    times: list[int] = []
    scheduler, _ = graph(
        Actor("a", stop=lambda node: times.append(node.clock.now_ns())), Ticker("b")
    )
    scheduler.run(until_ms=2)
    assert times == [2_000_000]


def test_a_node_can_be_in_another_graph_once_its_own_is_over() -> None:
    source, target = sayer("a", 1), sink("b")
    for round_ in (1, 2):
        scheduler, _ = graph(source, target)
        scheduler.connect("a:out", "b:in")
        scheduler.run()
        assert target.got == [1] * round_


def test_a_node_of_a_graph_that_runs_can_not_start_in_another() -> None:
    node = Actor("a")
    first, _ = graph(node)
    first.start()
    second, _ = graph(node)
    with pytest.raises(GraphError, match=r"^node a: it is in another graph that runs$"):
        second.run()
