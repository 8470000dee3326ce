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
    elsewhere,
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
    "states off; and no event switches one at another time, or for another segment.",
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
    strangers = _elsewhere(facts.batch, words)
    parts = [
        _not_done(facts, words, causes, events),
        _without_cause(facts, words, causes, events),
        strangers,
    ]
    return len(causes) + len(events) + len(strangers), pl.concat(parts)


def _elsewhere(batch: Batch, words: Words) -> pl.DataFrame:
    """Events that switch something where the device has no plane."""
    positions = elsewhere(batch, words)
    nth = np.searchsorted(batch.rows(words.kind), positions)
    die = batch.column(words.kind, "die")[nth]
    of_die = words.kind == "ODT"
    plane = np.full(len(nth), NULL) if of_die else batch.column(words.kind, "plane")[nth]
    columns = {"seq": batch.seq[positions], "die": die, "plane": plane}
    return to_frame(columns).with_columns(
        due=pl.lit(f"a {'die' if of_die else 'plane'} of the device"), found=pl.lit("none of it")
    )


def _not_done(facts: Facts, words: Words, causes: Switchings, events: Switchings) -> pl.DataFrame:
    """Causes after whose time the mark is not as the last one of that time leaves it."""
    batch = facts.batch
    merged = join((causes, events))
    order = np.argsort(merged.key * len(batch) + merged.position, kind="stable")
    merged, is_event = merged.select(order), order >= len(causes)
    run_row, time_ns = batch.run_row[merged.position], batch.time_ns[merged.position]
    if not len(merged):
        return _frame(batch, words, merged)
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
    return _frame(batch, words, merged.select(wrong))


def _without_cause(
    facts: Facts, words: Words, causes: Switchings, events: Switchings
) -> pl.DataFrame:
    """Events that switch a mark at a time at which no op and no reset does that."""
    batch = facts.batch
    names = ("run_row", "time_ns", "key", "on")
    segs = _named_segments(batch, words.kind)
    mine, theirs = (
        pl.DataFrame(
            {
                "run_row": batch.run_row[item.position],
                "time_ns": batch.time_ns[item.position],
                "key": item.key,
                "on": item.on,
                "position": item.position,
                "seg": segs[item.position],
            }
        )
        for item in (events, causes)
    )
    first = theirs.group_by(names).agg(
        pl.col("position").min().alias("cause"), pl.col("seg").first().alias("by")
    )
    found = mine.join(first, on=names, how="left", maintain_order="left")
    stray = (found["cause"].is_null() | (found["cause"] > found["position"])).to_numpy()
    is_another = ((found["seg"] != NULL) & found["by"].ne_missing(found["seg"])).to_numpy()
    if is_another.any():
        # One of several ops that switch it at that time may be meant.
        others = mine.filter(pl.Series(is_another))
        told = others.join(theirs.unique([*names, "seg"]), on=[*names, "seg"], how="semi")
        is_another &= ~mine["position"].is_in(told["position"].implode()).to_numpy()
    judged = ~_beside_unknown(facts, events.position)
    return pl.concat(
        [
            _frame(batch, words, events.select(wrong & judged), lacking=text)
            for wrong, text in (
                (stray, "none at that time"),
                (is_another & ~stray, "another segment did at that time"),
            )
        ]
    )


def _named_segments(batch: Batch, kind: str) -> Int64s:
    """Per position of the batch the segment that an event names: a mark's, an OP_END's, an OP_START's."""
    segs = np.full(len(batch), NULL, np.int64)
    for name in (kind, "OP_END", "OP_START"):
        segs[batch.rows(name)] = batch.column(name, "seg")
    return segs


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


_ON_OR_OFF = {0: ("off", "on"), 1: ("on", "off")}
"""What a mark is switched to, and what it is else. A foreign log may have other values."""


def _frame(
    batch: Batch, words: Words, wrong: Switchings, *, lacking: str | None = None
) -> pl.DataFrame:
    """Offenders, worded: events whose cause is `lacking`, or marks that are not as they should be left."""
    lane, word = wrong.key // len(words.names), wrong.key % len(words.names)
    columns = {"seq": batch.seq[wrong.position], "die": lane // words.planes}
    columns["plane"] = np.where(words.kind == "ODT", NULL, lane % words.planes)
    texts = [
        (words.names[place], *_ON_OR_OFF.get(value, ("neither on nor off", "something else")))
        for place, value in zip(word.tolist(), wrong.on.tolist(), strict=True)
    ]
    if lacking is not None:
        due = [f"an op or a reset that switches {name} {now}" for name, now, _ in texts]
        found = [lacking] * len(texts)
    else:
        due = [f"{name} {now} after it" for name, now, _ in texts]
        found = [other for *_, other in texts]
    return to_frame(columns).with_columns(
        due=pl.Series(due, dtype=pl.String), found=pl.Series(found, dtype=pl.String)
    )
