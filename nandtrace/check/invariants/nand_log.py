"""Invariants of the log of a NAND trace: what its events refer to, and their order."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.dispatch import EVENTS, overtaken
from nandtrace.check.facts import Facts
from nandtrace.check.items import differing_rows
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, ascending_order, finding, microseconds, to_frame
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Source

GROUP = "log"


@invariant(
    "refs-resolve",
    group=GROUP,
    sentence="Every segment or op that an event names was committed before in its run, or taken over, "
    "and committed once; what an event repeats of its COMMIT is as it was there.",
    rationale="An event about a segment that nobody reserved belongs to another log or was corrupted.",
    source="nandtrace model: segments and ops have ids unique in the trace",
)
def refs_resolve(facts: Facts) -> Finding:
    batch = facts.batch
    offenders, evaluated = [], len(batch.rows("COMMIT"))
    for kind, column in _NAMING:
        positions = batch.rows(kind)
        named = batch.column(kind, column)
        rows = facts.rows_of(kind, column)
        wrong = np.flatnonzero((rows < 0) & (named != NULL))
        evaluated += len(positions)
        offenders.append(
            pl.DataFrame({"seq": batch.seq[positions[wrong]], "seg": named[wrong]}).with_columns(
                expected=pl.lit("a segment committed before in this run"),
                actual=pl.format("segment {}, which is not", "seg"),
            )
        )
        offenders.append(_contradicted(facts, kind, rows))
    offenders += [_doubled(facts), _ops_begun_again(facts), _misdated(facts)]
    return Finding(evaluated, evaluated, pl.concat(offenders).sort("seq"))


_NAMING = (
    *((kind, "seg") for kind in ("OP_START", "OP_END", "STATE", "CANCEL")),
    *((kind, "seg") for kind in ("APPLY_ERASE", "APPLY_PGM", "LATCH", "CACHE", "ODT")),
    *((kind, "by_seg") for kind in ("SUSPEND", "RESUME")),
)
"""Kinds of events that name a segment, and the column that does."""


def _misdated(facts: Facts) -> pl.DataFrame:
    """CANCELs of an event that was due at another time than they say; a reset may give its own time."""
    batch, segments, rows = facts.batch, facts.segments, facts.rows_of("CANCEL")
    known = np.flatnonzero(rows >= 0)
    said, event = batch.column("CANCEL", "due_ns")[known], batch.column("CANCEL", "event")[known]
    is_start = event == batch.code("OP_START")
    is_end = event == batch.code("OP_END")
    due = np.where(is_start, segments.start_ns[rows[known]], segments.end_ns[rows[known]])
    # Of an op that is suspended nothing is queued.
    waits = (segments.outcome[rows[known]] != batch.code("SUSPENDED")) | (
        batch.column("CANCEL", "reason")[known] != batch.code("RESET")
    )
    wrong = (said != NULL) & (due != NULL) & (said != due) & (is_start | is_end) & waits
    places = known[np.flatnonzero(wrong)]
    return to_frame(
        {
            "seq": batch.seq[batch.rows("CANCEL")[places]],
            "seg": segments.seg[rows[places]],
            "due_ns": due[wrong],
            "said_ns": said[wrong],
        }
    ).select(
        "seq",
        "seg",
        expected=pl.format("an event that was due at {}", microseconds("due_ns")),
        actual=microseconds("said_ns"),
    )


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
    """OP_ENDs that name targets, but not those that their segment was committed with."""
    said, committed = facts.batch.items("OP_END", "targets"), facts.segments.targets
    if not said.columns or not committed.columns:
        return np.zeros(0, np.int64)
    # Of a segment that was taken over the targets may not be known.
    places = np.flatnonzero((rows >= 0) & (said.counts > 0))
    named = rows[places]
    places = places[(named < len(facts.batch.rows("COMMIT"))) | (committed.counts[named] > 0)]
    names = ("die", "plane", "block", "page")
    other: np.ndarray = places[differing_rows(said, places, committed, rows[places], names)]
    return other


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


def _ops_begun_again(facts: Facts) -> pl.DataFrame:
    """COMMITs that begin an op whose number another op of an earlier run of the batch has.

    Within a run segment-chain judges them.
    """
    batch, segments = facts.batch, facts.segments
    positions = batch.rows("COMMIT")
    begins = np.isin(
        batch.column("COMMIT", "source"),
        batch.codes(item for item in Source if item not in _GOES_ON),
    )
    op = np.where(begins, segments.op[: len(positions)], NULL)
    places = np.flatnonzero(op != NULL)
    _, first, inverse = np.unique(op[places], return_index=True, return_inverse=True)
    run_row = batch.run_row[positions[places]]
    wrong = places[run_row != run_row[first][inverse]]
    return pl.DataFrame(
        {"seq": batch.seq[positions[wrong]], "seg": segments.seg[wrong], "op": op[wrong]}
    ).select(
        "seq",
        "seg",
        expected=pl.lit("an op id of its own"),
        actual=pl.format("op {} of an earlier run again", "op"),
    )


_GOES_ON = (Source.RESUME_CHAIN, Source.BACKLOG)
"""Sources of what was begun before."""


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
        event=pl.Series([EVENTS[event] for event in queued["event"].tolist()], dtype=pl.String)
    )
    of = (
        pl.when(pl.col("seg").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(" of segment {}", "seg"))
    )
    return finding(
        evaluated,
        frame,
        expected=pl.format("the {}{}, due at {}, first", "event", of, microseconds("due_ns")),
        actual=pl.when(pl.col("other_seq").is_null())
        .then(pl.lit("an event with a later key was dispatched before it"))
        .otherwise(pl.format("event {} was dispatched before it", "other_seq")),
    )
