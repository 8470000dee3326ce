"""The first event in which two stretches of decoded events differ: exact, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.diff.decoded import DecodedChunk, Words
from nandtrace.trace.chunk import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, Column, ColumnType, Kind, ListColumn

Bools = npt.NDArray[np.bool_]


def first_difference(
    old: DecodedChunk, new: DecodedChunk, start: int, stop: int, words: Words
) -> int | None:
    """The first sequence number from `start` to before `stop` at which the events differ.

    Both chunks must hold all of that range. Names are compared as strings, kinds by their names,
    snapshots by value; a column that a side does not know counts as NULL there.
    """
    stretch = _Stretch(old, new, start, stop, words)
    found = stretch.first_key_difference()
    stretch.stop = stop if found is None else found
    for old_kind, new_kind in words.common():
        at = stretch.first_in_kind(old_kind, new_kind)
        if at is not None:
            found = stretch.stop = at
    at = stretch.first_in_snapshots(stop if found is None else found + 1)
    return found if at is None else at


@dataclass
class _Stretch:
    """Events `start` to before `stop` of both sides; `stop` shrinks to the difference found."""

    old: DecodedChunk
    new: DecodedChunk
    start: int
    stop: int
    words: Words

    def _places(self, side: DecodedChunk) -> slice:
        return slice(self.start - side.first_seq, self.stop - side.first_seq)

    def first_key_difference(self) -> int | None:
        """Where time, run or kind differ."""
        mine, theirs = self._places(self.old), self._places(self.new)
        differs = self.old.time_ns[mine] != self.new.time_ns[theirs]
        differs |= self.old.run[mine] != self.new.run[theirs]
        differs |= self.old.kind[mine] != self.words.as_old(self.new.kind[theirs])
        place = _first_true(differs)
        return None if place is None else self.start + place

    def first_in_kind(self, old_kind: Kind, new_kind: Kind) -> int | None:
        """Where a field of one kind differs; times, runs and kinds agree up to `stop`."""
        name = old_kind.name
        first = self.old.rows_before(name, self.start - self.old.first_seq)
        last = self.old.rows_before(name, self.stop - self.old.first_seq)
        if first == last:
            return None
        skipped = self.new.rows_before(name, self.start - self.new.first_seq)
        rows = _Rows(self.old, self.new, slice(first, last), slice(skipped, skipped + last - first))
        nearest = last - first
        for row in rows.differences(old_kind, new_kind):
            nearest = min(nearest, row)
        if nearest == last - first:
            return None
        return self.old.first_seq + int(self.old.rows[name][first + nearest])

    def first_in_snapshots(self, stop: int) -> int | None:
        """Where a snapshot differs, or only one side has one."""
        seqs = sorted(
            seq
            for seq in self.old.snapshots.keys() | self.new.snapshots.keys()
            if self.start <= seq < stop
        )
        for seq in seqs:
            if self.old.snapshots.get(seq) != self.new.snapshots.get(seq):
                return seq
        return None


@dataclass
class _Rows:
    """As many rows of one kind on either side, to be compared one to one."""

    old: DecodedChunk
    new: DecodedChunk
    mine: slice
    theirs: slice

    def differences(self, old_kind: Kind, new_kind: Kind) -> Iterator[int]:
        """The first differing row by each column and each list."""
        old_table, new_table = self.old.tables[old_kind.name], self.new.tables[new_kind.name]
        for left, right in _paired(old_kind.columns, new_kind.columns):
            values = _values(old_table.columns, left, self.mine)
            others = _values(new_table.columns, right, self.theirs)
            row = _first_true(self._unequal(left, values, right, others))
            if row is not None:
                yield row
        old_lists = {item.name: item for item in old_kind.lists}
        new_lists = {item.name: item for item in new_kind.lists}
        for name in old_lists | new_lists:
            row = self._first_in_list(
                (old_lists.get(name), old_table.lists.get(name)),
                (new_lists.get(name), new_table.lists.get(name)),
            )
            if row is not None:
                yield row

    def _unequal(
        self,
        left: Column | None,
        values: Int64s | None,
        right: Column | None,
        others: Int64s | None,
    ) -> Bools:
        if values is None or others is None:
            present = values if others is None else others
            assert present is not None
            return np.not_equal(present, NULL)
        assert left is not None
        assert right is not None
        named = left.type == ColumnType.NAME, right.type == ColumnType.NAME
        if named[0] != named[1]:
            return np.not_equal(values, NULL) | np.not_equal(others, NULL)
        if named[0]:
            others = _as_codes_of(self.old.strings, self.new.strings, others)
        return np.not_equal(values, others)

    def _first_in_list(
        self,
        old: tuple[ListColumn | None, ListTable | None],
        new: tuple[ListColumn | None, ListTable | None],
    ) -> int | None:
        """The first row whose list differs in length or in an item."""
        (left, mine), (right, theirs) = old, new
        if left is None or mine is None or right is None or theirs is None:
            present = (theirs, self.theirs) if mine is None else (mine, self.mine)
            assert present[0] is not None
            return _first_true(present[0].counts[present[1]] != 0)
        counts = mine.counts[self.mine]
        shorter = _first_true(counts != theirs.counts[self.theirs])
        counts = counts[:shorter]
        total = int(counts.sum())
        skipped = int(mine.counts[: self.mine.start].sum())
        their_skipped = int(theirs.counts[: self.theirs.start].sum())
        item = total
        for one, other in _paired(left.columns, right.columns):
            values = _values(mine.columns, one, slice(skipped, skipped + total))
            others = _values(theirs.columns, other, slice(their_skipped, their_skipped + total))
            at = _first_true(self._unequal(one, values, other, others))
            item = item if at is None else min(item, at)
        if item == total:
            return shorter
        return int(np.searchsorted(np.cumsum(counts), item, side="right"))


def _paired(
    old: Sequence[Column], new: Sequence[Column]
) -> list[tuple[Column | None, Column | None]]:
    """Columns of the same name; None for a side that lacks it."""
    if old == new:
        return list(zip(old, new, strict=True))
    mine, theirs = {item.name: item for item in old}, {item.name: item for item in new}
    return [(mine.get(name), theirs.get(name)) for name in mine | theirs]


def _values(columns: dict[str, Int64s], column: Column | None, rows: slice) -> Int64s | None:
    return None if column is None else columns[column.name][rows]


def _as_codes_of(strings: list[str], other_strings: list[str], codes: Int64s) -> Int64s:
    """Codes of `other_strings` as codes of `strings`; a string missing there gets a new code."""
    if strings == other_strings:
        return codes
    known = {text: code for code, text in enumerate(strings)}
    table = [known.get(text, len(strings) + code) for code, text in enumerate(other_strings)]
    return np.array([*table, NULL], np.int64)[np.where(codes == NULL, len(table), codes)]


def _first_true(flags: Bools) -> int | None:
    if not len(flags):
        return None
    place = int(flags.argmax())
    return place if flags[place] else None
