"""Events on their way into a chunk: rows appended one by one, columns handed over in bulk."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nandtrace.errors import RecordError
from nandtrace.trace.chunk import ChunkColumns, ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, Column, ColumnType, Kind, Vocabulary

Item = Sequence[int]

MAX_EVENT_ITEMS = 65_536
"""The longest list of one event."""

_LOOSE_EVENTS = 1_024

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
    RecordError, for a value that is no 64-bit integer, and keeps nothing of it. What an `appender`
    takes is packed, and checked, only when it is taken.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._kinds = bytearray()
        self._rows = {kind.code: _Rows(kind) for kind in vocabulary.kinds}
        self._run = 0
        self._runs = [(0, 0)]
        self._packed_at = 0

    def begin_run(self, run: int) -> None:
        """Events from now on are of this run."""
        self._run = run
        self._runs.append((len(self._kinds), run))

    def clear(self) -> None:
        """Drop all rows. The buffers stay the same: appenders hold on to them."""
        self._kinds.clear()
        self._packed_at = 0
        self._runs = [(0, self._run)]
        for rows in self._rows.values():
            rows.clear()

    def appender(
        self, code: int, columns: int | None = None, *, lists: bool = True
    ) -> Callable[..., None]:
        """The quick way to append events of one kind, for a scheduler's inner loop.

        It takes the time, of a kind with a list then the items, and then the values of all columns or,
        always, of the first `columns`; the others are NULL. Without `lists` it takes no items.
        """
        rows = self._rows[code]
        rows.set_loose_columns(columns, lists)
        extend, extend_items, count = rows.loose.extend, rows.loose_items.extend, self._kinds.append

        def append(*row: int) -> None:
            extend(row)
            count(code)

        def append_with_items(time_ns: int, items: Sequence[Item], *values: int) -> None:
            extend((time_ns, len(items), *values))
            for item in items:
                extend_items(item)
            count(code)

        return append_with_items if lists and rows.pack_item else append

    def __len__(self) -> int:
        return len(self._kinds)

    def breathe(self) -> int:
        """Pack what is loose, while the processor still has it at hand; returns how many events there are."""
        events = len(self._kinds)
        if events - self._packed_at >= _LOOSE_EVENTS:
            for rows in self._rows.values():
                rows.pack_loose()
            self._packed_at = events
        return events

    def append(
        self, code: int, time_ns: int, run: int, values: Sequence[int], items: Sequence[Item] = ()
    ) -> int:
        """Append one event and return how many there are; `items` are those of the kind's first list."""
        try:
            rows = self._rows[code]
            if rows.loose:
                rows.pack_loose()
            if rows.pack_item is None:
                row = rows.pack(time_ns, *values)
                if items:
                    raise TypeError("a kind without a list takes no items")  # noqa: TRY301
            else:
                row = rows.pack(time_ns, len(items), *values)
                rows.items += _pack_items(rows.pack_item, items)
            rows.rows += row
        except (KeyError, TypeError, struct.error) as error:
            raise self._explain(code, time_ns, run, values, items) from error
        if run != self._run:
            self.begin_run(run)
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
        kinds = np.frombuffer(bytes(self._kinds), np.uint8)
        times = np.empty(len(kinds), np.int64)
        tables = {}
        for kind in self._vocabulary.kinds:
            rows = self._rows[kind.code]
            rows.pack_loose()
            if rows.rows:
                times[kinds == kind.code], tables[kind.name] = _to_table(kind, rows)
        runs = self._run_column(len(kinds))
        self.clear()
        return Block(times, runs, kinds.astype(np.int64), tables)

    def _run_column(self, events: int) -> Int64s:
        begins, runs = zip(*self._runs, strict=True)
        return np.repeat(np.array(runs, np.int64), np.diff([*begins, events]))


