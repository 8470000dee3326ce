"""A 64-bit fingerprint of every event: of all it says but its sequence number.

Fingerprints find where two traces agree again at other sequence numbers; they never decide whether
traces are the same.
"""

from __future__ import annotations

import hashlib
from functools import cache

import msgpack
import numpy as np
import numpy.typing as npt

from nandtrace.diff.decoded import DecodedChunk
from nandtrace.trace.chunk import ListTable, Table
from nandtrace.trace.columns import Int64s
from nandtrace.trace.event import kind_name
from nandtrace.vocab import NULL, Column, ColumnType, Kind, ListColumn

Uint64s = npt.NDArray[np.uint64]

_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_POSITION = np.uint64(0x9E3779B97F4A7C15)


def fingerprints(decoded: DecodedChunk) -> Uint64s:
    """One number an event, equal for events that say the same, in any chunk of any trace."""
    kinds = np.array([_salt(kind_name(decoded.vocabulary, code)) for code in range(256)], np.uint64)
    total = _mix(decoded.time_ns.view(np.uint64) + _number("time_ns"))
    total += _mix(decoded.run.view(np.uint64) + _number("run"))
    total += kinds[decoded.kind]
    strings = np.array([_salt(text) for text in decoded.strings], np.uint64)
    for name, table in decoded.tables.items():
        kind = decoded.vocabulary.by_name[name]
        total[decoded.rows[name]] += _of_rows(kind, table, strings)
    states = np.zeros(len(total), np.uint64)
    for seq, state in decoded.snapshots.items():
        states[seq - decoded.first_seq] = _of_state(state)
    return _mix(total + states)


def grams(prints: Uint64s, length: int) -> Uint64s:
    """A fingerprint of every `length` successive fingerprints."""
    count = max(len(prints) - length + 1, 0)
    total = np.zeros(count, np.uint64)
    for place in range(length):
        total = total * _POSITION + prints[place : place + count]
    return total


def _of_rows(kind: Kind, table: Table, strings: Uint64s) -> Uint64s:
    rows = len(next(iter(table.columns.values()), ()))
    if not kind.columns and kind.lists:
        rows = len(table.lists[kind.lists[0].name].counts)
    total = np.zeros(rows or 1, np.uint64)
    for column in kind.columns:
        total += _of_values(column, table.columns[column.name], strings)
    for item in kind.lists:
        total += _of_list(item, table.lists[item.name], strings)
    return total


def _of_values(column: Column, values: Int64s, strings: Uint64s) -> Uint64s:
    null = values == NULL
    if column.type == ColumnType.NAME:
        numbers = np.append(strings, np.uint64(0))[np.where(null, len(strings), values)]
    else:
        numbers = values.view(np.uint64)
    mixed = _mix(numbers + _number(column.name))
    mixed[null] = 0
    return mixed


def _of_list(item: ListColumn, table: ListTable, strings: Uint64s) -> Uint64s:
    """Per row the sum over its items, each mixed with its place in the list."""
    ends = np.cumsum(table.counts)
    starts = ends - table.counts
    total = int(ends[-1]) if len(ends) else 0
    items = np.zeros(total, np.uint64)
    for column in item.columns:
        items += _of_values(column, table.columns[column.name], strings)
    places = np.arange(total) - np.repeat(starts, table.counts)
    items = _mix(items + _number(item.name) + places.astype(np.uint64) * _POSITION)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(items, dtype=np.uint64)))
    per_row: Uint64s = sums[ends] - sums[starts]
    return per_row


def _of_state(state: object) -> np.uint64:
    raw = msgpack.packb(_ordered(state))
    return np.uint64(int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little"))


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return [[str(key), _ordered(value[key])] for key in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


@cache
def _salt(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _number(text: str) -> np.uint64:
    return np.uint64(_salt(text))


def _mix(values: Uint64s) -> Uint64s:
    """The finalizer of splitmix64; sums wrap."""
    for shift, factor in _ROUNDS:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))
