"""What a run counts of itself, at its end and around its drain."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.drains import completed_ends
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.segments import MISSING, Segments
from nandtrace.check.tables import Finding, finding
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Source

GROUP = "nand run boundary"


@invariant(
    "run-counts",
    group=GROUP,
    sentence="What a run counts is what its events are: hooks, ops begun, events pending at its drain's "
    "begin and delivered by the drain.",
    rationale="A summary of counts that do not add up is believed all the same.",
    source="nandtrace model: runs; the drain",
    needs=("RUN_END",),
)
def run_counts(facts: Facts) -> Finding:
    parts = [*_at_run_ends(facts), _pending(facts), _delivered(facts)]
    offenders = pl.concat([part.offenders for part in parts]).sort("seq", maintain_order=True)
    evaluated = sum(part.evaluated for part in parts)
    return Finding(evaluated, evaluated, offenders)


def _compared(batch: Batch, positions: Int64s, said: Int64s, counted: Int64s, what: str) -> Finding:
    """The counts that events tell, null aside, against what was counted."""
    told = said != NULL
    wrong = np.flatnonzero(told & (said != counted))
    frame = pl.DataFrame(
        {"seq": batch.seq[positions[wrong]], "due": counted[wrong], "said": said[wrong]}
    )
    return finding(
        int(np.count_nonzero(told)),
        frame,
        expected=pl.format("{} " + what, "due"),
        actual=pl.col("said").cast(pl.String),
    )


def _at_run_ends(facts: Facts) -> list[Finding]:
    batch = facts.batch
    ends = batch.rows("RUN_END")
    rows = batch.run_row[ends]
    found = []
    for name, begun in (("hooks", _hooks), ("ops", _ops)):
        said = batch.column("RUN_END", name)
        if (said != NULL).any():
            found.append(_compared(batch, ends, said, begun(batch)[rows], name))
    return found


def _per_run(batch: Batch, positions: Int64s) -> Int64s:
    return np.bincount(batch.run_row[positions], minlength=len(batch.runs))


def _hooks(batch: Batch) -> Int64s:
    return _per_run(batch, batch.rows("HOOK"))


def _ops(batch: Batch) -> Int64s:
    """Ops begun: by a COMMIT, or by waiting in a backlog. What goes on, or leaves it, began before."""
    source = batch.column("COMMIT", "source")
    goes_on = np.isin(source, batch.codes((Source.RESUME_CHAIN, Source.BACKLOG)))
    waits = batch.column("BACKLOG", "on") == 1
    return _per_run(batch, batch.rows("COMMIT")[~goes_on]) + _per_run(
        batch, batch.rows("BACKLOG")[waits]
    )


def _pending(facts: Facts) -> Finding:
    """At the first DRAIN_BEGIN of a run."""
    batch, begin = facts.batch, facts.drains.begin
    said = batch.column("DRAIN_BEGIN", "pending")
    rows, first = np.unique(facts.drains.run_row, return_index=True)
    if not len(rows) or (said == NULL).all():
        return _compared(batch, begin[:0], said[:0], said[:0], "")
    at = np.full(len(batch.runs), MISSING, np.int64)
    at[rows] = batch.seq[begin[first]]
    waiting = _waiting(
        facts.segments, at[facts.segments.run_row], facts.rules.chain_op_start, batch
    )
    counted = np.bincount(facts.segments.run_row, weights=waiting, minlength=len(batch.runs))
    counted = counted.astype(np.int64)[rows]
    return _compared(batch, begin[first], said[first], counted, "OP_STARTs and OP_ENDs pending")


def _waiting(segments: Segments, at: Int64s, chains_start: bool, batch: Batch) -> Int64s:
    """Per segment how many of its OP_START and OP_END are queued at an event."""
    known = segments.seq < at
    start = known & (segments.owes_start == 1) & _is_later(segments.last_start, at)
    start &= _is_later(segments.start_cancel, at)
    if not chains_start:
        start &= segments.source != batch.code(Source.RESUME_CHAIN)
    end = known & (segments.owes_end == 1) & _is_later(segments.first_end, at)
    end &= _is_later(segments.end_cancel, at)
    waiting: Int64s = start.astype(np.int64) + end
    return waiting


def _is_later(seq: Int64s, at: Int64s) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    later: np.ndarray[tuple[int], np.dtype[np.bool_]] = (seq == MISSING) | (seq > at)
    return later


def _delivered(facts: Facts) -> Finding:
    batch, drains = facts.batch, facts.drains
    closed = drains.closed
    ends = drains.end[closed]
    said = batch.column("DRAIN_END", "delivered")[np.searchsorted(batch.rows("DRAIN_END"), ends)]
    counted = np.zeros(len(ends), np.int64)
    for positions in (batch.rows("OP_START"), batch.rows("OP_END")[completed_ends(batch)]):
        counted += np.searchsorted(positions, ends)
        counted -= np.searchsorted(positions, drains.begin[closed])
    return _compared(batch, ends, said, counted, "OP_STARTs and completed OP_ENDs delivered")
