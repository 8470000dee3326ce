"""Boundaries: how runs end, and what they leave or deliver."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nandtrace.check.event_batch import State
from nandtrace.check.facts import Facts
from nandtrace.coverage.collector import Collector, count_words
from nandtrace.coverage.table import Point, Table, bins_of, words
from nandtrace.trace import Header
from nandtrace.vocab.nand import Axis, BootstrapStage, Hook, RunEnd, RunStop, Source

STOPS = Point("run-stops", ("stop",), "Why runs stopped.")
ENDS = Point(
    "run-ends", ("end", "situation"), "How runs ended, and what they delivered or left then."
)
POINTS = (STOPS, ENDS)

_HOOKS = frozenset(Hook)
_MARKS = ("latch full", "cache state on", "termination off", "backlog waits")
_LEFT = (
    *("OP_START pending", "OP_END pending", "hook pending", "op ongoing"),
    *("erase suspended", "program suspended", "bootstrap active"),
)
_DRAINED = (
    "OP_START drained",
    "OP_END drained",
    "erase resumed",
    "program resumed",
    "nothing drained",
)
POSSIBLE = bins_of([RunEnd.DRAINED], (*_DRAINED, *_MARKS)) | bins_of(
    [RunEnd.CARRIED], (*_LEFT, *_MARKS)
)
"""What docs/nand-model.md lets be at the end of a run; a dropped one violates it anyway."""


class Boundaries(Collector[Facts]):
    """Counts the ends of runs."""

    def __init__(self, header: Header) -> None:
        told = any(item.name == "pending" for item in header.vocabulary.snapshot)
        self._stops = Table(STOPS, words(RunStop) if told else None)
        self._ends = Table(ENDS, POSSIBLE if told else None)
        self.tables = (self._stops, self._ends)

    def take(self, facts: Facts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        batch = facts.batch
        self._stops.add(count_words(batch, "RUN_END", "stop"))
        drained = _drained(facts)
        ends = batch.column("RUN_END", "end")
        for position, code in zip(batch.rows("RUN_END").tolist(), ends.tolist(), strict=True):
            row = int(batch.run_row[position])
            end = batch.name(code) or "?"
            found = {*_left(batch.end_states[row] or {}, end), *drained.get(row, ())}
            if end == RunEnd.DRAINED and not found & {*_DRAINED}:
                found.add("nothing drained")
            self._ends.add(dict.fromkeys([(end, what) for what in sorted(found)], 1))


def _left(state: State, end: str) -> Iterator[str]:
    """The situations that a snapshot shows."""
    kinds = {entry[1] for entry in state.get("pending") or ()}
    yield from (f"{kind} pending" for kind in ("OP_START", "OP_END") if kind in kinds)
    if kinds & _HOOKS:
        yield "hook pending"
    for name, situation in (
        ("ongoing", "op ongoing"),
        ("suspended_erase", "erase suspended"),
        ("suspended_program", "program suspended"),
        ("backlog", "backlog waits"),
    ):
        if any(state.get(name) or ()):
            yield situation
    for name, situation in zip(("latches", "caches", "odt_disabled"), _MARKS, strict=False):
        if state.get(name):
            yield situation
    stage = (state.get("bootstrap") or {}).get("stage")
    if stage is not None and stage != BootstrapStage.DONE and end != RunEnd.DRAINED:
        yield "bootstrap active"


def _drained(facts: Facts) -> dict[int, set[str]]:
    """Per run what its drain delivered."""
    batch = facts.batch
    found: dict[int, set[str]] = {}
    for kind in ("OP_START", "OP_END"):
        positions = batch.rows(kind)
        inside = positions[facts.drains.holds(positions)]
        for row in np.unique(batch.run_row[inside]).tolist():
            found.setdefault(row, set()).add(f"{kind} drained")
    source = batch.column("RESUME", "source")
    for axis in Axis:
        mine = (source == batch.code(Source.DRAIN)) & (
            batch.column("RESUME", "axis") == batch.code(axis)
        )
        for row in np.unique(batch.run_row[batch.rows("RESUME")[mine]]).tolist():
            found.setdefault(row, set()).add(f"{axis.lower()} resumed")
    return found
