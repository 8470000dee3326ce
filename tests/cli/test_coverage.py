"""The coverage command."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from tests.check.small_graph import record_graph
from tests.check.small_orders import record_orders

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where g.mpk and w.mpk are small traces of two domains."""
    monkeypatch.chdir(tmp_path)
    record_graph(Path("g.mpk"))
    record_orders(Path("w.mpk"))
    return tmp_path


def _rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


def test_domains_are_side_by_side(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "w.mpk", "g.mpk"]) == 0
    out = capsys.readouterr().out
    headlines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert headlines == [
        "graph: 1 traces, 24 events in 2 runs",
        "workorder: 1 traces, 30 events in 2 runs",
    ]
    assert ["put-results", "1", "6", "16.6", "%", "2"] in _rows(out)
    assert ["not", "evaluated:", "flush-prompt"] in _rows(out)


def test_the_order_of_the_traces_says_nothing(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "--json", "w.mpk", "g.mpk"]) == 0
    one = capsys.readouterr().out
    assert run(["coverage", "--json", "g.mpk", "w.mpk"]) == 0
    assert capsys.readouterr().out == one


def test_traces_are_merged(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "--json", "g.mpk", "g.mpk"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("coverage"))
    (domain,) = document["domains"]
    assert (domain["traces"], domain["events"], domain["runs"]) == (2, 48, 4)
    (puts,) = [table for table in domain["tables"] if table["name"] == "put-results"]
    assert puts["bins"] == [{"values": ["block", "DATA", "OK"], "count": 4}]
    assert (puts["hit"], puts["possible"], puts["percent"]) == (1, 6, 16.6)
    assert "missing" not in puts
    assert document["below"] == document["problems"] == []


def test_verbose_tells_what_was_not_hit(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "-v", "g.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("not hit in put-results:")
    assert lines[place + 1 : place + 4] == [
        "  block, CONTROL: BLOCKED, OK",
        "  block, DATA: BLOCKED",
        "  block, ERROR: BLOCKED, OK",
    ]
    assert "  REQUESTED, UNTIL" not in lines
    assert "  ERROR, REQUESTED, UNTIL" in lines
    assert run(["coverage", "-v", "--json", "g.mpk"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("coverage"))
    tables = {table["name"]: table for table in document["domains"][0]["tables"]}
    assert tables["shutdowns"]["missing"] == [["ERROR"], ["REQUESTED"], ["UNTIL"]]


def test_a_table_is_shown_whole(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "g.mpk", "--show", "shutdowns"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-6].strip() == "shutdowns: Why graphs shut down."
    assert _rows(out)[-5:] == [
        ["reason", "count"],
        ["ERROR", "0"],
        ["FINISHED", "1"],
        ["REQUESTED", "0"],
        ["UNTIL", "0"],
    ]


def test_too_little_fails(folder: Path, capsys: Capture) -> None:
    assert run(["coverage", "g.mpk", "--fail-under", "turns=100", "--fail-under", "10"]) == 0
    capsys.readouterr()
    assert run(["coverage", "g.mpk", "--fail-under", "put-results=16.7"]) == 1
    said = "BELOW  graph: put-results: 1 of 6, 16.6 %, is below 16.7 %"
    assert capsys.readouterr().out.splitlines()[-1] == said
    assert run(["coverage", "g.mpk", "--fail-under", "put-results=16.6", "--json"]) == 0


def test_what_can_not_be_read_is_told(folder: Path, capsys: Capture) -> None:
    Path("bad.mpk").write_bytes(b"nothing")
    assert run(["coverage", "g.mpk", "bad.mpk", "missing.mpk"]) == 3
    out = capsys.readouterr().out
    assert out.startswith("graph: 1 traces, 24 events in 2 runs\n")
    told = [line for line in out.splitlines() if line.startswith("not whole: ")]
    assert told[0].startswith("not whole: bad.mpk: byte 0: not a trace")
    assert told[1] == "not whole: missing.mpk: no such file"
    assert run(["coverage", "missing.mpk", "--fail-under", "1"]) == 1
    said = "BELOW  -: invariants: no trace could be read that has it"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'TRACE...'"),
        (["g.mpk", "--fail-under", "x=1"], "there is no 'x'"),
        (["g.mpk", "--show", "x"], "--show x: there is no such table; there are kinds, families"),
        (["nothing-*.mpk"], "matches no file"),
    ],
)
def test_a_wrong_call_is_refused(
    folder: Path, arguments: list[str], says: str, capsys: Capture
) -> None:
    assert run(["coverage", *arguments]) == 2
    assert says in capsys.readouterr().err
