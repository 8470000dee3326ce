"""Events on their way into a chunk: rows appended one by one, columns handed over in bulk."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nandtrace.errors import RecordError
from nandtrace.trace.chunk import ChunkColumns, ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, Column, ColumnType, Kind, Vocabulary

Item = Sequence[int]

MAX_EVENT_ITEMS = 65_536
"""The longest list of one event."""

CHUNK_LIST_ROWS = 2**20
"""A chunk with more list items than this, in all, is halved until it has fewer or is one event."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive events as columns; name columns hold codes of the writer's string table."""

    time_ns: Int64s
    run: Int64s
    kind: Int64s
    tables: dict[str, Table]

    def __len__(self) -> int:
        return len(self.time_ns)


class RowBuffer:
    """Rows appended one at a time.

    A row is packed whole before anything of it is kept, so `append` either takes the event or raises
    RecordError, for a value that is no 64-bit integer, and keeps nothing of it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._packers = {kind.code: _packers_of(kind) for kind in vocabulary.kinds}
        self.clear()

    def clear(self) -> None:
        self._kinds = bytearray()
        self._rows = {
            code: _Rows(pack, pack_item, bytearray(), bytearray())
            for code, (pack, pack_item) in self._packers.items()
        }

    def __len__(self) -> int:
        return len(self._kinds)

    def append(
        self, code: int, time_ns: int, run: int, values: Sequence[int], items: Sequence[Item] = ()
    ) -> int:
        """Append one event and return how many there are; `items` are those of the kind's first list."""
        try:
            pack, pack_item, rows, item_rows = self._rows[code]
            row = pack(time_ns, run, len(items), *values)
            if len(items) == 1:
                item_rows += pack_item(*items[0])
            elif items:
                item_rows += _pack_items(pack_item, items)
            rows += row
        except (KeyError, TypeError, struct.error) as error:
            raise self._explain(code, time_ns, run, values, items) from error
        self._kinds.append(code)
        return len(self._kinds)

    def _explain(
        self, code: object, time_ns: object, run: object, values: Sequence[object], items: object
    ) -> RecordError:
        """Say which value of a refused event is to blame."""
        kind = self._vocabulary.by_code.get(code) if isinstance(code, int) else None
        if kind is None:
            return RecordError(f"kind code {code!r} is not in the vocabulary")
        names = ["time_ns", "run", *(column.name for column in kind.columns)]
        if len(values) != len(kind.columns):
            return RecordError(f"{kind.name}: {len(values)} values for {len(kind.columns)} columns")
        for name, value in zip(names, (time_ns, run, *values), strict=True):
            if not isinstance(value, int | np.integer):
                return RecordError(f"{kind.name}.{name}: {value!r} is not an integer")
            if not -(2**63) <= int(value) < 2**63:
                return RecordError(f"{kind.name}.{name}: {value!r} does not fit 64 bits")
        width = len(kind.lists[0].columns) if kind.lists else 0
        return RecordError(f"{kind.name}: {items!r} is no list of items of {width} integers each")

    def take(self) -> Block:
        """Hand over everything as one block and begin anew."""
        kinds = np.frombuffer(self._kinds, np.uint8).astype(np.int64)
        times, runs = np.empty(len(kinds), np.int64), np.empty(len(kinds), np.int64)
        tables = {}
        for kind in self._vocabulary.kinds:
            rows = self._rows[kind.code]
            if not rows.rows:
                continue
            leading, tables[kind.name] = _to_table(kind, rows)
            places = kinds == kind.code
            times[places], runs[places] = leading
        self.clear()
        return Block(times, runs, kinds, tables)


class _Rows(NamedTuple):
    """The packed rows of one kind, time, run and number of items before its columns, and the items."""

    pack: Callable[..., bytes]
    pack_item: Callable[..., bytes]
    rows: bytearray
    items: bytearray


_LEADING = 3


def _packers_of(kind: Kind) -> tuple[Callable[..., bytes], Callable[..., bytes]]:
    item_width = len(kind.lists[0].columns) if kind.lists else 0
    return (
        struct.Struct(f"={_LEADING + len(kind.columns)}q").pack,
        struct.Struct(f"={item_width}q").pack if item_width else _refuse_items,
    )


