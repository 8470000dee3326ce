"""nandtrace cat, as a user calls it."""

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
from nandtrace.trace import TraceReader, recover

Capture = pytest.CaptureFixture[str]
Record = Callable[..., Path]
SmallCalls = Callable[..., Any]

BEGIN_OF_RUN_1 = [
    "       18    1        100.000 RUN_BEGIN",
    "          snapshot ongoing=[[] x2]",
    "          snapshot addr_state=[1 x2, -2 x2]",
]


@pytest.fixture
def trace(record: Record, small_calls: SmallCalls, monkeypatch: pytest.MonkeyPatch) -> Path:
    """54 events in 6 chunks."""
    path = record("a.mpk", small_calls(), chunk_events=10, identity={"seed": 7})
    monkeypatch.chdir(path.parent)
    return path


def _seqs(output: str) -> list[int]:
    return [
        int(line.split()[0])
        for line in output.splitlines()
        if not line.startswith("#") and "snapshot" not in line
    ]


def _git(*arguments: str) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout


def _damage_chunk(path: Path, ordinal: int) -> None:
    with TraceReader(path) as reader:
        entry = reader.index.chunks[ordinal]
    raw = bytearray(path.read_bytes())
    raw[entry.offset + entry.size_bytes - 10] ^= 0x40
    path.write_bytes(raw)


def test_header_then_events_with_snapshots(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk"]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[:2] == ["# domain: nand", "# identity.seed: 7"]
    first = lines.index("        0    0          0.000 RUN_BEGIN")
    assert all(line.startswith("# device.") for line in lines[2:first])
    assert lines[first + 1 : first + 7] == [
        "          snapshot ongoing=[[] x2]",
        "          snapshot addr_state=[-1 x2, -2 x2]",
        '        1    0          0.000 COMMIT       seg=0 op=0 op_name="Program SLC"'
        " base=PROGRAM_SLC source=PROPOSAL start_us=0 end_us=0.5 targets=0.0.0.0",
        "        2    0          0.000 OP_START     seg=0",
        "        3    0          0.500 OP_END       seg=0 outcome=COMPLETED drained=no",
        "        4    0          0.500 APPLY_PGM    seg=0 celltype=SLC aborted=no cells=0.0.0",
    ]
    assert _seqs(output.out) == list(range(54))
    assert output.err == ""


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--run", "1"], range(18, 36)),
        (["--from", "50"], range(50, 54)),
        (["--run", "1", "--from", "30", "--limit", "3"], range(30, 33)),
        (["--kind", "RUN_BEGIN", "--kind", "RUN_END"], [0, 17, 18, 35, 36, 53]),
        (["--kind", "OP_END", "--run", "2"], [39, 43, 47, 51]),
        (["--limit", "0"], []),
        (["--run", "9"], []),
        (["--kind", "HOOK"], []),
    ],
)
def test_selections(trace: Path, capsys: Capture, options: list[str], seqs: range) -> None:
    assert run(["cat", "a.mpk", *options]) == 0
    assert _seqs(capsys.readouterr().out) == list(seqs)
    trace.write_bytes(trace.read_bytes()[:-1])
    assert run(["cat", "a.mpk", *options]) == 3
    assert _seqs(capsys.readouterr().out) == list(seqs)


