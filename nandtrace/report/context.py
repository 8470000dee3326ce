"""The events around a violation, read back from the trace."""

from __future__ import annotations

from nandtrace.check.verdict import TraceVerdict
from nandtrace.errors import InputError
from nandtrace.report.event_text import EventText
from nandtrace.trace import ChunkError, TraceReader
from nandtrace.trace.event import events_of

BEFORE, AFTER = 3, 2


def add_context(verdict: TraceVerdict) -> None:
    """Put the events around the first violation of each violated invariant into `verdict.context`.

    A trace that can't be read back any more adds none.
    """
    wanted = sorted({item.violations[0].seq for item in verdict.invariants if item.violations})
    if not wanted:
        return
    try:
        with TraceReader(verdict.path) as reader:
            for seq in wanted:
                verdict.context[seq] = _around(reader, seq)
    except (InputError, ChunkError):
        return


def _around(reader: TraceReader, seq: int) -> list[str]:
    lines = []
    vocabulary = reader.header.vocabulary
    text = EventText(vocabulary)
    for ordinal, entry in enumerate(reader.index.chunks):
        if entry.first_seq + entry.events <= seq - BEFORE or entry.first_seq > seq + AFTER:
            continue
        start = max(seq - BEFORE - entry.first_seq, 0)
        stop = min(seq + AFTER + 1 - entry.first_seq, entry.events)
        chunk = reader.chunk(ordinal)
        lines += [text.line(event) for event in events_of(chunk, vocabulary, start, stop)]
    return lines