def _pack_items(pack_item: Callable[..., bytes], items: Sequence[Item]) -> bytes:
    if len(items) > MAX_EVENT_ITEMS:
        raise RecordError(f"a list of {len(items)} items; an event takes {MAX_EVENT_ITEMS}")
    return b"".join([pack_item(*item) for item in items])


def _refuse_items(*_: object) -> bytes:
    raise TypeError("a kind without a list takes no items")


def _to_table(kind: Kind, packed: _Rows) -> tuple[Int64s, Table]:
    """The times and runs of a kind's rows, and its columns."""
    rows = _unpack_rows(packed.rows, _LEADING + len(kind.columns))
    columns = {column.name: rows[_LEADING + at] for at, column in enumerate(kind.columns)}
    lists = {}
    for at, item in enumerate(kind.lists):
        counts = rows[2] if at == 0 else np.zeros_like(rows[2])
        items = _unpack_rows(packed.items if at == 0 else bytearray(), len(item.columns))
        lists[item.name] = ListTable(
            counts, {column.name: items[at] for at, column in enumerate(item.columns)}
        )
    return rows[:2], Table(columns, lists)


def _unpack_rows(raw: bytearray, width: int) -> Int64s:
    """Packed rows as columns: one contiguous array each."""
    return np.ascontiguousarray(np.frombuffer(raw, np.int64).reshape(-1, width).T)


def join_blocks(blocks: Sequence[Block], vocabulary: Vocabulary) -> Block:
    """Join blocks into one, without the tables of kinds that do not occur."""
    kind_column = np.concatenate([block.kind for block in blocks])
    used = np.bincount(kind_column, minlength=256)
    tables = {
        kind.name: _merge_tables(
            kind, [block.tables[kind.name] for block in blocks if kind.name in block.tables]
        )
        for kind in vocabulary.kinds
        if used[kind.code] and (kind.columns or kind.lists)
    }
    return Block(
        np.concatenate([block.time_ns for block in blocks]),
        np.concatenate([block.run for block in blocks]),
        kind_column,
        tables,
    )


def halved(block: Block, vocabulary: Vocabulary) -> Iterator[Block]:
    """The block, in halves of halves where its lists are too long for one chunk."""
    rows = sum(
        int(item.counts.sum()) for table in block.tables.values() for item in table.lists.values()
    )
    if rows <= CHUNK_LIST_ROWS or len(block) == 1:
        yield block
        return
    middle = len(block) // 2
    for start, stop in ((0, middle), (middle, len(block))):
        yield from halved(slice_block(block, start, stop, vocabulary), vocabulary)


def block_to_chunk(
    block: Block, first_seq: int, strings: Sequence[str], vocabulary: Vocabulary
) -> ChunkColumns:
    """A block as the columns of a chunk, with a string table of its own, sorted."""
    used = np.bincount(block.kind, minlength=256)
    local, names = localised(block, strings, vocabulary)
    tables = {
        name: table for name, table in local.tables.items() if used[vocabulary.by_name[name].code]
    }
    return ChunkColumns(first_seq, block.time_ns, block.run, block.kind, tables, names)


