"""Marks: latches, cache states and terminations that were switched."""

from __future__ import annotations

from nandtrace.check.facts import Facts
from nandtrace.check.rules import DeviceRules
from nandtrace.coverage.collector import NOTHING, Collector, count_words
from nandtrace.coverage.nand_device import device_of
from nandtrace.coverage.table import Bin, Point, Table
from nandtrace.trace import Header
from nandtrace.vocab.nand import Role

MARKS = Point(
    "marks", ("mark", "word", "switched"), "Latches, cache states and terminations, on and off."
)
POINTS = (MARKS,)

_COLUMN = {"LATCH": "latch", "CACHE": "cache"}
_SWITCHED = {"0": "off", "1": "on"}


class Marks(Collector[Facts]):
    """Counts LATCH, CACHE and ODT."""

    def __init__(self, header: Header) -> None:
        rules = device_of(header).rules
        self._marks = Table(MARKS, _possible(rules) if rules.bases else None)
        self.tables = (self._marks,)

    def take(self, facts: Facts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        for kind, column in _COLUMN.items():
            for (word, on), count in count_words(facts.batch, kind, column, "on").items():
                self._marks.counts[kind, word, _SWITCHED.get(on, on)] += count
        for (on,), count in count_words(facts.batch, "ODT", "on").items():
            self._marks.counts["ODT", NOTHING, _SWITCHED.get(on, on)] += count


def _possible(rules: DeviceRules) -> frozenset[Bin]:
    """What a base of the header fills, frees, enters or leaves, and how it switches the termination."""
    found: set[Bin] = set()
    for base in rules.bases.values():
        found |= {("LATCH", word, "off") for word in base.frees}
        found |= {("CACHE", word, "off") for word in base.leaves}
        if base.fills:
            found.add(("LATCH", base.fills, "on"))
        if base.enters:
            found.add(("CACHE", base.enters, "on"))
        if base.role in (Role.ODT_DISABLE, Role.ODT_ENABLE):
            # The kind says whether the termination is on.
            found.add(("ODT", NOTHING, "on" if base.role is Role.ODT_ENABLE else "off"))
    return frozenset(found)
