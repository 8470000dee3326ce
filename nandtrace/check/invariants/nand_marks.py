"""The invariant of latches, cache states and terminations: they follow the ops."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.marks import (
    KINDS,
    Flags,
    Switchings,
    Words,
    begun_with,
    caused,
    join,
    switched,
    words_of,
)
from nandtrace.check.occupancy import MAX_LANES
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

GROUP = "nand resources"


@invariant(
    "marks-follow-ops",
    group=GROUP,
    sentence="A completed op leaves the latch that it fills and the cache state that it enters on, those "
    "that it frees and leaves off, and the termination as it sets it; a reset leaves latches and cache "
    "states off; and at no other time does an event switch one.",
    rationale="What may start next depends on them: a latch that is full for the scheduler and empty on the "
    "device lets an op read what was never sensed.",
    source="nandtrace model: latches, cache states and termination",
    needs=("OP_END", *KINDS),
)
def marks_follow_ops(facts: Facts) -> Finding:
    if (facts.rules.dies or 0) * (facts.rules.planes or 0) > MAX_LANES:
        return nothing()
    parts = [
        _judge_kind(facts, words)
        for words in (words_of(facts, kind) for kind in KINDS)
        if words.names and words.planes
    ]
    if not parts:
        return nothing()
    wrong = pl.concat([frame for _, frame in parts]).sort("seq", maintain_order=True)
    return finding(
        sum(evaluated for evaluated, _ in parts),
        wrong,
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


def _judge_kind(facts: Facts, words: Words) -> tuple[int, pl.DataFrame]:
    causes, events = caused(facts, words), switched(facts.batch, words)
    parts = [_not_done(facts, words, causes, events), _without_cause(facts, words, causes, events)]
    return len(causes) + len(events), pl.concat(parts)


def _not_done(facts: Facts, words: Words, causes: Switchings, events: Switchings) -> pl.DataFrame:
    """Causes after whose time the mark is not as the last one of that time leaves it."""
    batch = facts.batch
    merged = join((causes, events))
    order = np.argsort(merged.key * len(batch) + merged.position, kind="stable")
    merged, is_event = merged.select(order), order >= len(causes)
    run_row, time_ns = batch.run_row[merged.position], batch.time_ns[merged.position]
    if not len(merged):
        return _frame(batch, words, merged, is_stray=False)
    # The mark is as the last event in the run left it, or as the run began with it.
    first = _changes(merged.key, run_row)
    stands = np.maximum.accumulate(np.where(is_event | first, np.arange(len(merged)), 0))
    begun = begun_with(batch, words, run_row, merged.key)
    state = np.where(is_event[stands], merged.on[stands], begun)
    first_of_time = _changes(merged.key, run_row, time_ns)
    left = state[np.append(np.flatnonzero(first_of_time)[1:] - 1, len(merged) - 1)]
    due = np.full(len(left), -1, np.int64)
    of_causes = np.flatnonzero(~is_event)
    due[(np.cumsum(first_of_time) - 1)[of_causes]] = of_causes
    judged = np.flatnonzero((due >= 0) & (left != NULL))
    wrong = due[judged[left[judged] != merged.on[due[judged]]]]
    return _frame(batch, words, merged.select(wrong), is_stray=False)


def _without_cause(
    facts: Facts, words: Words, causes: Switchings, events: Switchings
) -> pl.DataFrame:
    """Events that switch a mark at a time at which no op and no reset does that."""
    batch = facts.batch
    names = ("run_row", "time_ns", "key", "on")
    mine, theirs = (
        pl.DataFrame(
            {
                "run_row": batch.run_row[item.position],
                "time_ns": batch.time_ns[item.position],
                "key": item.key,
                "on": item.on,
                "position": item.position,
            }
        )
        for item in (events, causes)
    )
    theirs = theirs.group_by(names).agg(pl.col("position").min().alias("cause"))
    found = mine.join(theirs, on=names, how="left", maintain_order="left")
    stray = (found["cause"].is_null() | (found["cause"] > found["position"])).to_numpy()
    stray &= ~_beside_unknown(facts, events.position)
    return _frame(batch, words, events.select(stray), is_stray=True)


def _beside_unknown(facts: Facts, position: Int64s) -> Flags:
    """Events at the time of an OP_END or OP_START of which nothing is known: it may be the cause."""
    batch, beside = facts.batch, np.zeros(len(position), np.bool_)
    for kind in ("OP_END", "OP_START"):
        rows = facts.rows_of(kind)
        base = np.where(rows >= 0, facts.segments.base[rows], NULL) if len(facts.segments) else rows
        unknown = batch.rows(kind)[(rows < 0) | (base == NULL)]
        beside |= np.isin(batch.time_ns[position], batch.time_ns[unknown])
    return beside


def _changes(*columns: Int64s) -> Flags:
    """Where any of the columns differs from the entry before; true of the first."""
    changes = np.zeros(len(columns[0]), np.bool_)
    changes[:1] = True
    for values in columns:
        changes[1:] |= values[1:] != values[:-1]
    return changes


def _frame(batch: Batch, words: Words, wrong: Switchings, *, is_stray: bool) -> pl.DataFrame:
    """Offenders, worded: events that nothing caused, or marks that are not as they should be left."""
    lane, word = wrong.key // len(words.names), wrong.key % len(words.names)
    columns = {"seq": batch.seq[wrong.position], "die": lane // words.planes}
    columns["plane"] = np.where(words.kind == "ODT", NULL, lane % words.planes)
    texts = [
        (words.names[place], ("off", "on")[value], ("on", "off")[value])
        for place, value in zip(word.tolist(), wrong.on.tolist(), strict=True)
    ]
    if is_stray:
        due = [f"an op or a reset that switches {name} {now}" for name, now, _ in texts]
        found = ["none at that time"] * len(texts)
    else:
        due = [f"{name} {now} after it" for name, now, _ in texts]
        found = [other for *_, other in texts]
    return to_frame(columns).with_columns(
        due=pl.Series(due, dtype=pl.String), found=pl.Series(found, dtype=pl.String)
    )
