"""nandtrace recover, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.cli.recover_command import recovered_path
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]
Record = Callable[..., Path]
SmallCalls = Callable[..., Any]


@pytest.fixture
def trace(record: Record, small_calls: SmallCalls, monkeypatch: pytest.MonkeyPatch) -> Path:
    """54 events in 6 chunks."""
    path = record("a.mpk", small_calls(), chunk_events=10)
    monkeypatch.chdir(path.parent)
    return path


def _damage_chunk(path: Path, ordinal: int) -> None:
    with TraceReader(path) as reader:
        entry = reader.index.chunks[ordinal]
    raw = bytearray(path.read_bytes())
    raw[entry.offset + entry.size_bytes - 10] ^= 0x40
    path.write_bytes(raw)


def test_the_partial_file_of_a_killed_writer(trace: Path, capsys: Capture) -> None:
    with TraceReader(trace) as reader:
        cut = reader.index.chunks[4].offset + 20
    Path("b.mpk.partial").write_bytes(trace.read_bytes()[:cut])
    assert run(["recover", "b.mpk.partial"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "b.recovered.mpk: saved 4 chunks, 40 events"
    assert lines[1] == f"  lost bytes {cut - 20} to {cut}: the file ends inside a frame"
    assert run(["cat", "b.recovered.mpk", "--from", "39", "--limit", "1"]) == 0


def test_damage_inside(trace: Path, capsys: Capture) -> None:
    _damage_chunk(trace, 2)
    assert run(["recover", "a.mpk", "-o", "saved.mpk"]) == 3
    assert capsys.readouterr().out.startswith("saved.mpk: saved 5 chunks, 44 events\n  lost bytes ")
    assert run(["recover", "saved.mpk"]) == 3
    assert "gaps of an earlier recovery stay" in capsys.readouterr().out


def test_damage_inside_and_the_end_missing(trace: Path) -> None:
    _damage_chunk(trace, 2)
    trace.write_bytes(trace.read_bytes()[:-400])
    assert run(["recover", "a.mpk"]) == 3


def test_a_sound_trace(trace: Path, capsys: Capture) -> None:
    assert run(["recover", "a.mpk"]) == 0
    assert capsys.readouterr().out == (
        "a.recovered.mpk: saved 6 chunks, 54 events\n  nothing was damaged: this is a copy\n"
    )


def test_bytes_after_the_end_are_damage(trace: Path) -> None:
    trace.write_bytes(trace.read_bytes() + b"more")
    assert run(["recover", "a.mpk"]) == 3


def test_json(trace: Path, capsys: Capture) -> None:
    _damage_chunk(trace, 2)
    assert run(["recover", "a.mpk", "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("recover"))
    assert (report["path"], report["output"]) == ("a.mpk", "a.recovered.mpk")
    assert (report["chunks"], report["events"], report["only_end_missing"]) == (5, 44, False)
    assert report["gaps"][0] == {
        "before_chunk": 2,
        "reason": "the checksum of the frame does not match its bytes",
    }


def test_nothing_is_overwritten(trace: Path, capsys: Capture) -> None:
    Path("a.recovered.mpk").write_bytes(b"precious")
    assert run(["recover", "a.mpk"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: a.recovered.mpk: exists already; recovery overwrites nothing\n"
    )
    assert Path("a.recovered.mpk").read_bytes() == b"precious"


@pytest.mark.parametrize("target", ["missing/b.mpk", "x" * 300])
def test_a_target_that_cannot_be_written(trace: Path, capsys: Capture, target: str) -> None:
    assert run(["recover", "a.mpk", "-o", target]) == 3
    assert capsys.readouterr().err.startswith(f"nandtrace: {target}.partial: cannot write: ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.mpk", "x.recovered.mpk"),
        ("x.mpk.partial", "x.recovered.mpk"),
        ("in/x.y.mpk", "in/x.y.recovered.mpk"),
        ("x", "x.recovered.mpk"),
        ("x.partial", "x.recovered.mpk"),
    ],
)
def test_where_it_writes(name: str, expected: str) -> None:
    assert recovered_path(Path(name)) == Path(expected)
