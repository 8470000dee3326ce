"""Applies: how many APPLY events each op owes and has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.items import differing_rows
from nandtrace.check.tables import occurs_twice, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import ApplyPolicy


@dataclass(frozen=True, slots=True)
class ApplyBalance:
    """`ops` has a row per op (or segment, where ops are not numbered) that owes or has an APPLY.

    Columns: `seq` (the last APPLY, else the OP_END that owes one), `seg`, `op`, `due`, `applied`.
    `misplaced` are APPLYs at another time or of other cells than their segment's, as offenders.
    """

    ops: pl.DataFrame
    misplaced: pl.DataFrame


def apply_balance(facts: Facts, kind: str, bases: Iterable[str]) -> ApplyBalance:
    """Balance the APPLY events of a kind against the completed ops of `bases`."""
    batch, segments = facts.batch, facts.segments
    positions, rows = batch.rows(kind), facts.rows_of(kind)
    count = len(segments)
    found = rows >= 0
    applied = np.bincount(rows[found], minlength=count)
    last = np.full(count, NULL, np.int64)
    last[rows[found]] = batch.seq[positions[found]]
    of_base = np.isin(segments.base, batch.codes(bases))
    done = (segments.ends > 0) & ~np.isin(
        segments.outcome, [batch.code("SUSPENDED"), batch.code("RESET")]
    )
    ended = segments.ends if facts.rules.apply_policy is ApplyPolicy.PER_SEGMENT else done
    due = np.where(of_base, ended, 0).astype(np.int64)
    touched = np.flatnonzero((applied > 0) | (due > 0))
    frame = to_frame(
        {
            "seq": np.where(last == NULL, segments.last_end, last)[touched],
            "seg": segments.seg[touched],
            "op": segments.op[touched],
            "run_row": segments.run_row[touched],
            "due": due[touched],
            "applied": applied[touched],
            "reset": (segments.outcome == batch.code("RESET"))[touched].astype(np.int64),
        }
    )
    ops = _per_op(frame, facts.rules.apply_policy)
    # A program that a reset aborted may have used its page or not.
    ops = ops.filter((pl.col("reset") == 0) | (pl.col("applied") > 1))
    return ApplyBalance(ops, _misplaced(facts, kind, rows))


def _per_op(frame: pl.DataFrame, policy: ApplyPolicy) -> pl.DataFrame:
    """Count numbered ops as one; an op that ends twice owes one APPLY all the same."""
    if policy is ApplyPolicy.PER_SEGMENT:
        return frame
    ids = frame["op"].fill_null(NULL).to_numpy()
    several = pl.Series(occurs_twice(ids, frame["run_row"].to_numpy()))
    if not several.any():
        return frame
    merged = (
        frame.filter(several)
        .group_by(["run_row", "op"], maintain_order=True)
        .agg(pl.col("seq", "due", "reset").max(), pl.col("applied").sum(), pl.col("seg").last())
    )
    return pl.concat([frame.filter(~several), merged.select(frame.columns)])


def _misplaced(facts: Facts, kind: str, rows: Int64s) -> pl.DataFrame:
    """APPLYs that do not come at their segment's OP_END, or not of its cells."""
    batch, segments = facts.batch, facts.segments
    positions = batch.rows(kind)
    known = np.flatnonzero(rows >= 0)
    at = batch.time_ns[positions[known]]
    late = known[at != segments.last_end_ns[rows[known]]]
    other = known[_other_cells(facts, kind, rows)[known]]
    parts = [
        (late, f"{kind} at the OP_END of segment {{}}", "at another time, or without an OP_END"),
        (other, "the cells that segment {} targets", "other cells"),
    ]
    return pl.concat(
        pl.DataFrame(
            {
                "seq": batch.seq[positions[places]],
                "seg": segments.seg[rows[places]],
                "op": segments.op[rows[places]],
            }
        ).select(
            "seq",
            "seg",
            pl.when(pl.col("op") != NULL).then("op").alias("op"),
            expected=pl.format(expected, "seg"),
            actual=pl.lit(actual),
        )
        for places, expected, actual in parts
    )


def _other_cells(facts: Facts, kind: str, rows: Int64s) -> np.ndarray:
    """Which APPLYs are not of the (die, block, page)s that their segment was committed with."""
    batch = facts.batch
    cells, targets = batch.items(kind, "cells"), batch.items("COMMIT", "targets")
    other = np.zeros(len(rows), np.bool_)
    committed = np.flatnonzero((rows >= 0) & (rows < len(targets.counts)))
    names = ("die", "block", "page") if kind == "APPLY_PGM" else ("die", "block")
    other[committed] = differing_rows(cells, committed, targets, rows[committed], names)
    return other
