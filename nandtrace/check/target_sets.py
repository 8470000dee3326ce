"""Target sets: comparing the targets of segments, a row of a list table each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nandtrace.trace import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

_TARGET = ("die", "plane", "block", "page")


def first_targets(table: ListTable, rows: Int64s) -> dict[str, Int64s]:
    """The first target of each row, NULL where it has none."""
    first = np.cumsum(table.counts) - table.counts
    has = table.counts[rows] > 0
    found = {}
    for name in _TARGET:
        found[name] = np.full(len(rows), NULL, np.int64)
        if table.columns:
            found[name][has] = table.columns[name][first[rows[has]]]
    return found


def are_within(table: ListTable, rows: Int64s, others: Int64s) -> npt.NDArray[np.bool_]:
    """Whether every target of a row is one of those of the other row beside it.

    Where the other row has none, as when nothing is known of it, nothing is held against the first.
    """
    first = np.cumsum(table.counts) - table.counts
    within = np.ones(len(rows), np.bool_)
    most = int(table.counts[rows].max(initial=0))
    for place in range(most):
        has = np.flatnonzero((table.counts[rows] > place) & (table.counts[others] > 0))
        within[has] &= _is_among(table, first[rows[has]] + place, others[has], first)
    return within


def _is_among(
    table: ListTable, places: Int64s, others: Int64s, first: Int64s
) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(places), np.bool_)
    for other in range(int(table.counts[others].max(initial=0))):
        has = np.flatnonzero(table.counts[others] > other)
        same = np.ones(len(has), np.bool_)
        for name in _TARGET:
            column = table.columns[name]
            same &= column[places[has]] == column[first[others[has]] + other]
        found[has] |= same
    return found
