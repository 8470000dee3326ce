"""The commands on a graph trace: those that read any trace, and those that are for nand alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.report.companion import companion_text
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader
from nandtrace.trace.graph_recorder import GraphNode
from tests.check.small_graph import EDGE, NODES, Call, graph_calls, record_graph

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """24 events in 3 chunks: a checkpoint at event 10, the end at 23."""
    monkeypatch.chdir(tmp_path)
    return record_graph(Path("a.mpk"), chunk_events=8)


def _changed(kind: str, at: int, **values: Any) -> list[Call]:
    calls = graph_calls()
    places = [place for place, (name, _) in enumerate(calls) if name == kind]
    calls[places[at]] = (kind, calls[places[at]][1] | values)
    return calls


def test_cat(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# domain: graph"
    assert lines[7].startswith("# device.nodes[1]: {max_attempts: 3, name: sink, ")
    at = next(place for place, line in enumerate(lines) if "RUN_BEGIN" in line)
    assert lines[at + 1 : at + 3] == [
        "          snapshot clock_ns=0",
        "          snapshot next_msg=0",
    ]
    assert "          snapshot nodes[0]={name: source, state: NEW, due_ns: null}" in lines
    events = [line for line in lines if not line.startswith(("#", "          "))]
    assert events[3:10] == [
        "        3    0          0.000 IDLE         until_us=1000",
        "        4    0       1000.000 TURN         node=source band=normal",
        "        5    0       1000.000 TICK         node=source due_us=1000 missed=0",
        f"        6    0       1000.000 PUT          msg=0 edge={EDGE} type=DATA result=OK depth=1",
        "        7    0       1001.000 TURN         node=sink band=normal",
        f"        8    0       1001.000 GET          msg=0 edge={EDGE} depth=0",
        f"        9    0       1001.000 DELIVER      msg=0 node=sink edge={EDGE} attempt=1",
    ]


def test_cat_as_json_has_plain_numbers(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk", "--json", "--kind", "TURN", "--run", "1"]) == 0
    header, *events = map(json.loads, capsys.readouterr().out.splitlines())
    assert header["domain"] == "graph"
    assert [event["fields"] for event in events] == [
        {"node": "source", "band": 1},
        {"node": "sink", "band": 1},
    ]


def test_a_large_graph_is_counted(tmp_path: Path, capsys: Capture) -> None:
    nodes = (*NODES, *(GraphNode(f"n{number}") for number in range(98)))
    path = str(record_graph(tmp_path / "large.mpk", nodes=nodes))
    for command in ("info", "cat"):
        assert run([command, path]) == 0
        assert "device.nodes: 100 entries" in capsys.readouterr().out
        assert run([command, path, "--header"]) == 0
        assert "device.nodes[99]: {max_attempts: 3, name: n97, " in capsys.readouterr().out


def test_info(trace: Path, capsys: Capture) -> None:
    assert run(["info", "a.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  domain: graph"
    assert "  device.max_batch_per_node: 8" in lines
    assert lines[lines.index("  runs: 2") + 1 :][:3] == [
        "  events: 24",
        "    DELIVER: 2",
        "    GET: 2",
    ]
    assert run(["info", "a.mpk", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("info"))
    assert report["traces"][0]["domain"] == "graph"


def test_diff_counts_by_node(trace: Path, capsys: Capture) -> None:
    calls = [call for call in graph_calls() if call[0] != "ticks_end"]
    record_graph(Path("b.mpk"), calls)
    assert run(["diff", "a.mpk", "b.mpk", "-U", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == "first divergence: event 16, run 1, 2000.000 µs, TICKS_END -> TURN"
    assert "  by node, in the 8 events from the divergence on: source: 2 -> 1 (-1)" in lines
    assert not [line for line in lines if "by die" in line]
    assert run(["diff", "a.mpk", "b.mpk", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("diff"))
    assert report["aftermath"]["dies"] == {}
    assert report["aftermath"]["nodes"] == {"sink": {"a": 3, "b": 3}, "source": {"a": 2, "b": 1}}


def test_diff_names_bands_and_edges(trace: Path, capsys: Capture) -> None:
    record_graph(Path("b.mpk"), _changed("turn", 1, band=3))
    assert run(["diff", "a.mpk", "b.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "  band: normal -> control" in lines
    assert "  by node, in the 17 events from the divergence on: as many of each" in lines


def test_diff_shows_what_a_graph_was_made_of(trace: Path, capsys: Capture) -> None:
    record_graph(Path("b.mpk"), max_batch_per_node=2)
    assert run(["diff", "a.mpk", "b.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [
        "different: the headers; the events are the same",
        "",
        "header",
        "  device.max_batch_per_node: 8 -> 2",
    ]


def test_the_companion_of_a_graph(trace: Path) -> None:
    with TraceReader(trace) as reader:
        lines = companion_text(reader, {"shows": "a hand-over"}).splitlines()
    assert lines[0] == "shows: a hand-over"
    assert lines[2:4] == ["runs: 2", "simulated time: 2002 µs"]
    assert lines[-2:] == ["deliveries: 2", f"  {EDGE}: 2"]
