"""Counts of events by the place that they name: a die, a node of a graph, a work order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from nandtrace.diff.decoded import DecodedChunk
from nandtrace.trace.chunk import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import GRAPH, WORKORDER

_DIE, _NODE, _ORDER = "die", "node", "order"


@dataclass(slots=True)
class PlaceCounts:
    """How many events name a die, a node, an order; one with several targets on a die counts once."""

    dies: Counter[int] = field(default_factory=Counter)
    nodes: Counter[str] = field(default_factory=Counter)
    orders: Counter[int] = field(default_factory=Counter)

    def add(self, decoded: DecodedChunk, taken: slice) -> None:
        """Count the events of a slice of a chunk."""
        domain = decoded.vocabulary.domain
        for name, table in decoded.tables.items():
            first = decoded.rows_before(name, taken.start)
            last = decoded.rows_before(name, taken.stop)
            if _DIE in table.columns:
                self.dies.update(_counts(table.columns[_DIE][first:last]))
            if domain == WORKORDER.domain and _ORDER in table.columns:
                self.orders.update(_counts(table.columns[_ORDER][first:last]))
            if domain == GRAPH.domain and _NODE in table.columns:
                codes = _counts(table.columns[_NODE][first:last])
                self.nodes.update({decoded.strings[code]: codes[code] for code in codes})
            for item in table.lists.values():
                if _DIE in item.columns:
                    self.dies.update(_counts(_dies_of_rows(item, first, last)))


def _dies_of_rows(item: ListTable, first: int, last: int) -> Int64s:
    """The dies that each row names, each once a row; row after row."""
    rows = np.repeat(np.arange(len(item.counts)), item.counts)
    wanted = (rows >= first) & (rows < last)
    rows, dies = rows[wanted], item.columns[_DIE][wanted]
    order = np.lexsort((dies, rows))
    rows, dies = rows[order], dies[order]
    repeated = (np.diff(rows, prepend=-1) == 0) & (np.diff(dies, prepend=-1) == 0)
    return np.asarray(dies[~repeated], np.int64)


def _counts(values: Int64s) -> dict[int, int]:
    """How often each value occurs; what is NULL or negative names no place."""
    found, counts = np.unique(values[values >= 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
