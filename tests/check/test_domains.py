"""Domains: each is judged by its own invariants and those of every log, with its own facts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from nandtrace.check import Finding, Options, Status, invariant, load_invariants, state_at
from nandtrace.check import registry as registry_module
from nandtrace.check.event_facts import EventFacts
from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import Invariant
from nandtrace.check.tables import finding
from nandtrace.check.verdict import TraceVerdict, Verdict
from nandtrace.check.verify import verify_trace
from nandtrace.errors import UsageError
from nandtrace.pool import start_pool
from nandtrace.report.console import VerdictPrinter
from nandtrace.report.context import add_context
from nandtrace.report.verdict_json import verdict_document
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader, TraceWriter
from nandtrace.trace.header import Header
from nandtrace.vocab import GRAPH, NULL, Column, ColumnType, Kind, Vocabulary
from tests.check.native import legal_calls, record
from tests.check.small_graph import EDGE, graph_calls, record_graph

LOG = ("seq-dense", "time-monotone", "run-bracketed")
Capture = pytest.CaptureFixture[str]


@invariant(
    "no-messages",
    group="mine",
    sentence="Nothing is put on an edge.",
    rationale="A test of places.",
    source="this test",
    needs=("PUT",),
    domain="graph",
)
def no_messages(facts: GraphFacts) -> Finding:
    batch = facts.batch
    edges = [batch.name(code) for code in batch.column("PUT", "edge").tolist()]
    columns = {"seq": batch.seq[batch.rows("PUT")], "msg": batch.column("PUT", "msg")}
    places = {"edge": edges, "node": [None, "source"][: len(edges)]}
    frame = pl.DataFrame(columns | places)
    return finding(len(frame), frame, expected="none", actual=pl.format("message {}", "msg"))


@invariant(
    "runs-go-on",
    group="mine",
    sentence="A run goes on from the end snapshot of the one before.",
    rationale="A test of what is handed on.",
    source="this test",
    domain=("graph", "mine"),
)
def runs_go_on(facts: EventFacts) -> Finding:
    before, after = facts.carry.state, facts.batch.begin_states[0]
    places = [] if before in (None, after) else [int(facts.batch.seq[0])]
    frame = pl.DataFrame({"seq": places}, schema={"seq": pl.Int64})
    exercised = int(before is not None)
    return finding(1, frame, expected="the same", actual="another", exercised=exercised)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes invariants of this module plugins."""

    def add(*names: str) -> None:
        entries = [EntryPoint(name, f"{__name__}:{name}", "") for name in names]
        monkeypatch.setattr(registry_module, "plugins", lambda: entries)

    return add


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return record_graph(tmp_path / "graph.mpk")


def _statuses(verdict: TraceVerdict, ids: tuple[str, ...] = LOG) -> list[Status]:
    by_id = {item.id: item.status for item in verdict.invariants}
    return [by_id[name] for name in ids]


def test_the_log_of_a_graph_is_judged(graph: Path) -> None:
    verdict = verify_trace(graph, Options(only=LOG))
    assert (verdict.verdict, verdict.events, verdict.runs) == (Verdict.OK, 24, 2)
    assert _statuses(verdict) == [Status.HOLDS] * 3
    assert [item.evaluated for item in verdict.invariants] == [24, 24, 24]


def test_a_graph_is_judged_by_its_own_rules(graph: Path) -> None:
    verdict = verify_trace(graph, Options(require=("delivery", "checkpoint-continuity")))
    assert (verdict.verdict, verdict.unmet) == (Verdict.OK, [])


def test_a_graph_is_not_judged_by_rules_of_nand(graph: Path, tmp_path: Path) -> None:
    of_graph, of_nand = load_invariants("graph"), load_invariants("nand")
    assert [item.id for item in verify_trace(graph).invariants] == list(of_graph)
    assert set(of_graph) & set(of_nand) == set(LOG)
    nand = record(tmp_path / "nand.mpk", legal_calls())
    assert [item.id for item in verify_trace(nand).invariants] == list(of_nand)
    of_workorder = load_invariants("workorder")
    assert set(load_invariants()) == set(of_graph) | set(of_nand) | set(of_workorder)


