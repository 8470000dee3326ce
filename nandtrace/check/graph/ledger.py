"""The ledger: what a replay looked at, by invariant, and what it found wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.graph.state import Edge, Node
from nandtrace.check.tables import Finding
from nandtrace.vocab import NULL


class Offence(NamedTuple):
    """An event, by its position in the batch, that breaks a rule."""

    at: int
    expected: str
    actual: str
    node: str | None
    edge: str | None
    msg: int | None


class Ledger:
    """Collects offences and counts by the id of an invariant."""

    def __init__(self) -> None:
        self._offences: defaultdict[str, list[Offence]] = defaultdict(list)
        self._evaluated: Counter[str] = Counter()
        self._exercised: Counter[str] = Counter()

    def offend(
        self,
        rule: str,
        at: int,
        expected: str,
        actual: str,
        *,
        node: Node | None = None,
        edge: Edge | None = None,
        msg: int | None = None,
    ) -> None:
        """Note an offence of the event at a position."""
        known = None if msg == NULL else msg
        self._offences[rule].append(
            Offence(
                at, expected, actual, node.name if node else None, edge.id if edge else None, known
            )
        )

    def count(self, rule: str, evaluated: int = 1, exercised: int | None = None) -> None:
        """Note subjects looked at, and how many of them could have failed: all, unless told."""
        self._evaluated[rule] += evaluated
        self._exercised[rule] += evaluated if exercised is None else exercised

    def finding(self, rule: str, batch: EventBatch) -> Finding:
        """What was found about one invariant."""
        offences = self._offences[rule]
        places = np.array([item.at for item in offences], np.int64)
        columns: dict[str, Any] = {
            name: [getattr(item, name) for item in offences] for name in Offence._fields[1:]
        }
        frame = pl.DataFrame({"seq": batch.seq[places]} | columns, schema=_SCHEMA)
        return Finding(self._evaluated[rule], self._exercised[rule], frame)


def number(value: int) -> str:
    """A number as a text says it; null is none."""
    return "none" if value == NULL else f"{value}"


_SCHEMA = {
    "seq": pl.Int64,
    "expected": pl.String,
    "actual": pl.String,
    "node": pl.String,
    "edge": pl.String,
    "msg": pl.Int64,
}
