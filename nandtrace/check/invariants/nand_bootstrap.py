"""Invariants of what begins anew in every run, and of what does not: refills, and the bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.drains import Flags, run_untils
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, microseconds, nothing, to_frame
from nandtrace.trace.columns import Int64s
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
    sentence="Every run dispatches a QUEUE_REFILL of its own at its begin and then one every period, up to "
    "the tick that crosses run_until or the hook that used up its budget, going round the planes of all "
    "dies; none is carried over a boundary.",
    rationale="A refill that is lost stops the proposals, one that is doubled at every boundary drowns "
    "the rest.",
    source="nandtrace model: hooks; how a run ends",
    needs=("RUN_BEGIN",),
)
def refill_reseeded(facts: Facts) -> Finding:
    period_ns = facts.rules.queue_refill_period_ns
    if period_ns is None:
        return nothing()
    batch, runs = facts.batch, facts.batch.runs
    refills = _derive_refills(batch, period_ns)
    due = refills.due_before(_last_moments(batch, refills.until_ns))
    parts = [_untimely(batch, refills), _missing(batch, refills, due), _carried_refills(facts)]
    parts.append(_off_the_round(facts, refills))
    if period_ns:
        parts.append(_beyond(batch, refills))
    hooked = np.bincount(batch.run_row[batch.rows("HOOK")], minlength=len(runs)) > 0
    return finding(
        len(runs),
        pl.concat(parts).sort("seq"),
        exercised=int(np.count_nonzero(hooked | (due > 0))),
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


@dataclass(frozen=True, slots=True)
class _Refills:
    """QUEUE_REFILLs: positions, rows of their runs, their numbers in these; and per run its begin and
    its run_until, NULL where unknown."""

    positions: Int64s
    rows: Int64s
    numbers: Int64s
    begin_ns: Int64s
    until_ns: Int64s
    period_ns: int

    @property
    def due_ns(self) -> Int64s:
        return self.begin_ns[self.rows] + self.numbers * self.period_ns

    def late(self, batch: Batch) -> Flags:
        """Which of them come at another time than theirs."""
        late: Flags = batch.time_ns[self.positions] != self.due_ns
        late &= self.begin_ns[self.rows] != NULL
        return late

    def due_before(self, moment_ns: Int64s) -> Int64s:
        """How many are due per run from its begin on and before a moment; 0 where either is unknown."""
        known = (self.begin_ns != NULL) & (moment_ns != NULL) & (moment_ns > self.begin_ns)
        span_ns = np.where(known, moment_ns - self.begin_ns, 0)
        return np.where(known, (span_ns - 1) // max(self.period_ns, 1) + 1, 0)


def _derive_refills(batch: Batch, period_ns: int) -> _Refills:
    runs, hooks = batch.runs, batch.rows("HOOK")
    positions = hooks[batch.column("HOOK", "hook") == batch.code(Hook.QUEUE_REFILL)]
    rows = batch.run_row[positions]
    numbers = np.arange(len(rows)) - np.searchsorted(rows, rows)
    begin_ns = np.where(runs.begin >= 0, batch.time_ns[runs.begin], NULL)
    until_ns = np.where(runs.begin >= 0, run_untils(batch), NULL)
    return _Refills(positions, rows, numbers, begin_ns, until_ns, period_ns)


def _last_moments(batch: Batch, until_ns: Int64s) -> Int64s:
    """Per run the time before which every refill must have been dispatched, NULL for none.

    That is run_until where the run got there, else its last hook: a budget of hooks may have ended it.
    """
    hooks, ends = batch.rows("HOOK"), batch.rows("RUN_END")
    last_ns = np.full(len(until_ns), NULL, np.int64)
    np.maximum.at(last_ns, batch.run_row[hooks], batch.time_ns[hooks])
    reached = np.zeros(len(until_ns), np.bool_)
    reached[batch.run_row[ends]] = batch.column("RUN_END", "stop") == batch.code(_STOP_RUN_UNTIL)
    return np.where(reached & (until_ns != NULL), until_ns, last_ns)


_STOP_RUN_UNTIL = "run_until"
"""Word of RUN_END.stop for a run that went on up to its run_until."""


def _untimely(batch: Batch, refills: _Refills) -> pl.DataFrame:
    late = np.flatnonzero(refills.late(batch))
    return _timed(batch, refills.positions[late], refills.due_ns[late]).select(
        "seq",
        due=pl.format("a QUEUE_REFILL at {}", microseconds("due_ns")),
        found=microseconds("time_ns"),
    )


def _timed(batch: Batch, positions: Int64s, due_ns: Int64s) -> pl.DataFrame:
    return pl.DataFrame(
        {"seq": batch.seq[positions], "due_ns": due_ns, "time_ns": batch.time_ns[positions]}
    )


def _missing(batch: Batch, refills: _Refills, due: Int64s) -> pl.DataFrame:
    """Runs in which refills that were due never came, with the first of these."""
    counts = np.bincount(refills.rows, minlength=len(due))
    if not refills.period_ns:
        due = np.minimum(due, 1)
    # Of a run with some at the wrong time that is said already.
    lost = np.setdiff1d(np.flatnonzero(counts < due), refills.rows[refills.late(batch)])
    due_ns = refills.begin_ns[lost] + counts[lost] * refills.period_ns
    frame = _timed(batch, batch.runs.last[lost], due_ns).with_columns(count=counts[lost])
    return frame.select(
        "seq",
        due=pl.format("a QUEUE_REFILL at {}", microseconds("due_ns")),
        found=pl.when(pl.col("count") > 0)
        .then(pl.format("none after {} in the run", "count"))
        .otherwise(pl.lit("none in the run")),
    )


def _beyond(batch: Batch, refills: _Refills) -> pl.DataFrame:
    """Refills too many: one may come with the tick that crosses run_until, none if it was crossed before."""
    begin_ns, until_ns, rows = refills.begin_ns, refills.until_ns, refills.rows
    most = np.where(begin_ns < until_ns, refills.due_before(until_ns) + 1, 0)
    after = np.flatnonzero((until_ns[rows] != NULL) & (refills.numbers >= most[rows]))
    return _timed(batch, refills.positions[after], until_ns[rows[after]]).select(
        "seq",
        due=pl.format("no QUEUE_REFILL after the tick that crosses {}", microseconds("due_ns")),
        found=microseconds("time_ns"),
    )


def _off_the_round(facts: Facts, refills: _Refills) -> pl.DataFrame:
    """Refills of another plane than the one after that of the refill before, in their run."""
    batch, rules = facts.batch, facts.rules
    hooks = np.searchsorted(batch.rows("HOOK"), refills.positions)
    die, plane = (batch.column("HOOK", name)[hooks] for name in ("die", "plane"))
    planes, count = rules.planes or 0, (rules.dies or 0) * (rules.planes or 0)
    known = (die != NULL) & (plane != NULL) & (count > 0)
    number = np.where(known, die * planes + plane, NULL)
    outside = known & ((die < 0) | (plane < 0) | (plane >= planes) | (number >= count))
    followed = np.zeros(len(number), np.bool_)
    followed[1:] = known[1:] & known[:-1] & (refills.rows[1:] == refills.rows[:-1])
    before = np.roll(number, 1)
    due = np.where(followed, (before + 1) % max(count, 1), NULL)
    wrong = np.flatnonzero(outside | (followed & (number != due)))
    frame = to_frame(
        {
            "seq": batch.seq[refills.positions[wrong]],
            "due_die": np.where(followed[wrong], due[wrong] // max(planes, 1), NULL),
            "due_plane": np.where(followed[wrong], due[wrong] % max(planes, 1), NULL),
            "die": die[wrong],
            "plane": plane[wrong],
        }
    )
    return frame.select(
        "seq",
        due=pl.when(pl.col("due_die").is_null())
        .then(pl.lit("a QUEUE_REFILL of a plane of the device"))
        .otherwise(pl.format("a QUEUE_REFILL of die {} plane {}", "due_die", "due_plane")),
        found=pl.format("one of die {} plane {}", "die", "plane"),
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
