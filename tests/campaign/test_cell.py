"""The process of a cell: the same bytes as `nandtrace record`, errors as data, and no life of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nandtrace import __version__
from nandtrace.campaign import cell, cell_process
from nandtrace.campaign.cell_process import (
    CELL_COMMAND,
    TRACE_NAME,
    CellCancelled,
    CellCrashError,
    answer_of,
    cell_environment,
    run_cell,
    spec_line,
)
from nandtrace.campaign.model import CellResult, CellState
from nandtrace.cli.main import run
from nandtrace.errors import StorageError, TraceError, UsageError
from nandtrace.nand.chosen import Choices
from nandtrace.nand.recipes import new_job


def _spec(compress: bool = False, **choices: Any) -> dict[str, Any]:
    wanted = {"profile": "tiny", "seed": 5, "runs": 2, "run_for_ns": (500_000,)}
    job, _ = new_job(Choices(**(wanted | choices)))
    return {"identity": job.recipe.identity(), "compress": compress}


@pytest.mark.parametrize("compress", [False, True])
def test_it_makes_the_bytes_of_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_cell(_spec(compress, bootstrap=False), tmp_path, 60)
    more = "--no-bootstrap --compress" if compress else "--no-bootstrap"
    command = f"record --profile tiny --seed 5 --runs 2 --run-until 500us {more} -o again.mpk"
    assert run(shlex.split(command)) == 0
    raw = (tmp_path / "again.mpk").read_bytes()
    assert (tmp_path / TRACE_NAME).read_bytes() == raw
    assert (result.state, result.runs, result.bytes) == (CellState.OK, 2, len(raw))
    assert result.violations == {}
    assert result.error is None


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Folders of /proc take no files, from root neither.
    monkeypatch.setattr(cell_process, "TRACE_NAME", "/proc/cell.mpk")
    with pytest.raises(StorageError, match=r"/proc/cell.mpk.partial: cannot write: ") as caught:
        run_cell(_spec(), tmp_path, 60)
    assert caught.value.path == "/proc/cell.mpk.partial"


def test_a_recipe_without_sense_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(CellCrashError, match="a defect of nandtrace itself, please report it: "):
        run_cell({"identity": {}, "compress": False}, tmp_path, 60)


def _told(tmp_path: Path, **values: Any) -> dict[str, Any]:
    spec = {**_spec(), "trace": str(tmp_path / "a.mpk"), **values}
    return cell.answer_to(json.dumps(spec).encode())


def test_what_it_answers(tmp_path: Path) -> None:
    answer = _told(tmp_path)
    assert (answer["version"], answer["generator"], answer["verdict"]) == (__version__, 1, "OK")
    assert (answer["runs"], answer["violations"], answer["problem"]) == (2, {}, None)
    assert answer["bytes"] == (tmp_path / "a.mpk").stat().st_size


def test_errors_are_answers_too(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nix" / "a.mpk")
    assert _told(tmp_path, trace=nowhere) == {
        "error": {"kind": "storage", "text": "No such file or directory"},
        "path": f"{nowhere}.partial",
        "errno": 2,
    }
    defect = _told(tmp_path, identity={})["error"]
    assert defect["kind"] == "defect"
    assert defect["text"].startswith("ValueError(")
    assert "recipe_from_identity, line " in defect["text"]


@pytest.mark.parametrize(
    ("error", "kind"), [(UsageError("so"), "usage"), (TraceError("a", "so"), "input")]
)
def test_what_no_retry_mends_is_told_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("nandtrace.nand.recording.run_job", fail)
    assert _told(tmp_path) == {"error": {"kind": kind, "text": str(error)}}


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """With its stdin closed it ends, though its work would take minutes."""
    spec = spec_line(_spec(runs=10_000, run_for_ns=(1_000_000_000,)), tmp_path / "long.mpk")
    with subprocess.Popen(CELL_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(spec)
        process.stdin.flush()
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        process.stdin.close()
        assert process.wait(20) == 1


def test_a_time_limit_kills_it(tmp_path: Path) -> None:
    spec = _spec(runs=10_000, run_for_ns=(1_000_000_000,))
    with pytest.raises(CellCrashError, match=r"timed out after 0\.3 s"):
        run_cell(spec, tmp_path, 0.3)


def test_what_nobody_wants_is_killed(tmp_path: Path) -> None:
    spec = _spec(runs=10_000, run_for_ns=(1_000_000_000,))
    with pytest.raises(CellCancelled, match="it is not wanted any more"):
        run_cell(spec, tmp_path, 60, lambda: False)


def test_a_crash_tells_its_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def use(body: str) -> None:
        monkeypatch.setattr(cell_process, "CELL_COMMAND", (sys.executable, "-S", "-c", body))

    use("import sys; sys.exit('first\\nlast words')")
    with pytest.raises(CellCrashError, match="its process ended with exit code 1: last words"):
        run_cell(_spec(), tmp_path, 60)
    use("pass")
    with pytest.raises(CellCrashError, match="exit code 0: without a word"):
        run_cell(_spec(), tmp_path, 60)
    use("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(CellCrashError, match="its process was killed by SIGKILL"):
        run_cell(_spec(), tmp_path, 60)


def test_it_has_one_thread_for_each_library() -> None:
    assert cell_environment()["POLARS_MAX_THREADS"] == "1"
    assert cell_environment()["PATH"] == os.environ["PATH"]


ANSWER = {
    "version": "9.9",
    "generator": 1,
    "verdict": "VIOLATED",
    "events": 3,
    "runs": 1,
    "bytes": 99,
    "digest": "ab",
    "violations": {"log.seq-dense": 2},
    "problem": None,
    "seconds": 0.25,
}


def _answered(**values: object) -> CellResult:
    return answer_of(json.dumps(ANSWER | values).encode(), 0, b"")


def test_answers_become_results() -> None:
    assert _answered() == CellResult(
        CellState.VIOLATED, 0.25, 3, 1, 99, "ab", {"log.seq-dense": 2}, None
    )
    unknown = _answered(verdict="UNKNOWN", violations={}, problem="chunk 3: bad checksum")
    assert (unknown.state, unknown.error) == (CellState.UNKNOWN, "chunk 3: bad checksum")


def test_what_no_retry_mends_is_a_result() -> None:
    for kind in ("usage", "input"):
        result = _answered(error={"kind": kind, "text": "no such thing"})
        assert result == CellResult(CellState.FAILED, 0.25, error="no such thing")


def test_another_scheduler_ends_the_campaign() -> None:
    with pytest.raises(UsageError, match=r"by version 2 of the scheduler \(nandtrace 9\.9\)"):
        _answered(generator=2)


def test_signals_without_a_name_are_told_by_number() -> None:
    with pytest.raises(CellCrashError, match=r"killed by signal 99"):
        answer_of(b"", -99, b"")
    with pytest.raises(CellCrashError, match=r"killed by SIGTERM"):
        answer_of(b"", -signal.SIGTERM, b"")
