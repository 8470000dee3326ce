"""Recording: what a trace costs beside the same events without one, and how memory grows with its length."""

from __future__ import annotations

import gc
import time
from functools import partial
from pathlib import Path

from benchmarks.generating import DEFAULT_OP_NS, Generation
from benchmarks.measure import in_turns, run_python, timed
from benchmarks.recorded import verify_recording
from benchmarks.results import MEBIBYTES, OPS, Figure, Result, rate
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import Progress, record

GROUP = "record"
LARGER = 4
"""Memory is measured at the full length and at this fraction of it."""


def measure_recording(folder: Path, ops: int, repeats: int) -> list[Result]:
    """The default profile, about so many ops long; the ratio says how much of the speed is left."""
    bare = Generation(load_profile("default").profile, (ops * DEFAULT_OP_NS,))
    traced = {
        mode: partial(_record, folder / f"record-{mode}.mpk", bare, compress)
        for mode, compress in (("raw", False), ("zstd", True))
    }
    verifying = timed(partial(verify_recording, folder / "record-raw.mpk"))
    seconds = in_turns({"bare": bare.measure, **traced, "verify": verifying}, repeats)
    without = rate("scheduler, no trace", bare.ops, seconds["bare"])
    verified = rate("verify, 1 process", bare.ops, seconds["verify"])
    recorded = rate("recording it", bare.ops, seconds["raw"])
    return [
        Result(GROUP, f"default profile, {mode}", OPS, rate(mode, bare.ops, seconds[mode]), without)
        for mode in traced
    ] + [Result(GROUP, "verify of the raw one", OPS, verified, recorded)]


def measure_recording_memory(folder: Path, ops: int) -> Result:
    """Peak memory of recording, each in a process of its own: it must not grow with the trace."""
    return Result(
        "memory",
        "peak of record, 1 run",
        MEBIBYTES,
        peak(folder, f"{ops:,} ops", 1, ops * DEFAULT_OP_NS),
        peak(folder, f"record of {ops // LARGER:,} ops", 1, ops // LARGER * DEFAULT_OP_NS),
    )


def peak(folder: Path, name: str, runs: int, run_ns: int) -> Figure:
    """The peak of a process that records so many runs of this length."""
    printed = run_python(
        "-m", "benchmarks.peak_recording", folder / "peak.mpk", str(runs), str(run_ns)
    )
    return Figure(name, (float(printed),), 0)


def _record(path: Path, generation: Generation, compress: bool) -> float:
    """Record what the generation generates; returns the seconds from the end of its warm-up on."""
    begun: list[float] = []

    def start(progress: Progress) -> None:
        if progress.runs_done == 1:
            gc.collect()
            begun.append(time.perf_counter())

    record(path, generation.profile, generation.options, compress=compress, progress=start)
    return time.perf_counter() - begun[0]
