"""The events that show a violation, read back from the trace: those around it, and its story."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.check.verdict import TraceVerdict
from nandtrace.errors import InputError
from nandtrace.report.event_text import EventText
from nandtrace.report.story import story_of
from nandtrace.trace import ChunkError, TraceReader
from nandtrace.trace.event import events_of

BEFORE, AFTER = 3, 2

GAP = "…"
"""Stands for events left out."""


def add_context(verdict: TraceVerdict) -> None:
    """Put the events that show the first violation of each violated invariant into `verdict.context`.

    A trace that can't be read back any more adds none.
    """
    if not any(item.violations for item in verdict.invariants):
        return
    try:
        with TraceReader(verdict.path) as reader:
            for item in verdict.invariants:
                if item.violations:
                    first = item.violations[0]
                    around = range(max(first.seq - BEFORE, 0), first.seq + AFTER + 1)
                    wanted = {*story_of(reader, first), *around}
                    verdict.context[item.id] = list(_lines(reader, sorted(wanted)))
    except (InputError, ChunkError):
        return


def _lines(reader: TraceReader, wanted: list[int]) -> Iterator[str]:
    """The events with these numbers as lines, with a mark where others lie between them."""
    text = EventText(reader.header.vocabulary)
    last = None
    for ordinal, entry in enumerate(reader.index.chunks):
        inside = [
            seq - entry.first_seq for seq in wanted if 0 <= seq - entry.first_seq < entry.events
        ]
        chunk = reader.chunk(ordinal) if inside else None
        for begin, end in _stretches(inside):
            assert chunk is not None
            if last is not None and entry.first_seq + begin != last + 1:
                yield GAP
            for event in events_of(chunk, reader.header.vocabulary, begin, end):
                yield text.line(event)
                last = event.seq


def _stretches(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges: first, and the one after the last."""
    stretches: list[tuple[int, int]] = []
    for number in numbers:
        if stretches and stretches[-1][1] == number:
            stretches[-1] = (stretches[-1][0], number + 1)
        else:
            stretches.append((number, number + 1))
    return stretches
