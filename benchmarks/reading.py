"""Reading: every column of every chunk decoded, beside mcap and a bare loop over msgpack rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.measure import in_turns, timed
from benchmarks.peers import read_mcap, read_msgpack
from benchmarks.results import RATE, Result, rate
from benchmarks.workload import Workload
from nandtrace import TraceReader
from nandtrace.trace import Chunk

GROUP = "read"


def measure_reading(folder: Path, workload: Workload, rows: int, repeats: int) -> list[Result]:
    """Reads what `measure_writing` left in the folder."""
    seconds = in_turns(
        {
            "raw": timed(partial(decode_all, folder / "raw.mpk")),
            "zstd": timed(partial(decode_all, folder / "zstd.mpk")),
            "mcap": timed(partial(read_mcap, folder / "zstd.mcap")),
            "msgpack": timed(partial(read_msgpack, folder / "rows.msgpack")),
        },
        repeats,
    )
    mcap = rate("mcap, zstd", rows, seconds["mcap"])
    msgpack_rows = rate("msgpack rows, bare loop", rows, seconds["msgpack"])
    return [
        Result(
            GROUP, what, RATE, rate(f"columns, {mode}", workload.total_events, seconds[mode]), peer
        )
        for what, mode, peer in (
            ("all columns, zstd", "zstd", mcap),
            ("all columns, raw", "raw", msgpack_rows),
        )
    ]


def decode_all(path: Path) -> int:
    """Decode every column of an undamaged trace, checks included; returns the number of events."""
    events = 0
    with TraceReader(path) as reader:
        kinds = reader.header.vocabulary.kinds
        for chunk in reader.walk():
            assert isinstance(chunk, Chunk), f"{path}: {chunk}"
            assert len(chunk.time_ns) == len(chunk.run) == len(chunk.kind)
            for kind in kinds:
                if kind.name in chunk.meta.counts:
                    chunk.table(kind)
            events += chunk.meta.events
    return events
