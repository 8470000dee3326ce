"""Subgraphs: nesting, exposed ports, the names of nodes and the ids of edges."""

from __future__ import annotations

import pytest

from nandtrace.graph import GraphError, Node, Subgraph
from tests.graph.nodes import Actor, drain, echo, fails, graph, sayer, sink


def _relay(name: str) -> Actor:
    return Actor(name, message=echo)


def _line(name: str) -> Subgraph:
    """Two nodes in a row: what comes in at `way_in` goes out at `way_out`."""
    line = Subgraph(name)
    line.add(_relay("first")).add(_relay("second"))
    line.connect("first:out", "second:in", capacity=2)
    line.expose_input("way_in", "first:in")
    line.expose_output("way_out", "second:out")
    return line


def test_nodes_have_paths_and_edges_lead_through_exposed_ports() -> None:
    target = sink("z")
    scheduler, log = graph(sayer("a", 1), _line("line"), target)
    assert scheduler.connect("a:out", "line:way_in") == "a:out->line/first:in"
    assert scheduler.connect("line:way_out", "z:in") == "line/second:out->z:in"
    scheduler.run()
    assert target.got == [1]
    assert log.lines("START", "PUT") == [
        "START a",
        "PUT 0 a:out->line/first:in DATA OK 1 - 0",
        "START line/first",
        "START line/second",
        "START z",
        "PUT 1 line/first:out->line/second:in DATA OK 1 - 0",
        "PUT 2 line/second:out->z:in DATA OK 1 - 0",
    ]


def test_subgraphs_nest_and_pass_ports_on() -> None:
    outer = Subgraph("outer")
    outer.add(_line("one")).add(_line("two")).add(_relay("alone"))
    outer.connect("one:way_out", "two:way_in")
    outer.connect("two:way_out", "alone:in")
    outer.expose_input("begin", "one:way_in")
    outer.expose_output("end", "alone:out")
    target = sink("z")
    scheduler, _ = graph(sayer("a", 1, 2), outer, target)
    scheduler.connect("a:out", "outer:begin")
    scheduler.connect("outer:end", "z:in")
    plan = scheduler.plan()
    assert [node.path for node in plan.nodes] == [
        "a",
        "outer/one/first",
        "outer/one/second",
        "outer/two/first",
        "outer/two/second",
        "outer/alone",
        "z",
    ]
    assert [edge.wire.id for edge in plan.edges] == [
        "outer/one/first:out->outer/one/second:in",
        "outer/two/first:out->outer/two/second:in",
        "outer/one/second:out->outer/two/first:in",
        "outer/two/second:out->outer/alone:in",
        "a:out->outer/one/first:in",
        "outer/alone:out->z:in",
    ]
    scheduler.run()
    assert target.got == [1, 2]


def test_two_subgraphs_may_have_nodes_of_one_name() -> None:
    scheduler, log = graph(_line("b"), _line("a"))
    scheduler.connect("b:way_out", "a:way_in")
    scheduler.run()
    assert log.lines("START") == [
        "START b/first",
        "START b/second",
        "START a/first",
        "START a/second",
    ]


def test_a_port_can_be_exposed_under_two_names() -> None:
    line = _line("line")
    line.expose_input("again", "first:in")
    scheduler, _ = graph(sayer("a", 1), sayer("b", 2), line)
    scheduler.connect("a:out", "line:way_in")
    scheduler.connect("b:out", "line:again")
    scheduler.run()
    assert [node.node.got for node in scheduler.plan().nodes[2:]] == [[1, 2], [1, 2]]


def test_an_open_input_may_be_exposed_or_inside() -> None:
    line = _line("line")
    assert line.open_input("second:in", capacity=1) == "->second:in"
    scheduler, _ = graph(line)
    assert scheduler.open_input("line:way_in") == "->line/first:in"
    scheduler.start()
    scheduler.send("->line/first:in", 1)
    scheduler.send("->line/second:in", 2)
    drain(scheduler)
    assert scheduler.plan().nodes[1].node.got == [1, 2]


def test_errors_and_changes_name_nodes_and_edges_by_their_paths() -> None:
    part = Subgraph("part")
    part.add(Actor("x", start=fails)).add(sayer("y", 1, 2))
    part.connect("y:out", "x:in", capacity=1)
    scheduler, log = graph(part)
    scheduler.set_capacity("part/y:out->part/x:in", 2)
    report = scheduler.run()
    assert str(report.errors[0]) == "part/x: start: RuntimeError: no luck"
    assert report.disabled == {"part/x": ("part/y:out->part/x:in",)}
    assert log.lines("LEFTOVER") == [
        "LEFTOVER 0 part/y:out->part/x:in QUEUED",
        "LEFTOVER 1 part/y:out->part/x:in QUEUED",
    ]


def test_what_is_not_exposed_is_not_there() -> None:
    scheduler, _ = graph(sayer("a", 1), _line("line"))
    with pytest.raises(
        GraphError, match=r"^subgraph line: there is no input 'first'; it exposes way_in$"
    ):
        scheduler.connect("a:out", "line:first")


def test_a_part_must_call_the_init_of_its_base_class() -> None:
    class Forgetful(Node):
        def __init__(self) -> None:
            self.count = 0

    with pytest.raises(
        GraphError,
        match=r"^subgraph graph: Forgetful does not call the __init__ of its base class$",
    ):
        graph(Forgetful())


def test_an_empty_subgraph_is_no_graph() -> None:
    scheduler, _ = graph(Subgraph("empty"))
    with pytest.raises(GraphError, match=r"^nothing is registered$"):
        scheduler.run()
