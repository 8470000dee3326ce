"""What collects coverage of one trace: a collector sees its batches in order, and fills tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Generic, TypeVar

import polars as pl

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import EventFacts
from nandtrace.coverage.table import Bin, Point, Table
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL, ColumnType, Vocabulary

FactsT = TypeVar("FactsT", bound=EventFacts)

NOTHING = "-"
"""How a null reads in a bin."""

KINDS = Point("kinds", ("kind",), "Kinds of events, of those of the vocabulary.")


class Collector(ABC, Generic[FactsT]):
    """Counts over the batches of one trace. What it carries from batch to batch is small."""

    tables: tuple[Table, ...]

    @abstractmethod
    def take(self, facts: FactsT, *, follows: bool) -> None:
        """Count a batch; unless it `follows`, nothing is known of what was before."""


class Kinds(Collector[EventFacts]):
    """Counts the kinds of events, in any domain."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._kinds = Table(KINDS, frozenset((kind.name,) for kind in vocabulary.kinds))
        self.tables = (self._kinds,)

    def take(self, facts: EventFacts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        names = {
            kind.name: len(facts.batch.rows(kind.name)) for kind in facts.batch.vocabulary.kinds
        }
        self._kinds.add({(name,): count for name, count in names.items() if count})


def tally(*columns: Int64s) -> list[tuple[tuple[int, ...], int]]:
    """Rows of columns of equal length, each with how often it occurs."""
    names = [str(place) for place in range(len(columns))]
    frame = pl.DataFrame(
        dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.Int64)
    )
    counted = frame.group_by(names, maintain_order=True).len()
    return [(tuple(row[:-1]), row[-1]) for row in counted.iter_rows()]


def count_words(batch: EventBatch, kind: str, *columns: str) -> Counter[Bin]:
    """The events of a kind, by the texts of columns."""
    known = batch.vocabulary.by_name.get(kind)
    types = {} if known is None else {column.name: column.type for column in known.columns}
    named = [types.get(column) is ColumnType.NAME for column in columns]
    counts: Counter[Bin] = Counter()
    for values, count in tally(*(batch.column(kind, column) for column in columns)):
        texts = (
            text_of(batch, value, named=is_name)
            for value, is_name in zip(values, named, strict=True)
        )
        counts[tuple(texts)] += count
    return counts


def text_of(batch: EventBatch, value: int, *, named: bool) -> str:
    """How a value of a column reads in a bin."""
    if named:
        return batch.name(value) or NOTHING
    return NOTHING if value == NULL else str(value)
