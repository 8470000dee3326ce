"""The work-order scheduler: claims without a trace and with one, beside pools of workers; memory; idling."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks import workorder_pools
from benchmarks.measure import in_turns, run_python, timed
from benchmarks.recorded import events_of, verify_recording
from benchmarks.results import CLAIMS, CPU, MEBIBYTES, RATE, Figure, Result, rate
from benchmarks.workorder_load import (
    idle_cpu_s,
    idle_loop_cpu_s,
    record,
    run_queued,
)

GROUP = "workorder"
IDLE_S = 6.0
"""So long that the resources are polled once."""

LARGER = 4
"""Memory is measured at the full count of orders and at so many times it."""


def measure_workorder(folder: Path, orders: int, repeats: int) -> list[Result]:
    """So many orders whose handler has nothing to do, and the scheduler with no orders."""
    return [
        *_measure_claims(folder, orders, repeats),
        _measure_idle(min(IDLE_S, orders / 1_000), repeats),
    ]


def measure_workorder_memory(folder: Path, orders: int) -> list[Result]:
    """Peak memory, each in a process of its own: it must not grow with what was done."""
    return [
        Result(
            "memory",
            f"peak of work orders, {what}",
            MEBIBYTES,
            _peak(f"{LARGER * orders:,} orders", LARGER * orders, *trace),
            _peak(f"{orders:,} orders", orders, *trace),
        )
        for what, trace in (("no trace", ()), ("traced", (folder / "peak.mpk",)))
    ]


def _measure_claims(folder: Path, orders: int, repeats: int) -> list[Result]:
    """The ratios say how it compares, and how much of the speed is left with a trace."""
    path = folder / "orders.mpk"
    record_in = partial(record, orders=orders, run=run_queued)
    seconds = in_turns(
        {
            "bare": timed(partial(run_queued, orders)),
            "raw": timed(partial(record_in, path)),
            "zstd": timed(partial(record_in, folder / "orders-zstd.mpk", compress=True)),
            "ahead": timed(partial(record_in, folder / "orders-ahead.mpk", write_ahead=True)),
            "asyncio": timed(partial(workorder_pools.run_asyncio, orders)),
            "psutil": timed(partial(workorder_pools.run_asyncio, orders, looking=True)),
            "threads": timed(partial(workorder_pools.run_threads, orders)),
            "verify": timed(partial(verify_recording, path)),
        },
        repeats,
    )
    bare, raw, zstd, ahead, workers, looking, threads = (
        rate(name, orders, seconds[key])
        for name, key in (
            ("no trace", "bare"),
            ("traced, raw", "raw"),
            ("traced, zstd", "zstd"),
            ("traced, written ahead", "ahead"),
            ("2 asyncio workers", "asyncio"),
            ("2 asyncio workers, psutil", "psutil"),
            ("ThreadPoolExecutor(2)", "threads"),
        )
    )
    events = events_of(path)
    return [
        *(Result(GROUP, "no trace", CLAIMS, bare, peer) for peer in (workers, looking, threads)),
        *(Result(GROUP, each.name, CLAIMS, each, bare) for each in (raw, zstd, ahead)),
        Result(
            GROUP,
            "verify of the raw one",
            RATE,
            rate("verify, 1 process", events, seconds["verify"]),
            rate("recording it", events, seconds["raw"]),
        ),
    ]


def _measure_idle(idle_s: float, repeats: int) -> Result:
    seconds = in_turns(
        {"ours": partial(idle_cpu_s, idle_s), "loop": partial(idle_loop_cpu_s, idle_s)}, repeats
    )
    ours, loop = (
        Figure(name, tuple(spent / idle_s * 1e6 for spent in seconds[key]), 0)
        for name, key in (("idle", "ours"), ("an idle event loop", "loop"))
    )
    return Result(GROUP, "idle", CPU, ours, loop)


def _peak(name: str, orders: int, *trace: Path) -> Figure:
    printed = run_python("-m", "benchmarks.workorder_peak", str(orders), *trace)
    return Figure(name, (float(printed),), 0)
