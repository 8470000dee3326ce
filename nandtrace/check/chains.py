"""Ops: the chain of segments of each numbered op, within a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.segments import Segments
from nandtrace.check.tables import occurs_twice
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import SuspendCloses

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ops:
    """One entry per segment of a numbered op: its `rows` in the segments, and how it ended.

    `cut_at` is when a suspend cut it (ns, NULL if none did), `left_suspended` whether that was its end,
    `several` whether its op has more than one segment in its run, `judged` whether that run has an
    end at which nothing may be left over.
    """

    rows: Int64s
    cut_at: Int64s
    left_suspended: Flags
    several: Flags
    judged: Flags


def follows_its_op() -> pl.Expr:
    """In segments sorted by run and op: whether the row before is of the same op."""
    same = [pl.col(name) == pl.col(name).shift(1) for name in ("run_row", "op")]
    return pl.all_horizontal(same)


def derive_ops(batch: Batch, segments: Segments, judged_end: Flags) -> Ops:
    """Build the table; `judged_end` has a flag per run."""
    rows = np.flatnonzero(segments.op != NULL)
    suspended = segments.outcome[rows] == batch.code("SUSPENDED")
    cut_at = np.where(suspended, segments.last_end_ns[rows], NULL)
    if batch.rules.suspend_closes is SuspendCloses.CANCEL:
        by_cancel = ~suspended & (segments.cuts[rows] > 0)
        cut_at = np.where(by_cancel, segments.cut_ns[rows], cut_at)
    open_cut = (cut_at != NULL) & (segments.ends[rows] == 0)
    return Ops(
        rows=rows,
        cut_at=cut_at,
        left_suspended=(suspended | open_cut) & (segments.resets[rows] == 0),
        several=occurs_twice(segments.op, segments.run_row)[rows],
        judged=judged_end[segments.run_row[rows]],
    )
