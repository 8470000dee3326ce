"""Ops: the chain of segments of each numbered op, within a run."""

from __future__ import annotations

import polars as pl

from nandtrace.check.facts import Facts


def chain_frame(facts: Facts) -> pl.DataFrame:
    """Second and later segments of ops: with `chained`, `cut_before` and `left_before` of the one before.

    `left_before` is the work, in ns, that the cut left of the segment before.
    """
    group = ["run_row", "op"]
    frame = facts.chained_segments
    begun = pl.max_horizontal("cut_at", "start_ns")
    return (
        frame.with_columns(
            chained=pl.col("source").eq_missing(facts.batch.code("RESUME_CHAIN")),
            cut_before=pl.col("cut_at").shift(1).over(group),
            left_before=(pl.col("end_ns") - begun).shift(1).over(group),
            place=pl.int_range(pl.len()).over(group),
        )
        .filter(pl.col("place") > 0)
        .drop("place")
    )


def op_frame(facts: Facts) -> pl.DataFrame:
    """One row per numbered op and run: its last segment, with what became of the op.

    Columns beside those of the segment: `left_suspended`, and `judged` (its run has an end at which
    nothing may be left over).
    """
    group = ["run_row", "op"]
    last = pl.concat(
        [
            facts.numbered_segments.filter(~pl.col("several")),
            facts.chained_segments.unique(group, keep="last", maintain_order=True),
        ]
    )
    judged = pl.Series(facts.judged_end)
    suspended = pl.col("outcome").eq_missing(facts.batch.code("SUSPENDED"))
    cut = pl.col("cut_at").is_not_null() & (pl.col("ends") == 0)
    return last.with_columns(
        judged=judged.gather(last["run_row"]),
        left_suspended=(suspended | cut) & (pl.col("resets") == 0),
    )
