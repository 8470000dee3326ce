"""Events on their way into a chunk: rows appended one by one, columns handed over in bulk."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nandtrace.errors import RecordError
from nandtrace.trace.chunk import ChunkColumns, ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, ColumnType, Kind, Vocabulary

Item = Sequence[int]


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
    """Rows appended one at a time, as growing int64 arrays.

    `append` raises RecordError for a value that is no 64-bit integer, and keeps nothing of that row.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.clear()

    def clear(self) -> None:
        self._time = array("q")
        self._run = array("q")
        self._kind = array("q")
        self._columns = {
            kind.code: [array("q") for _ in kind.columns] for kind in self._vocabulary.kinds
        }
        self._lists = {
            kind.code: [_ListRows(len(item.columns)) for item in kind.lists]
            for kind in self._vocabulary.kinds
        }

    def __len__(self) -> int:
        return len(self._kind)

    def append(
        self, code: int, time_ns: int, run: int, values: Sequence[int], items: Sequence[Item] = ()
    ) -> None:
        """Append one event; `items` are the rows of the kind's only list, if it has one."""
        columns = self._columns[code]
        try:
            for column, value in zip(columns, values, strict=True):
                column.append(value)
            if items:
                self._lists[code][0].append(items)
            else:
                for rows in self._lists[code]:
                    rows.counts.append(0)
            self._time.append(time_ns)
            self._run.append(run)
        except (TypeError, OverflowError, ValueError) as error:
            self._roll_back(code)
            raise self._explain(code, time_ns, values, items, error) from error
        self._kind.append(code)

    def _roll_back(self, code: int) -> None:
        rows = self._kind.count(code)
        for column in self._columns[code]:
            del column[rows:]
        for item in self._lists[code]:
            item.truncate(rows)
        del self._time[len(self._kind) :]
        del self._run[len(self._kind) :]

    def _explain(
        self,
        code: int,
        time_ns: object,
        values: Sequence[object],
        items: Sequence[object],
        error: Exception,
    ) -> RecordError:
        kind = self._vocabulary.by_code[code]
        names = ["time_ns", *(column.name for column in kind.columns)]
        for name, value in zip(names, (time_ns, *values), strict=False):
            if not isinstance(value, int | np.integer):
                return RecordError(f"{kind.name}.{name}: {value!r} is not an integer")
            if not -(2**63) <= int(value) < 2**63:
                return RecordError(f"{kind.name}.{name}: {value!r} does not fit 64 bits")
        return RecordError(f"{kind.name}: {list(items)!r} is not a list of its rows: {error}")

    def take(self) -> Block:
        """Hand over everything as one block and begin anew."""
        tables = {
            kind.name: Table(
                {
                    column.name: _to_int64s(rows)
                    for column, rows in zip(kind.columns, self._columns[kind.code], strict=True)
                },
                {
                    item.name: ListTable(
                        _to_int64s(rows.counts),
                        {
                            column.name: _to_int64s(values)
                            for column, values in zip(item.columns, rows.columns, strict=True)
                        },
                    )
                    for item, rows in zip(kind.lists, self._lists[kind.code], strict=True)
                },
            )
            for kind in self._vocabulary.kinds
            if self._is_used(kind)
        }
        block = Block(_to_int64s(self._time), _to_int64s(self._run), _to_int64s(self._kind), tables)
        self.clear()
        return block

    def _is_used(self, kind: Kind) -> bool:
        if kind.columns:
            return bool(self._columns[kind.code][0])
        return kind.code in self._kind


class _ListRows:
    """The growing rows of one list column."""

    __slots__ = ("columns", "counts")

    def __init__(self, width: int) -> None:
        self.counts = array("q")
        self.columns = [array("q") for _ in range(width)]

    def append(self, items: Sequence[Item]) -> None:
        for item in items:
            for column, value in zip(self.columns, item, strict=True):
                column.append(value)
        self.counts.append(len(items))

    def truncate(self, rows: int) -> None:
        del self.counts[rows:]
        kept = sum(self.counts)
        for column in self.columns:
            del column[kept:]


def _to_int64s(values: array[int]) -> Int64s:
    return np.array(values, dtype=np.int64)


def merge_blocks(
    blocks: Sequence[Block], first_seq: int, strings: Sequence[str], vocabulary: Vocabulary
) -> ChunkColumns:
    """Join blocks into the columns of a chunk, with a string table of its own, sorted."""
    tables = {
        kind.name: _merge_tables(
            kind, [block.tables[kind.name] for block in blocks if kind.name in block.tables]
        )
        for kind in vocabulary.kinds
        if any(kind.name in block.tables for block in blocks)
    }
    local = _localise(tables, strings, vocabulary)
    return ChunkColumns(
        first_seq=first_seq,
        time_ns=np.concatenate([block.time_ns for block in blocks]),
        run=np.concatenate([block.run for block in blocks]),
        kind=np.concatenate([block.kind for block in blocks]),
        tables=tables,
        strings=local,
    )


def _merge_tables(kind: Kind, tables: Sequence[Table]) -> Table:
    if len(tables) == 1:
        return Table(dict(tables[0].columns), dict(tables[0].lists))
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


def _localise(
    tables: dict[str, Table], strings: Sequence[str], vocabulary: Vocabulary
) -> list[str]:
    """Replace the writer's string codes by those of the chunk: only what is used, in sorted order."""
    places = [
        (tables[kind.name].columns, column.name)
        for kind in vocabulary.kinds
        if kind.name in tables
        for column in kind.columns
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
    return [strings[code] for code in codes]


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
        for name, values in table.columns.items():
            if len(values) != expected:
                raise RecordError(
                    f"{entry.name}.{name}: {len(values)} values for {expected} events"
                )
        for name, item in table.lists.items():
            _check_list(f"{entry.name}.{name}", item, expected)


def _check_list(place: str, item: ListTable, expected: int) -> None:
    if len(item.counts) != expected:
        raise RecordError(f"{place}: {len(item.counts)} counts for {expected} events")
    if expected and int(item.counts.min()) < 0:
        raise RecordError(f"{place}: a negative count")
    total = int(item.counts.sum())
    for name, values in item.columns.items():
        if len(values) != total:
            raise RecordError(f"{place}.{name}: {len(values)} items where the counts say {total}")
