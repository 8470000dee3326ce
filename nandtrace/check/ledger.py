"""The ledger: what a replay looked at, by invariant, and what it found wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.tables import Finding
from nandtrace.vocab import NULL

Place = int | str | None
"""A number or a name that says where, None where it is not known."""


@dataclass(frozen=True, slots=True)
class Offence:
    """An event, by its position in the batch, that breaks a rule."""

    at: int
    expected: str
    actual: str
    places: Mapping[str, Place]


class Ledger:
    """Collects offences and counts by the id of an invariant.

    `places` are those of PLACES that a domain has, each with the type of its column.
    """

    def __init__(self, places: Mapping[str, type[pl.DataType]]) -> None:
        self._places = dict(places)
        self._offences: defaultdict[str, list[Offence]] = defaultdict(list)
        self._evaluated: Counter[str] = Counter()
        self._exercised: Counter[str] = Counter()

    def offend(self, rule: str, at: int, expected: str, actual: str, **places: Place) -> None:
        """Note an offence of the event at a position."""
        known = {name: value for name, value in places.items() if value != NULL}
        self._offences[rule].append(Offence(at, expected, actual, known))

    def count(self, rule: str, evaluated: int = 1, exercised: int | None = None) -> None:
        """Note subjects looked at, and how many of them could have failed: all, unless told."""
        self._evaluated[rule] += evaluated
        self._exercised[rule] += evaluated if exercised is None else exercised

    def finding(self, rule: str, batch: EventBatch) -> Finding:
        """What was found about one invariant."""
        offences = self._offences[rule]
        rows = np.array([item.at for item in offences], np.int64)
        columns: dict[str, object] = {
            "seq": batch.seq[rows],
            "expected": [item.expected for item in offences],
            "actual": [item.actual for item in offences],
        }
        for name in self._places:
            columns[name] = [item.places.get(name) for item in offences]
        frame = pl.DataFrame(columns, schema=_SCHEMA | self._places)
        return Finding(self._evaluated[rule], self._exercised[rule], frame)


def number(value: int) -> str:
    """A number as a text says it; null is none."""
    return "none" if value == NULL else f"{value}"


_SCHEMA: dict[str, type[pl.DataType]] = {
    "seq": pl.Int64,
    "expected": pl.String,
    "actual": pl.String,
}
