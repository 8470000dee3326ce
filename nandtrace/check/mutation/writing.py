"""Writing events as a trace, in any form and with any numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.errors import RecordError
from nandtrace.trace import CHUNK_EVENTS, ChunkFile, ChunkSink, Header, TraceWriter
from nandtrace.trace.chunk import ChunkColumns
from nandtrace.vocab import NULL, Column, ColumnType


@dataclass(frozen=True, slots=True)
class Form:
    """How a trace is written: what no verdict may depend on."""

    chunk_events: int = CHUNK_EVENTS
    compress: bool = False
    provenance: Mapping[str, Any] | None = None


def write_events(
    path: str | os.PathLike[str],
    header: Header,
    events: Sequence[TapeEvent],
    form: Form,
    skips: Mapping[int, int],
) -> None:
    """Write events; before those at the places of `skips` the numbering jumps.

    Raises StorageError where the file can't be written, RecordError for what no trace can hold; nothing
    is left behind then.
    """
    file = ChunkFile(path, header, compress=form.compress, provenance=form.provenance)
    sink = _Renumbering(file)
    writer = TraceWriter(path, header, chunk_events=form.chunk_events, sink=sink)
    try:
        for place, event in enumerate(events):
            if place in skips:
                writer.write_out()
                sink.ahead += skips[place]
            _append(writer, event)
        writer.close()
    except BaseException:
        writer.discard()
        raise


class _Renumbering:
    """A sink that gives the events of later chunks other numbers."""

    def __init__(self, sink: ChunkSink) -> None:
        self._sink = sink
        self.ahead = 0

    @property
    def is_open(self) -> bool:
        return self._sink.is_open

    def take(self, columns: ChunkColumns) -> object:
        return self._sink.take(replace(columns, first_seq=columns.first_seq + self.ahead))

    def close(self) -> None:
        self._sink.close()

    def leave_partial(self) -> None:
        self._sink.leave_partial()

    def discard(self) -> None:
        self._sink.discard()


def _append(writer: TraceWriter, event: TapeEvent) -> None:
    kind = writer.header.vocabulary.by_name.get(event.kind)
    if kind is None:
        raise RecordError(f"{writer.path}: the vocabulary has no kind {event.kind}")
    values = [_number(writer, column, event.get(column.name)) for column in kind.columns]
    if event.snapshot is not None:
        writer.snapshot(event.snapshot)
    items = (
        list(_items(writer, kind.lists[0].columns, event.get(kind.lists[0].name)))
        if kind.lists
        else ()
    )
    writer.append(kind.code, event.time_ns, event.run, values, items)


def _items(
    writer: TraceWriter, columns: Sequence[Column], rows: Sequence[Sequence[Any]] | None
) -> Iterator[list[int]]:
    for row in rows or ():
        yield [_number(writer, column, value) for column, value in zip(columns, row, strict=True)]


def _number(writer: TraceWriter, column: Column, value: Any) -> int:
    if value is None:
        return NULL
    return writer.code(str(value)) if column.type is ColumnType.NAME else int(value)
