"""The process of a cell, seen from who starts it: its command line, what it is told and what it answers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nandtrace.campaign.model import CellResult, CellState
from nandtrace.errors import NandtraceError, StorageError, UsageError
from nandtrace.nand.job import VERSION
from nandtrace.workorder.processes import signal_name

CELL_COMMAND = (sys.executable, "-P", "-m", "nandtrace.campaign.cell")
"""Whatever lies in the working directory is not imported."""

TRACE_NAME = "cell.mpk"

_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_STATES = {"OK": CellState.OK, "VIOLATED": CellState.VIOLATED, "UNKNOWN": CellState.UNKNOWN}
_POLL_S = 0.2
_STDERR_NAME = "stderr.txt"
_STDERR_CHARS = 300


class CellCrashError(NandtraceError):
    """An attempt came to nothing, and another one may mend it: the process crashed, or took too long."""


class CellCancelled(NandtraceError):  # noqa: N818 - a condition, as asyncio.CancelledError is
    """An attempt was ended because its cell is not wanted any more."""


def cell_environment() -> dict[str, str]:
    """The environment of a cell's process: one thread each, for the processes are the parallelism."""
    return {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}


def spec_line(spec: Mapping[str, Any], trace: Path) -> bytes:
    """What the process reads first. Its stdin has to stay open after that: it dies at the end of it."""
    return json.dumps({**spec, "trace": str(trace)}).encode() + b"\n"


def answer_of(stdout: bytes, returncode: int, stderr: bytes) -> CellResult:
    """What came of a cell, from what its process left.

    Raises CellCrashError where a retry may mend it, StorageError where the process could not write, and
    UsageError where it has another version of the scheduler.
    """
    try:
        answer = json.loads(stdout)
    except ValueError as error:
        raise CellCrashError(_crash_text(returncode, stderr)) from error
    return _failure(answer) if "error" in answer else _result(answer)


def run_cell(
    spec: Mapping[str, Any],
    folder: Path,
    timeout_s: float,
    is_wanted: Callable[[], bool] = lambda: True,
) -> CellResult:
    """Record and verify a cell in a process of its own, which leaves its trace as `folder`/TRACE_NAME.

    The process is killed when its time is over (CellCrashError), or when it is not wanted any more
    (CellCancelled). Raises as `answer_of` otherwise. May be called in any thread.
    """
    errors = folder / _STDERR_NAME
    with errors.open("wb") as stderr, _process(stderr) as process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(spec_line(spec, folder / TRACE_NAME))
            process.stdin.flush()
        _await(process, timeout_s, is_wanted)
        assert process.stdout is not None
        stdout = process.stdout.read()
    return answer_of(stdout, process.returncode, tail_of(errors))


def timeout_text(timeout_s: float) -> str:
    """Why a cell failed that took too long."""
    return f"timed out after {timeout_s:g} s"


def tail_of(path: Path) -> bytes:
    """The end of a file that a process wrote its errors to."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4 * _STDERR_CHARS))
        return file.read()


@contextlib.contextmanager
def _process(stderr: Any) -> Any:
    process = subprocess.Popen(  # noqa: S603 - our own module, by a list
        CELL_COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=cell_environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()


def _await(
    process: subprocess.Popen[bytes], timeout_s: float, is_wanted: Callable[[], bool]
) -> None:
    """Wait for the end of a process; its answer is shorter than what a pipe holds."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = deadline - time.monotonic()
        try:
            process.wait(max(0.0, min(_POLL_S, left)))
        except subprocess.TimeoutExpired as error:
            if left <= _POLL_S:
                raise CellCrashError(timeout_text(timeout_s)) from error
            if not is_wanted():
                raise CellCancelled("it is not wanted any more") from error
        else:
            return


def _crash_text(returncode: int, stderr: bytes) -> str:
    if returncode < 0:
        return f"its process was killed by {signal_name(-returncode)}"
    last = (stderr.decode(errors="replace").strip().splitlines() or ["without a word"])[-1]
    return f"its process ended with exit code {returncode}: {last[-_STDERR_CHARS:]}"


def _failure(answer: Mapping[str, Any]) -> CellResult:
    error = answer["error"]
    kind, text = error["kind"], error["text"]
    if kind == "storage":
        raise StorageError(answer["path"], OSError(answer["errno"] or 0, text))
    if kind == "defect":
        raise CellCrashError(f"a defect of nandtrace itself, please report it: {text}")
    return CellResult.failure(text, answer["seconds"])


def _result(answer: Mapping[str, Any]) -> CellResult:
    if answer["generator"] != VERSION:
        raise UsageError(
            f"a cell was recorded by version {answer['generator']} of the scheduler "
            f"(nandtrace {answer['version']}), and this is {VERSION}"
        )
    return CellResult(
        state=_STATES[answer["verdict"]],
        seconds=answer["seconds"],
        events=answer["events"],
        runs=answer["runs"],
        bytes=answer["bytes"],
        digest=answer["digest"],
        violations=answer["violations"],
        error=answer["problem"],
    )
