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


def last_segments(facts: Facts) -> pl.DataFrame:
    """The last segment of each op that has several, in runs that may leave nothing over."""
    frame = facts.chained_segments.unique(["run_row", "op"], keep="last", maintain_order=True)
    return frame.filter(pl.col("judged"))
