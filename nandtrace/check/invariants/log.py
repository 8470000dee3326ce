"""Invariants of the log itself, of whatever domain."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.event_facts import EventFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, microseconds

GROUP = "log"


@invariant(
    "seq-dense",
    group=GROUP,
    sentence="Events are numbered 0, 1, 2, … without a hole or a repetition.",
    rationale="A lost or doubled stretch of the log would make every count after it meaningless.",
    source="docs/trace-format.md: events are numbered from 0",
    domain=None,
)
def seq_dense(facts: EventFacts) -> Finding:
    seq = facts.batch.seq
    expected = np.empty_like(seq)
    expected[1:] = seq[:-1] + 1
    expected[:1] = seq[:1] if facts.carry.next_seq is None else facts.carry.next_seq
    wrong = np.flatnonzero(seq != expected)
    frame = pl.DataFrame({"seq": seq[wrong], "due": expected[wrong]})
    return finding(
        len(seq),
        frame,
        expected=pl.format("event {}", "due"),
        actual=pl.format("event {}", "seq"),
    )


@invariant(
    "time-monotone",
    group=GROUP,
    sentence="The clock never goes back, over the whole trace and across runs.",
    rationale="Simulated time only advances; a run that begins before the last one ended replays time.",
    source="nandtrace model: time and order of dispatch",
    domain=None,
)
def time_monotone(facts: EventFacts) -> Finding:
    batch = facts.batch
    before = np.empty_like(batch.time_ns)
    before[1:] = batch.time_ns[:-1]
    before[:1] = batch.time_ns[:1] if facts.carry.time_ns is None else facts.carry.time_ns
    wrong = np.flatnonzero(batch.time_ns < before)
    frame = pl.DataFrame(
        {"seq": batch.seq[wrong], "time_ns": batch.time_ns[wrong], "before": before[wrong]}
    )
    return finding(
        len(batch),
        frame,
        expected=pl.format("a time of at least {}", microseconds("before")),
        actual=microseconds("time_ns"),
    )


@invariant(
    "run-bracketed",
    group=GROUP,
    sentence="Every event lies between the RUN_BEGIN and the RUN_END of its run; runs count up by one.",
    rationale="A run without an end was cut short; its boundary cannot be judged.",
    source="nandtrace model: runs",
    domain=None,
)
def run_bracketed(facts: EventFacts) -> Finding:
    batch, runs = facts.batch, facts.batch.runs
    number = runs.run
    before = np.empty_like(number)
    before[1:] = number[:-1]
    before[:1] = number[:1] - 1 if facts.carry.run is None else facts.carry.run
    parts = [
        (runs.first[runs.begin < 0], "a RUN_BEGIN first", "a run that begins without one"),
        (runs.last[runs.end < 0], "a RUN_END last", "a run that was never ended"),
        (runs.first[number != before + 1], "runs numbered one after another", "another number"),
        (
            np.flatnonzero(batch.run != number[batch.run_row]),
            "the number of the run it lies in",
            "that of another run",
        ),
    ]
    offenders = pl.concat(
        pl.DataFrame({"seq": batch.seq[places]}).with_columns(
            expected=pl.lit(expected), actual=pl.lit(actual)
        )
        for places, expected, actual in parts
    ).sort("seq")
    return Finding(len(batch), len(batch), offenders)
