"""Columns: int64 arrays as the narrowest of three encodings.

A column is a constant, plain unsigned numbers over a base, or the same of its differences. Null is
`NULL`; where a column has some, the largest code stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from nandtrace.vocab import NULL

Int64s = npt.NDArray[np.int64]


class Encoding(IntEnum):
    """How the bytes of a column are to be read."""

    CONSTANT = 0
    PLAIN = 1
    DELTA = 2


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One row of a chunk's directory: how to decode a column.

    `base` is added to each stored number, `first` is the first value of a DELTA column, `null` the
    decoded value that means NULL (None where the column has none).
    """

    key: str
    encoding: int
    width: int
    count: int
    base: int
    first: int
    null: int | None

    def to_row(self) -> list[Any]:
        return [
            self.key,
            int(self.encoding),
            self.width,
            self.count,
            self.base,
            self.first,
            self.null,
        ]

    @property
    def says_nothing(self) -> bool:
        """Whether a reader would take the column for the same if it were not there."""
        absent = 0 if self.key.endswith("#") else NULL
        return self.encoding == Encoding.CONSTANT and (self.count == 0 or self.base == absent)

    @property
    def size_bytes(self) -> int:
        stored = max(self.count - 1, 0) if self.encoding == Encoding.DELTA else self.count
        return stored * self.width


_DTYPES = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}
_SAFE = 2**62


def encode_column(key: str, values: Int64s) -> tuple[ColumnSpec, bytes]:
    """Encode int64 values, NULL among them, in the fewest bytes."""
    count = len(values)
    if count == 0:
        return ColumnSpec(key, Encoding.CONSTANT, 0, 0, 0, 0, None), b""
    low, high = int(values.min()), int(values.max())
    if low == high:
        return ColumnSpec(key, Encoding.CONSTANT, 0, count, low, 0, None), b""
    null = None
    if low == NULL:
        null = high + 1 if high < 2**63 - 1 else None
    if null is not None:
        values = np.where(values == NULL, null, values)
        low, high = int(values.min()), null
    return _encode_ranged(key, values, low, high, null)


def _encode_ranged(
    key: str, values: Int64s, low: int, high: int, null: int | None
) -> tuple[ColumnSpec, bytes]:
    if low < -_SAFE or high > _SAFE:
        return ColumnSpec(key, Encoding.PLAIN, 8, len(values), 0, 0, null), values.astype(
            "<i8"
        ).tobytes()
    plain_width = _width(high - low)
    deltas = np.diff(values)
    delta_low, delta_high = int(deltas.min()), int(deltas.max())
    delta_width = 0 if delta_low == delta_high else _width(delta_high - delta_low)
    if delta_width < plain_width:
        spec = ColumnSpec(
            key, Encoding.DELTA, delta_width, len(values), delta_low, int(values[0]), null
        )
        return spec, _pack(deltas, delta_low, delta_width)
    spec = ColumnSpec(key, Encoding.PLAIN, plain_width, len(values), low, 0, null)
    return spec, _pack(values, low, plain_width)


def _width(span: int) -> int:
    return next(width for width in (1, 2, 4, 8) if span < 1 << (8 * width))


def _pack(values: Int64s, base: int, width: int) -> bytes:
    if width == 0:
        return b""
    return (values - base).astype(_DTYPES[width]).tobytes()


def decode_column(spec: ColumnSpec, raw: memoryview) -> Int64s:
    """Decode `spec.size_bytes` bytes. Wraps silently on forged sums; the caller checked the spec."""
    if spec.encoding == Encoding.CONSTANT:
        return np.full(spec.count, spec.base, np.int64)
    if spec.encoding == Encoding.PLAIN:
        values = _unpack(spec, raw, spec.count)
    else:
        values = np.empty(spec.count, np.int64)
        values[0] = spec.first
        values[1:] = _unpack(spec, raw, spec.count - 1)
        np.cumsum(values, out=values)
    if spec.null is not None:
        values[values == spec.null] = NULL
    return values


def _unpack(spec: ColumnSpec, raw: memoryview, count: int) -> Int64s:
    if spec.width == 0:
        return np.full(count, spec.base, np.int64)
    if spec.width == 8:
        values = np.frombuffer(raw, "<i8").astype(np.int64)
    else:
        values = np.frombuffer(raw, _DTYPES[spec.width]).astype(np.int64)
    if spec.base:
        values += spec.base
    return values


_INT_ONLY = {int}
_WIDTHS: dict[int, tuple[int, ...]] = {
    Encoding.CONSTANT.value: (0,),
    Encoding.PLAIN.value: (1, 2, 4, 8),
    Encoding.DELTA.value: (0, 1, 2, 4, 8),
}


def spec_from_row(row: Any) -> ColumnSpec:
    """Read one row of a directory. Raises ValueError when it does not make sense."""
    if type(row) is not list or len(row) != 7 or type(row[0]) is not str:
        raise ValueError("a column's entry has the wrong shape")
    numbers = row[1:6] if row[6] is None else row[1:]
    if set(map(type, numbers)) != _INT_ONLY or not _fit_int64(numbers):
        raise ValueError(f"column {row[0]!r}: an entry is no 64-bit integer")
    key, encoding, width, count = row[:4]
    if width not in _WIDTHS.get(encoding, ()):
        raise ValueError(f"column {key!r}: unknown encoding {encoding}/{width}")
    if count < 0 or (encoding == Encoding.DELTA and count < 1):
        raise ValueError(f"column {key!r}: impossible count {count}")
    return ColumnSpec(*row)


def _fit_int64(numbers: list[int]) -> bool:
    return min(numbers) >= -(2**63) and max(numbers) < 2**63
