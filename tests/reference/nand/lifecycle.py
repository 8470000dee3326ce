"""Reference checker, NAND: every segment starts once, ends once, on time; every op is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.reference.log import Entry
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence

Cut = tuple[Segment, int | None]
"""A segment, and when a suspend cut it."""


def broken_lives(run: Run, before: dict[int, Cut]) -> Iterator[Offence]:
    """What is wrong in the life of segments and ops; `before` has the last segment of each op so far."""
    for segment in run.segments:
        if not _starts_well(run, segment):
            yield "one-op-start-per-segment", segment.commit.seq
        if not _ends_well(run, segment):
            yield "one-op-end-per-segment", segment.commit.seq
    yield from _late(run)
    for op, segments in run.ops().items():
        if _comes_from_nowhere(run, op, segments[0]):
            yield "segment-chain", segments[0].commit.seq
        chain = [(segment, cut_of(run, segment)) for segment in segments]
        goes_on = segments[0].source == "RESUME_CHAIN" and not segments[0].taken_over
        yield from _chain(run, [before[op], *chain] if goes_on and op in before else chain)
        before[op] = chain[-1]
        if not _closed(run, segments[-1]):
            yield "op-closed", segments[-1].commit.seq


def closes_by_cancel(run: Run) -> bool:
    """Whether a suspend closes a segment by its CANCEL alone."""
    return bool(run.device.get("suspend_closes", "op_end") == "cancel")


def _starts_well(run: Run, segment: Segment) -> bool:
    started = len(segment.starts)
    chain = segment.source == "RESUME_CHAIN"
    if segment.started_before or (chain and not run.device.get("chain_op_start", True)):
        return started == 0
    withdrawn = [cancel for cancel in segment.cancels if cancel.get("event") == "OP_START"]
    if withdrawn:
        return started == 0 and len(withdrawn) == 1
    return started == 1 or (started == 0 and "OP_START" in segment.carried)


def _ends_well(run: Run, segment: Segment) -> bool:
    resets = segment.withdrawn("OP_END", "RESET")
    if closes_by_cancel(run):
        closed = len(segment.ends) + bool(segment.cancels)
        return closed == 1 or (closed == 0 and "OP_END" in segment.carried)
    if not _withdrawn_once(segment):
        return False
    closed = len(segment.ends) or bool(resets)
    return closed == 1 or (closed == 0 and "OP_END" in segment.carried)


def _withdrawn_once(segment: Segment) -> bool:
    """Whether the OP_END came or was withdrawn once, and once again after a suspend."""
    cut = [end.seq for end in segment.ends if end.get("outcome") == "SUSPENDED"]
    came = [end for end in segment.ends if end.get("outcome", "COMPLETED") == "COMPLETED"]
    withdrawn = [one for one in segment.cancels if one.get("event") == "OP_END"]
    again = Counter(one.time_ns for one in withdrawn if cut and one.seq > cut[0])
    first = Counter(one.time_ns for one in withdrawn if not cut or one.seq <= cut[0])
    twice = max(first.values(), default=0) + len(came) > 1
    return not twice and max(again.values(), default=0) <= 1


def _late(run: Run) -> Iterator[Offence]:
    """op-on-time."""
    for segment in run.segments:
        for start in segment.starts:
            if segment.start_ns is not None and start.time_ns != segment.start_ns:
                yield "op-on-time", start.seq
        for end in segment.ends:
            due = _due(segment, end)
            if due and end.time_ns not in due:
                yield "op-on-time", end.seq


def _due(segment: Segment, end: Entry) -> set[int]:
    """When a segment may end, empty where nothing says it."""
    if end.get("outcome") == "RESET":
        return set()
    if end.get("outcome") != "SUSPENDED":
        return set() if segment.end_ns is None else {segment.end_ns}
    return {cut.time_ns for cut in segment.cuts} | {one.time_ns for one in segment.cancels}


def base_of(run: Run, entry: Entry) -> str | None:
    """The base of the segment that an event names, None where nobody committed it."""
    owner = run.owners.get(entry.seq)
    return None if owner is None else owner.base


def role_of(run: Run, base: str | None) -> str | None:
    """What a base means to the device, None where the header does not say."""
    role: str | None = run.device.get("bases", {}).get(base, {}).get("role")
    return role


def _comes_from_nowhere(run: Run, op: int, first: Segment) -> bool:
    """Whether an op begins by going on, though no run before left it suspended."""
    suspended = [run.before(f"suspended_{axis}") for axis in ("erase", "program")]
    if first.source != "RESUME_CHAIN" or first.taken_over or None in suspended:
        return False
    if any(segment.taken_over and segment.op is None for segment in run.segments):
        return False
    return all(op not in ops for lists in suspended for ops in lists)


def _chain(run: Run, chain: list[Cut]) -> Iterator[Offence]:
    resumes = {entry.time_ns for entry in run.of_kind("RESUME")}
    for (before, cut_ns), (after, _) in pairwise(chain):
        if (
            cut_ns is None
            or after.source != "RESUME_CHAIN"
            or after.commit.time_ns not in resumes
            or _length(after) != before.remaining_ns(cut_ns)
        ):
            yield "segment-chain", after.commit.seq


def _length(segment: Segment) -> int | None:
    if segment.start_ns is None or segment.end_ns is None:
        return None
    return segment.end_ns - segment.start_ns


def cut_of(run: Run, segment: Segment) -> int | None:
    """When a suspend cut a segment, None where none did."""
    for end in segment.ends:
        if end.get("outcome") == "SUSPENDED":
            return end.time_ns
    if closes_by_cancel(run):
        for cancel in segment.withdrawn("OP_END", "SUSPEND"):
            return cancel.time_ns
    return None


def _closed(run: Run, last: Segment) -> bool:
    if run.carried or not run.ended or last.withdrawn("OP_END", "RESET"):
        return True
    return cut_of(run, last) is None
