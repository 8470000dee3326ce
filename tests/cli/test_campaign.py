"""nandtrace campaign, as a user calls it."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.campaign import read_status
from nandtrace.check import Verdict, verify_trace
from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]

SMALL = """\
profiles = ["default", "small.yaml"]
seeds = [0, 2]
[options.plain]
runs = 1
run_until = "5ms"
"""
BROKEN = """\
profiles = ["default"]
seeds = [1]
[options.drained]
runs = 1
run_until = "50ms"
[options.lost]
runs = 1
run_until = "50ms"
drain = false
"""
TOO_SLOW = """\
profiles = ["tiny"]
seeds = [0]
[limits]
timeout_s = 0.01
retries = 0
"""
CELLS = ["default/plain/0", "default/plain/2", "small/plain/0", "small/plain/2"]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text("extends: tiny\n")
    Path("small.toml").write_text(SMALL)


def _document(capsys: Capture) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("campaign-status"))
    return document


def _status(folder: str, capsys: Capture, code: int) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["campaign", "status", folder, "--json"]) == code
    return _document(capsys)


def test_it_runs_every_cell_and_says_so(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml"]) == 0
    output = capsys.readouterr()
    status = read_status(Path("small"), slowest=None)
    assert output.out.splitlines() == [
        "small: 4 of 4 cells done: 4 ok",
        f"  events: {status.events:,}",
        f"  bytes: {status.bytes:,}",
    ]
    assert output.err.startswith("nandtrace: ")
    assert "resume" not in output.err
    assert sorted(cell.id for cell in status.slowest) == CELLS
    for cell in status.slowest:
        assert verify_trace(cell.trace).verdict is Verdict.OK
    assert run(["verify", "small/campaign.mpk"]) == 0


def test_all_four_print_one_document(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml", "-o", "out", "--slots", "2", "--json"]) == 0
    ran = _document(capsys)
    assert (ran["name"], ran["cells"], ran["ok"], ran["pending"]) == ("small", 4, 4, 0)
    assert run(["campaign", "resume", "out", "--json"]) == 0
    resumed = _document(capsys)
    assert [entry["settled"] for entry in resumed["sessions"]] == [4]
    assert run(["campaign", "status", "out", "--json"]) == 0
    status = _document(capsys)
    assert status == resumed
    assert run(["campaign", "report", "out", "--slowest", "3", "--json"]) == 0
    report = _document(capsys)
    assert len(report["slowest"]) == 3


def test_a_violated_cell_is_the_exit_code_and_can_be_recorded_again(capsys: Capture) -> None:
    Path("broken.toml").write_text(BROKEN)
    assert run(["campaign", "run", "broken.toml"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "broken: 2 of 2 cells done: 1 ok, 1 violated"
    assert "✗ default/lost/1: violated" in lines
    assert "    no-open-segment-at-run-end: 1 in 1 cell, the first is default/lost/1" in lines
    assert run(["campaign", "status", "broken"]) == 1
    assert run(["campaign", "report", "broken"]) == 1
    report = capsys.readouterr().out.splitlines()
    assert report[-len(lines) + 3 :] == lines[3:]

    (cell,) = read_status(Path("broken")).troubled
    assert lines[-1] == f"    {cell.command}"
    program, *arguments = shlex.split(cell.command)
    assert program == "nandtrace"
    assert run(arguments) == 1
    assert Path("default-lost-1.mpk").read_bytes() == cell.trace.read_bytes()


def test_a_failed_cell_is_unfinished_business(capsys: Capture) -> None:
    Path("slow.toml").write_text(TOO_SLOW)
    assert run(["campaign", "run", "slow.toml"]) == 3
    output = capsys.readouterr()
    assert output.err.endswith(
        "nandtrace: to try again what failed or is unknown: nandtrace campaign resume --retry-failed slow\n"
    )
    lines = output.out.splitlines()
    assert lines[0] == "slow: 1 of 1 cell done: 1 failed"
    assert lines[3] == "✗ tiny/default/0: failed"
    assert "timed out" in lines[4]
    assert lines[5].startswith("    nandtrace record --profile tiny ")
    assert run(["campaign", "resume", "slow"]) == 3
    assert len(_status("slow", capsys, 3)["sessions"]) == 1
    assert run(["campaign", "resume", "slow", "--retry-failed"]) == 3
    sessions = _status("slow", capsys, 3)["sessions"]
    assert [entry["settled"] for entry in sessions] == [0, 1]
    assert run(["campaign", "report", "slow", "--limit", "0"]) == 3
    assert capsys.readouterr().out.endswith("\n… and 1 more\n")


class _FullFile(io.TextIOBase):
    def write(self, text: str) -> int:  # noqa: ARG002 - as of all streams  # noqa: ARG002 - it is called so
        raise OSError(28, "No space left on device")


def test_a_full_stderr_is_no_verdict(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", _FullFile())
    assert run(["campaign", "run", "small.toml"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "small: 4 of 4 cells done: 4 ok"


def test_a_cluster_that_is_none_loses_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nandtrace.campaign.dask_cluster._CONNECT_WITHIN_S", 0.3)
    arguments = ["--engine", "dask", "--scheduler", "tcp://"]
    assert run(["campaign", "run", "small.toml", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("nandtrace: tcp://: not the address of a Dask scheduler: ")
    assert not Path("small").exists()
    arguments[-1] = "tcp://127.0.0.1:1"
    assert run(["campaign", "run", "small.toml", *arguments]) == 2
    reason, advice = capsys.readouterr().err.splitlines()
    # Refused, or, on a machine that is slow, not within the time.
    assert reason.startswith("nandtrace: tcp://127.0.0.1:1: cannot reach a Dask scheduler: ")
    assert advice == (
        "nandtrace: what is done is kept; to go on: "
        "nandtrace campaign resume --engine dask --scheduler tcp://127.0.0.1:1 small"
    )


def test_the_report_lists_sessions_and_slowest_cells(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml"]) == 0
    capsys.readouterr()
    assert run(["campaign", "report", "small"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "small: 4 of 4 cells done: 4 ok"
    assert lines[4] == "  sessions:"
    assert lines[5].startswith("    1: finished, 4 cells, local, ")
    assert lines[6] == "  slowest cells:"
    assert sorted(line.split()[-1] for line in lines[7:]) == CELLS


def test_status_tells_sessions(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml"]) == 0
    capsys.readouterr()
    assert run(["campaign", "status", "small"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    lines = output.out.splitlines()
    assert lines[3:5] == ["  running: no", "  sessions:"]
    assert lines[5].startswith("    1: finished, 4 cells, local, ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("profiles = [", "bad.toml: "),
        ('profiles = ["default"]\n', "seeds"),
        ('profiles = ["default"]\nseeds = [1]\nsede = 3\n', "sede"),
        ('profiles = ["missing.yaml"]\nseeds = [1]\n', "missing.yaml"),
        ('profiles = ["default"]\nseeds = [1]\ntraces = "../{seed}.mpk"\n', "traces"),
        ('profiles = ["default"]\nseeds = [1]\n[options.a]\nrun_until = "soon"\n', "run_until"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_written(
    capsys: Capture, text: str, reason: str
) -> None:
    Path("bad.toml").write_text(text)
    assert run(["campaign", "run", "bad.toml"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("nandtrace: bad.toml: ")
    assert reason in output.err
    assert len(output.err.splitlines()) == 1
    assert not Path("bad").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "missing.toml"],
        ["run", "."],
        ["run", "small.toml", "extra"],
        ["run", "small.toml", "--engine", "spark"],
        ["run", "small.toml", "--slots", "0"],
        ["run", "small.toml", "--slots", "4097"],
        ["run", "small.toml", "--slots", "many"],
        ["run", "small.toml", "--retry-failed"],
        ["run", "small.toml", "-o", "small.yaml"],
        ["run", "small.toml", "-o", "full"],
        ["run", "small.toml", "--scheduler", "tcp://127.0.0.1:1"],
        ["run", "small.toml", "--engine", "dask", "--scheduler", "tcp://h:1", "--slots", "2"],
        ["resume"],
        ["resume", "missing"],
        ["resume", "full"],
        ["resume", "full", "--scheduler", "tcp://127.0.0.1:1"],
        ["resume", "small.yaml"],
        ["status", "missing"],
        ["status", "full"],
        ["status", "small.yaml"],
        ["report", "full"],
        ["report", "full", "--slowest", "-1"],
        ["report", "full", "--limit", "x"],
        ["erase", "full"],
    ],
)
def test_what_cannot_be_asked_for(capsys: Capture, arguments: list[str]) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    assert run(["campaign", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err
    assert "go on" not in output.err
    assert sorted(path.name for path in Path().rglob("*")) == [
        "full",
        "notes.txt",
        "small.toml",
        "small.yaml",
    ]


def test_a_folder_with_a_campaign_is_not_run_again(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml"]) == 0
    capsys.readouterr()
    assert run(["campaign", "run", "small.toml"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "resume" in output.err
    assert _status("small", capsys, 0)["ok"] == 4


def test_a_journal_that_is_none(capsys: Capture) -> None:
    assert run(["campaign", "run", "small.toml"]) == 0
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        Path("small", name).unlink(missing_ok=True)
    Path("small/journal.sqlite").write_bytes(b"something else" * 500)
    for arguments in (["resume"], ["status"], ["report"]):
        capsys.readouterr()
        assert run(["campaign", *arguments, "small"]) == 3
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith("nandtrace: small/journal.sqlite: ")


def test_help_loads_nothing_heavy() -> None:
    watch = (
        "import sys; from nandtrace.cli.main import run; "
        "run(['campaign', 'run', '--help']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", watch], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"numpy", "polars", "jsonschema", "rich", "sqlite3", "asyncio", "distributed"}
    assert not loaded & (heavy | {"nandtrace.nand", "nandtrace.workorder"})
