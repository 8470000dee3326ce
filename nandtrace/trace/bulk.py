"""Columns as a caller hands them over in bulk, checked and turned into the tables of a chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nandtrace.errors import RecordError
from nandtrace.trace.buffer import check_counts
from nandtrace.trace.chunk import ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, ColumnType, Kind, ListColumn

BulkTable = Mapping[str, Any]
"""Columns of a kind by name. A NAME column is a pair (codes, strings); a list column is a mapping of
its own columns, with the number of items per row under "count"."""


def to_table(
    kind: Kind, columns: BulkTable, count: int, code_of: Callable[[str | None], int]
) -> Table:
    """The table of a kind that has `count` events. `code_of` gives a string its code.

    Raises RecordError for a column that the kind lacks or a value that its column does not take;
    whether columns are as long as they must be is left to the writer.
    """
    known = {column.name for column in kind.columns} | {item.name for item in kind.lists}
    for name in columns:
        if name not in known:
            raise RecordError(f"{kind.name} has no column {name!r}")
    plain = {}
    for column in kind.columns:
        value = columns.get(column.name)
        place = f"{kind.name}.{column.name}"
        if value is None:
            plain[column.name] = np.full(count, NULL, np.int64)
        elif column.type == ColumnType.NAME:
            plain[column.name] = _to_codes(place, value, code_of)
        else:
            plain[column.name] = to_int64s(place, value)
    lists = {
        item.name: _to_list(f"{kind.name}.{item.name}", item, columns.get(item.name), count)
        for item in kind.lists
    }
    return Table(plain, lists)


def _to_codes(place: str, value: Any, code_of: Callable[[str | None], int]) -> Int64s:
    """A NAME column in the writer's codes."""
    try:
        codes, strings = value
        table = np.array([*map(code_of, strings), NULL], dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise RecordError(f"{place}: not a pair of codes and strings: {error}") from error
    codes = to_int64s(place, codes)
    places = np.where(codes == NULL, len(table) - 1, codes)
    if len(places) and not 0 <= int(places.min()) <= int(places.max()) < len(table):
        raise RecordError(f"{place}: a code that names none of its {len(table) - 1} strings")
    return table[places]


def _to_list(place: str, item: ListColumn, given: BulkTable | None, count: int) -> ListTable:
    """The items of a list column; without any where it was left out."""
    given = {"count": np.zeros(count, np.int64)} if given is None else given
    known = {"count", *(column.name for column in item.columns)}
    if "count" not in given or not known.issuperset(given):
        raise RecordError(f"{place}: columns {list(given)}, not of {sorted(known)}")
    counts = to_int64s(f"{place}.count", given["count"])
    check_counts(place, counts, count)
    total = int(counts.sum())
    columns = {
        column.name: np.full(total, NULL)
        if column.name not in given
        else to_int64s(f"{place}.{column.name}", given[column.name])
        for column in item.columns
    }
    return ListTable(counts, columns)


def to_int64s(place: str, values: npt.ArrayLike) -> Int64s:
    """A column of integers. Raises RecordError, naming the place, for anything else."""
    array = np.asarray(values)
    if array.dtype.kind not in "iub" and array.size:
        raise RecordError(f"{place}: not an array of integers but of {array.dtype}")
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise RecordError(f"{place}: {array.max()} does not fit 64 bits")
    if array.ndim != 1:
        raise RecordError(f"{place}: {array.ndim} dimensions, not one")
    return array.astype(np.int64)
