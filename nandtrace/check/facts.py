"""Facts: tables that invariants share, derived once from a batch and what the run before left."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry
from nandtrace.check.cells import Cells, derive_cells
from nandtrace.check.chains import Ops, derive_ops
from nandtrace.check.drains import Drains, derive_drains
from nandtrace.check.event_facts import EventFacts
from nandtrace.check.occupancy import Occupancy, derive_occupancy
from nandtrace.check.registers import Registers, derive_registers
from nandtrace.check.rules import DeviceRules
from nandtrace.check.run_ends import carried_runs
from nandtrace.check.segments import Segments, derive_segments, segment_rows
from nandtrace.check.sequences import Sequences, derive_sequences
from nandtrace.check.state_windows import StateWindows, derive_state_windows
from nandtrace.check.suspends import Suspends, derive_suspends
from nandtrace.check.tables import to_frame
from nandtrace.trace.columns import Int64s


class Facts(EventFacts):
    """A NAND batch, the carry into it, and the tables derived from both. Belongs to one thread.

    `handed_on` are the pending events, as (kind, segment), that the run after the batch takes over.
    """

    batch: Batch
    carry: Carry

    def __init__(
        self, batch: Batch, carry: Carry, handed_on: Collection[tuple[str, int]] = ()
    ) -> None:
        super().__init__(batch, carry)
        self.handed_on = handed_on
        self._rows: dict[tuple[str, str], Int64s] = {}

    @property
    def rules(self) -> DeviceRules:
        return self.batch.rules

    @cached_property
    def segments(self) -> Segments:
        """One row per segment and run: what was committed, and how often it started and ended."""
        return derive_segments(self.batch, self.carry)

    def rows_of(self, kind: str, column: str = "seg") -> Int64s:
        """For each event of a kind that names a segment in a column, its row in `segments`, or -1."""
        if (kind, column) not in self._rows:
            self._rows[kind, column] = segment_rows(self.batch, self.segments, kind, column)
        return self._rows[kind, column]

    @cached_property
    def segment_frame(self) -> pl.DataFrame:
        """`segments` as a frame; null ids are null."""
        return self.segments.frame()

    @cached_property
    def ops(self) -> Ops:
        """The segments of numbered ops, and how each ended."""
        return derive_ops(self.batch, self.segments, self.judged_end)

    @cached_property
    def chained_segments(self) -> pl.DataFrame:
        """Segments of ops that have several in their run, in order of commit.

        Beside the columns of `segments` their `row` in it, `cut_at` (when a suspend cut them, ns, null
        if none did), `left_suspended` (whether that was their end) and `judged`.
        """
        ops = self.ops
        places = np.flatnonzero(ops.several)
        # A segment taken over stands behind all that were committed, though it came first.
        places = places[np.argsort(self.segments.seq[ops.rows[places]], kind="stable")]
        frame = self.segment_frame[ops.rows[places]]
        return frame.with_columns(
            to_frame({"row": ops.rows[places], "cut_at": ops.cut_at[places]}),
            left_suspended=pl.Series(ops.left_suspended[places], dtype=pl.Boolean),
            judged=pl.Series(ops.judged[places], dtype=pl.Boolean),
        )

    @cached_property
    def cells(self) -> Cells:
        """One row per block erased or page programmed, in order of block and time."""
        return derive_cells(self.batch, self.carry)

    @cached_property
    def suspends(self) -> Suspends:
        """One row per SUSPEND and RESUME, with the segment acted on and the suspend resumed."""
        return derive_suspends(self.batch, self.segments)

    @cached_property
    def occupancy(self) -> Occupancy:
        """What starts when, and the planes that it touches and holds."""
        return derive_occupancy(self.batch, self.segments, self.rows_of("OP_START"))

    @cached_property
    def state_windows(self) -> StateWindows:
        """From when to when segments were in their states."""
        starts, rows = self.occupancy.starts, self.rows_of("STATE")
        return derive_state_windows(self.batch, self.segments, starts, rows)

    @cached_property
    def sequences(self) -> Sequences:
        """Ops with what their sequences reserved for them, and what is wrong with that."""
        return derive_sequences(self.batch)

    @cached_property
    def registers(self) -> Registers:
        """What the output registers of planes held, what was delivered and what was lost."""
        starts, ends = self.rows_of("OP_START"), self.rows_of("OP_END")
        return derive_registers(self.batch, self.segments, starts, ends, self.carry.registers)

    @cached_property
    def drains(self) -> Drains:
        """Where runs delivered what was still reserved."""
        return derive_drains(self.batch)

    @cached_property
    def judged_end(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Per run: it has an end, and that end is not CARRIED, so nothing may be left over."""
        return (self.batch.runs.end >= 0) & ~carried_runs(self.batch)
