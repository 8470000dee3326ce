"""The invariant of the states of a segment: together they are its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.segments import MISSING
from nandtrace.check.tables import (
    Finding,
    ascending_order,
    finding,
    microseconds,
    nothing,
    to_frame,
)
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome

GROUP = "nand life cycle"

Flags = npt.NDArray[np.bool_]


@invariant(
    "states-fill-segment",
    group=GROUP,
    sentence="The states of a segment follow each other without a gap, from its OP_START to the end that "
    "it was committed with.",
    rationale="What an op does at a time, and whether it holds the bus, is known by its states alone.",
    source="nandtrace model: segments",
    needs=("STATE", "OP_START"),
)
def states_fill_segment(facts: Facts) -> Finding:
    told = _told_states(facts)
    if not len(told.row):
        return nothing()
    problems = _problems(told)
    wrong = np.flatnonzero(np.logical_or.reduce(list(problems.values())))
    if not len(wrong):
        return Finding(len(told.row), len(told.row), nothing().offenders)
    rules = np.select([test[wrong] for test in problems.values()], list(range(len(problems))))
    segments, row = facts.segments, told.row[wrong]
    columns = {"seq": told.seq[wrong], "until_ns": told.until_ns[wrong]}
    columns |= {name: getattr(segments, name)[row] for name in ("seg", "op", "die", "end_ns")}
    frame = to_frame(columns).with_columns(
        rule=pl.Series([list(problems)[number] for number in rules.tolist()], dtype=pl.String)
    )
    return finding(
        len(told.row),
        frame.sort("seq"),
        expected=pl.format("{} of segment {}, at {}", "rule", "seg", microseconds("end_ns")),
        actual=pl.when(pl.col("until_ns").is_null())
        .then(pl.lit("one until no time"))
        .otherwise(pl.format("one until {}", microseconds("until_ns"))),
    )


@dataclass(frozen=True, slots=True)
class _States:
    """One entry per STATE of a segment that started in its run, by segment and then in order; `first`
    and `last` say which are that of their segment."""

    row: Int64s
    seq: Int64s
    time_ns: Int64s
    until_ns: Int64s
    start_ns: Int64s
    end_ns: Int64s
    is_early: Flags
    """Told before the OP_START."""

    is_completed: Flags
    first: Flags
    last: Flags


def _told_states(facts: Facts) -> _States:
    batch, segments, rows = facts.batch, facts.segments, facts.rows_of("STATE")
    known = np.flatnonzero(rows >= 0)
    started = segments.last_start[rows[known]] if len(segments) else known
    known = known[(started != MISSING) & (segments.end_ns[rows[known]] != NULL)]
    known = known[ascending_order(rows[known])]
    row, positions = rows[known], batch.rows("STATE")[known]
    changes = np.ones(len(row) + 1, np.bool_)
    changes[1:-1] = row[1:] != row[:-1]
    whole = segments.outcome[row] == batch.code(Outcome.COMPLETED)
    return _States(
        row=row,
        seq=batch.seq[positions],
        time_ns=batch.time_ns[positions],
        until_ns=batch.column("STATE", "until_ns")[known],
        start_ns=batch.times(segments.last_start[row]),
        end_ns=segments.end_ns[row],
        is_early=batch.seq[positions] < segments.last_start[row],
        is_completed=whole & (segments.ends[row] > 0),
        first=changes[:-1],
        last=changes[1:],
    )


def _problems(told: _States) -> dict[str, Flags]:
    """By what is due, which states are otherwise."""
    before = np.roll(told.until_ns, 1)
    entered_by = np.where(told.first, told.start_ns, before)
    begun = np.where(told.first, told.time_ns, before)
    return {
        "a state within the time": told.is_early | (told.until_ns > told.end_ns),
        "a state that begins when the one before is over, up to the end": told.time_ns > entered_by,
        "a state that ends after it begins, up to the end": told.until_ns <= begun,
        "states up to the end": told.last & _are_whole(told) & (told.until_ns < told.end_ns),
    }


def _are_whole(told: _States) -> Flags:
    """Whether the states of the segment of each are all there.

    A log may tell states as they are entered: what was cut then never tells those that were left.
    """
    group = np.cumsum(told.first) - 1
    later = np.bincount(group, weights=told.time_ns != told.start_ns)
    several = np.bincount(group) > 1
    whole: Flags = told.is_completed | (several & (later == 0))[group]
    return whole
