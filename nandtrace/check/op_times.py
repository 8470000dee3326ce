"""What the header tells of the times of ops: the states that each goes through, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.segments import Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Timing:
    """The states of op names, one name after another: `first` and `count` by the code of a name.

    `after_ns` is what comes after a state until its op ends, `total_ns` how long an op of a name takes.
    """

    first: Int64s
    count: Int64s
    total_ns: Int64s
    state: Int64s
    duration_ns: Int64s
    after_ns: Int64s
    bus: Int64s


def timing_of(batch: Batch) -> Timing:
    """Look up every op name of the batch among those of the header; a last entry stands for none."""
    told = [batch.rules.op_states.get(name, ()) for name in batch.names]
    count = np.array([*(len(states) for states in told), 0], np.int64)
    flat = [state for states in told for state in states]
    duration_ns = np.array([state.duration_ns for state in flat], np.int64)
    first = np.cumsum(count) - count
    done_ns = np.concatenate([[0], np.cumsum(duration_ns)])
    total_ns = done_ns[first + count] - done_ns[first]
    ends_ns = np.repeat(done_ns[first + count], count)
    return Timing(
        first,
        count,
        total_ns,
        np.array([batch.code(state.name) for state in flat], np.int64),
        duration_ns,
        ends_ns - done_ns[1:],
        np.array([state.bus for state in flat], np.int64),
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """The states of segments, one segment after another: `owner` is the place of each one's segment."""

    owner: Int64s
    state: Int64s
    bus: Int64s
    entry_ns: Int64s
    until_ns: Int64s


def expected_states(batch: Batch, segments: Segments, rows: Int64s) -> Expected:
    """The states that segments go through by the header; none for an op that it does not tell of.

    Counted back from the committed end, so that it holds for what a suspend left too.
    """
    timing = timing_of(batch)
    name = _names(batch, segments, rows)
    chained = segments.source[rows] == batch.code("RESUME_CHAIN")
    start_ns, end_ns = segments.start_ns[rows], segments.end_ns[rows]
    owner = np.repeat(np.arange(len(rows)), timing.count[name])
    inner = np.arange(len(owner)) - (np.cumsum(timing.count[name]) - timing.count[name])[owner]
    of_name = timing.first[name][owner] + inner
    until_ns = end_ns[owner] - timing.after_ns[of_name]
    due = ~chained[owner] | (until_ns > start_ns[owner])
    owner, of_name, until_ns = owner[due], of_name[due], until_ns[due]
    entry_ns = until_ns - timing.duration_ns[of_name]
    entry_ns = np.where(chained[owner], np.maximum(entry_ns, start_ns[owner]), entry_ns)
    return Expected(owner, timing.state[of_name], timing.bus[of_name], entry_ns, until_ns)


def told_of(batch: Batch, segments: Segments, rows: Int64s) -> Flags:
    """Of which segments the header tells states, and their COMMIT a time."""
    is_told: Flags = timing_of(batch).count[_names(batch, segments, rows)] > 0
    is_told &= (segments.start_ns[rows] != NULL) & (segments.end_ns[rows] != NULL)
    return is_told


def fit(batch: Batch, segments: Segments, rows: Int64s) -> Flags:
    """Whether segments are committed for the time of their op, a chain segment for a rest of it."""
    total_ns = timing_of(batch).total_ns[_names(batch, segments, rows)]
    length_ns = segments.end_ns[rows] - segments.start_ns[rows]
    chained = segments.source[rows] == batch.code("RESUME_CHAIN")
    fits: Flags = (length_ns == total_ns) | (chained & (length_ns < total_ns))
    return fits


def _names(batch: Batch, segments: Segments, rows: Int64s) -> Int64s:
    """Op names by their places in the timing, that of none where they are unknown."""
    named, none = segments.op_name[rows], len(batch.names)
    return np.where((named >= 0) & (named < none), named, none)
