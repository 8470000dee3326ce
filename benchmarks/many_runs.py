"""Many runs: whether an op costs more for them, what their snapshots cost, and whether memory grows."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.generating import DEFAULT_OP_NS, Generation
from benchmarks.measure import in_turns
from benchmarks.recording import LARGER, peak
from benchmarks.results import MEBIBYTES, MICROSECONDS_PER_OP, Figure, Result
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import Progress, record

GROUP = "runs"
MOST_RUNS = 10_000
SHORT_RUN_NS = 200_000
"""Of the most runs; with what its drain adds, such a run has about a dozen ops."""


def measure_many_runs(folder: Path, ops: int, repeats: int) -> list[Result]:
    """The default profile in one run, in some and in many."""
    one, some, many = (_generation(ops, runs) for runs in run_counts(ops))
    counts = {_named(each): each for each in (one, some, many)}
    seconds = in_turns({name: each.measure for name, each in counts.items()}, repeats)
    figures = [_cost(name, each.ops, seconds[name]) for name, each in counts.items()]
    return [
        Result(GROUP, f"{figures[1].name}, no trace", MICROSECONDS_PER_OP, figures[1], figures[0]),
        Result(GROUP, f"{figures[2].name}, no trace", MICROSECONDS_PER_OP, figures[2], figures[0]),
        *_measure_recorded(folder, many, figures[2]),
    ]


def measure_memory_of_many_runs(folder: Path, ops: int) -> Result:
    """Peak memory of recording many runs, and a fraction of them."""
    most = run_counts(ops)[-1]
    return Result(
        "memory",
        f"peak of record, {most:,} runs",
        MEBIBYTES,
        peak(folder, f"{most:,} runs", most, SHORT_RUN_NS),
        peak(folder, f"record of {most // LARGER:,} runs", most // LARGER, SHORT_RUN_NS),
    )


def run_counts(ops: int) -> tuple[int, int, int]:
    """One run, some, and many: 1, 100 and 10 000 when there are ops enough for so many."""
    most = min(MOST_RUNS, max(20, ops // 4))
    return 1, max(2, most // 100), most


def _generation(ops: int, runs: int) -> Generation:
    run_ns = SHORT_RUN_NS if runs == run_counts(ops)[-1] else ops * DEFAULT_OP_NS // runs
    return Generation(load_profile("default").profile, (run_ns // 10 * 10,) * runs)


def _measure_recorded(folder: Path, many: Generation, without: Figure) -> list[Result]:
    """Each run now brings two snapshots; the second half of the runs stands beside the first."""
    runs = len(many.runs_ns)
    marks: list[tuple[int, float]] = []

    def mark(progress: Progress) -> None:
        if progress.runs_done - 1 in (0, runs // 2, runs):
            marks.append((progress.ops, time.perf_counter()))

    record(folder / "runs.mpk", many.profile, many.options, progress=mark)
    begin, middle, end = marks
    whole, first, second = (
        _cost(name, upto[0] - since[0], [upto[1] - since[1]])
        for name, since, upto in (
            ("recorded", begin, end),
            ("first half", begin, middle),
            ("second half", middle, end),
        )
    )
    return [
        Result(GROUP, f"{runs:,} runs, recorded", MICROSECONDS_PER_OP, whole, without),
        Result(GROUP, f"{runs:,} runs, second half", MICROSECONDS_PER_OP, second, first),
    ]


def _named(generation: Generation) -> str:
    runs = len(generation.runs_ns)
    return f"{runs:,} run{'' if runs == 1 else 's'}"


def _cost(name: str, ops: int, seconds: list[float]) -> Figure:
    return Figure(name, tuple(sample / max(1, ops) * 1e6 for sample in seconds), ops)
