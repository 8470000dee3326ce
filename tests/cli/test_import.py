"""nandtrace import, as a user calls it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader

REAL = Path(__file__).parent.parent / "data" / "real"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return Path(shutil.copy(REAL / "3ed79f5-mix.jsonl", tmp_path / "mix.jsonl"))


def test_the_trace_lies_beside_the_log(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", str(log)]) == 0
    output = capsys.readouterr()
    assert output.out == f"{log.with_name('mix.mpk')}: 386 events, 3 runs\n"
    assert output.err == ""
    with TraceReader(log.with_name("mix.mpk")) as reader:
        assert reader.index.events == 386


def test_json_output(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "other.mpk"
    line = '{"kind":"OP_END","run":2,"t_us":1,"seg":1,"hue":3}\n'
    log.write_text(log.read_text() + line)
    assert run(["import", str(log), "-o", str(target), "--json"]) == 0
    output = capsys.readouterr()
    result = json.loads(output.out)
    jsonschema.validate(result, load_schema("import-result"))
    assert result == {
        "version": 1,
        "source": str(log),
        "trace": str(target),
        "events": 387,
        "runs": 3,
        "notes": [{"kind": "OP_END", "field": "hue", "lines": 1}],
    }
    assert output.err == f"nandtrace: {log}: OP_END.hue is not kept; lines with it: 1\n"


def test_options_reach_the_trace(log: Path, tmp_path: Path) -> None:
    plain, small = tmp_path / "plain.mpk", tmp_path / "small.mpk"
    assert run(["import", str(log), "-o", str(plain), "--chunk-events", "100"]) == 0
    assert run(["import", str(log), "-o", str(small), "--chunk-events", "100", "--compress"]) == 0
    with TraceReader(plain) as reader, TraceReader(small) as compressed:
        assert [entry.events for entry in reader.index.chunks] == [100, 100, 100, 86]
        assert compressed.index.digest() == reader.index.digest()
    assert small.stat().st_size < plain.stat().st_size


def test_a_second_import_replaces_the_first(log: Path) -> None:
    assert run(["import", str(log)]) == 0
    first = log.with_suffix(".mpk").read_bytes()
    assert run(["import", str(log)]) == 0
    assert log.with_suffix(".mpk").read_bytes() == first


def test_a_bad_line_is_exit_code_3(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text(log.read_text().replace('"seg":3,', '"seg":"three",', 1))
    assert run(["import", str(log), "--json"]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (f"nandtrace: {log}: line 11, field seg: 'three' is not of type integer\n")
    assert list(log.parent.iterdir()) == [log]


def test_a_missing_log_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", str(tmp_path / "none.jsonl")]) == 3
    assert capsys.readouterr().err == (
        f"nandtrace: {tmp_path / 'none.jsonl'}: cannot read: No such file or directory\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--chunk-events", "0"], ["--chunk-events", "65537"], ["--nonsense"]]
)
def test_wrong_calls_are_exit_code_2(arguments: list[str], log: Path) -> None:
    assert run(["import", str(log), *arguments]) == 2
    assert list(log.parent.iterdir()) == [log]


@pytest.mark.parametrize("name", ["", "/"])
def test_what_is_no_file_name_is_exit_code_2(name: str) -> None:
    assert run(["import", name]) == 2


def test_a_trace_is_no_log(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", str(log)]) == 0
    trace = log.with_suffix(".mpk")
    capsys.readouterr()
    assert run(["import", str(trace), "-o", str(tmp_path / "new.mpk")]) == 3
    assert "line 1, byte 1: not UTF-8" in capsys.readouterr().err
    assert run(["import", str(trace)]) == 2


def test_any_file_read_from_a_pipe(log: Path, tmp_path: Path) -> None:
    """A log needs no size and no seeking."""
    target = tmp_path / "piped.mpk"
    program = "from nandtrace.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "import", "/dev/stdin", "-o", str(target)],
        input=log.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    with TraceReader(target) as reader:
        assert reader.index.events == 386
