"""Events as rows: the columns of each kind as Python values, the names in them resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.graph.state import GraphState
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.graph import COLUMN_WORDS, GRAPH

UNKNOWN_KIND = 255
"""The code of events of a kind that only a later version knows: they are passed over."""

_BLOCK = 16_384
"""How many values are Python objects at once."""

Row = tuple[Any, ...]
"""The values of an event, in the order of the vocabulary."""

_UNREAD = frozenset({"error"})
"""Columns that no rule looks into."""


def kind_codes(batch: EventBatch) -> Iterator[int]:
    """Per event the code that its kind has in today's vocabulary."""
    codes = np.full(256, UNKNOWN_KIND, np.int64)
    for kind in batch.vocabulary.kinds:
        if kind.name in GRAPH.by_name:
            codes[kind.code] = GRAPH.by_name[kind.name].code
    return numbers(codes[batch.kind])


def numbers(column: Int64s) -> Iterator[int]:
    """The values of a column, a block of them at a time."""
    blocks = (column[start : start + _BLOCK] for start in range(0, len(column), _BLOCK))
    return chain.from_iterable(block.tolist() for block in blocks)


def row_sources(batch: EventBatch, state: GraphState) -> dict[int, Callable[[], Row]]:
    """For each kind, by code, what gives the values of its next event.

    A name of a node or an edge becomes that of the state, a word its enumeration's, None where it is
    null or unknown. The replay of a batch must ask for every event, in order.
    """
    values = _Values(batch, state)
    sources: dict[int, Callable[[], Row]] = {UNKNOWN_KIND: repeat(()).__next__}
    for kind in GRAPH.kinds:
        columns = [
            values.column(kind.name, column.name)
            for column in kind.columns
            if column.name not in _UNREAD
        ]
        rows: Iterator[Row] = zip(*columns, strict=True) if columns else repeat(())
        sources[kind.code] = rows.__next__
    return sources


class _Values:
    def __init__(self, batch: EventBatch, state: GraphState) -> None:
        self._batch = batch
        self._known: dict[str, Mapping[str, object]] = {
            "node": {node.name: node for node in state.nodes},
            "edge": {edge.id: edge for edge in state.edges},
        }
        self._known |= {
            name: {str(word): word for word in words} for name, words in COLUMN_WORDS.items()
        }

    def column(self, kind: str, name: str) -> Iterator[object]:
        codes = self._batch.column(kind, name)
        if name not in self._known:
            return numbers(codes)
        return _resolved(codes, self._batch.names, self._known[name])


def _resolved(codes: Int64s, names: Sequence[str], known: Mapping[str, object]) -> Iterator[object]:
    """What codes of names stand for, None where that is not known."""
    table = [known.get(name) for name in names] + [None]
    inside = (codes >= 0) & (codes < len(names))
    return map(table.__getitem__, numbers(np.where(inside, codes, len(names))))


def unresolved(codes: Int64s, names: Sequence[str], known: Iterable[str]) -> Int64s:
    """Places of the codes that are null or stand for a name that is not known."""
    known = set(known)
    table = np.array([name in known for name in names] + [False], np.bool_)
    inside = (codes >= 0) & (codes < len(names))
    return np.flatnonzero(~table[np.where(inside, codes, len(names))])
