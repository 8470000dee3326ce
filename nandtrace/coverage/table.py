"""Coverage points and their tables, in the words of functional coverage.

A point with one axis is a coverpoint, one with several a cross. A *bin* is a value of each axis. What a
trace hit is counted; what it could have hit is told by its header or by the model, or by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Bin = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """What is counted: `axes` name the values of a bin, in their order."""

    id: str
    axes: tuple[str, ...]
    sentence: str


@dataclass(slots=True)
class Table:
    """Counts of a point's bins. `possible` is None where nobody tells which there are."""

    point: Point
    possible: frozenset[Bin] | None = None
    counts: Counter[Bin] = field(default_factory=Counter)

    def add(self, counts: Mapping[Bin, int]) -> None:
        """Count bins that were hit."""
        self.counts.update(counts)

    def merge(self, other: Table) -> None:
        """Take over what another table of this point has."""
        self.counts.update(other.counts)
        if other.possible is not None:
            self.possible = (self.possible or frozenset()) | other.possible

    @property
    def hit(self) -> int:
        """How many of the possible bins were hit; where nobody tells those, of all."""
        return (
            len(self.counts) if self.possible is None else len(self.possible & self.counts.keys())
        )

    @property
    def missing(self) -> list[Bin]:
        """The possible bins that were not hit, sorted."""
        return sorted((self.possible or frozenset()) - self.counts.keys())

    @property
    def unforeseen(self) -> list[Bin]:
        """The bins that were hit though they are not among the possible ones, sorted."""
        return [] if self.possible is None else sorted(self.counts.keys() - self.possible)


def bins_of(*axes: Iterable[str]) -> frozenset[Bin]:
    """Every combination of the values of axes."""
    found: list[Bin] = [()]
    for values in map(list, axes):
        found = [(*begun, str(value)) for begun in found for value in values]
    return frozenset(found)


def words(values: Iterable[str]) -> frozenset[Bin]:
    """Bins of a point with one axis."""
    return frozenset((str(value),) for value in values)


def permille(hit: int, possible: int) -> int:
    """Rounded down: 1000 means all of them. There must be some."""
    return hit * 1000 // possible


def percent_text(hit: int, possible: int) -> str:
    """As a percentage with one decimal, rounded down."""
    if not possible:
        return "-"
    whole, tenth = divmod(permille(hit, possible), 10)
    return f"{whole}.{tenth} %"
