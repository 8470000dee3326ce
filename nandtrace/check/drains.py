"""Drains: where runs delivered what was still reserved, and which OP_ENDs were delivered so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome, RunEnd

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Drains:
    """One row per DRAIN_BEGIN, in order: its position, and `end`, that of the DRAIN_END in its run or,
    where there is none (`closed` false), of the run's last event."""

    run_row: Int64s
    begin: Int64s
    end: Int64s
    closed: Flags

    def holds(self, positions: Int64s) -> Flags:
        """Which positions lie in a drain."""
        if not len(self.begin):
            return np.zeros(len(positions), np.bool_)
        place = np.searchsorted(self.begin, positions) - 1
        inside: Flags = (place >= 0) & (positions <= self.end[place])
        return inside


def derive_drains(batch: Batch) -> Drains:
    """Pair each DRAIN_BEGIN with what ends its drain."""
    begin, ends = batch.rows("DRAIN_BEGIN"), batch.rows("DRAIN_END")
    run_row = batch.run_row[begin]
    last = batch.runs.last[run_row]
    after = np.append(ends, len(batch))[np.searchsorted(ends, begin)]
    return Drains(run_row, begin, np.minimum(after, last), after <= last)


def completed_ends(batch: Batch) -> Flags:
    """Per OP_END whether its segment was COMPLETED."""
    completed: Flags = batch.column("OP_END", "outcome") == batch.code(Outcome.COMPLETED)
    return completed


def run_untils(batch: Batch) -> Int64s:
    """Per run its run_until, NULL where unknown."""
    until = np.full(len(batch.runs), NULL, np.int64)
    until[batch.run_row[batch.rows("RUN_BEGIN")]] = batch.column("RUN_BEGIN", "run_until_ns")
    return until


def crossing_ticks(batch: Batch, until_ns: Int64s) -> Int64s:
    """Per run, the first time at or after run_until at which anything happened."""
    late = np.flatnonzero(batch.time_ns >= until_ns[batch.run_row])
    crossing = np.full(len(until_ns), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(crossing, batch.run_row[late], batch.time_ns[late])
    return crossing


def drained_ends(batch: Batch, drains: Drains) -> Flags:
    """Per OP_END whether a drain delivered it: it says so, it lies in one, or its run ended DRAINED
    without a DRAIN_BEGIN and the OP_END comes after the tick that crossed run_until."""
    positions = batch.rows("OP_END")
    rows = batch.run_row[positions]
    completed = completed_ends(batch)
    flagged = batch.column("OP_END", "drained") == 1
    until_ns = run_untils(batch)
    silent = np.zeros(len(batch.runs), np.bool_)
    ends = batch.rows("RUN_END")
    silent[batch.run_row[ends]] = batch.column("RUN_END", "end") == batch.code(RunEnd.DRAINED)
    silent[drains.run_row] = False
    silent &= until_ns != NULL
    late = completed & silent[rows]
    if late.any():
        late &= batch.time_ns[positions] > crossing_ticks(batch, until_ns)[rows]
    found: Flags = flagged | (completed & drains.holds(positions)) | late
    return found
