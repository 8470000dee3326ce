"""Writing: event by event and in bulk, beside mcap and msgpack rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.measure import in_turns, timed
from benchmarks.peers import write_mcap, write_msgpack
from benchmarks.results import BYTES_PER_EVENT, RATE, Figure, Result, rate
from benchmarks.rows import Call, Row, calls_of, play
from benchmarks.workload import Workload, open_recorder, write_bulk

GROUP = "write"
MODES = {"raw": False, "zstd": True}


def measure_writing(
    folder: Path, workload: Workload, rows: list[Row], repeats: int
) -> list[Result]:
    """Leaves `<mode>.mpk` of the whole workload, `<mode>.mcap` and `rows.msgpack` of the rows."""
    calls = calls_of(workload, runs=max(1, len(rows) // workload.run_events))
    contestants = {"msgpack": timed(partial(write_msgpack, folder / "rows.msgpack", rows))}
    for mode, compress in MODES.items():
        contestants |= {
            f"{mode} calls": timed(partial(_play, folder / f"calls-{mode}.mpk", calls, compress)),
            f"{mode} bulk": partial(
                write_bulk, folder / f"{mode}.mpk", workload, compress=compress
            ),
            f"{mode} mcap": timed(partial(write_mcap, folder / f"{mode}.mcap", rows, compress)),
        }
    seconds = in_turns(contestants, repeats)
    results = []
    for mode in MODES:
        ours = rate(f"Recorder, {mode}", len(calls), seconds[f"{mode} calls"])
        bulk = rate(f"bulk, {mode}", workload.total_events, seconds[f"{mode} bulk"])
        peers = [rate(f"mcap, {mode}", len(rows), seconds[f"{mode} mcap"])]
        if mode == "raw":
            peers.append(rate("msgpack rows", len(rows), seconds["msgpack"]))
        for peer in peers:
            results.append(Result(GROUP, f"event by event, {mode}", RATE, ours, peer))
            results.append(Result(GROUP, f"in bulk, {mode}", RATE, bulk, peer))
    return sorted(results, key=lambda item: item.what) + _sizes(folder, workload, len(rows))


def _play(path: Path, calls: list[Call], compress: bool) -> None:
    with open_recorder(path, compress) as recorder:
        play(recorder, calls)


def _sizes(folder: Path, workload: Workload, rows: int) -> list[Result]:
    results = []
    for mode in MODES:
        ours = _size(f"trace, {mode}", folder / f"{mode}.mpk", workload.total_events)
        mcap = _size(f"mcap, {mode}", folder / f"{mode}.mcap", rows)
        results.append(Result("size", mode, BYTES_PER_EVENT, ours, mcap))
    msgpack_rows = _size("msgpack rows", folder / "rows.msgpack", rows)
    results.insert(1, Result("size", "raw", BYTES_PER_EVENT, results[0].ours, msgpack_rows))
    return results


def _size(name: str, path: Path, events: int) -> Figure:
    return Figure(name, (path.stat().st_size / events,), events)
