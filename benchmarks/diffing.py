"""Diffing: the whole command on equal traces and on traces that differ in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from deepdiff import DeepDiff

from benchmarks.measure import NANDTRACE, Measured, in_turns, timed, timed_process
from benchmarks.results import SECONDS, Figure, Result
from benchmarks.rows import Row
from benchmarks.workload import Workload, write_bulk

GROUP = "diff"
PEER_EVENTS = 1_000


def measure_diffing(
    folder: Path, workload: Workload, rows: list[Row], repeats: int
) -> list[Result]:
    """Compares the `raw.mpk` that `measure_writing` left with traces of its own."""
    write_bulk(folder / "equal.mpk", workload)
    write_bulk(folder / "changed.mpk", workload, changed_run=workload.runs // 2)
    old = [tuple(row) for row in rows[:PEER_EVENTS]]
    middle = len(old) // 2
    later = rows[middle]._replace(time_ns=rows[middle].time_ns + 10)
    new = [*old[:middle], tuple(later), *old[middle + 1 :]]
    raw = folder / "raw.mpk"
    seconds = in_turns(
        {
            "equal": _diff(raw, folder / "equal.mpk", exit_code=0),
            "changed": _diff(raw, folder / "changed.mpk", exit_code=1),
            "DeepDiff equal": timed(partial(_deep_diff, old, list(old), different=False)),
            "DeepDiff changed": timed(partial(_deep_diff, old, new, different=True)),
        },
        repeats,
    )
    events = workload.total_events
    return [
        Result(
            GROUP,
            f"{what}, whole process",
            SECONDS,
            Figure("nandtrace diff", tuple(seconds[name]), events),
            _scaled(
                f"DeepDiff of {len(old):,} events", seconds[f"DeepDiff {name}"], len(old), events
            ),
        )
        for name, what in (("equal", "equal traces"), ("changed", "differ in the middle"))
    ]


def _diff(old: Path, new: Path, exit_code: int) -> Measured:
    return timed_process(*NANDTRACE, "diff", old, new, exit_code=exit_code)


def _deep_diff(old: Sequence[Any], new: Sequence[Any], different: bool) -> None:
    if bool(DeepDiff(old, new)) is not different:
        raise RuntimeError("DeepDiff does not see what was changed")


def _scaled(name: str, seconds: Sequence[float], measured: int, events: int) -> Figure:
    samples = tuple(value * events / measured for value in seconds)
    return Figure(name, samples, measured, scaled=True)
