"""Reference checker, NAND: what events name was committed, and is dispatched in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from nandtrace.vocab.nand import DISPATCH_PRIORITY
from tests.reference.log import Entry
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence

CUT = ("SUSPENDED", "RESET")
"""Outcomes of an OP_END that was not queued: something else brought it about."""


BEGINNING = ("PROPOSAL", "SEQUENCE", "BOOTSTRAP", "DRAIN")
"""Sources of a COMMIT that begins an op; one from the backlog has had its number before."""


@dataclass
class Known:
    """What was committed so far in a trace: the segments, and the ops that earlier runs began."""

    segments: set[int] = field(default_factory=set)
    ops: set[int] = field(default_factory=set)


def unresolved(run: Run, known: Known) -> Iterator[Offence]:
    """refs-resolve. What is `known` grows by the run."""
    begun: set[int] = set()
    for entry in run.entries:
        seg = entry.get("seg")
        if entry.kind == "COMMIT":
            if seg in known.segments:
                yield "refs-resolve", entry.seq
            known.segments.add(seg)
            if entry.get("op") is not None and entry.get("source") in BEGINNING:
                begun.add(entry.get("op"))
                if entry.get("op") in known.ops:
                    yield "refs-resolve", entry.seq
            continue
        owner = run.owners.get(entry.seq)
        if seg is not None and (owner is None or not _repeats(entry, owner)):
            yield "refs-resolve", entry.seq
        if entry.get("by_seg") is not None and entry.seq not in run.by:
            yield "refs-resolve", entry.seq
    known.ops |= begun


def _repeats(entry: Entry, segment: Segment) -> bool:
    """What an event repeats of its COMMIT is as the COMMIT has it. Of what is suspended nothing is queued."""
    if entry.kind == "CANCEL":
        due = {"OP_START": segment.start_ns, "OP_END": segment.end_ns}.get(entry.get("event"))
        suspended = any(end.get("outcome") == "SUSPENDED" for end in segment.ends)
        if suspended and entry.get("reason") == "RESET":
            return True
        return None in (due, entry.get("due_ns")) or entry.get("due_ns") == due
    if entry.kind not in ("OP_START", "OP_END"):
        return True
    names = ("op", "op_name", "base", "targets")
    return all(entry.get(name) in (None, getattr(segment, name)) for name in names)


def overtaken(run: Run) -> Iterator[Offence]:
    """dispatch-order: the key of what is dispatched is none above that of anything that waits, and of one
    key goes first what was queued first."""
    dispatched = [
        entry
        for entry in run.of_kind("OP_START", "OP_END", "HOOK")
        if entry.get("outcome") not in CUT
    ]
    numbers = [entry.seq for entry in dispatched]
    for queued, gone, key in [*_segments_queued(run), *_refills_queued(run)]:
        between = dispatched[bisect_right(numbers, queued) : bisect_left(numbers, gone)]
        if any(_key(entry) > key for entry in between):
            yield "dispatch-order", queued
    queued_last: dict[tuple[int, int], int] = {}
    for entry in dispatched:
        owner = run.owners.get(entry.seq)
        if entry.kind == "HOOK" or owner is None:
            continue
        if owner.commit.seq < queued_last.get(_key(entry), -1):
            yield "dispatch-order", entry.seq
        queued_last[_key(entry)] = owner.commit.seq


def _segments_queued(run: Run) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """From which event to which a segment's OP_START and OP_END wait, and with what key."""
    for segment in run.segments:
        for kind, due_ns, entries in (
            ("OP_START", segment.start_ns, segment.starts),
            ("OP_END", segment.end_ns, segment.ends),
        ):
            if due_ns is None or (kind == "OP_START" and segment.started_before):
                continue
            gone = _gone(run, segment, kind, entries)
            yield segment.commit.seq, gone, (due_ns, DISPATCH_PRIORITY[kind])


def _refills_queued(run: Run) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Each QUEUE_REFILL is queued by the one before it, the first by the run's begin."""
    queued = run.begin.seq
    for entry in run.of_kind("HOOK"):
        if entry.get("hook") == "QUEUE_REFILL":
            yield queued, entry.seq, _key(entry)
            queued = entry.seq


def _gone(run: Run, segment: Segment, kind: str, entries: list[Entry]) -> int:
    """Up to which event a segment's OP_START or OP_END waits in the queue."""
    cancels = [one for one in segment.cancels if one.get("event") == kind]
    dispatched = [one for one in entries if one.get("outcome") not in CUT]
    dispatched = dispatched[:1] if kind == "OP_END" else dispatched[-1:]
    gone = [entry.seq for entry in dispatched or [*cancels, *entries]]
    return min(gone, default=run.end.seq)


def _key(entry: Entry) -> tuple[int, int]:
    return entry.time_ns, DISPATCH_PRIORITY.get(entry.get("hook", entry.kind), -1)
