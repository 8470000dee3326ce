"""The invariant of resets."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.occupancy import MAX_LANES
from nandtrace.check.registry import invariant
from nandtrace.check.resets import (
    Flags,
    Hits,
    Resets,
    are_ended,
    bases_of,
    derive_hits,
    derive_resets,
    lack_abort,
)
from nandtrace.check.stabbing import NEVER
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Role

GROUP = "nand suspend"


@invariant(
    "reset-ends-all",
    group=GROUP,
    sentence="When a reset starts, everything else on its die, or on all dies, ends at that time: what ran "
    "by an OP_END with outcome RESET, what waited or was suspended by CANCELs; a program or an erase that "
    "had begun has an APPLY marked aborted. Nothing ends so without a reset.",
    rationale="An op that a reset misses goes on in a device that has forgotten it, and a page that an "
    "aborted program spoiled would be taken for clean.",
    source="NAND data sheets: reset; nandtrace model: resets",
    needs=("OP_START", "OP_END", "CANCEL"),
)
def reset_ends_all(facts: Facts) -> Finding:
    too_large = (facts.rules.dies or 0) > MAX_LANES
    if too_large or not bases_of(facts, Role.RESET, Role.RESET_LUN):
        return nothing()
    resets = derive_resets(facts)
    hits = derive_hits(facts, resets)
    left = _left_over(facts, resets, hits)
    ended, unfounded = _unfounded(facts, resets)
    return finding(
        len(np.unique(resets.seq)) + ended,
        pl.concat([left, unfounded]).sort("seq", maintain_order=True),
        exercised=len(np.unique(resets.seq[hits.reset])) + ended,
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


def _left_over(facts: Facts, resets: Resets, hits: Hits) -> pl.DataFrame:
    """What a reset found and did not end, or not as it should."""
    missed = ~are_ended(facts, resets, hits)
    unmarked = ~missed & lack_abort(facts, resets, hits)
    wrong = np.flatnonzero(missed | unmarked)
    frame = _at(facts, resets.seq[hits.reset[wrong]], hits.row[wrong]).with_columns(
        missed=pl.Series(missed[wrong], dtype=pl.Boolean)
    )
    return frame.select(
        *_PLACE,
        due=pl.when("missed")
        .then(pl.format("the reset to end segment {}", "seg"))
        .otherwise(pl.format("an aborted APPLY of segment {} at the reset", "seg")),
        found=pl.when("missed")
        .then(pl.lit("it was not, or not at that time"))
        .otherwise(pl.lit("none")),
    )


def _unfounded(facts: Facts, resets: Resets) -> tuple[int, pl.DataFrame]:
    """How many segments were ended by a reset, and those that no reset ended, by the event that says so."""
    batch, parts, evaluated = facts.batch, [], 0
    for kind, column in (("OP_END", "outcome"), ("CANCEL", "reason")):
        rows = facts.rows_of(kind)
        said = np.flatnonzero((batch.column(kind, column) == batch.code("RESET")) & (rows >= 0))
        said = said[facts.segments.die[rows[said]] != NULL]
        evaluated += len(said)
        positions, mine = batch.rows(kind)[said], rows[said]
        alone = ~_after_reset(facts, resets, positions, mine)
        parts.append(_at(facts, batch.seq[positions[alone]], mine[alone]))
    frame = pl.concat(parts)
    return evaluated, frame.select(
        *_PLACE,
        due=pl.format("a reset that ends segment {}", "seg"),
        found=pl.lit("none started on its die at that time"),
    )


def _after_reset(facts: Facts, resets: Resets, positions: Int64s, rows: Int64s) -> Flags:
    """Which events come after the start of a reset of their segment's die, at its time."""
    batch, segments = facts.batch, facts.segments
    started = pl.DataFrame({"die": resets.die, "time_ns": resets.time_ns, "reset": resets.seq})
    asked = pl.DataFrame({"die": segments.die[rows], "time_ns": batch.time_ns[positions]})
    first = started.group_by("die", "time_ns").agg(pl.col("reset").min())
    reset = asked.join(first, on=["die", "time_ns"], how="left", maintain_order="left")["reset"]
    found: Flags = reset.fill_null(NEVER).to_numpy() < batch.seq[positions]
    return found


_PLACE = ("seq", "seg", "op", "die")


def _at(facts: Facts, seq: Int64s, rows: Int64s) -> pl.DataFrame:
    segments = facts.segments
    return to_frame({"seq": seq} | {name: getattr(segments, name)[rows] for name in _PLACE[1:]})
