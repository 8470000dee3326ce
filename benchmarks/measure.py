"""How things are measured: in turns, so that a noisy machine is noisy for everyone, and by the median."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Measured = Callable[[], float]
"""Does its work and returns the seconds that it took."""

ROOT = Path(__file__).resolve().parent.parent
NANDTRACE = ("-c", "from nandtrace.cli.main import main; main()")
"""Arguments with which Python is the `nandtrace` command."""

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
"""As it was at the start: a pool of workers changes this process's own (nandtrace.pool)."""


def timed(work: Callable[[], Any]) -> Measured:
    """The wall time of a call."""

    def measure() -> float:
        gc.collect()
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def timed_process(*arguments: str | Path, exit_code: int = 0) -> Measured:
    """The wall time of a whole Python process. Raises RuntimeError when it exits with another code."""

    def measure() -> float:
        started = time.perf_counter()
        run_python(*arguments, exit_code=exit_code)
        return time.perf_counter() - started

    return measure


def run_python(*arguments: str | Path, exit_code: int = 0) -> str:
    """Run Python with the arguments and return what it printed."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != exit_code:
        raise RuntimeError(f"{arguments} exited with {done.returncode}: {done.stderr}")
    return done.stdout


def in_turns(contestants: Mapping[str, Measured], repeats: int) -> dict[str, list[float]]:
    """Seconds of each contestant, measured `repeats` times one after another."""
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, measure in contestants.items():
            samples[name].append(measure())
    return samples
