"""What the checks of long loads share, whatever the domain."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from benchmarks.peak_memory import peak_mib
from nandtrace.check import TraceVerdict, Verdict, verify_trace
from nandtrace.trace import TraceReader

T = TypeVar("T")


def alone(work: Callable[..., T], *arguments: object) -> T:
    """Do it in a process of its own, whose peak memory nothing else raises."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        return pool.submit(work, *arguments).result()


def verify_measured(path: Path) -> tuple[TraceVerdict, float]:
    """The verdict, and the peak of the process's memory in MiB."""
    return verify_trace(path), peak_mib()


def check_holds(verdict: TraceVerdict, load: object) -> None:
    """Nothing is violated; a failure names the load."""
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    assert (load, verdict.verdict, violated) == (load, Verdict.OK, [])


def counts_of(path: Path) -> Counter[str]:
    """The events of a trace by kind."""
    counts: Counter[str] = Counter()
    with TraceReader(path) as reader:
        for chunk in reader.index.chunks:
            counts.update(chunk.counts)
    return counts
