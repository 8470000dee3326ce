"""State windows: from when to when segments were in their states, in fact."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.occupancy import Starts
from nandtrace.check.op_times import expected_states, told_of
from nandtrace.check.segments import MISSING, Segments
from nandtrace.trace.columns import Int64s


@dataclass(frozen=True, slots=True)
class StateWindows:
    """One entry per state of a segment that ran, with the `place` of its start; `seq` is its STATE, or the
    RUN_BEGIN that took it over.

    A state is entered when the one before it in its segment is over, at the latest when it is written.
    It is left at its time, or when a suspend, a reset or the end of the run cuts it: what was never
    entered is not here.
    """

    seq: Int64s
    place: Int64s
    state: Int64s
    bus: Int64s
    entry_ns: Int64s
    exit_ns: Int64s


def derive_state_windows(
    batch: Batch, segments: Segments, starts: Starts, rows: Int64s
) -> StateWindows:
    """Build the table; `rows` has, per STATE, its segment's row or -1.

    What runs over a run's begin has its STATEs in the run before; its states are those of the header.
    """
    written = _written(batch, starts, rows)
    taken_over = _taken_over(batch, segments, starts, rows)
    if not len(taken_over.seq):
        return written
    return StateWindows(
        *(
            np.concatenate([getattr(part, item.name) for part in (taken_over, written)])
            for item in fields(StateWindows)
        )
    )


def _taken_over(batch: Batch, segments: Segments, starts: Starts, rows: Int64s) -> StateWindows:
    """Those of segments that ran when their run began, from then on."""
    places = np.flatnonzero(~starts.fresh & ~np.isin(starts.row, rows))
    places = places[told_of(batch, segments, starts.row[places])]
    states = expected_states(batch, segments, starts.row[places])
    place = places[states.owner]
    run_end_ns = batch.time_ns[batch.runs.last][segments.run_row[starts.row[place]]]
    entry_ns = np.maximum(states.entry_ns, starts.time_ns[place])
    exit_ns = np.minimum(np.minimum(states.until_ns, starts.end_ns[place]), run_end_ns)
    entered = exit_ns > entry_ns
    return StateWindows(
        seq=starts.seq[place[entered]],
        place=place[entered],
        state=states.state[entered],
        bus=states.bus[entered],
        entry_ns=entry_ns[entered],
        exit_ns=exit_ns[entered],
    )


def _written(batch: Batch, starts: Starts, rows: Int64s) -> StateWindows:
    positions = batch.rows("STATE")
    entry_ns = state_entries(batch, rows)
    place = starts.place_of(rows)
    run_end_ns = batch.time_ns[batch.runs.last]
    exit_ns = np.minimum(batch.column("STATE", "until_ns"), run_end_ns[batch.run_row[positions]])
    if len(starts):
        np.minimum(exit_ns, starts.end_ns[place], out=exit_ns)
    entered = (place != MISSING) & (exit_ns > entry_ns)
    return StateWindows(
        seq=batch.seq[positions[entered]],
        place=place[entered],
        state=batch.column("STATE", "state")[entered],
        bus=batch.column("STATE", "bus")[entered],
        entry_ns=entry_ns[entered],
        exit_ns=exit_ns[entered],
    )


def state_entries(batch: Batch, rows: Int64s) -> Int64s:
    """Per STATE when it is entered: at its event, or when its segment's STATE before it is over."""
    time_ns = batch.time_ns[batch.rows("STATE")]
    until_ns = batch.column("STATE", "until_ns")
    if _is_grouped(rows):
        return _entries(time_ns, until_ns, rows)
    order = np.argsort(rows, kind="stable")
    entry_ns = np.empty_like(time_ns)
    entry_ns[order] = _entries(time_ns[order], until_ns[order], rows[order])
    return entry_ns


def _entries(time_ns: Int64s, until_ns: Int64s, rows: Int64s) -> Int64s:
    entry_ns = time_ns.copy()
    later = (rows[1:] == rows[:-1]) & (until_ns[:-1] > entry_ns[1:])
    entry_ns[1:][later] = until_ns[:-1][later]
    return entry_ns


def _is_grouped(rows: Int64s) -> bool:
    """Whether the STATEs of each segment stand together, as most schedulers write them."""
    if not len(rows):
        return True
    groups = 1 + int(np.count_nonzero(rows[1:] != rows[:-1]))
    return groups == int(np.count_nonzero(np.bincount(rows + 1)))
