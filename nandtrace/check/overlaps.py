"""Overlaps: of spans in order of their begin, those that begin while one before them still lasts."""

from __future__ import annotations

import numpy as np

from nandtrace.check.occupancy import Flags, Lanes, Starts
from nandtrace.trace.columns import Int64s

Overlaps = tuple[Int64s, Int64s]
"""Indices of the spans that begin too early, and of those before them that last longest."""


def find_overlaps(begin: Int64s, end: Int64s) -> Overlaps:
    """Overlaps among spans in order of `begin`."""
    reached = np.maximum.accumulate(end) if len(end) else end
    late = np.flatnonzero(reached[:-1] > begin[1:]) + 1
    return late, _longest(end, reached, late)


def find_forbidden_overlaps(begin: Int64s, end: Int64s, free: Flags) -> Overlaps:
    """Overlaps but for those among spans that are `free`."""
    if not len(end):
        return find_overlaps(begin, end)
    # For a free span only those that are not free are in the way.
    bound_end = np.where(free, np.iinfo(np.int64).min, end)
    reached, bound_reached = np.maximum.accumulate(end), np.maximum.accumulate(bound_end)
    in_the_way = np.where(free[1:], bound_reached[:-1], reached[:-1])
    late = np.flatnonzero(in_the_way > begin[1:]) + 1
    of_all, of_bound = _longest(end, reached, late), _longest(bound_end, bound_reached, late)
    return late, np.where(free[late], of_bound, of_all)


def _longest(end: Int64s, reached: Int64s, late: Int64s) -> Int64s:
    if not len(late):
        return late
    furthest = np.maximum.accumulate(np.where(end == reached, np.arange(len(end)), 0))
    return furthest[late - 1]


def held_until(starts: Starts, lanes: Lanes) -> Int64s:
    """Per pair, on the scale of its `key`, the end of what the start holds: every start before that,
    on the same lane and in the same run, comes while it is held."""
    last = np.minimum(starts.end, starts.stop)[lanes.place]
    return lanes.lane * lanes.width + last


def count_places(starts: Starts, lanes: Lanes) -> tuple[int, int]:
    """How many starts are among the lanes, and how many of them have another before them on a lane of
    theirs in the same run."""
    stop = starts.stop[lanes.place]
    behind = np.zeros(len(lanes.key), np.bool_)
    behind[1:] = (lanes.lane[1:] == lanes.lane[:-1]) & (stop[1:] == stop[:-1])
    return count_starts(starts, lanes.place), count_starts(starts, lanes.place[behind])


def count_starts(starts: Starts, places: Int64s) -> int:
    """How many different ones of the places are those of an OP_START."""
    among = np.zeros(len(starts), np.bool_)
    among[places] = True
    return int(np.count_nonzero(among & starts.fresh))
