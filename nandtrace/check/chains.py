"""Ops: the chain of segments of each numbered op, within a run."""

from __future__ import annotations

import polars as pl

from nandtrace.check.facts import Facts


def chain_frame(facts: Facts) -> pl.DataFrame:
    """Second and later segments of ops: with `chained`, `cut_before` and `left_before` of the one before.

    `left_before` is the work, in ns, that the cut left of the segment before.
    """
    frame = facts.numbered_segments
    group = ["run_row", "op"]
    several = frame.group_by(group).len().filter(pl.col("len") > 1)
    if several.is_empty():
        return frame.clear().with_columns(
            chained=pl.lit(True),
            cut_before=pl.lit(None, pl.Int64),
            left_before=pl.lit(None, pl.Int64),
        )
    frame = frame.join(several, on=group, how="semi", maintain_order="left")
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
    """One row per numbered op and run, of its last segment, with what became of the op.

    Columns beside those of the segment: `segments` (how many), `left_suspended`, `completed`,
    `judged` (its run has an end at which nothing may be left over).
    """
    batch, group = facts.batch, ["run_row", "op"]
    frame = facts.numbered_segments
    counts = frame.group_by(group).len("segments")
    last = (
        frame
        if len(counts) == len(frame)
        else frame.unique(group, keep="last", maintain_order=True)
    )
    judged = pl.Series("judged", facts.judged_end)
    suspended = batch.code("SUSPENDED")
    done = pl.col("outcome").is_null() | (pl.col("outcome") == batch.code("COMPLETED"))
    return last.join(counts, on=group, how="left", maintain_order="left").with_columns(
        judged=judged.gather(last["run_row"]),
        left_suspended=pl.when(pl.col("resets") > 0)
        .then(False)
        .otherwise(
            pl.col("outcome").eq_missing(suspended)
            | (pl.col("cut_at").is_not_null() & (pl.col("ends") == 0))
        ),
        completed=(pl.col("ends") > 0) & done,
    )
