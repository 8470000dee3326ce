"""nandtrace diff, as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]
Record = Callable[..., Path]
SmallCalls = Callable[..., Any]


@pytest.fixture
def pair(record: Record, small_calls: SmallCalls, monkeypatch: pytest.MonkeyPatch) -> Path:
    """a.mpk and b.mpk, whose sixth COMMIT ends 10 ns later, in the current folder."""
    changed = small_calls()
    changed[23][1]["end_ns"] += 10
    old = record("a.mpk", small_calls())
    record("b.mpk", changed)
    monkeypatch.chdir(old.parent)
    return old.parent


def _git(*arguments: str) -> None:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *settings, *arguments], check=True, capture_output=True, env=environment)


def test_the_first_divergence(pair: Path, capsys: Capture) -> None:
    assert run(["diff", "a.mpk", "b.mpk", "-U", "1"]) == 1
    commit = 'COMMIT       seg=5 op=5 op_name="Program SLC" base=PROGRAM_SLC source=PROPOSAL'
    assert capsys.readouterr().out.splitlines() == [
        "A a.mpk",
        "B b.mpk",
        "different: the events",
        "",
        "first divergence: event 23, run 1, 101.000 µs, COMMIT",
        "  end_us: 101.5 -> 101.51",
        "",
        "         22    1        100.500 APPLY_PGM    seg=4 celltype=SLC aborted=no cells=0.0.2",
        f"-        23    1        101.000 {commit} start_us=101 end_us=101.5 targets=1.0.0.2",
        "-        24    1        101.000 OP_START     seg=5",
        f"+        23    1        101.000 {commit} start_us=101 end_us=101.51 targets=1.0.0.2",
        "+        24    1        101.000 OP_START     seg=5",
        "",
        "summary, A -> B",
        "  events: 54",
        "  runs: 3",
        "  by kind: as many of each",
        "  by die, in the 31 events from the divergence on: die 0: 6, die 1: 8",
        "  equal again from event 24 on, for at least 30 events",
    ]


def test_json(pair: Path, capsys: Capture) -> None:
    assert run(["diff", "--json", "a.mpk", "b.mpk"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("diff"))
    assert report["result"] == "different"
    assert report["divergence"]["seq"] == 23
    assert report["divergence"]["fields"] == [{"path": "end_ns", "old": 101_500, "new": 101_510}]
    assert report["divergence"]["a"]["fields"]["targets"] == [
        {"die": 1, "plane": 0, "block": 0, "page": 2}
    ]
    assert report["aftermath"]["realignment"] == {"a": 24, "b": 24, "equal": 30}


def test_json_of_every_other_kind_of_result(
    pair: Path, record: Record, small_calls: SmallCalls, capsys: Capture
) -> None:
    changed = small_calls(runs=4)
    changed[0][1]["snapshot"]["raw"] = b"\x00\xff"
    record("c.mpk", changed, identity={"seed": 1})
    (pair / "cut.mpk").write_bytes((pair / "a.mpk").read_bytes()[:-1])
    record("long.mpk", small_calls(runs=4))
    codes = []
    for other in ("a.mpk", "c.mpk", "cut.mpk", "long.mpk"):
        codes.append(run(["diff", "--json", "a.mpk", other]))
        jsonschema.validate(json.loads(capsys.readouterr().out), load_schema("diff"))
    assert codes == [0, 1, 3, 1]


def test_a_snapshot_that_differs_shows_equal_events_once(
    pair: Path, record: Record, small_calls: SmallCalls, capsys: Capture
) -> None:
    changed = small_calls()
    changed[0][1]["snapshot"]["ongoing"] = [[7]]
    record("c.mpk", changed)
    assert run(["diff", "a.mpk", "c.mpk"]) == 1
    out = capsys.readouterr().out
    assert "first divergence: event 0, run 0, 0.000 µs, RUN_BEGIN\n  snapshot\n    ongoing" in out
    shown = [line for line in out.splitlines() if line[2:12].strip().isdigit()]
    assert [int(line[2:12]) for line in shown] == [0, 1, 2, 3]
    assert not [line for line in shown if line[0] in "-+"]


def test_same(pair: Path, record: Record, small_calls: SmallCalls, capsys: Capture) -> None:
    assert run(["diff", "a.mpk", "a.mpk"]) == 0
    assert "same: 54 events, digest " in capsys.readouterr().out
    record("c.mpk", small_calls(), chunk_events=5, compress=True)
    assert run(["diff", "a.mpk", "c.mpk"]) == 0
    assert capsys.readouterr().out == "A a.mpk\nB c.mpk\nsame: 54 events, in other chunks\n"


def test_equal_traces_load_no_library_for_structures_or_tables(pair: Path) -> None:
    code = (
        "import sys; from nandtrace.cli.main import run; assert run(['diff', 'a.mpk', 'a.mpk']) == 0;"
        "sys.exit(bool({'deepdiff', 'polars', 'jsonschema'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_headers_come_first(
    pair: Path, record: Record, small_calls: SmallCalls, capsys: Capture
) -> None:
    record("c.mpk", small_calls(), identity={"seed": 1})
    record("d.mpk", small_calls(), identity={"seed": 2, "bands": [1, 2]})
    assert run(["diff", "c.mpk", "d.mpk"]) == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "different: the headers; the events are the same",
        "",
        "header",
        "  identity.bands: (absent) -> [1, 2]",
        "  identity.seed: 1 -> 2",
    ]


def test_incomplete(pair: Path, capsys: Capture) -> None:
    (pair / "cut.mpk").write_bytes((pair / "a.mpk").read_bytes()[:-1])
    assert run(["diff", "a.mpk", "cut.mpk"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "incomplete: the same as far as both can be read"
    assert lines[-1].endswith("the trace has no end: it was cut or is still written")
    assert run(["diff", "b.mpk", "cut.mpk"]) == 1


def test_a_side_from_git(pair: Path, capsys: Capture) -> None:
    _git("init", "-q")
    _git("add", "a.mpk")
    _git("commit", "-q", "-m", "golden")
    (pair / "b.mpk").replace(pair / "a.mpk")
    assert run(["diff", "HEAD:a.mpk", "a.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["A HEAD:a.mpk", "B a.mpk"]
    assert lines[4] == "first divergence: event 23, run 1, 101.000 µs, COMMIT"
    assert run(["diff", ":a.mpk", "HEAD:./a.mpk"]) == 0


@pytest.mark.parametrize(
    "side", ["HEAD:none.mpk", "nowhere:a.mpk", "HEAD~9:a.mpk", ":none", "-x:y"]
)
def test_what_git_does_not_have(pair: Path, capsys: Capture, side: str) -> None:
    _git("init", "-q")
    _git("add", "a.mpk")
    _git("commit", "-q", "-m", "golden")
    assert run(["diff", "--", "a.mpk", side]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"nandtrace: {side}: no such file, and git says: ")
    assert output.err.count("\n") == 1


def test_a_file_in_git_that_is_no_trace(pair: Path, capsys: Capture) -> None:
    (pair / "notes.txt").write_text("golden traces")
    _git("init", "-q")
    _git("add", "notes.txt")
    _git("commit", "-q", "-m", "notes")
    assert run(["diff", "HEAD:notes.txt", "a.mpk"]) == 3
    assert capsys.readouterr().err.startswith("nandtrace: HEAD:notes.txt: byte 0: not a trace")


def test_no_git(pair: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(pair))
    assert run(["diff", "HEAD:a.mpk", "a.mpk"]) == 3
    assert capsys.readouterr().err == (
        "nandtrace: HEAD:a.mpk: no such file, and git is not installed\n"
    )


def test_patterns(pair: Path, capsys: Capture) -> None:
    assert run(["diff", "a*.mpk", "b*"]) == 1
    assert capsys.readouterr().out.startswith("A a*.mpk\nB b*\n")
    assert run(["diff", "*.mpk", "b.mpk"]) == 2
    assert capsys.readouterr().err == ("nandtrace: *.mpk: matches 2 files where one is wanted\n")
