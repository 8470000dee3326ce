"""The trace of a graph: complete, the same bytes in any process, and cut where it may be cut."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check.verify import verify_trace
from nandtrace.graph import (
    Message,
    RealClock,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
    record_graph,
)
from nandtrace.trace import TraceReader
from tests.graph.nodes import Actor, ListLog, Ticker, echo, fails, graph, sayer, sink
from tests.graph.recordings import (
    StepRecording,
    busy,
    read_events,
    read_states,
    verify,
    violated,
)

ROOT = Path(__file__).parents[2]

RECORD = """
import sys
from nandtrace.graph import record_graph
from tests.graph.recordings import busy
record_graph(sys.argv[1], busy(), until_ms=2, checkpoint_events=500)
"""


def _small() -> Scheduler:
    scheduler = Scheduler()
    scheduler.register(sayer("a", 1, 2)).register(sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1, policy="drop")
    return scheduler


def test_a_small_trace_event_by_event(tmp_path: Path) -> None:
    summary = record_graph(tmp_path / "a.mpk", _small(), identity={"target": "small"})
    events = [
        (event.time_ns, event.kind, event.fields) for event in read_events(tmp_path / "a.mpk")
    ]
    edge = "a:out->b:in"
    put = {"edge": edge, "type": "DATA", "depth": 1}
    assert events == [
        (0, "RUN_BEGIN", {}),
        (0, "START", {"node": "a"}),
        (0, "PUT", {**put, "msg": 0, "result": "OK", "trace_id": 0}),
        (0, "PUT", {**put, "msg": 1, "result": "DROPPED", "trace_id": 1}),
        (0, "START", {"node": "b"}),
        (0, "TURN", {"node": "b", "band": 1}),
        (0, "GET", {"msg": 0, "edge": edge, "depth": 0}),
        (0, "DELIVER", {"msg": 0, "node": "b", "edge": edge, "attempt": 1}),
        (1_000, "SHUTDOWN", {"reason": "FINISHED", "deadline_ns": 2_000_001_000}),
        (1_000, "STOP", {"node": "b"}),
        (1_000, "STOP", {"node": "a"}),
        (1_000, "RUN_END", {"end": "FINISHED"}),
    ]
    assert (summary.events, summary.runs, summary.report.deliveries) == (12, 1, 1)
    assert summary.bytes == (tmp_path / "a.mpk").stat().st_size


def test_the_header_has_the_graph_and_the_first_and_last_states(tmp_path: Path) -> None:
    record_graph(tmp_path / "a.mpk", _small(), identity={"target": "small"})
    with TraceReader(tmp_path / "a.mpk") as reader:
        header = reader.header
    assert header.identity == {"generator": "nandtrace.graph", "version": 1, "target": "small"}
    node = {
        "tick_interval_ns": None,
        "priority_override": None,
        "on_error": "skip",
        "max_attempts": 3,
    }
    assert header.device == {
        "fairness_ratio": {"control": 4, "high": 2, "normal": 1},
        "max_batch_per_node": 8,
        "shutdown_timeout_ns": 2_000_000_000,
        "nodes": [{"name": "a", **node}, {"name": "b", **node}],
        "edges": [
            {
                "id": "a:out->b:in",
                "source": "a",
                "source_port": "out",
                "target": "b",
                "target_port": "in",
                "capacity": 1,
                "policy": "drop",
                "priority": 1,
            }
        ],
    }
    edge = {"id": "a:out->b:in", "capacity": 1, "priority": 1}
    empty = {**edge, "queued": [], "pending": [], "held": None}
    begin = {
        "clock_ns": 0,
        "next_msg": 0,
        "credits": {"control": 4, "high": 2, "normal": 1},
        "nodes": [{"name": name, "state": "NEW", "due_ns": None} for name in "ab"],
        "edges": [empty],
        "ready": {"control": [], "high": [], "normal": []},
        "shutdown": None,
    }
    assert read_states(tmp_path / "a.mpk") == [
        (0, begin),
        (
            11,
            {
                **begin,
                "clock_ns": 1_000,
                "next_msg": 2,
                "credits": {"control": 4, "high": 2, "normal": 0},
                "nodes": [{"name": name, "state": "STOPPED", "due_ns": None} for name in "ab"],
                "shutdown": {"reason": "FINISHED", "deadline_ns": 2_000_001_000},
            },
        ),
    ]


def test_a_state_between_turns_has_all_that_is_under_way(tmp_path: Path) -> None:
    """Checkpoints are looked for every sixteen turns: one held, one queued, one pending then."""
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=1))
    scheduler.register(sayer("a", 1, 2, 3)).register(
        sink("b", message=fails, on_error="retry", max_attempts=100)
    )
    scheduler.register(Ticker("t")).register(Actor("f", start=fails))
    scheduler.connect("a:out", "b:in", capacity=1, priority="high")
    record_graph(tmp_path / "a.mpk", scheduler, until_ms=0.017, checkpoint_events=1)
    seq, state = read_states(tmp_path / "a.mpk")[1]
    assert read_events(tmp_path / "a.mpk")[seq].fields == {"end": "CHECKPOINT"}
    assert state == {
        "clock_ns": 16_000,
        "next_msg": 3,
        "credits": {"control": 4, "high": 0, "normal": 1},
        "nodes": [
            {"name": "a", "state": "RUNNING", "due_ns": None},
            {"name": "b", "state": "RUNNING", "due_ns": None},
            {"name": "t", "state": "RUNNING", "due_ns": 1_000_000},
            {"name": "f", "state": "DISABLED", "due_ns": None},
        ],
        "edges": [
            {
                "id": "a:out->b:in",
                "capacity": 1,
                "priority": 2,
                "queued": [[1, False]],
                "pending": [[2, False]],
                "held": [0, 16],
            }
        ],
        "ready": {"control": [], "high": ["b"], "normal": []},
        "shutdown": None,
    }


# ---- determinism


def test_a_graph_records_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    record_graph(tmp_path / "here.mpk", busy(), until_ms=2, checkpoint_events=500)
    expected = (tmp_path / "here.mpk").read_bytes()
    for seed in ("0", "1", "random"):
        path = tmp_path / f"{seed}.mpk"
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", RECORD, str(path)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        assert path.read_bytes() == expected
    assert len(expected) > 20_000


def test_a_compressed_trace_has_the_same_digest(tmp_path: Path) -> None:
    plain = record_graph(tmp_path / "a.mpk", busy(), until_ms=1)
    packed = record_graph(tmp_path / "b.mpk", busy(), until_ms=1, compress=True)
    assert packed.digest == plain.digest
    assert packed.bytes < plain.bytes


def test_a_log_changes_no_decision(tmp_path: Path) -> None:
    """Recorded, listed or kept nowhere: the same report, as far as it can be compared."""
    recorded = record_graph(tmp_path / "a.mpk", busy(), until_ms=1).report
    listed = busy()
    listed.log = log = ListLog()
    reports = [recorded, listed.run(until_ms=1), busy().run(until_ms=1)]
    for report in reports[1:]:
        assert (report.turns, report.deliveries, report.leftovers) == (
            recorded.turns,
            recorded.deliveries,
            recorded.leftovers,
        )
    kinds = [event.kind for event in read_events(tmp_path / "a.mpk")]
    assert [kind for kind in kinds if kind not in ("RUN_BEGIN", "RUN_END")] == [
        kind for _, kind, _ in log.entries
    ]


# ---- checkpoints


def _decisions(path: Path) -> list[tuple[int, str, dict[str, Any]]]:
    return [
        (event.time_ns, event.kind, event.fields)
        for event in read_events(path)
        if event.kind not in ("RUN_BEGIN", "RUN_END")
    ]


@pytest.mark.parametrize("checkpoint_events", [1, 300, 5_000])
def test_checkpoints_change_no_decision(tmp_path: Path, checkpoint_events: int) -> None:
    whole = record_graph(tmp_path / "whole.mpk", busy(), until_ms=2)
    cut = record_graph(
        tmp_path / "cut.mpk", busy(), until_ms=2, checkpoint_events=checkpoint_events
    )
    assert (whole.runs, cut.runs > 1) == (1, True)
    assert _decisions(tmp_path / "cut.mpk") == _decisions(tmp_path / "whole.mpk")


def test_a_run_begins_in_the_state_in_which_the_one_before_ended(tmp_path: Path) -> None:
    summary = record_graph(tmp_path / "a.mpk", busy(), until_ms=2, checkpoint_events=300)
    events, states = read_events(tmp_path / "a.mpk"), read_states(tmp_path / "a.mpk")
    assert len(states) == 2 * summary.runs
    assert summary.runs > 10
    boundaries = [event for event in events if event.kind in ("RUN_BEGIN", "RUN_END")]
    assert [seq for seq, _ in states] == [event.seq for event in boundaries]
    for place in range(1, len(states) - 1, 2):
        end, begin = boundaries[place : place + 2]
        assert (end.kind, end.fields) == ("RUN_END", {"end": "CHECKPOINT"})
        assert (begin.kind, begin.time_ns, begin.seq) == ("RUN_BEGIN", end.time_ns, end.seq + 1)
        assert states[place][1] == states[place + 1][1]


def test_checkpoints_come_about_every_so_many_events(tmp_path: Path) -> None:
    record_graph(tmp_path / "a.mpk", busy(), until_ms=4, checkpoint_events=1_000)
    begins = [event.seq for event in read_events(tmp_path / "a.mpk") if event.kind == "RUN_BEGIN"]
    lengths = [later - earlier for earlier, later in pairwise(begins)]
    assert min(lengths) >= 1_000
    assert max(lengths) < 1_500


# ---- verdicts


@pytest.mark.parametrize("until_ms", [0.05, 1, 4])
@pytest.mark.parametrize("checkpoint_events", [1, 1_000, 100_000])
def test_a_busy_graph_verifies(tmp_path: Path, until_ms: float, checkpoint_events: int) -> None:
    path = tmp_path / "a.mpk"
    record_graph(path, busy(), until_ms=until_ms, checkpoint_events=checkpoint_events)
    assert verify(path) == []


def test_the_busy_graph_exercises_the_catalogue(tmp_path: Path) -> None:
    record_graph(tmp_path / "a.mpk", busy(), until_ms=4, checkpoint_events=1_000)
    verdict = verify_trace(tmp_path / "a.mpk")
    assert violated(verdict) == []
    idle = [item.id for item in verdict.invariants if not item.exercised]
    assert idle == []


def test_a_run_by_the_real_clock_is_recorded_and_verifies(tmp_path: Path) -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        echo(node, port, message)
        if message.payload == 40:
            node.scheduler.shutdown()

    scheduler = Scheduler(clock=RealClock())
    source = Ticker("a", "", "out", tick=lambda node: node.say(*[node.ticked] * 3))
    source.desired_tick_interval_ms = 0.2
    scheduler.register(source).register(Actor("b", message=handle)).register(sink("c"))
    scheduler.connect("a:out", "b:in", capacity=2)
    scheduler.connect("b:out", "c:in", capacity=1)
    summary = record_graph(tmp_path / "a.mpk", scheduler, checkpoint_events=50)
    assert summary.report.reason == "REQUESTED"
    assert summary.runs > 1
    assert verify(tmp_path / "a.mpk") == []


def test_a_graph_recorded_in_steps_with_messages_from_outside_verifies(tmp_path: Path) -> None:
    scheduler, _ = graph(Actor("b", message=echo), sink("c"), Ticker("t"), max_batch_per_node=1)
    scheduler.connect("b:out", "c:in", capacity=1)
    edge = scheduler.open_input("b:in", capacity=2, priority="control")
    recording = StepRecording(tmp_path / "a.mpk", scheduler, 40)
    scheduler.start()
    for number in range(200):
        scheduler.send(edge, number)
        if number % 3:
            scheduler.set_capacity(edge, 1 + number % 5)
            scheduler.advance(1 + number % 2)
    scheduler.shutdown()
    while scheduler.advance(10) is not None:
        pass
    assert recording.finish().reason == "REQUESTED"
    assert verify(tmp_path / "a.mpk") == []


# ---- nothing grows


def test_nothing_grows_with_the_length_of_a_run() -> None:
    """What the scheduler holds after 25 000 turns is no more than it held after 5 000."""

    def sizes(scheduler: Scheduler) -> dict[str, int]:
        engine: Any = scheduler._engine
        return {
            "timers": len(engine._timers._heap),
            "ready": sum(len(nodes) for nodes in engine._bands.ready.values()),
            "errors": len(engine._failures.kept),
            "queued": sum(len(edge.queue) + len(edge.pending) for edge in engine._edges),
            "inputs": sum(len(node.inputs) for node in engine._nodes),
        }

    scheduler = busy()
    scheduler.start()
    scheduler.advance(5_000)
    early = sizes(scheduler)
    scheduler.advance(20_000)
    late = sizes(scheduler)
    assert early["timers"] <= 4
    assert late["timers"] <= 4
    assert early["errors"] == late["errors"] == 100
    assert early["inputs"] == late["inputs"] == 17
    assert late["ready"] <= 13
    assert abs(late["queued"] - early["queued"]) < 20


def test_as_many_different_errors_as_there_are_can_be_recorded(tmp_path: Path) -> None:
    """A chunk holds so many names; a node that says something new each time must not fill it up."""

    def tick(node: Ticker) -> None:
        raise ValueError(f"unlike any before: {node.ticked}")

    scheduler = Scheduler(clock=VirtualClock())
    scheduler.register(Ticker("a", tick=tick, desired_tick_interval_ms=0.002))
    summary = record_graph(tmp_path / "a.mpk", scheduler, until_ms=141)
    assert summary.report.error_count == 70_499
    texts = {
        event.fields["error"] for event in read_events(tmp_path / "a.mpk") if event.kind == "ERROR"
    }
    assert len(texts) == 70_499


def test_hooks_are_called_beside_a_recording(tmp_path: Path) -> None:
    alone, beside = ListLog(), ListLog()
    scheduler = busy()
    scheduler.log = alone
    scheduler.run(until_ms=1)
    scheduler = busy()
    scheduler.log = beside
    record_graph(tmp_path / "hooked.mpk", scheduler, until_ms=1, checkpoint_events=200)
    record_graph(tmp_path / "plain.mpk", busy(), until_ms=1, checkpoint_events=200)
    assert beside.timed() == alone.timed()
    assert (tmp_path / "hooked.mpk").read_bytes() == (tmp_path / "plain.mpk").read_bytes()
