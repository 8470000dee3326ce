"""The invariant of resets."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.occupancy import MAX_LANES
from nandtrace.check.registry import invariant
from nandtrace.check.resets import are_ended, bases_of, derive_hits, derive_resets, lack_abort
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.vocab.nand import Role

GROUP = "nand suspend"


@invariant(
    "reset-ends-all",
    group=GROUP,
    sentence="When a reset starts, everything else on its die, or on all dies, ends at that time: what ran "
    "by an OP_END with outcome RESET, what waited or was suspended by CANCELs; a program or an erase that "
    "had begun has an APPLY marked aborted.",
    rationale="An op that a reset misses goes on in a device that has forgotten it, and a page that an "
    "aborted program spoiled would be taken for clean.",
    source="NAND data sheets: reset; nandtrace model: resets",
    needs=("OP_START",),
)
def reset_ends_all(facts: Facts) -> Finding:
    too_large = (facts.rules.dies or 0) > MAX_LANES
    if too_large or not bases_of(facts, Role.RESET, Role.RESET_LUN):
        return nothing()
    resets = derive_resets(facts)
    if not len(resets):
        return nothing()
    hits = derive_hits(facts, resets)
    missed = ~are_ended(facts, resets, hits)
    unmarked = ~missed & lack_abort(facts, resets, hits)
    wrong = np.flatnonzero(missed | unmarked)
    row, segments = hits.row[wrong], facts.segments
    columns = {"seq": resets.seq[hits.reset[wrong]]}
    columns |= {name: getattr(segments, name)[row] for name in ("seg", "op", "die")}
    frame = to_frame(columns).with_columns(missed=pl.Series(missed[wrong], dtype=pl.Boolean))
    return finding(
        len(np.unique(resets.seq)),
        frame.sort("seq", maintain_order=True),
        exercised=len(np.unique(resets.seq[hits.reset])),
        expected=pl.when("missed")
        .then(pl.format("the reset to end segment {}", "seg"))
        .otherwise(pl.format("an aborted APPLY of segment {} at the reset", "seg")),
        actual=pl.when("missed")
        .then(pl.lit("it was not, or not at that time"))
        .otherwise(pl.lit("none")),
    )
