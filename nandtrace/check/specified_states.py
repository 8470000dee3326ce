"""Segments that started, with the states that the header tells of them, and those that were written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nandtrace.check.facts import Facts
from nandtrace.check.op_times import Expected, Flags, expected_states, fit, told_of
from nandtrace.check.segments import MISSING
from nandtrace.trace.columns import Int64s


@dataclass(frozen=True, slots=True)
class Specified:
    """Segments that started, with the states that they should go through.

    `rows` are the segments, `start_seq` and `start_ns` their OP_STARTs, `fits` whether their committed time
    is right. Each has `count` states from `first` on.
    """

    rows: Int64s
    start_seq: Int64s
    start_ns: Int64s
    fits: Flags
    first: Int64s
    count: Int64s
    states: Expected


def specify(facts: Facts) -> Specified:
    """Build the table, of the segments that the header tells states of."""
    segments, batch = facts.segments, facts.batch
    started = facts.rows_of("OP_START")
    events = np.flatnonzero(started >= 0)
    rows, nth = np.unique(started[events], return_index=True)
    positions = batch.rows("OP_START")[events[nth]]
    known = told_of(batch, segments, rows)
    rows, positions = rows[known], positions[known]
    states = expected_states(batch, segments, rows)
    count = np.bincount(states.owner, minlength=len(rows))
    return Specified(
        rows,
        batch.seq[positions],
        batch.time_ns[positions],
        fit(batch, segments, rows),
        np.cumsum(count) - count,
        count,
        states,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """STATEs of specified segments, segment by segment: their positions, the place of the segment among
    the specified, and the number that each has in its segment."""

    event: Int64s
    place: Int64s
    nth: Int64s
    count: Int64s


def told_states(facts: Facts, specified: Specified) -> Told:
    """Group the STATEs by segment; those of others are left out."""
    rows = facts.rows_of("STATE")
    place_of_row = np.full(len(facts.segments) + 1, MISSING, np.int64)
    place_of_row[specified.rows] = np.arange(len(specified.rows))
    place = place_of_row[rows]
    event = np.flatnonzero(place != MISSING)
    event = event[np.argsort(place[event], kind="stable")]
    place = place[event]
    count = np.bincount(place, minlength=len(specified.rows))
    nth = np.arange(len(place)) - (np.cumsum(count) - count)[place]
    return Told(event, place, nth, count)
