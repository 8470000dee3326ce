"""Events as rows: the columns of each kind as Python values, the names in them resolved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import Vocabulary

UNKNOWN_KIND = 255
"""The code of events of a kind that only a later version knows: they are passed over."""

_BLOCK = 16_384
"""How many values are Python objects at once."""

Row = tuple[Any, ...]
"""The values of an event, in the order of the vocabulary."""

Known = Mapping[str, Mapping[str, object]]
"""By the name of a column what the names in it stand for."""


def kind_codes(batch: EventBatch, vocabulary: Vocabulary) -> Iterator[int]:
    """Per event the code that its kind has in today's vocabulary."""
    codes = np.full(256, UNKNOWN_KIND, np.int64)
    for kind in batch.vocabulary.kinds:
        if kind.name in vocabulary.by_name:
            codes[kind.code] = vocabulary.by_name[kind.name].code
    return numbers(codes[batch.kind])


def numbers(column: Int64s) -> Iterator[int]:
    """The values of a column, a block of them at a time."""
    blocks = (column[start : start + _BLOCK] for start in range(0, len(column), _BLOCK))
    return chain.from_iterable(block.tolist() for block in blocks)


def row_sources(
    batch: EventBatch, vocabulary: Vocabulary, known: Known, unread: Collection[str] = ()
) -> dict[int, Callable[[], Row]]:
    """For each kind, by code, what gives the values of its next event.

    A name in a column of `known` becomes what it stands for, None where it is null or unknown. The
    columns `unread` are left out. The replay of a batch must ask for every event, in order.
    """
    sources: dict[int, Callable[[], Row]] = {UNKNOWN_KIND: repeat(()).__next__}
    for kind in vocabulary.kinds:
        columns = [
            _values(batch, kind.name, column.name, known)
            for column in kind.columns
            if column.name not in unread
        ]
        rows: Iterator[Row] = zip(*columns, strict=True) if columns else repeat(())
        sources[kind.code] = rows.__next__
    return sources


def _values(batch: EventBatch, kind: str, name: str, known: Known) -> Iterator[object]:
    codes = batch.column(kind, name)
    return _resolved(batch, codes, known[name]) if name in known else numbers(codes)


def _resolved(batch: EventBatch, codes: Int64s, known: Mapping[str, object]) -> Iterator[object]:
    """What codes of names stand for, None where that is not known."""
    last = len(batch.names)
    table: list[object] = [None] * (last + 1)
    for name, value in known.items():
        code = batch.code(name)
        if code >= 0:
            table[code] = value
    inside = (codes >= 0) & (codes < last)
    return map(table.__getitem__, numbers(np.where(inside, codes, last)))
