"""What an exception of a callback means for its input, its node and the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import UsageError
from nandtrace.graph import Message, Node, Scheduler, record_graph
from nandtrace.graph.failures import KEPT_ERRORS
from tests.graph.nodes import Actor, ListLog, Ticker, advance, fails, graph, sayer, sink
from tests.graph.recordings import read_events

EDGE = "a:out->b:in"


def _fail_on(*payloads: Any, times: int = 1_000) -> Any:
    """A callback that raises for these payloads, so many times in all."""
    left = [times]

    def handle(node: Actor, port: str, message: Message) -> None:
        if message.payload in payloads and left[0]:
            left[0] -= 1
            raise RuntimeError(f"no {message.payload}")

    return handle


def _run(handler: Any, payloads: tuple[Any, ...], batch: int = 8, **settings: Any) -> Any:
    """Feed a node that may raise; returns what it got, the log and the report."""
    target = sink("b", message=handler, **settings)
    scheduler, log = graph(sayer("a", *payloads), target, max_batch_per_node=batch)
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    return target.got, log, report


def _story(log: ListLog) -> list[str]:
    return log.lines("TURN", "GET", "DELIVER", "ERROR", "DISABLE", "SHUTDOWN", "LEFTOVER")


# ---- messages


def test_skip_gives_up_the_message_and_goes_on_in_the_same_turn() -> None:
    got, log, report = _run(_fail_on(2), (1, 2, 3))
    assert got == [1, 2, 3]
    assert _story(log) == [
        "TURN b 1",
        f"GET 0 {EDGE} 2",
        f"DELIVER 0 b {EDGE} 1",
        f"GET 1 {EDGE} 1",
        f"DELIVER 1 b {EDGE} 1",
        f"ERROR b MESSAGE {EDGE} 1 1 SKIPPED RuntimeError: no 2",
        f"GET 2 {EDGE} 0",
        f"DELIVER 2 b {EDGE} 1",
        "SHUTDOWN FINISHED 2000001000",
    ]
    assert [str(error) for error in report.errors] == [f"b: message ({EDGE}): RuntimeError: no 2"]


def test_retry_holds_the_message_ends_the_turn_and_delivers_it_again() -> None:
    got, log, report = _run(_fail_on(1, times=1), (1, 2), on_error="retry")
    assert got == [1, 1, 2]
    assert _story(log) == [
        "TURN b 1",
        f"GET 0 {EDGE} 1",
        f"DELIVER 0 b {EDGE} 1",
        f"ERROR b MESSAGE {EDGE} 0 1 RETRIED RuntimeError: no 1",
        "TURN b 1",
        f"DELIVER 0 b {EDGE} 2",
        f"GET 1 {EDGE} 0",
        f"DELIVER 1 b {EDGE} 1",
        "SHUTDOWN FINISHED 2000002000",
    ]
    assert (report.turns, report.deliveries, report.error_count) == (2, 3, 1)


@pytest.mark.parametrize(("attempts", "tried"), [(1, 1), (2, 2), (3, 3), (5, 5)])
def test_after_the_last_attempt_the_message_is_given_up(attempts: int, tried: int) -> None:
    got, _, report = _run(_fail_on(1), (1, 2), on_error="retry", max_attempts=attempts)
    assert got == [1] * tried + [2]
    assert [error.attempt for error in report.errors] == list(range(1, tried + 1))
    assert [error.disposition for error in report.errors] == ["RETRIED"] * (tried - 1) + ["SKIPPED"]
    assert report.turns == tried + 1


def test_three_attempts_are_the_default() -> None:
    assert _run(_fail_on(1), (1,), on_error="retry")[0] == [1, 1, 1]


def test_a_held_message_waits_for_its_edges_turn() -> None:
    """The other input of equal priority is read before the retry; one of a higher priority too."""
    target = Actor("x", "in other", "", message=_fail_on("a1", times=1), on_error="retry")
    scheduler, _ = graph(sayer("a", "a1", "a2"), sayer("b", "b1", "b2"), target)
    scheduler.connect("a:out", "x:in")
    scheduler.connect("b:out", "x:other")
    scheduler.run()
    assert target.got == ["a1", "b1", "a1", "b2", "a2"]


def test_messages_of_a_higher_band_pass_one_that_is_held() -> None:
    target = Actor("x", "in knob", "", message=_fail_on("data"), on_error="retry")
    scheduler, _ = graph(target)
    data = scheduler.open_input("x:in")
    knob = scheduler.open_input("x:knob", priority="high")
    scheduler.start()
    scheduler.send(data, "data")
    scheduler.advance(1)
    scheduler.send(knob, "knob")
    scheduler.advance(1)
    assert target.got == ["data", "knob", "data"]


def test_a_held_message_makes_its_node_ready() -> None:
    got, log, _ = _run(_fail_on(1, times=2), (1,), on_error="retry")
    assert got == [1, 1, 1]
    assert log.lines("TURN", "IDLE") == ["TURN b 1"] * 3


def test_a_held_message_takes_no_room_on_its_edge() -> None:
    target = sink("b", message=_fail_on(1, times=1), on_error="retry")
    scheduler, log = graph(sayer("a", 1, 2, 3), target)
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert target.got == [1, 1, 2, 3]
    assert log.lines("GET", "FLUSH")[:2] == [f"GET 0 {EDGE} 0", f"FLUSH 1 {EDGE} 1"]


def test_a_message_held_at_the_deadline_is_left_over_first() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        if len(node.got) == 1:
            node.scheduler.shutdown()
        else:
            advance(node, 3_000)
        raise RuntimeError("not now")

    scheduler, log = graph(sayer("a", 1, 2, 3), sink("b", message=handle, on_error="retry"))
    scheduler.connect("a:out", "b:in", capacity=1)
    scheduler.run()
    assert log.lines("DELIVER", "SHUTDOWN", "LEFTOVER") == [
        f"DELIVER 0 b {EDGE} 1",
        "SHUTDOWN REQUESTED 2000001000",
        f"DELIVER 0 b {EDGE} 2",
        f"LEFTOVER 0 {EDGE} HELD",
        f"LEFTOVER 1 {EDGE} QUEUED",
        f"LEFTOVER 2 {EDGE} PENDING",
    ]


def test_stop_disables_the_node_and_shuts_the_graph_down() -> None:
    stopped: list[str] = []
    got, log, report = _run(
        _fail_on(2), (1, 2, 3), on_error="stop", stop=lambda node: stopped.append(node.name)
    )
    assert got == [1, 2]
    assert _story(log) == [
        "TURN b 1",
        f"GET 0 {EDGE} 2",
        f"DELIVER 0 b {EDGE} 1",
        f"GET 1 {EDGE} 1",
        f"DELIVER 1 b {EDGE} 1",
        f"ERROR b MESSAGE {EDGE} 1 1 STOPPED RuntimeError: no 2",
        f"DISABLE b {EDGE}",
        "SHUTDOWN ERROR 2000001000",
        f"LEFTOVER 2 {EDGE} QUEUED",
    ]
    assert stopped == ["b"]
    assert report.reason == "ERROR"
    assert report.disabled == {"b": (EDGE,)}


def test_others_drain_when_one_node_stops_the_graph() -> None:
    good = sink("c")
    scheduler, _ = graph(
        sayer("a", 1, 2), sink("b", message=fails, on_error="stop"), good, max_batch_per_node=1
    )
    scheduler.connect("a:out", "b:in", priority="high")
    scheduler.connect("a:out", "c:in")
    report = scheduler.run()
    assert good.got == [1, 2]
    assert [(item.edge, item.msgs) for item in report.leftovers] == [(EDGE, (1,))]


def test_what_a_callback_emitted_before_it_raised_stays_emitted() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        node.say(message.payload)
        raise RuntimeError("afterwards")

    target = sink("c")
    scheduler, _ = graph(sayer("a", 1), Actor("b", message=handle, on_error="retry"), target)
    scheduler.connect("a:out", "b:in")
    scheduler.connect("b:out", "c:in")
    scheduler.run()
    assert target.got == [1, 1, 1]


def test_an_error_concerns_one_node_only() -> None:
    good = sink("c")
    scheduler, _ = graph(sayer("a", 1, 2, 3), sink("b", message=fails), good)
    scheduler.connect("a:out", "b:in")
    scheduler.connect("a:out", "c:in")
    report = scheduler.run()
    assert good.got == [1, 2, 3]
    assert (report.error_count, report.reason) == (3, "FINISHED")


# ---- ticks


@pytest.mark.parametrize(
    ("policy", "got"),
    [("skip", ["TURN b 1", "DELIVER"]), ("retry", ["TURN b 1", "TURN b 1", "DELIVER"])],
)
def test_an_on_tick_that_raises_ends_the_turn_unless_the_policy_is_skip(
    policy: str, got: list[str]
) -> None:
    node = Ticker("b", "in", "", tick=fails, on_error=policy)
    scheduler, log = graph(Ticker("a", "", "out", tick=lambda node: node.say(1)), node)
    scheduler.connect("a:out", "b:in")
    scheduler.run(until_ms=1.5)
    lines = [line.split(" 0 ")[0] for line in log.lines("TURN", "DELIVER")]
    assert lines[1:] == got
    assert log.lines("ERROR") == ["ERROR b TICK - - - SKIPPED RuntimeError: no luck"]


def test_a_tick_under_the_policy_stop_disables_the_node() -> None:
    scheduler, log = graph(Ticker("a", "", "", tick=fails, on_error="stop"), Ticker("b", "", ""))
    report = scheduler.run()
    assert log.timed("TICK", "ERROR", "DISABLE", "SHUTDOWN", "STOP") == [
        (1_000_000, "TICK a 1000000 0"),
        (1_000_000, "ERROR a TICK - - - STOPPED RuntimeError: no luck"),
        (1_000_000, "DISABLE a -"),
        (1_001_000, "SHUTDOWN ERROR 2001001000"),
        (1_001_000, "STOP b"),
        (1_001_000, "STOP a"),
    ]
    assert (report.ticks, report.disabled) == (1, {"a": ()})


# ---- what is kept of an exception


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\n  b\tc"), "ValueError: a b c"),
        (ValueError(), "ValueError"),
        (KeyError("x"), "KeyError: 'x'"),
        (UsageError("no such option"), "UsageError: no such option"),
        (ValueError("x" * 500), "ValueError: " + "x" * 188),
    ],
)
def test_the_text_of_an_error_is_one_line(error: Exception, text: str) -> None:
    def start(node: Actor) -> None:
        raise error

    scheduler, log = graph(Actor("a", start=start))
    report = scheduler.run()
    assert log.lines("ERROR") == [f"ERROR a START - - - DISABLED {text}"]
    assert str(report.errors[0]) == f"a: start: {text}"
    assert report.errors[0].exception is error


def test_all_errors_are_counted_and_the_first_are_kept() -> None:
    scheduler, log = graph(Ticker("a", tick=fails))
    report = scheduler.run(until_ms=250.5)
    assert (report.error_count, len(report.errors)) == (250, KEPT_ERRORS)
    assert len(log.lines("ERROR")) == 250
    assert report.errors[-1].time_ns == KEPT_ERRORS * 1_000_000


# ---- what is no error of a node


class _Interrupted(Node):
    """Is interrupted by the user at its third tick."""

    desired_tick_interval_ms = 1

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ticked = 0

    def on_tick(self) -> None:
        self.ticked += 1
        if self.ticked == 3:
            raise KeyboardInterrupt


def test_a_keyboard_interrupt_goes_through() -> None:
    scheduler, log = graph(_Interrupted("a"))
    with pytest.raises(KeyboardInterrupt):
        scheduler.run()
    assert log.lines("ERROR", "STOP") == []


def test_an_interrupted_recording_leaves_no_trace(tmp_path: Path) -> None:
    scheduler = Scheduler()
    scheduler.register(_Interrupted("a"))
    with pytest.raises(KeyboardInterrupt):
        record_graph(tmp_path / "a.mpk", scheduler)
    assert list(tmp_path.iterdir()) == []


class _MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no comment")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (_MuteError(), "_MuteError, which raises when asked what it says"),
        (ValueError("a \udcff name"), "ValueError: a \\udcff name"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (KeyError(), "KeyError"),
    ],
)
def test_whatever_an_exception_says_can_be_written(
    tmp_path: Path, error: Exception, text: str
) -> None:
    def start(_: Node) -> None:
        raise error

    trace = tmp_path / "a.mpk"
    summary = record_graph(trace, Scheduler().register(Actor("a", start=start)))
    assert [str(item) for item in summary.report.errors] == [f"a: start: {text}"]
    (event,) = (event for event in read_events(trace) if event.kind == "ERROR")
    assert event.fields["error"] == text
