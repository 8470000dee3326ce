"""Reference checker: the log itself, whatever its domain. Numbers, times, brackets of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.reference.log import Entry, Log

Offence = tuple[str, int]
"""The id of an invariant, and the number of the event that breaks it."""


def judge_log(log: Log) -> dict[str, int]:
    """How often each invariant of the log group is broken."""
    return count(log_offences(log.entries))


def count(offences: Iterator[Offence]) -> dict[str, int]:
    """Offences by the id of their invariant, only those that occur."""
    return dict(Counter(name for name, _ in offences))


def log_offences(entries: list[Entry]) -> Iterator[Offence]:
    """What is wrong with the numbers, the times and the brackets."""
    time_ns = entries[0].time_ns if entries else 0
    for place, entry in enumerate(entries):
        if entry.seq != place:
            yield "seq-dense", entry.seq
        if entry.time_ns < time_ns:
            yield "time-monotone", entry.seq
        time_ns = entry.time_ns
    yield from _unbracketed(entries)


def _unbracketed(entries: list[Entry]) -> Iterator[Offence]:
    """Events outside a run or of another one, and runs that do not count up by one."""
    run: int | None = None
    is_open = False
    for entry in entries:
        if entry.kind == "RUN_BEGIN":
            if is_open or (run is not None and entry.run != run + 1):
                yield "run-bracketed", entry.seq
            run, is_open = entry.run, True
        elif not is_open or entry.run != run:
            yield "run-bracketed", entry.seq
        if entry.kind == "RUN_END":
            is_open = False
    if is_open:
        yield "run-bracketed", entries[-1].seq


def whole_runs(entries: list[Entry]) -> list[list[Entry]]:
    """The events of each run, from its RUN_BEGIN to its RUN_END, and what lies outside of any."""
    runs: list[list[Entry]] = []
    is_open = False
    for entry in entries:
        if entry.kind == "RUN_BEGIN" or not is_open:
            runs.append([])
        runs[-1].append(entry)
        is_open = entry.kind != "RUN_END"
    return runs