def test_runs_of_a_graph_are_bracketed_across_batches(tmp_path: Path) -> None:
    calls = graph_calls()
    graph = record_graph(tmp_path / "graph.mpk", calls, chunk_events=5)
    for events in (1, 7, 500_000):
        verdict = verify_trace(graph, Options(only=LOG, batch_events=events))
        assert [item.evaluated for item in verdict.invariants] == [24, 24, 24]
        assert verdict.verdict is Verdict.OK


def _graph_device(folder: Path) -> dict[str, Any]:
    with TraceReader(record_graph(folder / "whole.mpk")) as reader:
        return reader.header.device


def _raw_graph(path: Path, rows: list[tuple[int, str, int]]) -> Path:
    """Events (time, kind, run) without values, as no recorder would write them."""
    writer = TraceWriter(path, Header(GRAPH, {}, _graph_device(path.parent)))
    for time_ns, name, run in rows:
        kind = GRAPH.by_name[name]
        writer.append(kind.code, time_ns, run, [NULL] * len(kind.columns))
    writer.close()
    return path


def test_what_is_wrong_with_the_log_of_a_graph(tmp_path: Path) -> None:
    rows = [(5, "RUN_BEGIN", 0), (3, "IDLE", 0), (7, "RUN_END", 2), (7, "RUN_BEGIN", 1)]
    verdict = verify_trace(_raw_graph(tmp_path / "raw.mpk", rows), Options(only=LOG))
    found = {item.id: [v.seq for v in item.violations] for item in verdict.invariants}
    assert found == {"seq-dense": [], "time-monotone": [1], "run-bracketed": [2, 3]}
    first = verdict.invariants[1].violations[0]
    assert (first.kind, first.place) == ("IDLE", {})
    assert (first.expected, first.actual) == ("a time of at least 0.005 µs", "0.003 µs")


def test_a_violation_names_node_edge_and_message(
    graph: Path, plugins: Callable[..., None], capsys: Capture
) -> None:
    plugins("no_messages")
    verdict = verify_trace(graph, Options(only=("no-messages",)))
    (result,) = verdict.invariants
    assert [violation.place for violation in result.violations] == [
        {"edge": EDGE, "msg": 0},
        {"node": "source", "edge": EDGE, "msg": 1},
    ]
    add_context(verdict)
    document = verdict_document([verdict])
    jsonschema.validate(document, load_schema("verdict"))
    told = document["traces"][0]["invariants"][0]
    second = told["violations"][1]
    assert [second[key] for key in ("seq", "node", "edge", "msg")] == [15, "source", EDGE, 1]
    assert [line.split() for line in told["first"]["around"]] == [
        ["3", "0", "0.000", "IDLE", "until_us=1000"],
        ["4", "0", "1000.000", "TURN", "node=source", "band=normal"],
        ["5", "0", "1000.000", "TICK", "node=source", "due_us=1000", "missed=0"],
        ["6", "0", "1000.000", "PUT", "msg=0", f"edge={EDGE}", "type=DATA", "result=OK", "depth=1"],
        ["7", "0", "1001.000", "TURN", "node=sink", "band=normal"],
        ["8", "0", "1001.000", "GET", "msg=0", f"edge={EDGE}", "depth=0"],
        ["9", "0", "1001.000", "DELIVER", "msg=0", "node=sink", f"edge={EDGE}", "attempt=1"],
    ]
    VerdictPrinter().show(verdict)
    assert f"    event 15, run 1, 2000 µs, PUT, node source, edge {EDGE}, msg 1" in (
        capsys.readouterr().out.splitlines()
    )


def test_the_end_snapshot_is_handed_on(tmp_path: Path, plugins: Callable[..., None]) -> None:
    plugins("runs_go_on")
    options = Options(only=("runs-go-on",), batch_events=1)
    calls = graph_calls()
    (result,) = verify_trace(record_graph(tmp_path / "a.mpk", calls), options).invariants
    assert (result.evaluated, result.exercised, result.violated) == (1, 0, 0)
    # In chunks of a run each, every run is a batch.
    path = record_graph(tmp_path / "b.mpk", calls, chunk_events=11)
    (result,) = verify_trace(path, options).invariants
    assert (result.evaluated, result.exercised, result.violated) == (2, 1, 0)
    begin = next(values for name, values in calls[1:] if name == "begin_run")
    begin["snapshot"] = begin["snapshot"] | {"next_msg": 7}
    path = record_graph(tmp_path / "c.mpk", calls, chunk_events=11)
    (result,) = verify_trace(path, options).invariants
    assert [violation.seq for violation in result.violations] == [11]


