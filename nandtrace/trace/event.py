"""Events one by one: a chunk's columns as rows, names resolved. For people, not for checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from nandtrace.trace.chunk import Chunk, ChunkError, ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, Column, ColumnType, Kind, ListColumn, Vocabulary

_FLAGS: dict[Any, Any] = {0: False, 1: True}


class Event(NamedTuple):
    """One event. `fields` holds what the event has: no NULLs, no empty lists.

    Names are strings, flags booleans, times nanoseconds; a list is a list of tuples in the order of
    its columns, with None for NULL.
    """

    seq: int
    run: int
    time_ns: int
    kind: str
    fields: dict[str, Any]


def kind_name(vocabulary: Vocabulary, code: int) -> str:
    """The name of a kind; a code that the vocabulary lacks reads `#code`."""
    kind = vocabulary.by_code.get(code)
    return f"#{code}" if kind is None else kind.name


def events_of(
    chunk: Chunk, vocabulary: Vocabulary, start: int = 0, stop: int | None = None
) -> Iterator[Event]:
    """The events of a chunk from place `start` to before place `stop`, counted within the chunk.

    Raises ChunkError, before the first event, where the chunk contradicts itself.
    """
    stop = chunk.meta.events if stop is None else min(stop, chunk.meta.events)
    kinds = chunk.kind
    wanted = np.unique(kinds[start:stop]).tolist()
    names = {code: kind_name(vocabulary, code) for code in wanted}
    rows = {
        code: iter(_rows_between(chunk, vocabulary.by_code.get(code), code, start, stop))
        for code in wanted
    }
    columns = (
        range(chunk.meta.first_seq + start, chunk.meta.first_seq + stop),
        chunk.run[start:stop].tolist(),
        chunk.time_ns[start:stop].tolist(),
        kinds[start:stop].tolist(),
    )
    for seq, run, time_ns, code in zip(*columns, strict=True):
        yield Event(seq, run, time_ns, names[code], next(rows[code]))


def check_names(chunk: Chunk, kind: Kind, table: Table) -> None:
    """Raise ChunkError where a NAME column points at no string of the chunk."""
    for column in kind.columns:
        if column.type == ColumnType.NAME:
            _check_codes(chunk, f"{kind.name}.{column.name}", table.columns[column.name])
    for item in kind.lists:
        for column in item.columns:
            if column.type == ColumnType.NAME:
                codes = table.lists[item.name].columns[column.name]
                _check_codes(chunk, f"{kind.name}.{item.name}.{column.name}", codes)


def _check_codes(chunk: Chunk, place: str, codes: Int64s) -> None:
    known = (codes == NULL) | ((codes >= 0) & (codes < len(chunk.meta.strings)))
    if not known.all():
        raise ChunkError(f"the chunk at byte {chunk.offset}: {place} names no string of it")


def _rows_between(
    chunk: Chunk, kind: Kind | None, code: int, start: int, stop: int
) -> list[dict[str, Any]]:
    first = int(np.count_nonzero(chunk.kind[:start] == code))
    last = first + int(np.count_nonzero(chunk.kind[start:stop] == code))
    if kind is None:
        return [{} for _ in range(first, last)]
    table = chunk.table(kind)
    check_names(chunk, kind, table)
    rows = _column_rows(chunk, kind, table, first, last)
    for item in kind.lists:
        _add_lists(rows, chunk, item, table.lists[item.name], first)
    return rows


def _column_rows(
    chunk: Chunk, kind: Kind, table: Table, first: int, last: int
) -> list[dict[str, Any]]:
    names: list[str] = []
    columns: list[list[Any]] = []
    has_null = False
    for column in kind.columns:
        values = table.columns[column.name][first:last]
        null = values == NULL
        if not null.all():
            names.append(column.name)
            columns.append(_plain(column, values, chunk.meta.strings))
            has_null = has_null or bool(null.any())
    if not names:
        return [{} for _ in range(first, last)]
    rows = zip(*columns, strict=True)
    if not has_null:
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in rows
    ]


def _add_lists(
    rows: list[dict[str, Any]], chunk: Chunk, item: ListColumn, table: ListTable, first: int
) -> None:
    """Hang on each row the list that belongs to it; row 0 is row `first` of the table."""
    skipped = int(table.counts[:first].sum())
    counts = table.counts[first : first + len(rows)]
    ends = np.concatenate(([0], np.cumsum(counts)))
    taken = slice(skipped, skipped + int(ends[-1]))
    columns = [
        _plain(column, table.columns[column.name][taken], chunk.meta.strings)
        for column in item.columns
    ]
    items = list(zip(*columns, strict=True))
    for row, (begin, end) in zip(rows, pairwise(ends.tolist()), strict=True):
        if end > begin:
            row[item.name] = items[begin:end]


def _plain(column: Column, values: Int64s, strings: Sequence[str]) -> list[Any]:
    """The values of a column as Python objects, None for NULL."""
    null = values == NULL
    if column.type == ColumnType.NAME:
        texts = [*strings, None]
        return [texts[code] for code in np.where(null, len(strings), values).tolist()]
    if column.type == ColumnType.FLAG:
        return [None if value == NULL else _FLAGS.get(value, value) for value in values.tolist()]
    if not null.any():
        plain: list[Any] = values.tolist()
        return plain
    return [None if value == NULL else value for value in values.tolist()]
