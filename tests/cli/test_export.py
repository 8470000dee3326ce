"""nandtrace export, as a user calls it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]
REAL = Path(__file__).parent.parent / "data" / "real"


@pytest.fixture
def trace(
    record: Callable[..., Path], small_calls: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """54 events in 6 chunks, 12 programs in 3 runs."""
    path = record("a.mpk", small_calls(), chunk_events=10)
    monkeypatch.chdir(path.parent)
    return path


def test_the_sequence_goes_to_stdout(trace: Path, capsys: Capture) -> None:
    assert run(["export", "a.mpk"]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[:3] == [
        "seq,time,op_id,op_name,op_uid,payload",
        '0,0,0,Program SLC,0,"[{""die"":0,""plane"":0,""block"":0,""page"":0}]"',
        '1,1,1,Program SLC,1,"[{""die"":1,""plane"":0,""block"":0,""page"":0}]"',
    ]
    assert len(lines) == 13
    assert output.err == ""
    assert run(["export", "a.mpk", "-o", "-"]) == 0
    assert capsys.readouterr().out == output.out


def test_the_timeline_into_a_file(trace: Path, capsys: Capture) -> None:
    assert run(["export", "a.mpk", "--what", "timeline", "-o", "a.csv"]) == 0
    assert capsys.readouterr().out == ""
    lines = Path("a.csv").read_text().splitlines()
    assert lines[-1] == "203,203.5,1,0,0,5,Program SLC,PROGRAM_SLC,PROPOSAL,11,"
    assert len(lines) == 13


def test_json(trace: Path, capsys: Capture) -> None:
    assert run(["export", "a.mpk", "-o", "a.csv", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("export"))
    assert report == {
        "version": 1,
        "path": "a.mpk",
        "what": "sequence",
        "output": "a.csv",
        "rows": 12,
        "problems": [],
    }


def test_json_and_csv_do_not_share_stdout(trace: Path, capsys: Capture) -> None:
    assert run(["export", "a.mpk", "--json"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "name a file" in output.err


def test_a_cut_trace(trace: Path, capsys: Capture) -> None:
    trace.write_bytes(trace.read_bytes()[:-1])
    assert run(["export", "a.mpk", "-o", "a.csv"]) == 3
    assert len(Path("a.csv").read_text().splitlines()) == 13
    error = capsys.readouterr().err
    assert error.startswith("nandtrace: a.mpk: bytes ")
    assert "the trace has no end" in error


@pytest.mark.parametrize(("target", "code"), [("missing/a.csv", 3), ("a.mpk", 2), ("x" * 300, 3)])
def test_a_target_that_cannot_be(trace: Path, capsys: Capture, target: str, code: int) -> None:
    before = trace.read_bytes()
    assert run(["export", "a.mpk", "-o", target]) == code
    assert capsys.readouterr().err.startswith(f"nandtrace: {target}")
    assert trace.read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["a.mpk"]


def test_imported_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["import", str(REAL / "62176a9.jsonl"), "-o", "real.mpk"]) == 0
    capsys.readouterr()
    assert run(["export", "real.mpk", "--what", "timeline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "0,7000.08,0,0,0,0,Block_Erase_TLC,ERASE,,1,"
    assert lines[5] == "9170.06,9270.24,0,0,,,Program_Suspend_Reset,PROGRAM_SUSPEND,,5,"
    assert run(["export", "real.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[5].startswith("4,9170.06,,Program_Suspend_Reset,5,")


def test_mutated_traces_never_end_in_a_defect(trace: Path, capsys: Capture) -> None:
    good = trace.read_bytes()
    draw = random.Random(5)  # noqa: S311 - no secrets here
    for what in ("sequence", "timeline") * 40:
        raw = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(raw))
            raw[at : at + draw.choice((0, 1, 40))] = draw.randbytes(draw.choice((0, 1, 40)))
        Path("bad.mpk").write_bytes(raw[: draw.choice((len(raw), draw.randrange(len(raw))))])
        assert run(["export", "bad.mpk", "--what", what]) in (0, 3)
        capsys.readouterr()


@pytest.mark.parametrize("content", [b"", b"no trace", bytes(5_000)])
def test_what_is_no_trace(trace: Path, capsys: Capture, content: bytes) -> None:
    Path("bad.mpk").write_bytes(content)
    assert run(["export", "bad.mpk", "-o", "bad.csv"]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("nandtrace: bad.mpk: ")
    assert not Path("bad.csv").exists()
