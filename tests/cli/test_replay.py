"""nandtrace replay, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader, TraceWriter
from nandtrace.trace.buffer import Block, slice_block
from nandtrace.trace.header import Header

Capture = pytest.CaptureFixture[str]
REAL = Path(__file__).parent.parent / "data" / "real"


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    """Three runs of the default profile."""
    monkeypatch.chdir(tmp_path)
    assert run(["record", "--run-until", "15ms", "--seed", "4", "-o", "a.mpk"]) == 0
    capsys.readouterr()
    return tmp_path / "a.mpk"


def _with_seed(seed: int) -> None:
    """b.mpk: the events of a.mpk under a header that claims another seed."""
    with TraceReader("a.mpk") as reader:
        header, (chunk,) = reader.header, reader.walk()
    kinds = [kind for kind in header.vocabulary.kinds if kind.name in chunk.meta.counts]
    tables = {kind.name: chunk.table(kind) for kind in kinds}
    block = Block(chunk.time_ns, chunk.run, chunk.kind, tables)
    identity = header.identity | {"options": header.identity["options"] | {"seed": seed}}
    writer = TraceWriter("b.mpk", Header(header.vocabulary, identity, header.device))
    for text in chunk.meta.strings:
        writer.code(text)  # gets the code that it has in the chunk
    ends = [item.seq for item in chunk.snapshots[1:]] + [len(block)]
    for item, end in zip(chunk.snapshots, ends, strict=True):
        writer.snapshot(item.state)
        part = slice_block(block, item.seq, end, header.vocabulary)
        writer.append_columns(part.time_ns, part.run, part.kind, part.tables)
    writer.close()


def test_the_same(trace: Path, capsys: Capture) -> None:
    assert run(["replay", "a.mpk"]) == 0
    with TraceReader("a.mpk") as reader:
        digest = reader.index.digest().hex()
    output = capsys.readouterr()
    assert output.out == f"same: a.mpk, 3 runs re-executed, digest {digest[:16]}\n"
    assert [path.name for path in Path().iterdir()] == ["a.mpk"]


@pytest.mark.parametrize("number", ["0", "1", "2"])
def test_one_run(trace: Path, capsys: Capture, number: str) -> None:
    assert run(["replay", "a.mpk", "--run", number]) == 0
    assert capsys.readouterr().out.startswith("same: a.mpk, 1 run re-executed, ")


def test_a_difference_is_shown_as_by_diff(trace: Path, capsys: Capture) -> None:
    _with_seed(5)
    assert run(["replay", "b.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "different: b.mpk, 3 runs re-executed"
    assert lines[4] == "A b.mpk"
    assert any(line.startswith("first divergence: event ") for line in lines)


def test_json(trace: Path, capsys: Capture) -> None:
    assert run(["replay", "a.mpk", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("replay"))
    assert (report["result"], report["runs"], report["run"]) == ("same", 3, None)
    assert report["expected_digest"] == report["actual_digest"]
    _with_seed(5)
    assert run(["replay", "b.mpk", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("replay"))
    jsonschema.validate(report["diff"], load_schema("diff"))
    assert report["result"] == "different"
    assert report["expected_digest"] != report["actual_digest"]
    assert report["diff"]["divergence"]["seq"] > 0


def test_a_trace_without_its_end(trace: Path, capsys: Capture) -> None:
    trace.write_bytes(trace.read_bytes()[:-1])
    assert run(["replay", "a.mpk"]) == 3
    output = capsys.readouterr()
    assert output.out.startswith("incomplete: a.mpk, 3 runs re-executed")
    assert "the trace has no end" in output.err
    assert run(["replay", "a.mpk", "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("replay"))
    assert report["result"] == "incomplete"


def test_what_this_scheduler_did_not_write(trace: Path, capsys: Capture) -> None:
    assert run(["import", str(REAL / "3ed79f5-mix.jsonl"), "-o", "real.mpk"]) == 0
    capsys.readouterr()
    assert run(["replay", "real.mpk"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: real.mpk: not recorded by nandtrace record: its header has no recipe\n"
    )


def test_a_run_that_is_not_there(trace: Path, capsys: Capture) -> None:
    assert run(["replay", "a.mpk", "--run", "3"]) == 2
    assert "a.mpk" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no trace"])
def test_what_is_no_trace(trace: Path, capsys: Capture, content: bytes) -> None:
    Path("bad.mpk").write_bytes(content)
    assert run(["replay", "bad.mpk"]) == 3
    assert capsys.readouterr().err.startswith("nandtrace: bad.mpk: ")
