"""Reference checker, NAND: how a run begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.reference.log import Entry
from tests.reference.nand.segments import Run
from tests.reference.runs import Offence

STAGES = ["ERASE", "PROGRAM", "READ", "DONE"]
DISPATCHED = ("HOOK", "OP_START", "OP_END")
CUT = ("SUSPENDED", "RESET")
"""Outcomes of an OP_END that was not queued: something else brought it about."""

LEFT_BY_A_DROP = {"pending", "hook_places", "segments", "bus", "planes"}
"""What may differ at a boundary where a run left something that is dropped."""


def broken_boundaries(runs: list[Run]) -> Iterator[Offence]:
    """What is wrong where runs begin and end."""
    for run in runs:
        if run.ended:
            yield from _left_over(run)
            yield from _counts(run)
        if not (run.begun and run.ended):
            continue
        yield from _beyond_its_end(run)
        yield from _drain_clock(run)
        yield from _refills(run)
        yield from _bootstrap(run)
    for run, before in zip(runs, [None, *runs], strict=False):
        state = run.before("next", {}) if before is None else before.after("next", {})
        yield from _astray(run, state.get("refill") if run.begun else None)
    for run, following in pairwise(runs):
        yield from _discontinuity(run, following)


def _left_over(run: Run) -> Iterator[Offence]:
    if run.carried:
        return
    queued = [kind for _, kind, _ in run.after("pending", []) if kind in ("OP_START", "OP_END")]
    if queued or any(run.after("ongoing", [])):
        yield "no-open-segment-at-run-end", run.end.seq
    if any(run.after("suspended_erase", [])) or any(run.after("suspended_program", [])):
        yield "suspended-lists-empty", run.end.seq


def _beyond_its_end(run: Run) -> Iterator[Offence]:
    """nothing-proposed-after-run-until."""
    until_ns = run.begin.get("run_until_ns")
    if until_ns is None:
        return
    crossing_ns = _crossing(run, until_ns, ("PROPOSE", "COMMIT", *DISPATCHED))
    resumes = {
        (entry.time_ns, entry.get("op"))
        for entry in run.of_kind("RESUME")
        if entry.get("source") == "DRAIN"
    }
    draining = False
    for entry in run.of_kind("PROPOSE", "COMMIT", "OP_END"):
        draining = draining or bool(entry.get("drained"))
        if entry.kind == "OP_END" or entry.time_ns < until_ns:
            continue
        if crossing_ns is not None and entry.time_ns <= crossing_ns and not draining:
            continue
        resumed = (entry.time_ns, entry.get("op")) in resumes
        if entry.get("source") != "DRAIN" and not (
            resumed and entry.get("source") == "RESUME_CHAIN"
        ):
            yield "nothing-proposed-after-run-until", entry.seq


def _crossing(run: Run, until_ns: int, kinds: tuple[str, ...] = DISPATCHED) -> int | None:
    """The time of the first tick at or after run_until, the drain's left out."""
    return min((time_ns for time_ns in _ticks(run, kinds) if time_ns >= until_ns), default=None)


def _ticks(run: Run, kinds: tuple[str, ...] = DISPATCHED) -> list[int]:
    """When anything was dispatched before the drain."""
    ticks = []
    for entry in run.of_kind(*kinds):
        if entry.get("drained"):
            break
        ticks.append(entry.time_ns)
    return ticks


def _drain(run: Run) -> list[Entry]:
    """The events from DRAIN_BEGIN to DRAIN_END, none where the run did not drain."""
    kinds = [entry.kind for entry in run.entries]
    if "DRAIN_BEGIN" not in kinds or "DRAIN_END" not in kinds:
        return []
    return run.entries[kinds.index("DRAIN_BEGIN") : kinds.index("DRAIN_END") + 1]


def _drain_clock(run: Run) -> Iterator[Offence]:
    for kind in ("DRAIN_BEGIN", "DRAIN_END"):
        other = "DRAIN_END" if kind == "DRAIN_BEGIN" else "DRAIN_BEGIN"
        marks = list(run.of_kind(kind))
        if len(marks) > 1 or (marks and not list(run.of_kind(other))):
            yield "drain-clock", marks[-1].seq
        elif kind == "DRAIN_BEGIN" and marks and marks[0].seq > next(run.of_kind(other)).seq:
            yield "drain-clock", marks[0].seq
    inside = {entry.seq for entry in _drain(run)}
    for entry in run.of_kind("COMMIT", "RESUME") if inside else ():
        if entry.get("source") == "DRAIN" and entry.seq not in inside:
            yield "drain-clock", entry.seq
    for end in run.of_kind("OP_END") if inside else ():
        completed = end.get("outcome", "COMPLETED") == "COMPLETED"
        if bool(end.get("drained")) != (completed and end.seq in inside):
            yield "drain-clock", end.seq
    drained = [end.time_ns for end in _drained(run, inside)]
    if run.end.get("end") == "DRAINED" and drained and max(drained) != run.end.time_ns:
        yield "drain-clock", run.end.seq


