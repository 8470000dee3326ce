"""Reference checker, NAND: suspend and resume."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.reference.log import Entry
from tests.reference.nand.lifecycle import role_of
from tests.reference.nand.replay import Replay
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence


def broken_suspends(run: Run) -> Iterator[Offence]:
    """What is wrong with suspends and resumes of a run."""
    replay = Replay(run)
    for segment in run.segments:
        segment.cuts.clear()
    kept: dict[int | None, int | None] = {}
    for entry in run.entries:
        if entry.kind == "SUSPEND":
            yield from _suspend(entry, replay)
            if replay.target(entry) is not None:
                kept[entry.get("op")] = entry.get("remaining_ns")
        elif entry.kind == "RESUME":
            yield from _resume(entry, replay, kept)
        replay.apply(entry)
    for segments in run.ops().values():
        for before, segment in pairwise(segments):
            if segment.source == "RESUME_CHAIN" and not _same_op(before, segment):
                yield "resume-same-target", segment.commit.seq


def _suspend(entry: Entry, replay: Replay) -> Iterator[Offence]:
    target = replay.target(entry)
    known = entry.get("axis") in ("ERASE", "PROGRAM")
    if (known and target is None) or not _by_its_op(replay.run, entry, "SUSPEND"):
        yield "suspend-has-target", entry.seq
    if target is None:
        return
    at_ns = entry.get("at_ns", entry.time_ns)
    if not _in_core_busy(target, at_ns, entry.seq):
        yield "suspend-in-core-busy", entry.seq
    kept_ns = entry.get("remaining_ns")
    if None not in (kept_ns, target.end_ns) and kept_ns != target.remaining_ns(at_ns):
        yield "remaining-exact", entry.seq


def _by_its_op(run: Run, entry: Entry, what: str) -> bool:
    """Whether the op that did it is one of its axis and die, and starts then."""
    by = run.by.get(entry.seq)
    if by is None or role_of(run, by.base) is None:
        return True
    expected = f"{entry.get('axis')}_{what}", entry.get("die"), entry.time_ns
    return (role_of(run, by.base), by.die, by.start_ns) == expected


def uncancelled(run: Run) -> Iterator[Offence]:
    """one-op-end-per-segment: the OP_END that was due is withdrawn at the SUSPEND that cut it."""
    for segment in run.segments:
        if not segment.cuts or all(end.get("outcome") != "SUSPENDED" for end in segment.ends):
            continue
        cancels = [one for one in segment.cancels if one.get("event") == "OP_END"]
        times = {one.time_ns for one in cancels if one.get("reason") != "RESET"}
        suspends = {one.time_ns for one in run.of_kind("SUSPEND") if one.get("op") == segment.op}
        if not times & {*suspends, *(cut.time_ns for cut in segment.cuts)}:
            yield "one-op-end-per-segment", segment.ends[0].seq


def _in_core_busy(segment: Segment, at_ns: int, seq: int) -> bool:
    if segment.start_ns is None or segment.end_ns is None:
        return True
    if not segment.start_ns <= at_ns <= segment.end_ns:
        return False
    begin_ns, entered = segment.start_ns, []
    states = [state for state in segment.states if state.seq < seq]
    for state in states:
        if begin_ns <= at_ns:
            entered.append(state.get("state"))
        begin_ns = state.get("until_ns", begin_ns)
    return not states or entered[-1:] == ["CORE_BUSY"]


def _resume(entry: Entry, replay: Replay, kept: dict[int | None, int | None]) -> Iterator[Offence]:
    die, op, axis = entry.get("die"), replay.resumed(entry), entry.get("axis")
    if op is None or not _by_its_op(replay.run, entry, "RESUME"):
        yield "resume-has-target", entry.seq
    if op is None:
        return
    suspended = replay.suspended(axis, die)
    if suspended[-1] != op or (axis == "ERASE" and replay.suspended("PROGRAM", die)):
        yield "nested-order", entry.seq
    if not _restored(replay.run, entry, op, kept.get(op)):
        yield "resume-restores", entry.seq


def _restored(run: Run, resume: Entry, op: int, kept_ns: int | None) -> bool:
    """Whether the chain segment of what was kept is committed with a RESUME."""
    remaining_ns = resume.get("remaining_ns")
    if None not in (remaining_ns, kept_ns) and remaining_ns != kept_ns:
        return False
    by = run.by.get(resume.seq)
    for segment in run.segments:
        if (
            segment.op == op
            and segment.source == "RESUME_CHAIN"
            and segment.commit.kind == "COMMIT"
            and segment.commit.time_ns == resume.time_ns
        ):
            return by is None or by.end_ns == segment.start_ns
    return False


def _same_op(first: Segment, other: Segment) -> bool:
    return (first.op_name, first.base, first.targets) == (
        other.op_name,
        other.base,
        other.targets,
    )
