"""Events as rows: the columns of each kind as Python values, the names in them resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from nandtrace.check import event_rows
from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_rows import Row
from nandtrace.check.graph.state import GraphState
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.graph import COLUMN_WORDS, GRAPH

_UNREAD = frozenset({"error"})
"""Columns that no rule looks into."""


def row_sources(batch: EventBatch, state: GraphState) -> dict[int, Callable[[], Row]]:
    """For each kind, by code, what gives the values of its next event.

    A name of a node or an edge becomes that of the state, a word its enumeration's, None where it is
    null or unknown. The replay of a batch must ask for every event, in order.
    """
    known: dict[str, dict[str, object]] = {
        "node": {node.name: node for node in state.nodes},
        "edge": {edge.id: edge for edge in state.edges},
    }
    known |= {name: {str(word): word for word in words} for name, words in COLUMN_WORDS.items()}
    return event_rows.row_sources(batch, GRAPH, known, _UNREAD)


def unresolved(codes: Int64s, names: Sequence[str], known: Iterable[str]) -> Int64s:
    """Places of the codes that are null or stand for a name that is not known."""
    known = set(known)
    table = np.array([name in known for name in names] + [False], np.bool_)
    inside = (codes >= 0) & (codes < len(names))
    return np.flatnonzero(~table[np.where(inside, codes, len(names))])