def _drained(run: Run, inside: set[int]) -> list[Entry]:
    """The OP_ENDs of ops that ended in the drain, or beyond the tick that crossed run_until."""
    until_ns = run.begin.get("run_until_ns")
    crossing_ns = None if until_ns is None else _crossing(run, until_ns)
    return [
        end
        for end in run.of_kind("OP_END")
        if end.get("drained")
        or (
            end.get("outcome") not in CUT
            and (end.seq in inside or (crossing_ns is not None and end.time_ns > crossing_ns))
        )
    ]


def _counts(run: Run) -> Iterator[Offence]:
    """run-counts."""
    begun = sum(
        (entry.kind == "BACKLOG" and bool(entry.get("on")))
        or (entry.kind == "COMMIT" and entry.get("source") not in ("RESUME_CHAIN", "BACKLOG"))
        for entry in run.entries
    )
    hooks = len(list(run.of_kind("HOOK")))
    for name, counted in (("hooks", hooks), ("ops", begun)):
        if run.end.get(name, counted) != counted:
            yield "run-counts", run.end.seq
    for begin in run.of_kind("DRAIN_BEGIN"):
        pending = _pending_at(run, begin.seq)
        if begin.get("pending", pending) != pending:
            yield "run-counts", begin.seq
    drain = _drain(run)
    delivered = sum(
        entry.kind == "OP_START"
        or (entry.kind == "OP_END" and entry.get("outcome", "COMPLETED") == "COMPLETED")
        for entry in drain
    )
    if drain and drain[-1].get("delivered", delivered) != delivered:
        yield "run-counts", drain[-1].seq


def _pending_at(run: Run, seq: int) -> int:
    """How many OP_STARTs and OP_ENDs are queued before an event."""
    pending = 0
    for segment in run.segments:
        if segment.commit.seq > seq:
            continue
        for kind, entries in (("OP_START", segment.starts), ("OP_END", segment.ends)):
            gone = entries or [one for one in segment.cancels if one.get("event") == kind]
            started = kind == "OP_START" and segment.started_before
            pending += not started and all(entry.seq > seq for entry in gone)
    return pending


def _refills(run: Run) -> Iterator[Offence]:
    """refill-reseeded."""
    if any(kind == "QUEUE_REFILL" for _, kind, _ in run.before("pending", [])):
        yield "refill-reseeded", run.begin.seq
    period_ns = run.device.get("queue_refill_period_ns")
    until_ns = run.begin.get("run_until_ns")
    if not period_ns or until_ns is None:
        return
    due_ns = run.begin.time_ns
    for entry in run.of_kind("HOOK"):
        if entry.get("hook") == "QUEUE_REFILL":
            if entry.time_ns != due_ns or due_ns - period_ns >= until_ns:
                yield "refill-reseeded", entry.seq
            due_ns += period_ns
    if due_ns == run.begin.time_ns:
        yield "refill-reseeded", run.end.seq
    ticks = _ticks(run)
    if run.end.get("stop", "run_until") != "run_until":
        missing = due_ns < max(ticks, default=0)
    else:
        missing = due_ns < until_ns
    if missing:
        yield "refill-reseeded", run.end.seq


def _astray(run: Run, place: int | None) -> Iterator[Offence]:
    """refill-reseeded: they go round the planes of all dies, on from a place."""
    topology = run.device.get("topology", {})
    dies, planes = topology.get("dies", 1), topology.get("planes", 1)
    for entry in run.of_kind("HOOK"):
        if entry.get("hook") != "QUEUE_REFILL" or place is None:
            continue
        if (entry.get("die"), entry.get("plane")) != (place // planes, place % planes):
            yield "refill-reseeded", entry.seq
        place = (place + 1) % (dies * planes)


def _bootstrap(run: Run) -> Iterator[Offence]:
    """bootstrap-preserved, within a run."""
    stage = run.before("bootstrap", {}).get("stage")
    for entry in run.of_kind("BOOTSTRAP"):
        if _rank(entry.get("stage")) <= _rank(stage):
            yield "bootstrap-preserved", entry.seq
        stage = entry.get("stage")
    after = run.after("bootstrap")
    if after is not None and after.get("stage") != stage:
        yield "bootstrap-preserved", run.end.seq
    if stage not in (None, "DONE") and run.end.get("end") == "DRAINED" and not run.is_last:
        yield "bootstrap-preserved", run.end.seq


def _rank(stage: Any) -> int:
    return STAGES.index(stage) if stage in STAGES else -1


def _discontinuity(run: Run, following: Run) -> Iterator[Offence]:
    """snapshot-continuity, and bootstrap-preserved over a boundary."""
    end, begin = run.end.snapshot, following.begin.snapshot
    if not (run.ended and following.begun) or end is None or begin is None:
        return
    may_change = set(run.device.get("may_change_between_runs", ["pending"]))
    if run.end.get("end") == "DROPPED":
        may_change |= LEFT_BY_A_DROP
    for name in sorted((set(end) | set(begin)) - may_change):
        if end.get(name) != begin.get(name):
            yield "snapshot-continuity", following.begin.seq
            if (
                name == "bootstrap"
                and name in end
                and name in begin
                and end[name].get("stage") != begin[name].get("stage")
            ):
                yield "bootstrap-preserved", following.begin.seq
