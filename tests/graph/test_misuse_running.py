"""Whatever is asked of a graph at the wrong time, or of the wrong edge, is a GraphError that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.graph import (
    GraphError,
    NullLog,
    Scheduler,
    VirtualClock,
    record_graph,
)
from tests.graph.misuse import EDGE, Typed, refused, wired
from tests.graph.nodes import Actor, Ticker, graph, sayer, sink

# ---- calls out of order


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("register", lambda scheduler: scheduler.register(Actor("z"))),
        ("connect", lambda scheduler: scheduler.connect("b:out", "a:in")),
        ("open_input", lambda scheduler: scheduler.open_input("a:in")),
        ("run", lambda scheduler: scheduler.run()),
        ("run", lambda scheduler: scheduler.start()),
        ("another clock", lambda scheduler: setattr(scheduler, "clock", VirtualClock())),
    ],
)
@pytest.mark.parametrize("is_over", [False, True])
def test_what_must_be_done_before_the_graph_runs(
    what: str, call: Callable[[Scheduler], object], is_over: bool
) -> None:
    scheduler = wired()
    scheduler.start()
    if is_over:
        assert scheduler.advance(10) is None
        scheduler.finish()
    text = f"{what}: the graph runs already, or did: a scheduler runs once"
    refused(lambda: call(scheduler), text)


@pytest.mark.parametrize(
    "call",
    [
        lambda scheduler: scheduler.shutdown(),
        lambda scheduler: scheduler.send("->a:in", 1),
        lambda scheduler: scheduler.advance(1),
        lambda scheduler: scheduler.finish(),
    ],
)
def test_what_must_wait_until_the_graph_runs(call: Callable[[Scheduler], object]) -> None:
    refused(lambda: call(wired()), "the graph is not running")


def test_an_empty_graph() -> None:
    refused(Scheduler().run, "nothing is registered")


def test_a_graph_too_large_for_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nandtrace.graph.plan.MAX_NAMES", 2)
    refused(wired().run, "2 nodes and 1 edges: more than 2")


@pytest.mark.parametrize("turns", [0, -1, True, 1.0])
def test_a_number_of_turns_that_is_none(turns: Any) -> None:
    scheduler = wired()
    scheduler.start()
    refused(lambda: scheduler.advance(turns), f"turns is {turns!r}, not a whole number from 1 on")


def test_finish_before_the_graph_is_over() -> None:
    scheduler = wired()
    scheduler.start()
    refused(scheduler.finish, "the graph is not over: shut it down and advance it until it is")


def test_a_graph_is_finished_once() -> None:
    scheduler, log = graph(Actor("a"))
    scheduler.start()
    scheduler.advance(1)
    scheduler.finish()
    with pytest.raises(GraphError):
        scheduler.finish()
    assert log.lines("STOP") == ["STOP a"]


@pytest.mark.parametrize(
    "call",
    [
        lambda scheduler: scheduler.advance(1),
        lambda scheduler: scheduler.finish(),
        lambda scheduler: scheduler.run(),
    ],
)
def test_a_callback_can_not_run_its_graph(call: Callable[[Scheduler], object]) -> None:
    refusals: list[str] = []

    def tick(node: Ticker) -> None:
        node.end_ticks()
        try:
            call(node.scheduler)
        except GraphError as error:
            refusals.append(str(error))

    scheduler, log = graph(Ticker("a", tick=tick), Ticker("b"))
    scheduler.run(until_ms=1.5)
    assert len(refusals) == 1
    assert log.lines("TURN") == ["TURN a 1", "TURN b 1"]


# ---- edges of a graph that runs


@pytest.mark.parametrize("is_running", [False, True])
def test_an_unknown_edge(is_running: bool) -> None:
    scheduler = wired()
    if is_running:
        scheduler.start()
        refused(lambda: scheduler.send("x->y", 1), "there is no edge 'x->y'")
    refused(lambda: scheduler.set_priority("x->y", 1), "there is no edge 'x->y'")
    refused(lambda: scheduler.set_capacity("x->y", 1), "there is no edge 'x->y'")


def test_an_edge_that_is_no_open_input() -> None:
    scheduler = wired()
    scheduler.start()
    refused(lambda: scheduler.send(EDGE, 1), f"edge {EDGE}: it is no open input, its node a emits")


def test_a_graph_that_is_over_is_left_alone() -> None:
    scheduler = wired()
    scheduler.open_input("b:in")
    scheduler.run()
    text = "edge {}: the graph is over"
    refused(lambda: scheduler.set_capacity(EDGE, 3), text.format(EDGE))
    refused(lambda: scheduler.set_priority(EDGE, 3), text.format(EDGE))
    refused(lambda: scheduler.send("->b:in", 3), text.format("->b:in"))


# ---- emitting


def test_emit_where_there_is_no_graph() -> None:
    node = Ticker("a")
    text = "node a: it is in no graph that runs"
    refused(lambda: node.emit("out", 1), text)
    refused(node.end_ticks, text)
    refused(lambda: node.scheduler, text)
    refused(lambda: node.clock, text)
    scheduler, _ = graph(node)
    refused(lambda: node.emit("out", 1), text)
    scheduler.run(until_ms=1)
    refused(lambda: node.emit("out", 1), text)
    refused(node.end_ticks, text)


def test_emit_between_two_turns() -> None:
    """A node emits in its callbacks; what comes from outside goes into open inputs."""
    source = sayer("a", 1)
    scheduler, log = graph(source, sink("b"))
    scheduler.connect("a:out", "b:in")
    scheduler.start()
    scheduler.advance(1)
    with pytest.raises(GraphError, match=r"^node a: "):
        source.emit("out", 2)
    assert len(log.lines("PUT")) == 1


def test_emit_in_the_callback_of_another_node() -> None:
    source = sayer("a", 1)
    other = sink("b", message=lambda node, *_: source.emit("out", 2))
    scheduler, log = graph(source, other)
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert [str(error) for error in report.errors] == [
        "b: message (a:out->b:in): GraphError: node a: it emits in its own callbacks only"
    ]
    assert len(log.lines("PUT")) == 1


@pytest.mark.parametrize(
    ("port", "payload", "text"),
    [
        ("nowhere", 1, "node a: there is no output 'nowhere'; it has out, text"),
        ("in", 1, "node a: there is no output 'in'; it has out, text"),
        ("out", "one", "node a: output out sends int, not str"),
        ("out", None, "node a: output out sends int, not NoneType"),
        ("text", 1, "node a: output text sends str, not int"),
    ],
)
def test_an_emit_that_is_wrong(port: str, payload: Any, text: str) -> None:
    node = Typed("a")
    node.on_start = lambda: node.emit(port, payload)  # type: ignore[method-assign]
    scheduler, log = graph(node, sayer("b"))
    scheduler.connect("b:out", "a:in")
    report = scheduler.run()
    assert [str(error) for error in report.errors] == [f"a: start: GraphError: {text}"]
    assert isinstance(report.errors[0].exception, GraphError)
    assert log.lines("PUT") == []


def test_an_emit_of_a_node_without_outputs() -> None:
    scheduler, _ = graph(Actor("a", "", "", start=lambda node: node.say(1)))
    report = scheduler.run()
    assert str(report.errors[0]).endswith("node a: there is no output 'out'; it has none")


# ---- recording


def _untouched(path: Path, scheduler: Scheduler, text: str, **options: Any) -> None:
    """Recording is refused, and the file that is there stays as it is."""
    path.write_bytes(b"kept")
    refused(lambda: record_graph(path, scheduler, **options), text)
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"kept"


@pytest.mark.parametrize("events", [0, -1])
def test_a_checkpoint_that_is_none(tmp_path: Path, events: int) -> None:
    text = f"checkpoint_events is {events}, not a number from 1 on"
    _untouched(tmp_path / "a.mpk", wired(), text, checkpoint_events=events)


def test_recording_a_graph_that_can_not_run_writes_nothing(tmp_path: Path) -> None:
    scheduler, _ = graph(Typed("b"))
    text = "node b: no edge leads to its input 'in', which needs one"
    _untouched(tmp_path / "a.mpk", scheduler, text)


def test_recording_a_graph_that_ran_already_writes_nothing(tmp_path: Path) -> None:
    scheduler = wired()
    scheduler.run()
    text = "run: the graph runs already, or did: a scheduler runs once"
    _untouched(tmp_path / "a.mpk", scheduler, text)


def test_recording_for_no_time_writes_nothing(tmp_path: Path) -> None:
    text = "until_ms is -1, not a positive time"
    _untouched(tmp_path / "a.mpk", wired(), text, until_ms=-1)


def test_recording_a_node_of_another_graph_writes_nothing(tmp_path: Path) -> None:
    node = Actor("a")
    first, second = Scheduler(log=NullLog()), Scheduler()
    first.register(node).start()
    second.register(node)
    _untouched(tmp_path / "a.mpk", second, "node a: it is in another graph that runs")
