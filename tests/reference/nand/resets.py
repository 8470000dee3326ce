"""Reference checker, NAND: what a reset ends."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.nand.lifecycle import base_of, cut_of, role_of
from tests.reference.nand.replay import axis_of
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence


def broken_resets(run: Run) -> Iterator[Offence]:
    """reset-ends-all."""
    yield from _reset_by_nothing(run)
    for start in run.of_kind("OP_START"):
        role = role_of(run, base_of(run, start))
        if role not in ("RESET", "RESET_LUN"):
            continue
        reset = run.owners[start.seq]
        for segment in run.segments:
            touched = role == "RESET" or segment.die == reset.die
            if touched and segment is not reset and not _ended(run, segment, start):
                yield "reset-ends-all", start.seq


def _reset_by_nothing(run: Run) -> Iterator[Offence]:
    """What ended by a reset when none had started on its die."""
    dies: dict[int, set[int | None]] = {}
    everywhere = set(range(run.device.get("topology", {}).get("dies", 1)))
    for entry in run.of_kind("OP_START", "OP_END", "CANCEL"):
        owner = run.owners.get(entry.seq)
        role = role_of(run, base_of(run, entry))
        found = dies.setdefault(entry.time_ns, set())
        if entry.kind == "OP_START" and owner is not None:
            found |= (
                everywhere if role == "RESET" else {owner.die} if role == "RESET_LUN" else set()
            )
        ended = "RESET" in (entry.get("outcome"), entry.get("reason"))
        if ended and owner is not None and owner.die not in found:
            yield "reset-ends-all", entry.seq


def _ended(run: Run, last: Segment, reset: Entry) -> bool:
    """Whether a reset left nothing of a segment that ran, waited or was suspended when it started."""
    if last.commit.seq > reset.seq:
        return True
    earlier = [one for one in run.segments if one.op == last.op and one.commit.seq < reset.seq]
    closed = [entry for entry in last.closings if entry.seq < reset.seq]
    suspended = cut_of(run, last) is not None and bool(closed) and _is_last(last, earlier)
    if closed and (not suspended or any(one.get("reason") == "RESET" for one in closed)):
        return True
    started = last.started_before or any(entry.seq < reset.seq for entry in last.starts)
    waits = not started and not suspended
    begun = not waits or (last.op is not None and earlier[0] is not last)
    if waits:
        gone = _cancelled(last, "OP_START", reset) and _cancelled(last, "OP_END", reset)
    elif suspended:
        gone = _cancelled(last, "OP_END", reset)
    else:
        gone = any(
            end.time_ns == reset.time_ns and end.get("outcome") == "RESET" for end in last.ends
        )
    return gone and (not begun or axis_of(run, last.base) is None or _aborted(run, last, reset))


def _is_last(segment: Segment, earlier: list[Segment]) -> bool:
    """Whether no later segment goes on where one was cut."""
    later = earlier[earlier.index(segment) + 1 :]
    return not any(one.source == "RESUME_CHAIN" for one in later)


def _cancelled(segment: Segment, event: str, reset: Entry) -> bool:
    return any(cancel.time_ns == reset.time_ns for cancel in segment.withdrawn(event, "RESET"))


def _aborted(run: Run, segment: Segment, reset: Entry) -> bool:
    if role_of(run, segment.base) == "LOAD":
        return True
    return any(
        apply.time_ns == reset.time_ns and bool(apply.get("aborted")) for apply in segment.applies
    )
