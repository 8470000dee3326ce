"""Applies: how many APPLY events each op owes and has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.items import differing_rows
from nandtrace.check.tables import occurs_twice, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import ApplyPolicy, Outcome


@dataclass(frozen=True, slots=True)
class ApplyBalance:
    """`ops` has a row per op (or segment, where ops are not numbered) that owes or has an APPLY.

    Columns: `seq` (the last APPLY, else the OP_END that owes one), `seg`, `op`, `due`, `applied`. An op
    that a reset hit has a row only if more was applied than it may. `misplaced` are APPLYs at another
    time or of other cells than their segment's, aborted ones of ops that no reset hit, and whole ones of
    segments that a reset ended, as offenders.
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
    done = (segments.ends > 0) & np.isin(segments.outcome, [batch.code(Outcome.COMPLETED), NULL])
    reset = hit_by_reset(facts)
    completed = segments.ends - (segments.outcome == batch.code("RESET"))
    # An erase counts once it is completed, under every policy.
    policy = facts.rules.apply_policy if kind == "APPLY_PGM" else ApplyPolicy.PER_OP
    ended = completed if policy is ApplyPolicy.PER_SEGMENT else done
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
            "reset": reset[touched].astype(np.int64),
        }
    )
    ops = _per_op(frame, policy)
    # A program that a reset aborted may have used its page or not.
    ops = ops.filter((pl.col("reset") == 0) | (pl.col("applied") > pl.col("due") + 1))
    return ApplyBalance(ops, _misplaced(facts, kind, rows, reset))


def hit_by_reset(facts: Facts) -> npt.NDArray[np.bool_]:
    """Per segment: a reset ended it while it ran, or while its op was suspended."""
    segments = facts.segments
    # What goes on after a suspend began before it, though its chain segment may still wait.
    begun = (segments.starts > 0) | (segments.source == facts.batch.code("RESUME_CHAIN"))
    begun |= (segments.carried == 1) & (segments.owes_start == 0)
    ended = segments.outcome == facts.batch.code("RESET")
    hit: npt.NDArray[np.bool_] = ended | (begun & (segments.resets > 0))
    return hit


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


def _misplaced(facts: Facts, kind: str, rows: Int64s, reset: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """APPLYs that do not come at their segment's OP_END or reset, or not of its cells."""
    batch, segments = facts.batch, facts.segments
    positions = batch.rows(kind)
    known = np.flatnonzero(rows >= 0)
    at = batch.time_ns[positions[known]]
    due = segments.last_end_ns[rows[known]]
    was_aborted = batch.column(kind, "aborted")[known] == 1
    withdrawn = np.flatnonzero(was_aborted & (segments.resets[rows[known]] > 0))
    due[withdrawn] = batch.times(segments.end_cancel[rows[known[withdrawn]]])
    late = known[at != due]
    other = known[_other_cells(facts, kind, rows)[known]]
    aborted = known[was_aborted & ~reset[rows[known]]]
    was_whole = batch.column(kind, "aborted")[known] == 0
    whole = known[was_whole & (segments.outcome[rows[known]] == batch.code(Outcome.RESET))]
    parts = [
        (late, f"{kind} at the OP_END of segment {{}}", "at another time, or without an OP_END"),
        (other, "the cells that segment {} targets", "other cells"),
        (aborted, "a reset of segment {}, whose APPLY is aborted", "none"),
        (whole, f"an {kind} that is marked aborted, for a reset ended segment {{}}", "another"),
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
    """Which APPLYs are not of the (die, block, page)s that their segment was committed with.

    Of one that was taken over they may not be known.
    """
    batch, targets = facts.batch, facts.segments.targets
    cells, commits = batch.items(kind, "cells"), len(batch.rows("COMMIT"))
    other = np.zeros(len(rows), np.bool_)
    committed = np.flatnonzero(rows >= 0)
    named = rows[committed]
    committed = committed[(named < commits) | (targets.counts[named] > 0)]
    names = ("die", "block", "page") if kind == "APPLY_PGM" else ("die", "block")
    other[committed] = differing_rows(cells, committed, targets, rows[committed], names)
    return other
