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
from nandtrace.check.rules import DeviceRules
from nandtrace.check.segments import Segments, derive_segments, segment_rows
from nandtrace.check.suspends import Suspends, derive_suspends
from nandtrace.check.tables import occurs_twice, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import SuspendCloses


class Facts:
    """A batch, the carry into it, and the tables derived from both. Belongs to one thread.

    `handed_on` are the pending events, as (kind, segment), that the run after the batch takes over.
    """

    def __init__(
        self, batch: Batch, carry: Carry, handed_on: Collection[tuple[str, int]] = ()
    ) -> None:
        self.batch = batch
        self.carry = carry
        self.handed_on = handed_on
        self._rows: dict[str, Int64s] = {}

    @property
    def rules(self) -> DeviceRules:
        return self.batch.rules

    @cached_property
    def segments(self) -> Segments:
        """One row per segment and run: what was committed, and how often it started and ended."""
        return derive_segments(self.batch, self.carry)

    def rows_of(self, kind: str) -> Int64s:
        """For each event of a kind that names a segment, its row in `segments`, or -1."""
        if kind not in self._rows:
            self._rows[kind] = segment_rows(self.batch, self.segments, kind)
        return self._rows[kind]

    @cached_property
    def segment_frame(self) -> pl.DataFrame:
        """`segments` as a frame; null ids are null."""
        return self.segments.frame()

    @cached_property
    def numbered_segments(self) -> pl.DataFrame:
        """Segments of numbered ops in order of commit, with their `row` in `segments`.

        `cut_at` is when a suspend cut them (ns, null if none did), `left_suspended` whether that was
        their end, `several` whether their op has more than one segment in its run, `judged` whether
        that run has an end at which nothing may be left over.
        """
        segments = self.segments
        rows = np.flatnonzero(segments.op != NULL)
        suspended = segments.outcome[rows] == self.batch.code("SUSPENDED")
        cut_at = np.where(suspended, segments.last_end_ns[rows], NULL)
        if self.rules.suspend_closes is SuspendCloses.CANCEL:
            by_cancel = ~suspended & (segments.cuts[rows] > 0)
            cut_at = np.where(by_cancel, segments.cut_ns[rows], cut_at)
        open_cut = (cut_at != NULL) & (segments.ends[rows] == 0)
        several = occurs_twice(segments.op, segments.run_row)[rows]
        frame = self.segment_frame
        if len(rows) != len(segments):
            frame = frame[rows]
        return frame.with_columns(
            to_frame({"row": rows, "cut_at": cut_at}),
            several=pl.Series(several),
            left_suspended=pl.Series((suspended | open_cut) & (segments.resets[rows] == 0)),
            judged=pl.Series(self.judged_end[segments.run_row[rows]]),
        )

    @cached_property
    def chained_segments(self) -> pl.DataFrame:
        """Those of `numbered_segments` whose op has several in its run."""
        return self.numbered_segments.filter(pl.col("several"))

    @cached_property
    def cells(self) -> Cells:
        """One row per block erased or page programmed, in order of block and time."""
        return derive_cells(self.batch, self.carry)

    @cached_property
    def suspends(self) -> Suspends:
        """One row per SUSPEND and RESUME, with the segment acted on and the suspend resumed."""
        return derive_suspends(self.batch, self.segments)

    @cached_property
    def judged_end(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Per run: it has an end, and that end is not CARRIED, so nothing may be left over."""
        runs = self.batch.runs
        carried = np.zeros(len(runs), np.bool_)
        ends = self.batch.rows("RUN_END")
        code = self.batch.code("CARRIED")
        carried[self.batch.run_row[ends]] = self.batch.column("RUN_END", "end") == code
        return (runs.end >= 0) & ~carried
