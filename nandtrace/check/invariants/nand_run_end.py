"""The invariant of how a run says that it ended."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.drains import Flags, run_untils
from nandtrace.check.event_batch import State
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import BootstrapStage, RunEnd, RunStop

GROUP = "nand run boundary"


@invariant(
    "run-end-told",
    group=GROUP,
    sentence="A run says truly how it ended: by run_until only when its clock got there, or nothing was left "
    "that it could dispatch before; and CARRIED only in the middle of the bootstrap or when something else "
    "than run_until stopped it; its snapshots have its clock.",
    rationale="A run that calls its end CARRIED is asked for nothing that it left: so a drain that was "
    "forgotten could hide.",
    source="nandtrace model: how a run ends",
    needs=("RUN_END",),
)
def run_end_told(facts: Facts) -> Finding:
    batch, ends = facts.batch, facts.batch.rows("RUN_END")
    by_time = batch.column("RUN_END", "stop") == batch.code(RunStop.RUN_UNTIL)
    until_ns = run_untils(batch)[batch.run_row[ends]]
    early = by_time & (until_ns != NULL) & (batch.time_ns[ends] < until_ns)
    early &= _had_more(facts)[batch.run_row[ends]]
    carried = batch.column("RUN_END", "end") == batch.code(RunEnd.CARRIED)
    settled = [_has_no_bootstrap(batch.end_states[row]) for row in batch.run_row[ends].tolist()]
    unasked = by_time & carried & np.array(settled, np.bool_)
    parts = [
        _worded(
            batch.seq[ends[early]], "run_until as what stopped it, at that time", "it ended before"
        ),
        _worded(batch.seq[ends[unasked]], "a drain at run_until", "what is queued carried over"),
        *_other_clocks(batch),
    ]
    told = int(np.count_nonzero(by_time))
    return Finding(len(ends), told, pl.concat(parts).sort("seq", maintain_order=True))


def _had_more(facts: Facts) -> Flags:
    """Per run whether it could have gone on: a refill comes every period, or its drain found something
    queued."""
    runs = len(facts.batch.runs)
    if facts.rules.queue_refill_period_ns:
        return np.ones(runs, np.bool_)
    queued = facts.batch.column("DRAIN_BEGIN", "pending") > 0
    return np.isin(np.arange(runs), facts.drains.run_row[queued])


def _has_no_bootstrap(state: State | None) -> bool:
    """Whether a snapshot says that no bootstrap is under way."""
    bootstrap = (state or {}).get("bootstrap")
    return isinstance(bootstrap, dict) and bootstrap.get("stage") in (None, BootstrapStage.DONE)


def _other_clocks(batch: Batch) -> list[pl.DataFrame]:
    """Snapshots whose clock is not the time of their event."""
    edges = [(batch.runs.begin, batch.begin_states), (batch.runs.end, batch.end_states)]
    wrong = [
        int(positions[row])
        for positions, states in edges
        for row, state in enumerate(states)
        if state is not None
        and positions[row] >= 0
        and state.get("clock_ns", batch.time_ns[positions[row]]) != batch.time_ns[positions[row]]
    ]
    return [_worded(batch.seq[wrong], "a snapshot with the clock at its time", "another clock")]


def _worded(seq: Int64s, expected: str, actual: str) -> pl.DataFrame:
    return pl.DataFrame({"seq": seq}, schema={"seq": pl.Int64}).with_columns(
        expected=pl.lit(expected), actual=pl.lit(actual)
    )
