"""Small helpers that turn columns into frames and offending rows into findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

PLACES = (
    *("seg", "op", "die", "plane", "block", "page", "other_seg", "other_seq"),
    *("node", "edge", "msg", "order", "id", "slot"),
)
"""Columns of an offending row that say where, beside `seq`: numbers, or names of the header. `other_seg`
is the segment that an offence is against, `other_seq` the event."""

Text = str | pl.Expr

_NO_OFFENDERS = pl.DataFrame(schema={"seq": pl.Int64, "expected": pl.String, "actual": pl.String})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a query found in one batch.

    `evaluated` counts the subjects looked at, `exercised` those of them that could have failed.
    `offenders` has a row per violation: `seq` (the offending event), `expected`, `actual`, and those
    of PLACES that are known.
    """

    evaluated: int
    exercised: int
    offenders: pl.DataFrame


def finding(
    evaluated: int,
    offenders: pl.DataFrame,
    *,
    expected: Text,
    actual: Text,
    exercised: int | None = None,
) -> Finding:
    """Build a Finding; `expected` and `actual` are texts, or expressions over the offending rows."""
    if offenders.is_empty():
        return Finding(evaluated, evaluated if exercised is None else exercised, _NO_OFFENDERS)
    texts = {
        name: pl.lit(text) if isinstance(text, str) else text
        for name, text in (("expected", expected), ("actual", actual))
    }
    places = [name for name in PLACES if name in offenders.columns]
    rows = offenders.select("seq", *places, **texts)
    return Finding(evaluated, evaluated if exercised is None else exercised, rows)


def nothing() -> Finding:
    """Nothing here to look at."""
    return Finding(0, 0, _NO_OFFENDERS)


def to_frame(columns: dict[str, Int64s]) -> pl.DataFrame:
    """A frame of int64 columns in which NULL is null."""
    frame = pl.DataFrame(columns)
    nullable = [
        name for name, values in columns.items() if len(values) and int(values.min()) == NULL
    ]
    return frame.with_columns(
        pl.when(pl.col(name) != NULL).then(pl.col(name)).alias(name) for name in nullable
    )


def ascending_order(ids: Int64s) -> npt.NDArray[np.intp]:
    """Stable sorting order; ids mostly ascend already, and then nothing is sorted."""
    if len(ids) < 2 or int(np.diff(ids).min()) >= 0:
        return np.arange(len(ids))
    return np.argsort(ids, kind="stable")


def occurs_twice(ids: Int64s, groups: Int64s) -> npt.NDArray[np.bool_]:
    """Which ids, NULL aside, occur more than once in their group. Cheap where ids are dense."""
    known: npt.NDArray[np.bool_] = ids != NULL
    if not known.any():
        return known
    low, high = int(ids[known].min()), int(ids[known].max())
    if high - low > 4 * len(ids) + 1024:
        order = ascending_order(ids)
        doubled = np.zeros(len(ids), np.bool_)
        same = ids[order[1:]] == ids[order[:-1]]
        doubled[order[1:][same]] = True
        doubled[order[:-1][same]] = True
    else:
        counts = np.bincount(ids[known] - low, minlength=high - low + 1)
        doubled = counts[np.where(known, ids - low, 0)] > 1
    suspects = np.flatnonzero(doubled & known)
    pairs = pl.DataFrame({"id": ids[suspects], "group": groups[suspects]})
    result = np.zeros(len(ids), np.bool_)
    result[suspects] = pairs.is_duplicated().to_numpy()
    return result


def microseconds(column: str) -> pl.Expr:
    """A time column in ns as text in µs, exactly: 7400.08 µs."""
    value = pl.col(column)
    whole = (value.abs() // 1000).cast(pl.String)
    fraction = (value.abs() % 1000).cast(pl.String).str.zfill(3).str.strip_chars_end("0")
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    dot = pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit("."))
    return pl.concat_str(sign, whole, dot, fraction, pl.lit(" µs"))
