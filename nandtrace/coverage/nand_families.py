"""Families: which op bases, op names and states occurred, where segments came from and how they ended."""

from __future__ import annotations

from nandtrace.check.facts import Facts
from nandtrace.coverage.collector import Collector, count_words, tally, text_of
from nandtrace.coverage.nand_device import device_of
from nandtrace.coverage.table import Point, Table, words
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.nand import Source

FAMILIES = Point("families", ("base",), "Op bases that started, of those of the header.")
OP_NAMES = Point("op-names", ("op_name",), "Op names that started, of those of the header.")
STATES = Point("states", ("op_name", "state"), "States that ops entered, of those of the header.")
SOURCES = Point("sources", ("source",), "Why segments were committed.")
ENDS = Point(
    "segment-ends", ("source", "outcome"), "How segments ended, by why they were committed."
)
PROPOSALS = Point("proposals", ("reason",), "What became of proposals; - for those committed.")
POINTS = (FAMILIES, OP_NAMES, STATES, SOURCES, ENDS, PROPOSALS)


class Families(Collector[Facts]):
    """Counts what occurred by itself."""

    def __init__(self, header: Header) -> None:
        rules = device_of(header).rules
        told = rules.op_states
        states = {(name, state.name) for name, items in told.items() for state in items}
        self._families = Table(FAMILIES, words(rules.bases) if rules.bases else None)
        self._names = Table(OP_NAMES, words(told) if told else None)
        self._states = Table(STATES, frozenset(states) if told else None)
        self._sources = Table(SOURCES, words(Source))
        self._ends = Table(ENDS)
        self._proposals = Table(PROPOSALS)
        self.tables = (
            *(self._families, self._names, self._states),
            *(self._sources, self._ends, self._proposals),
        )

    def take(self, facts: Facts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        batch, segments = facts.batch, facts.segments
        started = facts.rows_of("OP_START")
        started = started[started >= 0]
        for table, codes in ((self._families, segments.base), (self._names, segments.op_name)):
            for (code,), count in tally(codes[started]):
                table.counts[(text_of(batch, code, named=True),)] += count
        rows = facts.rows_of("STATE")
        known = rows >= 0
        state = batch.column("STATE", "state")[known]
        self._add_pairs(facts, self._states, segments.op_name[rows[known]], state)
        self._sources.add(count_words(batch, "COMMIT", "source"))
        rows = facts.rows_of("OP_END")
        known = rows >= 0
        outcome = batch.column("OP_END", "outcome")[known]
        self._add_pairs(facts, self._ends, segments.source[rows[known]], outcome)
        self._proposals.add(count_words(batch, "PROPOSE", "reason"))

    def _add_pairs(self, facts: Facts, table: Table, *columns: Int64s) -> None:
        for values, count in tally(*columns):
            table.counts[tuple(text_of(facts.batch, code, named=True) for code in values)] += count