def _merge_tables(kind: Kind, tables: Sequence[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    columns = {
        column.name: np.concatenate([table.columns[column.name] for table in tables])
        for column in kind.columns
    }
    lists = {
        item.name: ListTable(
            np.concatenate([table.lists[item.name].counts for table in tables]),
            {
                column.name: np.concatenate(
                    [table.lists[item.name].columns[column.name] for table in tables]
                )
                for column in item.columns
            },
        )
        for item in kind.lists
    }
    return Table(columns, lists)


def localised(
    block: Block, strings: Sequence[str], vocabulary: Vocabulary
) -> tuple[Block, list[str]]:
    """The block with codes of its own in place of those of `strings`: only what it uses, sorted."""
    tables = {name: _copied(table) for name, table in block.tables.items()}
    places = [
        (columns, column.name)
        for name, table in tables.items()
        for columns, wanted in _name_columns(vocabulary.by_name[name], table)
        for column in wanted
        if column.type == ColumnType.NAME
    ]
    used = np.zeros(len(strings) + 1, np.bool_)
    for columns, name in places:
        used[np.where(columns[name] == NULL, len(strings), columns[name])] = True
    codes = sorted(np.flatnonzero(used[:-1]).tolist(), key=lambda code: strings[code])
    local = np.full(len(strings) + 1, NULL, np.int64)
    local[codes] = np.arange(len(codes))
    for columns, name in places:
        columns[name] = local[np.where(columns[name] == NULL, len(strings), columns[name])]
    names = [strings[code] for code in codes]
    return Block(block.time_ns, block.run, block.kind, tables), names


def _copied(table: Table) -> Table:
    """A table whose maps may be changed; the arrays are shared."""
    lists = {name: ListTable(item.counts, dict(item.columns)) for name, item in table.lists.items()}
    return Table(dict(table.columns), lists)


def _name_columns(
    kind: Kind, table: Table
) -> Iterator[tuple[dict[str, Int64s], tuple[Column, ...]]]:
    """The maps of a table that may hold NAME columns, with the columns that they have."""
    yield table.columns, kind.columns
    for item in kind.lists:
        yield table.lists[item.name].columns, item.columns


def slice_block(block: Block, start: int, stop: int, vocabulary: Vocabulary) -> Block:
    """The events `start` to `stop` of a block, with the rows and list items that belong to them."""
    if start == 0 and stop >= len(block):
        return block
    before = np.bincount(block.kind[:start], minlength=256)
    until = before + np.bincount(block.kind[start:stop], minlength=256)
    tables = {
        name: _slice_table(
            table,
            int(before[vocabulary.by_name[name].code]),
            int(until[vocabulary.by_name[name].code]),
        )
        for name, table in block.tables.items()
    }
    return Block(block.time_ns[start:stop], block.run[start:stop], block.kind[start:stop], tables)


def _slice_table(table: Table, start: int, stop: int) -> Table:
    lists = {}
    for name, item in table.lists.items():
        first, last = int(item.counts[:start].sum()), int(item.counts[:stop].sum())
        columns = {key: values[first:last] for key, values in item.columns.items()}
        lists[name] = ListTable(item.counts[start:stop], columns)
    return Table({key: values[start:stop] for key, values in table.columns.items()}, lists)


def check_bulk(block: Mapping[str, Table], kind: Int64s, vocabulary: Vocabulary) -> None:
    """Raise RecordError where bulk columns do not fit the kinds they come with."""
    counts = np.bincount(kind, minlength=256)
    unknown = [code for code in np.flatnonzero(counts).tolist() if code not in vocabulary.by_code]
    if unknown:
        raise RecordError(f"kind code {unknown[0]} is not in the vocabulary {vocabulary.domain!r}")
    for entry in vocabulary.kinds:
        expected = int(counts[entry.code])
        table = block.get(entry.name)
        if table is None:
            if expected and (entry.columns or entry.lists):
                raise RecordError(f"{entry.name}: {expected} events but no columns")
            continue
        _check_names(entry, table)
        for name, values in table.columns.items():
            if len(values) != expected:
                raise RecordError(
                    f"{entry.name}.{name}: {len(values)} values for {expected} events"
                )
        for name, item in table.lists.items():
            _check_list(f"{entry.name}.{name}", item, expected)


def _check_names(kind: Kind, table: Table) -> None:
    wanted = [column.name for column in kind.columns] + [item.name for item in kind.lists]
    given = [*table.columns, *table.lists]
    if sorted(wanted) != sorted(given):
        raise RecordError(f"{kind.name}: columns {given}, where the vocabulary has {wanted}")


def _check_list(place: str, item: ListTable, expected: int) -> None:
    check_counts(place, item.counts, expected)
    total = int(item.counts.sum())
    for name, values in item.columns.items():
        if len(values) != total:
            raise RecordError(f"{place}.{name}: {len(values)} items where the counts say {total}")


def check_counts(place: str, counts: Int64s, expected: int) -> None:
    """Raise RecordError where the lengths of an event's list are not one each, or no lengths."""
    if len(counts) != expected:
        raise RecordError(f"{place}: {len(counts)} counts for {expected} events")
    if expected and not 0 <= int(counts.min()) <= int(counts.max()) <= MAX_EVENT_ITEMS:
        raise RecordError(f"{place}: a count that is not 0 to {MAX_EVENT_ITEMS}")
