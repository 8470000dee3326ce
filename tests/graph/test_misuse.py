"""Whatever is wired or used wrongly is a GraphError that names the node, port or edge."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from nandtrace.graph import (
    GraphError,
    InputPort,
    OutputPort,
    Scheduler,
    SchedulerConfig,
    Subgraph,
    VirtualClock,
)
from tests.graph.misuse import EDGE, Typed, pair, refused, wired
from tests.graph.nodes import Actor, Ticker, graph

# ---- wiring


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("a", "b:in", "subgraph graph: 'a' is not of the form node:port"),
        ("a:out", "b", "subgraph graph: 'b' is not of the form node:port"),
        (3, "b:in", "subgraph graph: 3 is not of the form node:port"),
        ("x:out", "b:in", "subgraph graph: x:out: there is no 'x'"),
        ("a:out", "y:in", "subgraph graph: y:in: there is no 'y'"),
        ("a:nowhere", "b:in", "node a: there is no output 'nowhere'; it has out"),
        ("a:in", "b:in", "node a: there is no output 'in'; it has out"),
        ("a:out", "b:out", "node b: there is no input 'out'; it has in, other"),
        ("a:", "b:in", "node a: there is no output ''; it has out"),
        ("a:out:x", "b:in", "node a: there is no output 'out:x'; it has out"),
    ],
)
def test_an_unknown_end_of_an_edge(source: Any, target: str, text: str) -> None:
    refused(lambda: pair().connect(source, target), text)


def test_a_node_without_ports_says_so() -> None:
    scheduler, _ = graph(Actor("a"), Actor("b", "", ""))
    refused(
        lambda: scheduler.connect("a:out", "b:in"), "node b: there is no input 'in'; it has none"
    )


def test_an_edge_that_is_there_already() -> None:
    scheduler = wired()
    refused(lambda: scheduler.connect("a:out", "b:in"), f"edge {EDGE} is there already")
    scheduler.open_input("b:in")
    refused(lambda: scheduler.open_input("b:in"), "edge ->b:in is there already")


@pytest.mark.parametrize("capacity", [0, -1, True, 1.5, "4", None, 2**31])
def test_a_capacity_that_is_none(capacity: Any) -> None:
    text = f"edge {EDGE}: capacity is {capacity!r}, not a whole number from 1 on"
    refused(lambda: pair().connect("a:out", "b:in", capacity=capacity), text)
    refused(lambda: wired().set_capacity(EDGE, capacity), text)
    text = f"edge ->b:in: capacity is {capacity!r}, not a whole number from 1 on"
    refused(lambda: pair().open_input("b:in", capacity=capacity), text)


@pytest.mark.parametrize("policy", ["BLOCK", "oldest", "", None, 3])
def test_a_policy_that_is_none(policy: Any) -> None:
    text = f"edge {EDGE}: policy: {policy!r} is none of block, drop, latest, coalesce"
    refused(lambda: pair().connect("a:out", "b:in", policy=policy), text)


@pytest.mark.parametrize("priority", [0, 4, True, "urgent", 1.0, None])
def test_a_priority_that_is_none(priority: Any) -> None:
    text = f"edge {EDGE}: the priority {priority!r} is none of 1 normal, 2 high, 3 control"
    refused(lambda: pair().connect("a:out", "b:in", priority=priority), text)
    refused(lambda: wired().set_priority(EDGE, priority), text)


@pytest.mark.parametrize("policy", ["block", "drop", "latest"])
def test_a_merge_for_an_edge_that_does_not(policy: str) -> None:
    refused(
        lambda: pair().connect("a:out", "b:in", policy=policy, merge=max),
        f"edge {EDGE}: merge is for the policy coalesce, not {policy}",
    )


def test_a_merge_that_can_not_be_called() -> None:
    with pytest.raises(GraphError, match=f"^edge {re.escape(EDGE)}: "):
        pair().connect("a:out", "b:in", policy="coalesce", merge=3)  # type: ignore[arg-type]


def test_types_that_never_fit() -> None:
    scheduler, _ = graph(Typed("a"), Typed("b"))
    scheduler.connect("a:text", "b:words")
    refused(
        lambda: scheduler.connect("a:text", "b:in"), "edge a:text->b:in: str goes out, int is taken"
    )
    refused(
        lambda: scheduler.connect("a:out", "b:words"),
        "edge a:out->b:words: int goes out, str | bytes is taken",
    )


def test_an_input_that_needs_an_edge() -> None:
    scheduler, log = graph(Actor("a"), Typed("b"))
    refused(scheduler.run, "node b: no edge leads to its input 'in', which needs one")
    assert log.lines() == []
    scheduler.connect("a:out", "b:in")
    assert scheduler.run().reason == "FINISHED"


def test_an_input_of_a_subgraph_that_needs_an_edge() -> None:
    part = Subgraph("part")
    part.add(Typed("b"))
    scheduler, _ = graph(part)
    refused(scheduler.run, "node part/b: no edge leads to its input 'in', which needs one")


# ---- names


@pytest.mark.parametrize("kind", ["node", "subgraph", "port"])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a/b", "has no '/'"),
        ("a:b", "has no ':'"),
        ("a->b", "has no '->'"),
        ("", None),
        ("a\nb", None),
        ("\ud800", None),
        (3, None),
        (None, None),
    ],
)
def test_a_name_that_can_not_stand_in_an_edges_id(kind: str, name: Any, why: str | None) -> None:
    make: Callable[[Any], object] = {"node": Actor, "subgraph": Subgraph, "port": InputPort}[kind]
    text = f"{kind} {name!r}: a name {why}" if why else f"{name!r} is no name of a {kind}"
    refused(lambda: make(name), text)


@pytest.mark.parametrize("name", ["-", ">", "a-b", "é", "two words", "->"[0]])
def test_other_marks_may_stand_in_a_name(name: str) -> None:
    scheduler, _ = graph(Actor(name))
    assert scheduler.connect(f"{name}:out", f"{name}:in") == f"{name}:out->{name}:in"


@pytest.mark.parametrize("port", [InputPort, OutputPort])
@pytest.mark.parametrize("kind", [None, 3, "int", (), (int, "str"), list[int], [int, str]])
def test_a_ports_type_that_is_none(port: Callable[..., object], kind: Any) -> None:
    refused(lambda: port("p", kind), f"port p: its type is {kind!r}, not a class or several")


@pytest.mark.parametrize(
    ("side", "ports", "text"),
    [
        ("inputs", [InputPort("in")], "node a: its inputs are no tuple of InputPort"),
        ("inputs", InputPort("in"), "node a: its inputs are no tuple of InputPort"),
        ("inputs", (OutputPort("in"),), "node a: its inputs are no tuple of InputPort"),
        ("outputs", ("out",), "node a: its outputs are no tuple of OutputPort"),
        (
            "inputs",
            (InputPort("in"), InputPort("x"), InputPort("in")),
            "node a: two of its inputs are named 'in'",
        ),
        (
            "outputs",
            (OutputPort("x"), OutputPort("x")),
            "node a: two of its outputs are named 'x'",
        ),
    ],
)
def test_ports_that_are_none(side: str, ports: Any, text: str) -> None:
    node = Actor("a")
    setattr(node, side, ports)
    refused(lambda: Scheduler().register(node), text)
    refused(lambda: Subgraph("s").add(node), text)


# ---- parts


def test_a_name_that_is_taken() -> None:
    text = "subgraph graph: there is a 'a' already"
    scheduler, _ = graph(Actor("a"))
    refused(lambda: scheduler.register(Actor("a")), text)
    refused(lambda: scheduler.register(Subgraph("a")), text)
    part = Subgraph("part").add(Actor("x"))
    refused(lambda: part.add(Actor("x")), "subgraph part: there is a 'x' already")


def test_a_node_that_is_there_already() -> None:
    node = Actor("a")
    scheduler, _ = graph(node)
    refused(
        lambda: scheduler.register(Subgraph("s").add(node)),
        "subgraph graph: node 'a' is there already",
    )


def test_a_node_of_two_subgraphs_of_one_graph() -> None:
    """It is put into the second when both are registered."""
    node, first, second = Actor("a"), Subgraph("x"), Subgraph("y")
    scheduler, log = graph(first, second)
    first.add(node)
    second.add(node)
    with pytest.raises(GraphError, match="a"):
        scheduler.run()
    assert log.lines() == []


def test_a_subgraph_within_itself() -> None:
    outer, inner = Subgraph("outer"), Subgraph("inner")
    with pytest.raises(GraphError, match="outer"):
        outer.add(outer)
    outer.add(inner)
    with pytest.raises(GraphError, match="outer"):
        inner.add(outer)


@pytest.mark.parametrize("part", [None, "a", Actor, object()])
def test_what_is_no_part_of_a_graph(part: Any) -> None:
    refused(
        lambda: Scheduler().register(part),
        f"subgraph graph: {part!r} is no node and no subgraph",
    )


def test_exposed_ports() -> None:
    part = Subgraph("part").add(Actor("x"))
    part.expose_input("in", "x:in")
    refused(
        lambda: part.expose_input("in", "x:in"), "subgraph part: a port 'in' is exposed already"
    )
    refused(
        lambda: part.expose_output("in", "x:out"), "subgraph part: a port 'in' is exposed already"
    )
    refused(lambda: part.expose_input("a:b", "x:in"), "port 'a:b': a name has no ':'")
    refused(lambda: part.expose_output("o", "x:in"), "node x: there is no output 'in'; it has out")
    refused(lambda: part.expose_output("o", "y:out"), "subgraph part: y:out: there is no 'y'")
    scheduler, _ = graph(part, Actor("a"))
    refused(
        lambda: scheduler.connect("part:out", "a:in"),
        "subgraph part: there is no output 'out'; it exposes none",
    )


# ---- attributes of nodes


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [
        (
            "priority_override",
            "urgent",
            "the priority 'urgent' is none of 1 normal, 2 high, 3 control",
        ),
        ("priority_override", 0, "the priority 0 is none of 1 normal, 2 high, 3 control"),
        ("on_error", "ignore", "on_error: 'ignore' is none of skip, retry, stop"),
        ("on_error", None, "on_error: None is none of skip, retry, stop"),
        ("max_attempts", 0, "max_attempts is 0, not a whole number from 1 on"),
        ("max_attempts", True, "max_attempts is True, not a whole number from 1 on"),
        ("desired_tick_interval_ms", 0, "desired_tick_interval_ms is 0, not a positive time"),
        ("desired_tick_interval_ms", -1, "desired_tick_interval_ms is -1, not a positive time"),
        ("desired_tick_interval_ms", "5", "desired_tick_interval_ms is '5', not a positive time"),
        (
            "desired_tick_interval_ms",
            float("nan"),
            "desired_tick_interval_ms is nan, not a positive time",
        ),
    ],
)
def test_an_attribute_of_a_node_that_makes_no_sense(setting: str, value: Any, text: str) -> None:
    scheduler, log = graph(Subgraph("part").add(Ticker("a", **{setting: value})))
    refused(scheduler.run, f"node part/a: {text}")
    assert log.lines() == []


# ---- configuration


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"tick_interval_ms": 0}, "tick_interval_ms is 0, not a positive time"),
        ({"tick_interval_ms": -5}, "tick_interval_ms is -5, not a positive time"),
        ({"tick_interval_ms": True}, "tick_interval_ms is True, not a positive time"),
        ({"idle_sleep_ms": float("inf")}, "idle_sleep_ms is inf, not a positive time"),
        ({"idle_sleep_ms": None}, "idle_sleep_ms is None, not a positive time"),
        ({"shutdown_timeout_s": 0}, "shutdown_timeout_s is 0, not a positive time"),
        ({"shutdown_timeout_s": 1e10}, "shutdown_timeout_s is 10000000000.0, not a positive time"),
        ({"max_batch_per_node": 0}, "max_batch_per_node is 0, not a whole number from 1 on"),
        ({"max_batch_per_node": 2.0}, "max_batch_per_node is 2.0, not a whole number from 1 on"),
        (
            {"fairness_ratio": {"high": 0}},
            "fairness_ratio of high is 0, not a whole number from 1 on",
        ),
        (
            {"fairness_ratio": {"low": 1}},
            "fairness_ratio: the priority 'low' is none of 1 normal, 2 high, 3 control",
        ),
        ({"fairness_ratio": (4, 2, 1)}, "fairness_ratio is (4, 2, 1), not a map of bands"),
    ],
)
def test_a_configuration_that_makes_no_sense(settings: dict[str, Any], text: str) -> None:
    refused(lambda: SchedulerConfig(**settings), text)


@pytest.mark.parametrize("until_ms", [0, -1, float("nan"), "3"])
def test_a_time_to_run_that_is_none(until_ms: Any) -> None:
    scheduler = wired()
    refused(lambda: scheduler.run(until_ms), f"until_ms is {until_ms!r}, not a positive time")
    assert scheduler.run().reason == "FINISHED"


def test_a_clock_that_would_go_back() -> None:
    refused(lambda: VirtualClock(turn_ns=-1), "turn_ns is -1, not a whole number of ns from 0 on")
    refused(
        lambda: VirtualClock().advance(-5),
        "a step of the clock is -5, not a whole number of ns from 0 on",
    )


@pytest.mark.parametrize("interval_ms", [10**400, 1e300, 5e13])
def test_an_interval_that_is_too_long(interval_ms: float) -> None:
    node = Ticker("a")
    node.desired_tick_interval_ms = interval_ms
    scheduler, _ = graph(node)
    text = f"node a: desired_tick_interval_ms is {interval_ms!r}, not a positive time"
    refused(scheduler.run, text)


@pytest.mark.parametrize("step", [1e6, float("nan"), "1", 2**62, True])
def test_a_step_of_the_clock_that_is_none(step: Any) -> None:
    text = f"a step of the clock is {step!r}, not a whole number of ns from 0 on"
    refused(lambda: VirtualClock().advance(step), text)


def test_a_clock_that_comes_too_far() -> None:
    clock = VirtualClock()
    clock.advance(2**59)
    refused(
        lambda: clock.advance(2**59), f"the time is {2**60}, not a whole number of ns from 0 on"
    )


def test_what_is_no_configuration_and_no_clock() -> None:
    refused(lambda: Scheduler(5), "5 is no SchedulerConfig")  # type: ignore[arg-type]
    refused(lambda: Scheduler(clock=5), "5 is no Clock")  # type: ignore[arg-type]


def test_a_callback_that_would_have_to_be_awaited() -> None:
    class Awaits(Actor):
        async def on_start(self) -> None:  # type: ignore[override]
            raise AssertionError

    scheduler, _ = graph(Awaits("a"))
    text = "node a: on_start is a coroutine function, and would never be awaited"
    refused(scheduler.run, text)


def test_a_port_that_is_gone_when_the_graph_runs() -> None:
    node = Actor("b", "in")
    scheduler, _ = graph(Actor("a"), node)
    scheduler.connect("a:out", "b:in")
    node.inputs = ()
    refused(scheduler.run, f"edge {EDGE}: node b has no port 'in' any more")