def test_workers_judge_a_graph(tmp_path: Path) -> None:
    calls = graph_calls()
    graph = record_graph(tmp_path / "graph.mpk", calls, chunk_events=5)
    with start_pool(1) as pool:
        there = verify_trace(graph, Options(batch_events=5), pool)
    here = verify_trace(graph, Options(batch_events=5))
    assert _statuses(there) == [Status.HOLDS] * 3
    assert there == here


MINE = Vocabulary(
    "mine",
    (
        Kind(0, "RUN_BEGIN"),
        Kind(1, "RUN_END"),
        Kind(2, "STEP", (Column("name", ColumnType.NAME),)),
    ),
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A trace of a domain that nandtrace knows nothing of."""
    path = tmp_path / "mine.mpk"
    writer = TraceWriter(path, Header(MINE, {}, {"topology": "no map, but it is not of nand"}))
    for code in (0, 2, 2, 1):
        writer.append(code, 0, 0, [writer.code("a")] * (code == 2))
    writer.close()
    return path


@pytest.mark.parametrize("only", [(), ("seq-dense",)])
def test_a_domain_that_no_invariant_is_for(mine: Path, only: tuple[str, ...]) -> None:
    verdict = verify_trace(mine, Options(only=only))
    assert verdict.verdict is Verdict.UNKNOWN
    which = "chosen invariants" if only else "invariants"
    assert verdict.error == f"{mine}: header: none of the {which} is for the domain 'mine'"


def test_a_domain_of_a_plugin(mine: Path, plugins: Callable[..., None]) -> None:
    plugins("runs_go_on")
    verdict = verify_trace(mine)
    assert verdict.verdict is Verdict.OK
    assert _statuses(verdict, (*LOG, "runs-go-on")) == [*[Status.HOLDS] * 3, Status.NOT_EXERCISED]
    assert len(verdict.invariants) == 4


def test_only_invariants_of_another_domain(graph: Path) -> None:
    verdict = verify_trace(graph, Options(only=("page-ascending",)))
    assert verdict.error == (
        f"{graph}: header: none of the chosen invariants is for the domain 'graph'"
    )


def test_invariants_say_their_domains() -> None:
    def decorated(**options: Any) -> Invariant:
        texts = dict.fromkeys(("group", "sentence", "rationale", "source"), "")
        return invariant("an-id", **texts, **options)(lambda facts: finding)

    assert decorated().domains == ("nand",)
    assert decorated(domain="graph").domains == ("graph",)
    assert decorated(domain=["graph", "mine"]).domains == ("graph", "mine")
    assert decorated(domain=None).domains == ()
    assert decorated(domain=None).is_for("mine")
    assert not decorated().is_for("graph")


def test_a_graph_has_no_device_state(graph: Path) -> None:
    with pytest.raises(UsageError, match="of the domain graph"):
        state_at(graph, 3)


@pytest.mark.parametrize(
    ("domain", "unwanted"),
    [("nand", "nandtrace.check.graph"), ("graph", "nandtrace.check.invariants.nand_")],
)
def test_a_trace_needs_no_rules_of_other_domains(
    domain: str, unwanted: str, graph: Path, tmp_path: Path
) -> None:
    trace = graph if domain == "graph" else record(tmp_path / "nand.mpk", legal_calls())
    script = (
        "import sys; from nandtrace.cli.main import run; run(['verify', sys.argv[1]]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(trace)], capture_output=True, text=True, check=True
    )
    modules = ran.stderr.split()
    assert "nandtrace.check.verify" in modules
    assert [name for name in modules if name.startswith(unwanted)] == []


def test_a_snapshot_of_no_shape_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "forged.mpk"
    writer = TraceWriter(path, Header(GRAPH, {}, _graph_device(tmp_path)))
    writer.append(GRAPH.by_name["RUN_BEGIN"].code, 0, 0, [])
    writer.snapshot({"clock_ns": "now", "edges": 7})
    writer.append(GRAPH.by_name["RUN_END"].code, 0, 0, [writer.code("FINISHED")])
    writer.close()
    error = verify_trace(path, Options(only=LOG)).error
    assert error is not None
    assert "the snapshot of event 1: " in error
