"""Invariants of the log of a NAND trace: what its events refer to, and their order."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.dispatch import overtaken
from nandtrace.check.facts import Facts
from nandtrace.check.items import differing_rows
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, ascending_order, finding, microseconds, to_frame
from nandtrace.vocab import NULL

GROUP = "log"


@invariant(
    "refs-resolve",
    group=GROUP,
    sentence="Every segment or op that an event names was committed before in its run, or taken over, "
    "and committed once.",
    rationale="An event about a segment that nobody reserved belongs to another log or was corrupted.",
    source="nandtrace model: segments and ops have ids unique in the trace",
)
def refs_resolve(facts: Facts) -> Finding:
    batch = facts.batch
    offenders, evaluated = [], len(batch.rows("COMMIT"))
    for kind in ("OP_START", "OP_END", "STATE", "CANCEL", "APPLY_ERASE", "APPLY_PGM"):
        positions = batch.rows(kind)
        named = batch.column(kind, "seg")
        rows = facts.rows_of(kind)
        wrong = np.flatnonzero((rows < 0) & (named != NULL))
        evaluated += len(positions)
        offenders.append(
            pl.DataFrame({"seq": batch.seq[positions[wrong]], "seg": named[wrong]}).with_columns(
                expected=pl.lit("a segment committed before in this run"),
                actual=pl.format("segment {}, which is not", "seg"),
            )
        )
        offenders.append(_contradicted(facts, kind, rows))
    offenders.append(_doubled(facts))
    return Finding(evaluated, evaluated, pl.concat(offenders).sort("seq"))


def _contradicted(facts: Facts, kind: str, rows: np.ndarray) -> pl.DataFrame:
    """Events that repeat the op, base or targets of their segment's COMMIT, and repeat them wrongly."""
    batch, segments = facts.batch, facts.segments
    empty = pl.DataFrame(
        schema={"seq": pl.Int64, "seg": pl.Int64, "expected": pl.String, "actual": pl.String}
    )
    if kind not in ("OP_START", "OP_END"):
        return empty
    parts = [empty]
    wrong = {"targets": _retargeted(facts, rows)} if kind == "OP_END" else {}
    for name in ("op", "base", "op_name"):
        if not batch.has_values(kind, name):
            continue
        said = batch.column(kind, name)
        places = np.flatnonzero((said != NULL) & (rows >= 0))
        committed = getattr(segments, name)[rows[places]]
        wrong[name] = places[(committed != NULL) & (said[places] != committed)]
    parts += [
        pl.DataFrame(
            {"seq": batch.seq[batch.rows(kind)[places]], "seg": segments.seg[rows[places]]}
        ).with_columns(
            expected=pl.lit(f"the {name} of its COMMIT"), actual=pl.lit(f"another {name}")
        )
        for name, places in wrong.items()
    ]
    return pl.concat(parts)


def _retargeted(facts: Facts, rows: np.ndarray) -> np.ndarray:
    """OP_ENDs that name targets, but not those of a COMMIT of this batch."""
    said, committed = (facts.batch.items(kind, "targets") for kind in ("OP_END", "COMMIT"))
    if not said.columns or not committed.columns:
        return np.zeros(0, np.int64)
    places = np.flatnonzero((rows >= 0) & (rows < len(committed.counts)) & (said.counts > 0))
    names = ("die", "plane", "block", "page")
    return places[differing_rows(said, places, committed, rows[places], names)]


def _doubled(facts: Facts) -> pl.DataFrame:
    """COMMITs of a segment that was committed before."""
    batch = facts.batch
    seg = batch.column("COMMIT", "seg")
    order = ascending_order(seg)
    again = np.zeros(len(seg), np.bool_)
    again[order[1:]] = seg[order[1:]] == seg[order[:-1]]
    again |= facts.carry.segs.contains(seg)
    places = np.flatnonzero(again & (seg != NULL))
    return pl.DataFrame(
        {"seq": batch.seq[batch.rows("COMMIT")[places]], "seg": seg[places]}
    ).with_columns(
        expected=pl.lit("a segment id of its own"), actual=pl.format("segment {} again", "seg")
    )


@invariant(
    "dispatch-order",
    group=GROUP,
    sentence="Nothing is dispatched while an event with an earlier key, already queued, waits.",
    rationale="The queue is one heap ordered by time, priority and sequence; an event overtaken was "
    "forgotten in it, or the heap is broken.",
    source="nandtrace model: time and order of dispatch",
    needs=("OP_START", "OP_END"),
)
def dispatch_order(facts: Facts) -> Finding:
    queued, evaluated = overtaken(facts)
    frame = to_frame(queued).with_columns(
        event=pl.when(pl.col("event") == 0).then(pl.lit("OP_START")).otherwise(pl.lit("OP_END"))
    )
    return finding(
        evaluated,
        frame,
        expected=pl.format(
            "the {} of segment {}, due at {}, first", "event", "seg", microseconds("due_ns")
        ),
        actual=pl.lit("an event with a later key was dispatched before it"),
    )
