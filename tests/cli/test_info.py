"""nandtrace info, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import recover

Capture = pytest.CaptureFixture[str]
Record = Callable[..., Path]
SmallCalls = Callable[..., Any]


@pytest.fixture
def trace(record: Record, small_calls: SmallCalls, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = record(
        "a.mpk",
        small_calls(),
        chunk_events=10,
        identity={"seed": 7, "profile": {"name": "the small one"}},
        provenance={"host": "bench-3"},
    )
    monkeypatch.chdir(path.parent)
    return path


def test_a_sealed_trace(trace: Path, capsys: Capture) -> None:
    assert run(["info", "a.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "a.mpk",
        "  format: 1",
        "  domain: nand",
        '  identity.profile.name: "the small one"',
        "  identity.seed: 7",
    ]
    assert "  device.topology.dies: 2" in lines
    place = lines.index("  provenance.host: bench-3")
    assert lines[place + 1 : place + 11] == [
        "  runs: 3",
        "  events: 54",
        "    APPLY_PGM: 12",
        "    COMMIT: 12",
        "    OP_END: 12",
        "    OP_START: 12",
        "    RUN_BEGIN: 3",
        "    RUN_END: 3",
        "  time: 0.000 to 250.000 µs",
        "  chunks: 6",
    ]
    assert lines[-2:] == ["  index: from its footer", "  complete: yes"]


def test_json(trace: Path, record: Record, capsys: Capture) -> None:
    record("empty.mpk", [])
    (trace.parent / "cut.mpk").write_bytes(trace.read_bytes()[:-1])
    (trace.parent / "no.mpk").write_bytes(b"no trace")
    recover("cut.mpk", "saved.mpk")
    assert run(["info", "--json", "a.mpk", "empty.mpk"]) == 0
    capsys.readouterr()
    assert run(["info", "--json", "*.mpk"]) == 3
    output = capsys.readouterr()
    report = json.loads(output.out)
    jsonschema.validate(report, load_schema("info"))
    whole, cut, empty, no_trace, saved = report["traces"]
    assert (whole["path"], whole["events"], whole["complete"]) == ("a.mpk", 54, True)
    assert whole["time_ns"] == {"first": 0, "last": 250_000}
    assert whole["provenance"] == {"host": "bench-3"}
    assert (cut["index"], cut["complete"], cut["events"]) == ("scan", False, 54)
    assert cut["digest"] == whole["digest"]
    assert (empty["events"], empty["time_ns"], empty["bytes_per_event"]) == (0, None, None)
    assert sorted(no_trace) == ["error", "path"]
    assert saved["problems"][-1] == {
        "before_chunk": 6,
        "reason": "the trace has no end: it was cut or is still written",
    }
    assert output.err.startswith("nandtrace: no.mpk: byte 0: not a trace")


def test_a_cut_trace(trace: Path, capsys: Capture) -> None:
    trace.write_bytes(trace.read_bytes()[:-1])
    assert run(["info", "a.mpk"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert "  index: from a scan, for it has no sound footer" in lines
    assert "  complete: no" in lines
    assert lines[-1].endswith("the trace has no end: it was cut or is still written")


def test_damage_below_the_footer_takes_a_check(trace: Path, capsys: Capture) -> None:
    raw = bytearray(trace.read_bytes())
    raw[len(raw) // 2] ^= 1
    trace.write_bytes(raw)
    assert run(["info", "a.mpk"]) == 0
    assert run(["info", "--check", "a.mpk"]) == 3
    assert "the checksum of the frame does not match its bytes" in capsys.readouterr().out


def test_a_pattern_without_a_match(trace: Path, capsys: Capture) -> None:
    assert run(["info", "none*.mpk"]) == 2
    assert capsys.readouterr().err == "nandtrace: none*.mpk: matches no file\n"


def test_a_file_named_like_a_pattern(trace: Path, capsys: Capture) -> None:
    trace.rename(trace.parent / "a[1].mpk")
    assert run(["info", "a[1].mpk"]) == 0
    assert capsys.readouterr().out.startswith("a[1].mpk\n")
