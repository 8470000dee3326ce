"""Verifying: all invariants beside a plain loop with a few of them; memory at two sizes."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.measure import in_turns, run_python, timed
from benchmarks.plain_checker import CHECKED, PlainChecker
from benchmarks.results import MEBIBYTES, RATE, Figure, Result, rate
from benchmarks.rows import Row
from benchmarks.workload import Workload, write_bulk
from nandtrace.check import Options, Verdict, load_invariants, verify_trace
from nandtrace.pool import start_pool

GROUP = "verify"


def measure_verifying(
    folder: Path, workload: Workload, rows: list[Row], repeats: int
) -> list[Result]:
    """Verifies the `raw.mpk` and `zstd.mpk` that `measure_writing` left in the folder."""
    raw, zstd = folder / "raw.mpk", folder / "zstd.mpk"
    everything, few = Options(), Options(only=CHECKED)
    count = len(load_invariants("nand"))
    cores = os.cpu_count() or 1
    with start_pool(cores) as pool:
        _verify(raw, everything, pool)  # the workers have started before anything is measured
        contestants = {
            f"all {count}, raw, {cores} processes": timed(partial(_verify, raw, everything, pool)),
            f"all {count}, zstd, {cores} processes": timed(
                partial(_verify, zstd, everything, pool)
            ),
            f"all {count}, raw, 1 process": timed(partial(_verify, raw, everything, None)),
            f"the loop's {len(CHECKED)}, raw, 1 process": timed(partial(_verify, raw, few, None)),
            "loop": timed(partial(_check_plainly, rows)),
        }
        seconds = in_turns(contestants, repeats)
    loop = rate(f"plain loop, {len(CHECKED)} rules, in memory", len(rows), seconds.pop("loop"))
    return [
        Result(GROUP, what, RATE, rate(what, workload.total_events, samples), loop)
        for what, samples in seconds.items()
    ]


def measure_memory(folder: Path, small: Workload, large: Workload) -> Result:
    """Peak memory of verifying, each in a process of its own: it must not grow with the trace."""
    write_bulk(folder / "small.mpk", small)
    peaks = [_peak(folder / "small.mpk"), _peak(folder / "raw.mpk")]
    return Result(
        "memory",
        "peak of verify, 1 process",
        MEBIBYTES,
        Figure(f"{large.total_events:,} events", (peaks[1],), large.total_events),
        Figure(f"verify of {small.total_events:,} events", (peaks[0],), small.total_events),
    )


def _peak(trace: Path) -> float:
    return float(run_python("-m", "benchmarks.peak_memory", trace))


def _verify(path: Path, options: Options, pool: ProcessPoolExecutor | None) -> None:
    verdict = verify_trace(path, options, pool)
    if verdict.verdict is not Verdict.OK:
        raise RuntimeError(f"the workload is not legal: {verdict}")


def _check_plainly(rows: list[Row]) -> None:
    violations = PlainChecker().check(rows)
    if violations:
        raise RuntimeError(f"the plain loop finds {violations} violations in a legal workload")
