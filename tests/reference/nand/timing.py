"""Reference checker, NAND: the states of a segment and their times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence

Window = tuple[str, int, int, bool]
"""A state: name, from when to when, and whether it holds the bus."""


def gaps(run: Run) -> Iterator[Offence]:
    """states-fill-segment."""
    for segment in run.segments:
        judged = segment.starts and segment.states
        if judged and segment.end_ns is not None and not _filled(run, segment):
            yield "states-fill-segment", segment.starts[0].seq


def _filled(run: Run, segment: Segment) -> bool:
    """Whether the states fill it; where they are told when entered, up to where it was cut."""
    begin_ns = started_ns = segment.starts[-1].time_ns
    before_ns = 0
    for state in segment.states:
        until_ns = state.get("until_ns")
        if until_ns is None or until_ns <= before_ns or state.seq < segment.starts[-1].seq:
            return False
        if state.time_ns > begin_ns or until_ns > (segment.end_ns or 0):
            return False
        begin_ns = before_ns = until_ns
    if len(segment.states) > 1 and {state.time_ns for state in segment.states} == {started_ns}:
        return begin_ns == segment.end_ns
    return begin_ns == segment.end_ns or _cut_ns(run, segment) is not None


def unlike_specified(run: Run) -> Iterator[Offence]:
    """states-as-specified, for ops whose states the header tells."""
    for segment in run.segments:
        states = run.device.get("op_states", {}).get(segment.op_name)
        if states is None or not segment.starts or None in (segment.start_ns, segment.end_ns):
            continue
        if not _fits(segment, states) or not _goes_through(run, segment, _windows(segment, states)):
            yield "states-as-specified", segment.starts[0].seq


def _fits(segment: Segment, states: list[list[Any]]) -> bool:
    """Whether a segment is committed for the time of its op, a chain segment for a part of it."""
    length_ns = (segment.end_ns or 0) - (segment.start_ns or 0)
    whole_ns: int = sum(duration_ns for _, duration_ns, _ in states)
    return length_ns <= whole_ns if segment.source == "RESUME_CHAIN" else length_ns == whole_ns


def _windows(segment: Segment, states: list[list[Any]]) -> list[Window]:
    """The states that a segment goes through, counted back from its end."""
    windows: list[Window] = []
    start_ns, until_ns = segment.start_ns or 0, segment.end_ns or 0
    for name, duration_ns, bus in reversed(states):
        from_ns = max(until_ns - duration_ns, start_ns)
        if from_ns < until_ns:
            windows.insert(0, (name, from_ns, until_ns, bus))
        until_ns -= duration_ns
    return windows


def _goes_through(run: Run, segment: Segment, windows: list[Window]) -> bool:
    if len(segment.states) > len(windows):
        return False
    started_ns = segment.starts[0].time_ns
    for state, (name, from_ns, until_ns, bus) in zip(segment.states, windows, strict=False):
        told = (state.get("state"), state.get("until_ns"), state.get("bus"))
        if (
            state.seq < segment.starts[0].seq
            or told != (name, until_ns, bus)
            or state.time_ns not in (started_ns, from_ns)
        ):
            return False
    left = windows[len(segment.states) :]
    ended_ns = _cut_ns(run, segment)
    return all(ended_ns is not None and from_ns >= ended_ns for _, from_ns, _, _ in left)


def _cut_ns(run: Run, segment: Segment) -> int | None:
    """When a suspend, a reset or the run's end cut a segment, None where none did."""
    if not segment.closings:
        return run.end.time_ns
    first: Entry = min(segment.closings, key=lambda closing: closing.seq)
    completed = first.kind == "OP_END" and first.get("outcome") not in ("SUSPENDED", "RESET")
    return None if completed else first.time_ns
