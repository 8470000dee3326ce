"""Invariants of sequences: what must follow an op, and where."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.segments import MISSING
from nandtrace.check.sequences import Astray
from nandtrace.check.suspended_programs import suspended_programs
from nandtrace.check.tables import Finding, microseconds, nothing, to_frame
from nandtrace.check.target_sets import are_within, first_targets
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import InheritRule

GROUP = "nand sequence"


@invariant(
    "sequence-complete",
    group=GROUP,
    sentence="What must follow an op is committed with it, whole and in order, each after the one "
    "before it has ended, and all of it runs unless a reset comes.",
    rationale="Half a sequence leaves a page in a register or a latch that nobody comes for.",
    source="nandtrace model: sequences",
    needs=("COMMIT",),
)
def sequence_complete(facts: Facts) -> Finding:
    told = facts.rules.sequences
    if told is None:
        return nothing()
    sequences = facts.sequences
    rows = np.repeat(sequences.heads, sequences.sizes - 1) + _numbers(sequences.sizes - 1) + 1
    parts = [
        _offenders(facts, item.heads).with_columns(
            expected=pl.lit(item.expected), actual=pl.lit(item.actual)
        )
        for item in sequences.wrong
    ]
    parts += [_unfounded(facts), _early(facts, rows), _left_out(facts, rows)]
    must = np.isin(facts.segments.base[sequences.heads], facts.batch.codes(told))
    exercised = int(np.count_nonzero(must | (sequences.sizes > 1)))
    offenders = pl.concat(parts).sort("seq", maintain_order=True)
    return Finding(len(sequences.heads), exercised, offenders)


def _numbers(counts: Int64s) -> Int64s:
    """0 to count - 1 for each count, one after the other."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _offenders(facts: Facts, rows: Int64s) -> pl.DataFrame:
    segments = facts.segments
    return to_frame({name: getattr(segments, name)[rows] for name in ("seq", "seg", "op")})


def _unfounded(facts: Facts) -> pl.DataFrame:
    return _offenders(facts, facts.sequences.loose).with_columns(
        expected=pl.lit("an op that it follows, committed just before it at the same time"),
        actual=pl.lit("none"),
    )


def _early(facts: Facts, rows: Int64s) -> pl.DataFrame:
    """Ops of a sequence that start before the one before them has ended."""
    segments = facts.segments
    early = rows[segments.start_ns[rows] < segments.end_ns[rows - 1]]
    frame = _offenders(facts, early).with_columns(
        to_frame({"start_ns": segments.start_ns[early], "due_ns": segments.end_ns[early - 1]})
    )
    return frame.select(
        "seq",
        "seg",
        "op",
        expected=pl.format("a start not before {}", microseconds("due_ns")),
        actual=microseconds("start_ns"),
    )


def _left_out(facts: Facts, rows: Int64s) -> pl.DataFrame:
    """Ops of a sequence that never ended, though one before them did, in a run that may leave nothing."""
    segments, sequences = facts.segments, facts.sequences
    by_reset = (segments.resets > 0) | (segments.outcome == facts.batch.code("RESET"))
    batch_of = np.repeat(np.arange(len(sequences.heads)), sequences.sizes - 1)
    hit = by_reset[sequences.heads]
    np.logical_or.at(hit, batch_of, by_reset[rows])
    done = (segments.ends > 0) | (segments.cuts > 0)
    lost = ~done[rows] & done[rows - 1] & ~hit[batch_of] & facts.judged_end[segments.run_row[rows]]
    return _offenders(facts, rows[lost]).with_columns(
        expected=pl.format("segment {} to run as the one before it did", "seg"),
        actual=pl.lit("it never ended"),
    )


@invariant(
    "inherit-rules",
    group=GROUP,
    sentence="Every op of a sequence addresses the page that its rule gives it, by rule none one on the "
    "first op's planes, and by same_celltype programs the cell type of the program that it follows.",
    rationale="A page that is read or programmed by another address than the one begun with is lost.",
    source="nandtrace model: sequences",
    needs=("COMMIT",),
)
def inherit_rules(facts: Facts) -> Finding:
    if facts.rules.sequences is None:
        return nothing()
    sequences = facts.sequences
    parts = [_misplaced(facts, item) for item in [*sequences.astray, *_strangers(facts)]]
    counted = sequences.ruled
    if sequences.one_celltype:
        others, compared = _other_celltypes(facts)
        parts.append(others)
        counted += compared
    if not parts:
        return Finding(counted, counted, nothing().offenders)
    return Finding(counted, counted, pl.concat(parts).sort("seq", maintain_order=True))


_TARGET = ("die", "plane", "block", "page")


def _misplaced(facts: Facts, item: Astray) -> pl.DataFrame:
    due = {f"due_{name}": values for name, values in item.due.items()}
    found = first_targets(facts.segments.targets, item.rows)
    frame = _offenders(facts, item.rows).with_columns(to_frame(found | due))
    return frame.select(
        "seq",
        "seg",
        "op",
        expected=pl.format(f"by {item.rule} {_PLACE}", *map(_text, due)),
        actual=pl.format(_PLACE, *map(_text, _TARGET)),
    )


_PLACE = "die {}, plane {}, block {}, page {}"


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null("-")


def _other_celltypes(facts: Facts) -> tuple[pl.DataFrame, int]:
    """Programs of another cell type than the first op of their batch; and how many were compared."""
    batch, pairs = facts.batch, facts.sequences.one_celltype
    celltype = np.full(len(facts.segments), NULL, np.int64)
    for kind in ("APPLY_ERASE", "APPLY_PGM"):
        rows = facts.rows_of(kind)
        celltype[rows[rows >= 0]] = batch.column(kind, "celltype")[rows >= 0]
    celltype[celltype == batch.code(_ANY_CELLTYPE)] = NULL
    first, row = (np.concatenate(rows) for rows in zip(*pairs, strict=True))
    known = np.flatnonzero((celltype[first] != NULL) & (celltype[row] != NULL))
    first, row = first[known], row[known]
    wrong = np.flatnonzero(celltype[first] != celltype[row])
    names = [[batch.name(code) for code in celltype[at[wrong]].tolist()] for at in (first, row)]
    frame = _offenders(facts, row[wrong]).with_columns(
        due=pl.Series(names[0], dtype=pl.String), actual=pl.Series(names[1], dtype=pl.String)
    )
    expected = pl.format(f"by {InheritRule.SAME_CELLTYPE} a program of {{}}", "due")
    return frame.select("seq", "seg", "op", expected=expected, actual="actual"), len(known)


_ANY_CELLTYPE = "NONE"
"""The cell type of an op name that has none."""


def _strangers(facts: Facts) -> list[Astray]:
    """Reads of the suspended program that, when they start, address another page than it does."""
    segments, reads = facts.segments, facts.sequences.from_suspended
    if not reads:
        return []
    rows = np.concatenate(reads)
    rows = rows[segments.last_start[rows] != MISSING]
    programs = suspended_programs(
        facts, segments.run_row[rows], segments.die[rows], segments.last_start[rows]
    )
    rows, programs = rows[programs >= 0], programs[programs >= 0]
    wrong = ~are_within(segments.targets, rows, programs)
    due = first_targets(segments.targets, programs[wrong])
    rule = InheritRule.SAME_PAGE_FROM_PROGRAM_SUSPEND
    return [Astray(rule, rows[wrong], due)] if wrong.any() else []
