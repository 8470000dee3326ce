"""Stabbing: which of many spans of the log holds an event, span and event being of the same lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.segments import MISSING, Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

NEVER = np.iinfo(np.int64).max
NOT_FOUND = -1


@dataclass(frozen=True, slots=True)
class Ordered:
    """Places of entries in order of lane and then of number, for searches by both."""

    order: npt.NDArray[np.intp]
    lane: Int64s
    seq: Int64s

    def __len__(self) -> int:
        return len(self.order)

    def count_before(self, lane: Int64s, seq: Int64s) -> Int64s:
        """How many entries are of an earlier lane, or of the same and not after a number."""
        if not len(self):
            return np.zeros(len(lane), np.int64)
        low = np.searchsorted(self.lane, lane, side="left")
        high = np.searchsorted(self.lane, lane, side="right")
        base = min(int(self.seq.min()), int(seq.min(initial=0)))
        width = max(int(self.seq.max()), int(seq.max(initial=0))) - base + 1
        _, rank = np.unique(self.lane, return_inverse=True)
        mine = np.where(high > low, rank[np.minimum(low, len(self) - 1)], 0)
        found = np.searchsorted(
            rank * width + (self.seq - base), mine * width + (seq - base), "right"
        )
        inside: Int64s = np.clip(found, low, high)
        return inside


def ordered(lane: Int64s, seq: Int64s) -> Ordered:
    """Sort entries, given by their lanes and numbers."""
    order = np.lexsort((seq, lane))
    return Ordered(order, lane[order], seq[order])


def first_after(entries: Ordered, lane: Int64s, seq: Int64s, skip: Int64s | None = None) -> Int64s:
    """Places of the first entries of the lanes after the numbers; NOT_FOUND where there is none.

    `skip` are places, one per question, that do not count.
    """
    if not len(entries):
        return np.full(len(lane), NOT_FOUND, np.int64)
    at = entries.count_before(lane, seq)
    last = len(entries) - 1
    if skip is not None:
        at += entries.order[np.minimum(at, last)] == skip
    near = np.minimum(at, last)
    found = (at <= last) & (entries.lane[near] == lane)
    return np.where(found, entries.order[near], NOT_FOUND)


def last_before(entries: Ordered, lane: Int64s, seq: Int64s) -> Int64s:
    """Places of the last entries of the lanes before the numbers; NOT_FOUND where there is none."""
    if not len(entries):
        return np.full(len(lane), NOT_FOUND, np.int64)
    at = entries.count_before(lane, seq - 1) - 1
    near = np.maximum(at, 0)
    found = (at >= 0) & (entries.lane[near] == lane)
    return np.where(found, entries.order[near], NOT_FOUND)


def resumed_by(segments: Segments, cut: Int64s, chained: Int64s) -> Int64s:
    """For every cut segment, by its row, the segment that goes on with its op in that run.

    `chained` are the rows of segments that go on with one. NOT_FOUND where nothing does.
    """
    chained = chained[segments.op[chained] != NULL]
    lane = _op_lane(segments, chained, cut)
    entries = ordered(lane[: len(chained)], segments.seq[chained])
    asked = segments.seq[cut]
    places = first_after(entries, lane[len(chained) :], asked)
    found = np.full(len(cut), NOT_FOUND, np.int64)
    known = (places != NOT_FOUND) & (segments.op[cut] != NULL)
    found[known] = chained[places[known]]
    return found


def _op_lane(segments: Segments, *rows: Int64s) -> Int64s:
    """A number per pair of run and op."""
    joined = np.concatenate(rows)
    if not len(joined):
        return joined
    pairs = np.stack([segments.run_row[joined], segments.op[joined]])
    _, lane = np.unique(pairs, axis=1, return_inverse=True)
    numbers: Int64s = lane.reshape(-1).astype(np.int64)
    return numbers


def cut_after(segments: Segments, rows: Int64s) -> Int64s:
    """From which event on cut segments are suspended: their OP_END, or the begin of their run."""
    ends = segments.last_end[rows]
    return np.where(ends == MISSING, segments.seq[rows], ends)
