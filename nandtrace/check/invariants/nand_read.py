"""Invariants of reads: what is read, and what becomes of it."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.cells import states_before
from nandtrace.check.facts import Facts
from nandtrace.check.items import item_places
from nandtrace.check.registers import EMPTY, NEVER
from nandtrace.check.registry import invariant
from nandtrace.check.suspended_programs import suspended_programs
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.check.target_sets import are_within
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Role

GROUP = "nand address"


@invariant(
    "read-programmed-page",
    group=GROUP,
    sentence="A read addresses a page that is programmed, and no younger than the offset guard allows, or "
    "the page of the program that is suspended, by its recovery sequence, committed whole.",
    rationale="A page that was never programmed reads as noise, the youngest of an open block unreliably.",
    source="NAND data sheets: reading open blocks; nandtrace model: reads",
    needs=("OP_START",),
)
def read_programmed_page(facts: Facts) -> Finding:
    guard, segments = facts.rules.read_offset_guard, facts.segments
    if guard is None or not facts.rules.has_topology or not segments.targets.columns:
        return nothing()
    positions, rows = _started_reads(facts)
    counts = segments.targets.counts[rows]
    places = item_places(segments.targets, rows)
    target = {name: segments.targets.columns[name][places] for name in ("die", "block", "page")}
    positions = np.repeat(positions, counts)
    state = states_before(facts.batch, facts.cells, target["die"], target["block"], positions)
    judged = (state != NULL) & (target["page"] != NULL)
    young = np.flatnonzero(judged & (target["page"] > state - guard))
    rows = np.repeat(rows, counts)[young]
    young = young[~_recovers(facts, rows)]
    columns = {name: values[young] for name, values in target.items()}
    columns |= {"seq": facts.batch.seq[positions[young]], "last": state[young]}
    return finding(
        int(np.count_nonzero(judged)),
        to_frame(columns).sort("seq", maintain_order=True),
        expected=pl.format(
            "a page of die {} block {} up to {}", "die", "block", pl.col("last") - guard
        ),
        actual=pl.format("page {}", "page"),
    )


def _started_reads(facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the OP_STARTs of reads, and the rows of their segments."""
    bases = [
        name
        for name, base in facts.rules.bases.items()
        if base.role in (Role.READ, Role.CACHE_READ)
    ]
    rows = facts.rows_of("OP_START")
    known = np.flatnonzero(rows >= 0)
    known = known[np.isin(facts.segments.base[rows[known]], facts.batch.codes(bases))]
    return facts.batch.rows("OP_START")[known], rows[known]


def _recovers(facts: Facts, rows: np.ndarray) -> np.ndarray:
    """Which reads are of a program suspended on their die, and by a rule where rules are told."""
    segments = facts.segments
    programs = suspended_programs(
        facts, segments.run_row[rows], segments.die[rows], segments.last_start[rows]
    )
    recovers = programs >= 0
    recovers[recovers] = are_within(segments.targets, rows[recovers], programs[recovers])
    if facts.rules.sequences is not None:
        by_rule = [*facts.sequences.from_suspended, np.empty(0, np.int64)]
        carried = segments.carried[rows] == 1
        recovers &= carried | np.isin(rows, np.concatenate(by_rule))
    return recovers


@invariant(
    "dout-matches-read",
    group=GROUP,
    sentence="What is delivered is the page that the plane's output register holds, as far as the run, and "
    "the CARRIED ones before it, tell what that is.",
    rationale="A host that is given another page than it asked for has lost both.",
    source="NAND data sheets: page read and cache read; nandtrace model: reads",
    needs=("OP_START",),
)
def dout_matches_read(facts: Facts) -> Finding:
    if not facts.rules.bases or not facts.rules.has_topology:
        return nothing()
    deliveries = dict(facts.registers.deliveries)
    positions = deliveries.pop("position")
    frame = to_frame(deliveries | {"seq": facts.batch.seq[positions]})
    judged = frame.filter(pl.col("held_page").is_not_null(), pl.col("page").is_not_null())
    other = (pl.col("held_page") != pl.col("page")) | (pl.col("held_block") != pl.col("block"))
    return finding(
        len(frame),
        judged.filter(other).sort("seq", maintain_order=True),
        exercised=len(judged),
        expected=pl.when(pl.col("held_page") == EMPTY)
        .then(pl.format("nothing of die {} plane {}: a reset emptied it", "die", "plane"))
        .otherwise(pl.format("block {}, page {}, as read", "held_block", "held_page")),
        actual=pl.format("block {}, page {}", "block", "page"),
    )


@invariant(
    "read-has-dout",
    group=GROUP,
    sentence="A page that was read is delivered, programmed elsewhere or lost to a reset, before another "
    "replaces it in its register and before the run is over.",
    rationale="A read whose data nobody fetches holds the latch of its plane for ever.",
    source="nandtrace model: reads",
    needs=("OP_END", "RUN_END"),
)
def read_has_dout(facts: Facts) -> Finding:
    if not facts.rules.bases or not facts.rules.has_topology:
        return nothing()
    batch, values = facts.batch, facts.registers.values
    left = (values["at_end"] == 1) & facts.judged_end[values["run_row"]]
    replaced = values["lost"] != NEVER
    places = np.flatnonzero(left | replaced)
    ends = batch.runs.end[values["run_row"][places]]
    at = np.where(replaced[places], values["lost"][places], ends)
    columns = {name: values[name][places] for name in ("die", "plane", "block", "page")}
    columns |= {
        "seq": batch.seq[at],
        "seg": values["seg"][places],
        "replaced": replaced[places].astype(np.int64),
    }
    return finding(
        int(values["own"].sum()),
        to_frame(columns).sort("seq", maintain_order=True),
        expected=pl.format(
            "block {}, page {} delivered, which segment {} read", "block", "page", "seg"
        ),
        actual=pl.when(pl.col("replaced") == 1)
        .then(pl.lit("another page came into its register"))
        .otherwise(pl.lit("the run is over")),
    )