def test_a_run_with_its_snapshots(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk", "--run", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("#")][:3] == BEGIN_OF_RUN_1


def test_without_sequence_numbers_an_event_more_is_a_line_more(
    trace: Path, record: Record, small_calls: SmallCalls, capsys: Capture
) -> None:
    changed = small_calls()
    changed.insert(20, ("hook", {"time_ns": 100_000, "hook": "PHASE_HOOK", "die": 1}))
    record("b.mpk", changed, identity={"seed": 7})
    assert run(["cat", "--no-seq", "a.mpk"]) == 0
    old = capsys.readouterr().out.splitlines()
    assert run(["cat", "--no-seq", "b.mpk"]) == 0
    new = capsys.readouterr().out.splitlines()
    assert "   1        100.000 RUN_BEGIN" in old
    assert [line for line in new if line not in old] == [
        "   1        100.000 HOOK         hook=PHASE_HOOK die=1"
    ]
    assert len(new) == len(old) + 1


def test_git_diff_shows_what_changed_in_a_trace(
    trace: Path, record: Record, small_calls: SmallCalls
) -> None:
    changed = small_calls()
    changed.insert(20, ("hook", {"time_ns": 100_000, "hook": "PHASE_HOOK", "die": 1}))
    new = record("b.mpk", changed, identity={"seed": 7})
    program = f"'{sys.executable}' -c 'from nandtrace.cli.main import main; main()'"
    Path(".gitattributes").write_text("*.mpk diff=nandtrace\n")
    _git("init", "-q")
    _git("config", "diff.nandtrace.textconv", f"{program} cat --no-seq --header")
    _git("add", "a.mpk")
    new.replace(trace)
    lines = _git("diff", "-U0").splitlines()
    assert lines[-1] == "+   1        100.000 HOOK         hook=PHASE_HOOK die=1"
    assert lines[-2].startswith("@@ ")


def test_json_lines(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "--json", "a.mpk"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    schema = load_schema("cat")
    for line in lines:
        jsonschema.validate(line, schema)
    assert len(lines) == 55
    assert (lines[0]["version"], lines[0]["domain"], lines[0]["identity"]) == (
        1,
        "nand",
        {"seed": 7},
    )
    assert lines[1]["snapshot"] == {"ongoing": [[], []], "addr_state": [-1, -1, -2, -2]}
    assert lines[5] == {
        "seq": 4,
        "run": 0,
        "time_ns": 500,
        "kind": "APPLY_PGM",
        "fields": {
            "seg": 0,
            "celltype": "SLC",
            "aborted": False,
            "cells": [{"die": 0, "block": 0, "page": 0}],
        },
    }


def test_names_that_would_break_a_line_are_quoted(record: Record, capsys: Capture) -> None:
    calls = [
        ("begin_run", {"time_ns": 0, "snapshot": {"odd\nkey": float("nan"), "raw": b"\x01"}}),
        ("bootstrap", {"time_ns": 0, "stage": "a\nb\x1b[31m = c"}),
        ("end_run", {"time_ns": 0, "snapshot": {}}),
    ]
    path = record("a.mpk", calls, identity={"two words": ""})
    assert run(["cat", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert '# identity."two words": ""' in lines
    assert lines[-4:-1] == [
        '          snapshot "odd\\nkey"="nan"',
        '          snapshot raw="01"',
        '        1    0          0.000 BOOTSTRAP    stage="a\\nb\\u001b[31m = c"',
    ]
    assert run(["cat", "--json", str(path)]) == 0
    event = json.loads(capsys.readouterr().out.splitlines()[1])
    assert event["snapshot"] == {"odd\nkey": "nan", "raw": "01"}


@pytest.mark.parametrize("options", [[], ["--from", "1"]])
def test_damage_is_told_in_its_place(trace: Path, capsys: Capture, options: list[str]) -> None:
    _damage_chunk(trace, 2)
    assert run(["cat", "a.mpk", *options]) == 3
    output = capsys.readouterr()
    seqs = _seqs(output.out)
    assert [seq for seq in seqs if seq > 0] == [*range(1, 20), *range(30, 54)]
    assert "the checksum of the frame does not match its bytes" in output.err
    assert output.err.startswith("nandtrace: a.mpk: bytes ")


@pytest.mark.parametrize("options", [[], ["--from", "1"]])
def test_the_gaps_of_a_recovered_trace(trace: Path, capsys: Capture, options: list[str]) -> None:
    _damage_chunk(trace, 2)
    recover("a.mpk", "b.mpk")
    assert run(["cat", "b.mpk", *options]) == 3
    first = capsys.readouterr().err.splitlines()[0]
    assert first == (
        "nandtrace: b.mpk: a gap before chunk 2: the checksum of the frame does not match its bytes"
    )


def test_an_unknown_kind(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk", "--kind", "PONG"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("nandtrace: --kind PONG: not one of RUN_BEGIN, RUN_END, HOOK, ")


def test_a_reader_that_leaves_early(record: Record, small_calls: SmallCalls) -> None:
    path = record("a.mpk", small_calls(runs=20, ops=200))
    reading, writing = os.pipe()
    os.close(reading)
    command = [
        sys.executable,
        "-c",
        "from nandtrace.cli.main import main; main()",
        "cat",
        str(path),
    ]
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