class _Rows:
    """The rows of one kind: time, number of items if it has a list, then its columns; and the items.

    `rows` and `items` are packed. What is `loose` came in later, has `loose_width` values a row, and is
    packed when it must be.
    """

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name
        self.leading = 1 + bool(kind.lists)
        self.width = self.loose_width = self.leading + len(kind.columns)
        self.loose_counts = True
        self.item_width = len(kind.lists[0].columns) if kind.lists else 0
        self.pack = struct.Struct(f"={self.width}q").pack
        self.pack_item = struct.Struct(f"={self.item_width}q").pack if self.item_width else None
        self.rows, self.items = bytearray(), bytearray()
        self.loose: list[int] = []
        self.loose_items: list[int] = []

    def set_loose_columns(self, columns: int | None, lists: bool) -> None:
        """How many columns a loose row has, all of them if not given, and whether it counts its items."""
        self.pack_loose()
        self.loose_counts = lists or not self.item_width
        width = self.width if columns is None else self.leading + columns
        self.loose_width = width if self.loose_counts else width - 1

    def clear(self) -> None:
        for held in (self.rows, self.items, self.loose, self.loose_items):
            held.clear()

    def pack_loose(self) -> None:
        """Pack what is loose. Raises RecordError where it is no row of 64-bit integers."""
        if not self.loose:
            return
        rows, items = self._packed(self.loose), self._packed(self.loose_items)
        width = self.loose_width
        if len(self.loose) % width or (items and len(self.loose_items) % self.item_width):
            raise RecordError(f"{self.name}: a row that is not of {width} values")
        self.rows += rows if width == self.width else self._widened(rows)
        self.items += items
        self.loose.clear()
        self.loose_items.clear()

    def _packed(self, values: list[int]) -> bytes:
        try:
            return struct.pack(f"={len(values)}q", *values)
        except struct.error as error:
            raise RecordError(f"{self.name}: {error}") from error

    def _widened(self, rows: bytes) -> bytes:
        """Loose rows with NULL for the columns that they lack."""
        narrow = np.frombuffer(rows, np.int64).reshape(-1, self.loose_width)
        wide = np.full((len(narrow), self.width), NULL, np.int64)
        wide[:, 0] = narrow[:, 0]
        if not self.loose_counts:
            wide[:, 1] = 0
        first = 1 if self.loose_counts else self.leading
        wide[:, first : first + self.loose_width - 1] = narrow[:, 1:]
        return wide.tobytes()


def _pack_items(pack_item: Callable[..., bytes], items: Sequence[Item]) -> bytes:
    if len(items) == 1:
        return pack_item(*items[0])
    if len(items) > MAX_EVENT_ITEMS:
        raise RecordError(f"a list of {len(items)} items; an event takes {MAX_EVENT_ITEMS}")
    return b"".join([pack_item(*item) for item in items])


def _to_table(kind: Kind, packed: _Rows) -> tuple[Int64s, Table]:
    """The times of a kind's rows, and its columns."""
    rows = _unpack_rows(packed.rows, packed.width)
    leading = packed.width - len(kind.columns)
    columns = {column.name: rows[leading + at] for at, column in enumerate(kind.columns)}
    lists = {}
    for at, item in enumerate(kind.lists):
        counts = rows[1] if at == 0 else np.zeros_like(rows[1])
        items = _unpack_rows(packed.items if at == 0 else bytearray(), len(item.columns))
        lists[item.name] = ListTable(
            counts, {column.name: items[at] for at, column in enumerate(item.columns)}
        )
    return rows[0], Table(columns, lists)


def _unpack_rows(raw: bytearray, width: int) -> Int64s:
    """Packed rows as columns: one contiguous array each."""
    # A copy in any case: a view would keep the buffer from being cleared.
    return np.frombuffer(raw, np.int64).reshape(-1, width).T.copy()


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


def halved(block: Block, events: int, vocabulary: Vocabulary) -> Iterator[Block]:
    """The block, in halves of halves where it has more events or longer lists than go into one chunk."""
    rows = sum(
        int(item.counts.sum()) for table in block.tables.values() for item in table.lists.values()
    )
    if (rows <= CHUNK_LIST_ROWS and len(block) <= events) or len(block) == 1:
        yield block
        return
    middle = len(block) // 2
    for start, stop in ((0, middle), (middle, len(block))):
        yield from halved(slice_block(block, start, stop, vocabulary), events, vocabulary)


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
    block: Block, strings: Sequence[str], vocabulary: Vocabulary, pinned: int = 0
) -> tuple[Block, list[str]]:
    """The block with codes of its own in place of those of `strings`: only what it uses, sorted.

    The first `pinned` strings stay what and where they are, used or not.
    """
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
    used[:pinned] = False
    others = sorted(np.flatnonzero(used[:-1]).tolist(), key=lambda code: strings[code])
    codes = [*range(pinned), *others]
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
