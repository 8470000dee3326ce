"""A batch of any domain: the events of some whole runs as columns, with the snapshots between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nandtrace.trace import Chunk, ChunkError, ListTable, Snapshot
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, VOCABULARIES, ColumnType, Kind, Vocabulary

NO_NAME = NULL + 1
"""The code of a name that no event of the batch uses: equal to none, and not null."""

State = dict[str, Any]
"""The fields of a snapshot by name."""

ShapeCheck = Callable[[State], str | None]
"""Says what is wrong with the shape of a snapshot, None when nothing is."""


def any_shape(_: State) -> None:
    """The shape check of a domain that nothing is known of."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Events `start` to `stop` of a chunk."""

    chunk: Chunk
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class RunTable:
    """One row per run bracket of a batch, in order.

    A bracket begins at a RUN_BEGIN or after a RUN_END; what lies between is its own even when one of
    the two is missing. `begin` and `end` are positions in the batch, -1 where missing. For their
    snapshots see `EventBatch.begin_states` and `EventBatch.end_states`.
    """

    run: Int64s
    first: Int64s
    last: Int64s
    begin: Int64s
    end: Int64s

    def __len__(self) -> int:
        return len(self.run)


class EventBatch:
    """Columns over the pieces, joined when first asked for and kept.

    `seq`, `time_ns`, `run`, `kind` have one value per event, `run_row` its row in `runs`. A NAME column
    holds codes of this batch (`code`, `name`). Raises ChunkError where a chunk contradicts itself, and
    where `shape_problem` finds fault with a snapshot that is asked for.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        vocabulary: Vocabulary,
        shape_problem: ShapeCheck = any_shape,
    ) -> None:
        self.pieces = list(pieces)
        self.vocabulary = vocabulary
        self._shape_problem = shape_problem
        self._strings: list[str] = []
        self._codes: dict[str, int] = {}
        self._maps = [self._code_map(piece) for piece in self.pieces]
        self._columns: dict[str, Int64s] = {}
        self._lists: dict[str, ListTable] = {}
        self._rows: dict[str, npt.NDArray[np.intp]] = {}

    def _code_map(self, piece: Piece) -> Int64s:
        codes = [self.add_name(text) for text in piece.chunk.meta.strings]
        return np.array([*codes, NULL], dtype=np.int64)

    def code(self, name: str) -> int:
        """The code of a name, NO_NAME when no event uses it."""
        return self._codes.get(name, NO_NAME)

    def add_name(self, name: str) -> int:
        """The code of a name that need not be used by any event, as that of an op taken over."""
        if name not in self._codes:
            self._codes[name] = len(self._strings)
            self._strings.append(name)
        return self._codes[name]

    def codes(self, names: Iterable[str]) -> list[int]:
        """Codes of those names that the batch uses, in the order given."""
        return [self._codes[name] for name in names if name in self._codes]

    @property
    def names(self) -> list[str]:
        """All names of the batch, by code."""
        return self._strings

    def name(self, code: int) -> str | None:
        """The name behind a code; None for null."""
        return self._strings[code] if 0 <= code < len(self._strings) else None

    def __len__(self) -> int:
        return len(self.kind)

    @cached_property
    def seq(self) -> Int64s:
        return self._join([piece.chunk.seq[piece.start : piece.stop] for piece in self.pieces])

    def positions(self, seq: Int64s) -> Int64s:
        """Positions of the first events not before the given sequence numbers."""
        if self._is_dense:
            inside: Int64s = np.clip(seq - self.seq[0], 0, len(self))
            return inside
        return np.searchsorted(self.seq, seq)

    def times(self, seq: Int64s) -> Int64s:
        """The times of events, by their numbers."""
        return self.time_ns[np.minimum(self.positions(seq), len(self) - 1)]

    def position_of(self, seq: int) -> int:
        """The position of one event, also where the numbers of a forged log do not ascend."""
        found = np.flatnonzero(self.seq == seq)
        assert len(found), f"event {seq} is not of this batch"
        return int(found[0])

    @cached_property
    def _is_dense(self) -> bool:
        return bool(len(self)) and int(self.seq[-1] - self.seq[0]) == len(self) - 1

    @cached_property
    def time_ns(self) -> Int64s:
        return self._join([piece.chunk.time_ns[piece.start : piece.stop] for piece in self.pieces])

    @cached_property
    def run(self) -> Int64s:
        return self._join([piece.chunk.run[piece.start : piece.stop] for piece in self.pieces])

    @cached_property
    def kind(self) -> Int64s:
        return self._join([piece.chunk.kind[piece.start : piece.stop] for piece in self.pieces])

    @cached_property
    def kinds_present(self) -> frozenset[str]:
        """Names of the kinds that have events here."""
        counts = np.bincount(self.kind, minlength=256)
        return frozenset(kind.name for kind in self.vocabulary.kinds if counts[kind.code])

    @staticmethod
    def _join(parts: list[Int64s]) -> Int64s:
        if not parts:
            return np.empty(0, np.int64)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def rows(self, kind_name: str) -> npt.NDArray[np.intp]:
        """Positions, in the batch, of the events of a kind."""
        if kind_name not in self._rows:
            kind = self.vocabulary.by_name.get(kind_name)
            self._rows[kind_name] = (
                np.empty(0, np.intp) if kind is None else np.flatnonzero(self.kind == kind.code)
            )
        return self._rows[kind_name]

    def column(self, kind_name: str, column_name: str) -> Int64s:
        """One column of a kind, a value per event of it; all NULL where the trace has no such column."""
        key = f"{kind_name}.{column_name}"
        if key not in self._columns:
            self._columns[key] = self._load_column(kind_name, column_name, key)
        return self._columns[key]

    def has_values(self, kind_name: str, column_name: str) -> bool:
        """Whether any event of a kind may have a value in a column; decodes nothing."""
        key = f"{kind_name}.{column_name}"
        return any(not piece.chunk.is_null(key) for piece in self.pieces)

    def _load_column(self, kind_name: str, column_name: str, key: str) -> Int64s:
        kind = self.vocabulary.by_name.get(kind_name)
        column = next((c for c in kind.columns if c.name == column_name), None) if kind else None
        if kind is None or column is None:
            return np.full(len(self.rows(kind_name)), NULL, np.int64)
        parts = []
        for piece, codes in zip(self.pieces, self._maps, strict=True):
            total, start, stop = _row_range(piece, kind)
            if stop == start:
                continue
            values = piece.chunk.column(key, total)[start:stop]
            if column.type == ColumnType.NAME:
                values = _take_names(codes, values)
            parts.append(values)
        return self._join(parts)

    def items(self, kind_name: str, list_name: str) -> ListTable:
        """The items of a list column of a kind."""
        key = f"{kind_name}.{list_name}"
        if key not in self._lists:
            self._lists[key] = self._load_items(kind_name, list_name)
        return self._lists[key]

    def _load_items(self, kind_name: str, list_name: str) -> ListTable:
        kind = self.vocabulary.by_name.get(kind_name)
        item = (
            next((entry for entry in kind.lists if entry.name == list_name), None) if kind else None
        )
        if kind is None or item is None:
            return ListTable(np.zeros(len(self.rows(kind_name)), np.int64), {})
        counts: list[Int64s] = []
        columns: dict[str, list[Int64s]] = {column.name: [] for column in item.columns}
        for piece in self.pieces:
            total, start, stop = _row_range(piece, kind)
            if stop == start:
                continue
            table = piece.chunk.list_table(kind, item, total)
            first = int(table.counts[:start].sum())
            last = first + int(table.counts[start:stop].sum())
            counts.append(table.counts[start:stop])
            for name, values in table.columns.items():
                columns[name].append(values[first:last])
        joined = {name: self._join(parts) for name, parts in columns.items()}
        table = ListTable(self._join(counts), joined)
        for name in _known_columns(self.vocabulary.domain, kind_name, list_name) - joined.keys():
            joined[name] = np.full(int(table.counts.sum()), NULL, np.int64)
        return table

    @cached_property
    def run_row(self) -> Int64s:
        """For each event, the row of its bracket in `runs`."""
        starts = self.kind == self.vocabulary.by_name["RUN_BEGIN"].code
        starts[1:] |= self.kind[:-1] == self.vocabulary.by_name["RUN_END"].code
        if len(starts):
            starts[0] = True
        row: Int64s = np.cumsum(starts, dtype=np.int64) - 1
        return row

    @cached_property
    def runs(self) -> RunTable:
        count = int(self.run_row[-1]) + 1 if len(self) else 0
        first = np.searchsorted(self.run_row, np.arange(count))
        last = np.searchsorted(self.run_row, np.arange(count), side="right") - 1
        begin = _positions(self.rows("RUN_BEGIN"), self.run_row, count)
        end = _positions(self.rows("RUN_END"), self.run_row, count)
        return RunTable(
            run=self.run[first],
            first=first,
            last=last,
            begin=begin,
            end=end,
        )

    @cached_property
    def begin_states(self) -> list[State | None]:
        """Per run the snapshot of its RUN_BEGIN, None where there is none."""
        return [self._states.get(seq) for seq in self._boundary_seqs(self.runs.begin)]

    @cached_property
    def end_states(self) -> list[State | None]:
        """Per run the snapshot of its RUN_END, None where there is none."""
        return [self._states.get(seq) for seq in self._boundary_seqs(self.runs.end)]

    def edge_states(self) -> tuple[State | None, State | None]:
        """The first begin snapshot and the last end snapshot; decodes those of two chunks at most."""
        if not len(self):
            return None, None
        first = self._boundary_seqs(self.runs.begin[:1])[0]
        last = self._boundary_seqs(self.runs.end[-1:])[0]
        return self._state_in(self.pieces[0], first), self._state_in(self.pieces[-1], last)

    def _boundary_seqs(self, positions: Int64s) -> list[int]:
        seqs: list[int] = np.where(positions < 0, -1, self.seq[positions]).tolist()
        return seqs

    @cached_property
    def _states(self) -> dict[int, State]:
        return {
            snapshot.seq: self._checked(piece, snapshot)
            for piece in self.pieces
            for snapshot in piece.chunk.snapshots
        }

    def _state_in(self, piece: Piece, seq: int) -> State | None:
        found = (item for item in piece.chunk.snapshots if item.seq == seq)
        return next((self._checked(piece, item) for item in found), None)

    def _checked(self, piece: Piece, snapshot: Snapshot) -> State:
        problem = self._shape_problem(snapshot.state)
        if problem is None:
            return snapshot.state
        raise ChunkError(
            f"the chunk at byte {piece.chunk.offset}: the snapshot of event {snapshot.seq}: {problem}"
        )


def _positions(rows: npt.NDArray[np.intp], run_row: Int64s, count: int) -> Int64s:
    positions = np.full(count, -1, np.int64)
    positions[run_row[rows]] = rows
    return positions


def _known_columns(domain: str, kind_name: str, list_name: str) -> frozenset[str]:
    """Columns that a list has in today's vocabulary; a trace of another version may lack some."""
    kind = VOCABULARIES[domain].by_name.get(kind_name) if domain in VOCABULARIES else None
    items = kind.lists if kind else ()
    return frozenset(c.name for item in items if item.name == list_name for c in item.columns)


def _row_range(piece: Piece, kind: Kind) -> tuple[int, int, int]:
    """How many rows of a kind the chunk has, and which of them lie in the piece."""
    total = piece.chunk.meta.counts.get(kind.name, 0)
    if not total or (piece.start == 0 and piece.stop == piece.chunk.meta.events):
        return total, 0, total
    mine = piece.chunk.kind == kind.code
    start = int(np.count_nonzero(mine[: piece.start]))
    return total, start, start + int(np.count_nonzero(mine[piece.start : piece.stop]))


def _take_names(codes: Int64s, values: Int64s) -> Int64s:
    last = len(codes) - 1
    places = np.where(values == NULL, last, values)
    taken: Int64s = codes[np.clip(places, 0, last)]
    return taken
