"""List columns: comparing the lists that hang on rows, without a Python object per item."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.trace import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL


def item_rows(batch: Batch, kind: str, list_name: str, names: Iterable[str]) -> dict[str, Int64s]:
    """One row per item of a list: `seq`, `run_row` and `seg` of its event, and the named columns."""
    items = batch.items(kind, list_name)
    positions = np.repeat(batch.rows(kind), items.counts)
    return {
        "seq": batch.seq[positions],
        "run_row": batch.run_row[positions],
        "seg": np.repeat(batch.column(kind, "seg"), items.counts),
    } | {name: items.columns.get(name, np.full(len(positions), NULL, np.int64)) for name in names}


def differing_rows(
    left: ListTable, left_rows: Int64s, right: ListTable, right_rows: Int64s, names: Iterable[str]
) -> npt.NDArray[np.bool_]:
    """For each pair of rows, whether their lists differ in length or in one of the columns."""
    counts = left.counts[left_rows]
    differ: npt.NDArray[np.bool_] = counts != right.counts[right_rows]
    same = np.flatnonzero(~differ & (counts > 0))
    if not len(same):
        return differ
    mine = item_places(left, left_rows[same])
    theirs = item_places(right, right_rows[same])
    apart = np.zeros(len(mine), np.bool_)
    for name in names:
        apart |= left.columns[name][mine] != right.columns[name][theirs]
    differ[np.repeat(same, counts[same])[apart]] = True
    return differ


def item_places(table: ListTable, rows: Int64s) -> Int64s:
    """Positions of the items of rows, one row after another."""
    first = np.cumsum(table.counts) - table.counts
    counts = table.counts[rows]
    if len(counts) and int(counts.min()) == int(counts.max()) == 1:
        return first[rows]
    starts = np.repeat(first[rows] - (np.cumsum(counts) - counts), counts)
    return starts + np.arange(len(starts))
