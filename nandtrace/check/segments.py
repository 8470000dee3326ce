"""Segments: one row per segment and run, with everything that happened to it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.carried import Carried, derive_carried
from nandtrace.check.carry import Carry, first_dies
from nandtrace.check.tables import ascending_order, to_frame
from nandtrace.trace import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

MISSING = -1
"""A sequence number where there is no such event."""


class SegmentIndex:
    """Finds the row of a segment from its id and the run that asks."""

    def __init__(self, seg: Int64s, run_row: Int64s, seq: Int64s, carried_from: int) -> None:
        self._seq = seq
        self._run_row = run_row
        self._seg = seg
        committed = seg[:carried_from]
        order = ascending_order(committed)
        self._order, self._sorted = order, committed[order]
        self._carried = {
            (int(run_row[row]), int(seg[row])): row for row in range(carried_from, len(seg))
        }
        self._dense = _dense_index(self._sorted, order)

    def find(self, seg: Int64s, run_row: Int64s, seq: Int64s) -> Int64s:
        """Rows for events `seq` of runs `run_row` that name `seg`; -1 where nothing is found.

        A segment is found in the run that committed it before the event, or took it over.
        """
        rows = self._first_row(seg)
        if not len(self._seg):
            return rows
        wrong = (rows >= 0) & ((self._run_row[rows] != run_row) | (self._seq[rows] >= seq))
        rows[wrong] = -1
        if self._carried:
            for place in np.flatnonzero(rows < 0).tolist():
                rows[place] = self._carried.get((int(run_row[place]), int(seg[place])), -1)
        return rows

    def _first_row(self, seg: Int64s) -> Int64s:
        if not len(self._sorted):
            return np.full(len(seg), -1, np.int64)
        low, high = int(self._sorted[0]), int(self._sorted[-1])
        inside = (seg >= low) & (seg <= high)
        if self._dense is not None:
            rows = self._dense[np.where(inside, seg - low, 0)]
            return np.where(inside, rows, -1)
        places = np.minimum(np.searchsorted(self._sorted, seg), len(self._sorted) - 1)
        return np.where(self._sorted[places] == seg, self._order[places], -1)


def _dense_index(ordered: Int64s, order: Int64s) -> Int64s | None:
    if not len(ordered):
        return None
    low, high = int(ordered[0]), int(ordered[-1])
    if high - low > 4 * len(ordered) + 1024:
        return None
    table = np.full(high - low + 1, -1, np.int64)
    table[ordered[::-1] - low] = order[::-1]
    return table


@dataclass(frozen=True, slots=True)
class Segments:
    """Columns of equal length. Ids, times and names are NULL where unknown.

    A segment that a run took over from the one before has a row of its own in the later run
    (`carried` 1, `seq` that of the RUN_BEGIN); one that a suspend had cut there has outcome SUSPENDED
    and the cut as `last_end_ns`. `first_*` and `last_*` are sequence numbers, MISSING where nothing of
    it happened. `cut_ns` is the time of the suspend that cut it, else NULL. `targets` hang on the rows.
    """

    run_row: Int64s
    seg: Int64s
    seq: Int64s
    op: Int64s
    op_name: Int64s
    base: Int64s
    source: Int64s
    start_ns: Int64s
    end_ns: Int64s
    die: Int64s
    carried: Int64s
    owes_start: Int64s
    owes_end: Int64s
    starts: Int64s
    last_start: Int64s
    ends: Int64s
    first_end: Int64s
    last_end: Int64s
    last_end_ns: Int64s
    outcome: Int64s
    cuts: Int64s
    cut_seq: Int64s
    cut_ns: Int64s
    resets: Int64s
    stray_cancels: Int64s
    start_cancels: Int64s
    end_cancel: Int64s
    start_cancel: Int64s
    index: SegmentIndex
    targets: ListTable

    def __len__(self) -> int:
        return len(self.seg)

    def frame(self) -> pl.DataFrame:
        """As a frame in which NULL is null."""
        names = [item.name for item in fields(self) if item.type in (Int64s, "Int64s")]
        return to_frame({name: getattr(self, name) for name in names})


def derive_segments(batch: Batch, carry: Carry) -> Segments:
    """Build the table from COMMIT, OP_START, OP_END, CANCEL and the begin snapshots."""
    columns = _committed(batch)
    committed = len(columns["seg"])
    carried = derive_carried(batch, carry)
    if len(carried):
        columns = {
            name: np.concatenate([values, carried.rows[name]]) for name, values in columns.items()
        }
    index = SegmentIndex(columns["seg"], columns["run_row"], columns["seq"], committed)
    columns |= _started(batch, index, len(columns["seg"]))
    columns |= _ended(batch, index, len(columns["seg"]))
    _cut_before(batch, carried, columns, committed)
    columns |= _cancelled(batch, index, columns)
    return Segments(**columns, index=index, targets=carried.targets)


def segment_rows(batch: Batch, segments: Segments, kind: str, column: str = "seg") -> Int64s:
    """For each event of a kind that names a segment in a column, its row in `segments`, or -1."""
    positions = batch.rows(kind)
    named = batch.column(kind, column)
    return segments.index.find(named, batch.run_row[positions], batch.seq[positions])


def _committed(batch: Batch) -> dict[str, Int64s]:
    positions = batch.rows("COMMIT")
    count = len(positions)
    columns = {
        name: batch.column("COMMIT", name)
        for name in ("seg", "op", "op_name", "base", "source", "start_ns", "end_ns")
    }
    return columns | {
        "run_row": batch.run_row[positions],
        "seq": batch.seq[positions],
        "die": first_dies(batch),
        "carried": np.zeros(count, np.int64),
        "owes_start": np.ones(count, np.int64),
        "owes_end": np.ones(count, np.int64),
    }


def _cut_before(batch: Batch, carried: Carried, columns: dict[str, Int64s], committed: int) -> None:
    """What a suspend cut in a run before has ended, though not in this one."""
    places = np.flatnonzero(carried.rows["cut_ns"] != NULL)
    columns["outcome"][committed + places] = batch.code("SUSPENDED")
    columns["last_end_ns"][committed + places] = carried.rows["cut_ns"][places]


def _started(batch: Batch, index: SegmentIndex, count: int) -> dict[str, Int64s]:
    positions = batch.rows("OP_START")
    seq = batch.seq[positions]
    rows = index.find(batch.column("OP_START", "seg"), batch.run_row[positions], seq)
    found = rows >= 0
    last = np.full(count, MISSING, np.int64)
    last[rows[found]] = seq[found]
    return {"starts": np.bincount(rows[found], minlength=count), "last_start": last}


def _ended(batch: Batch, index: SegmentIndex, count: int) -> dict[str, Int64s]:
    positions = batch.rows("OP_END")
    seq = batch.seq[positions]
    rows = index.find(batch.column("OP_END", "seg"), batch.run_row[positions], seq)
    found = np.flatnonzero(rows >= 0)
    rows = rows[found]
    first, last = np.full(count, MISSING, np.int64), np.full(count, MISSING, np.int64)
    outcome, last_ns = np.full(count, NULL, np.int64), np.full(count, NULL, np.int64)
    first[rows[::-1]] = seq[found[::-1]]
    last[rows] = seq[found]
    last_ns[rows] = batch.time_ns[positions[found]]
    outcome[rows] = batch.column("OP_END", "outcome")[found]
    return {
        "ends": np.bincount(rows, minlength=count),
        "first_end": first,
        "last_end": last,
        "last_end_ns": last_ns,
        "outcome": outcome,
    }


def _cancelled(batch: Batch, index: SegmentIndex, columns: dict[str, Int64s]) -> dict[str, Int64s]:
    count = len(columns["seg"])
    positions = batch.rows("CANCEL")
    seq, run_row = batch.seq[positions], batch.run_row[positions]
    rows = index.find(batch.column("CANCEL", "seg"), run_row, seq)
    found = rows >= 0
    event = batch.column("CANCEL", "event")
    reset = batch.column("CANCEL", "reason") == batch.code("RESET")
    is_end = found & (event == batch.code("OP_END"))
    by_suspend = is_end & ~reset & _at_a_suspend(batch, positions, rows, columns)
    cut_seq, cut_ns = np.full(count, MISSING, np.int64), np.full(count, NULL, np.int64)
    cut_seq[rows[by_suspend]] = seq[by_suspend]
    cut_ns[rows[by_suspend]] = batch.time_ns[positions][by_suspend]
    is_start = found & (event == batch.code("OP_START"))
    end_cancel, start_cancel = np.full(count, MISSING, np.int64), np.full(count, MISSING, np.int64)
    end_cancel[rows[is_end]] = seq[is_end]
    start_cancel[rows[is_start]] = seq[is_start]
    return {
        "cuts": np.bincount(rows[by_suspend], minlength=count),
        "cut_seq": cut_seq,
        "cut_ns": cut_ns,
        "resets": np.bincount(rows[is_end & reset], minlength=count),
        "stray_cancels": np.bincount(rows[is_end & ~reset & ~by_suspend], minlength=count),
        "start_cancels": np.bincount(rows[is_start], minlength=count),
        "end_cancel": end_cancel,
        "start_cancel": start_cancel,
    }


def _at_a_suspend(
    batch: Batch, positions: Any, rows: Int64s, columns: dict[str, Int64s]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which CANCELs fall together with a SUSPEND of their segment's op, or of its die."""
    suspended = batch.rows("SUSPEND")
    if not len(suspended) or not len(positions):
        return np.zeros(len(positions), np.bool_)
    suspends = pl.DataFrame(
        {
            "run_row": batch.run_row[suspended],
            "time_ns": batch.time_ns[suspended],
            "op": batch.column("SUSPEND", "op"),
            "die": batch.column("SUSPEND", "die"),
        }
    )
    safe = np.where(rows >= 0, rows, 0)
    cancels = pl.DataFrame(
        {
            "place": np.arange(len(positions)),
            "run_row": batch.run_row[positions],
            "time_ns": batch.time_ns[positions],
            "op": columns["op"][safe] if len(columns["op"]) else np.zeros(len(safe), np.int64),
            "die": columns["die"][safe] if len(columns["die"]) else np.zeros(len(safe), np.int64),
        }
    )
    numbered = cancels.join(
        suspends.filter(pl.col("op") != NULL), on=["run_row", "time_ns", "op"], how="semi"
    )
    unnumbered = cancels.join(
        suspends.filter(pl.col("op") == NULL), on=["run_row", "time_ns", "die"], how="semi"
    )
    matched = np.zeros(len(positions), np.bool_)
    matched[numbered["place"].to_numpy()] = True
    matched[unnumbered["place"].to_numpy()] = True
    return matched
