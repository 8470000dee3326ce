"""Invariants of what begins anew in every run, and of what does not: refills, and the bootstrap."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, microseconds, nothing
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import BootstrapStage, Hook, RunEnd

GROUP = "nand run boundary"


@invariant(
    "bootstrap-preserved",
    group=GROUP,
    sentence="The bootstrap goes on in the next run in the stage that it had reached, only ever forward, "
    "and a run in the middle of it is not drained.",
    rationale="A bootstrap that a run boundary ends or sets back leaves a device half filled.",
    source="nandtrace model: bootstrap; how a run ends",
    needs=("RUN_END",),
)
def bootstrap_preserved(facts: Facts) -> Finding:
    rows = [*_changed_stages(facts), *_drained_stages(facts)]
    schema = {"seq": pl.Int64, "due": pl.String, "found": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").sort("seq", maintain_order=True)
    told = [state for state in facts.batch.end_states if _stage(state) is not _NOT_TOLD]
    active = [state for state in told if _stage(state) is not None]
    return finding(
        len(told),
        frame,
        exercised=len(active),
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


_NOT_TOLD = object()
_STAGES: dict[Any, int] = {None: -1} | {stage.value: at for at, stage in enumerate(BootstrapStage)}


def _stage(state: dict[str, Any] | None) -> Any:
    """The stage that a snapshot tells; null where no bootstrap ever began."""
    if state is None or not isinstance(state.get("bootstrap"), dict):
        return _NOT_TOLD
    return state["bootstrap"].get("stage")


def _changed_stages(facts: Facts) -> list[tuple[int, str, str]]:
    """Where a run, or a BOOTSTRAP event, is in a stage that does not follow from what was before."""
    batch, runs, rows = facts.batch, facts.batch.runs, []
    entered: dict[int, list[tuple[int, str | None]]] = {}
    stages = [batch.name(code) for code in batch.column("BOOTSTRAP", "stage").tolist()]
    for position, stage in zip(batch.rows("BOOTSTRAP").tolist(), stages, strict=True):
        entered.setdefault(int(batch.run_row[position]), []).append((position, stage))
    ends = [facts.carry.state, *batch.end_states[:-1]] if len(runs) else []
    for row, (before, begin) in enumerate(zip(ends, batch.begin_states, strict=True)):
        now = _stage(begin)
        if _NOT_TOLD not in (_stage(before), now) and now != _stage(before):
            rows.append(_other_stage(batch, runs.begin[row], _stage(before), now))
        for position, stage in entered.get(row, ()):
            if now is not _NOT_TOLD and _STAGES.get(stage, -1) <= _STAGES.get(now, -1):
                rows.append((int(batch.seq[position]), f"a stage after {now}", f"{stage}"))
            now = stage
        end = _stage(batch.end_states[row])
        if _NOT_TOLD not in (now, end) and now != end:
            rows.append(_other_stage(batch, runs.end[row], now, end))
    return rows


def _other_stage(batch: Batch, position: int, due: Any, found: Any) -> tuple[int, str, str]:
    return int(batch.seq[position]), f"bootstrap stage {due}", f"{found}"


def _drained_stages(facts: Facts) -> list[tuple[int, str, str]]:
    """Begins of runs before which one was drained in the middle of the bootstrap."""
    batch, rows = facts.batch, []
    ends: list[str | None] = [None] * len(batch.runs)
    codes = batch.column("RUN_END", "end").tolist()
    for position, code in zip(batch.rows("RUN_END").tolist(), codes, strict=True):
        ends[int(batch.run_row[position])] = batch.name(code)
    before = [(facts.carry.end, facts.carry.state), *zip(ends, batch.end_states, strict=True)]
    for row, (end, state) in enumerate(before[: len(batch.runs)]):
        stage = _stage(state)
        busy = stage in _STAGES and stage not in (None, BootstrapStage.DONE)
        if end == RunEnd.DRAINED and busy and batch.runs.begin[row] >= 0:
            seq = int(batch.seq[batch.runs.begin[row]])
            rows.append((seq, f"events carried over from the run before, in stage {stage}", end))
    return rows


@invariant(
    "refill-reseeded",
    group=GROUP,
    sentence="Every run dispatches a QUEUE_REFILL of its own at its begin, and then one every period; none "
    "is carried over a boundary.",
    rationale="A refill that is lost stops the proposals, one that is doubled at every boundary drowns "
    "the rest.",
    source="nandtrace model: hooks; how a run ends",
    needs=("RUN_BEGIN",),
)
def refill_reseeded(facts: Facts) -> Finding:
    batch, runs = facts.batch, facts.batch.runs
    period_ns = facts.rules.queue_refill_period_ns
    if period_ns is None:
        return nothing()
    hooks = batch.rows("HOOK")
    refills = hooks[batch.column("HOOK", "hook") == batch.code(Hook.QUEUE_REFILL)]
    rows = batch.run_row[refills]
    first = np.searchsorted(rows, rows)
    begin_ns = np.where(runs.begin >= 0, batch.time_ns[runs.begin], NULL)
    due_ns = begin_ns[rows] + (np.arange(len(rows)) - first) * period_ns
    late = np.flatnonzero((batch.time_ns[refills] != due_ns) & (begin_ns[rows] != NULL))
    wrong = pl.DataFrame(
        {
            "seq": batch.seq[refills[late]],
            "due_ns": due_ns[late],
            "time_ns": batch.time_ns[refills[late]],
        }
    ).select(
        "seq",
        due=pl.format("a QUEUE_REFILL at {}", microseconds("due_ns")),
        found=microseconds("time_ns"),
    )
    hooked = np.unique(batch.run_row[hooks])
    offenders = pl.concat([wrong, _never_refilled(facts, refills), _carried_refills(facts)])
    return finding(
        len(runs),
        offenders.sort("seq"),
        exercised=len(hooked),
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


def _never_refilled(facts: Facts, refills: Any) -> pl.DataFrame:
    """Runs with a hook after their begin's time, and no QUEUE_REFILL."""
    batch, runs = facts.batch, facts.batch.runs
    hooks = batch.rows("HOOK")
    later = hooks[batch.time_ns[hooks] > batch.time_ns[runs.first[batch.run_row[hooks]]]]
    rows = np.setdiff1d(batch.run_row[later], batch.run_row[refills])
    return pl.DataFrame({"seq": batch.seq[runs.first[rows]]}).with_columns(
        due=pl.lit("a QUEUE_REFILL at the run's begin"), found=pl.lit("none in the run")
    )


def _carried_refills(facts: Facts) -> pl.DataFrame:
    batch, runs = facts.batch, facts.batch.runs
    rows = [
        int(batch.seq[runs.begin[row]])
        for row, state in enumerate(batch.begin_states)
        if any(entry[1] == Hook.QUEUE_REFILL for entry in (state or {}).get("pending") or ())
    ]
    return pl.DataFrame({"seq": rows}, schema={"seq": pl.Int64}).with_columns(
        due=pl.lit("no QUEUE_REFILL pending at a run's begin"), found=pl.lit("one is")
    )
