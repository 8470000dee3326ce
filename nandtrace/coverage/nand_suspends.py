"""Suspends: how deep they nest, how often one op is suspended, and what starts meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from nandtrace.check.event_batch import State
from nandtrace.check.facts import Facts
from nandtrace.coverage.collector import NOTHING, Collector, tally
from nandtrace.coverage.nand_device import device_of, starts_suspended, suspend_states
from nandtrace.coverage.table import Point, Table
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis

DEPTH = Point(
    "suspend-depth", ("depth",), "How many ops were suspended on its die when an op started there."
)
MEANWHILE = Point(
    "starts-suspended", ("base", "suspended"), "What was suspended on its die when an op started."
)
AGAIN = Point(
    "suspends-of-op",
    ("axis", "nth"),
    "Which suspend of its op each was: the first, the second, and so on.",
)
POINTS = (DEPTH, MEANWHILE, AGAIN)

_MANY, _DEEP = 5, 3
_AXES = tuple(Axis)


@dataclass(slots=True)
class _Timeline:
    """How many ops of each axis are suspended on a die, from each event on, by its number."""

    seqs: list[int] = field(default_factory=lambda: [-1])
    counts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    def set(self, seq: int, erases: int, programs: int) -> None:
        self.seqs.append(seq)
        self.counts.append((max(erases, 0), max(programs, 0)))

    def change(self, seq: int, axis: int, by: int) -> None:
        erases, programs = self.counts[-1]
        self.set(seq, erases + (by if axis == 0 else 0), programs + (by if axis == 1 else 0))


class Suspensions(Collector[Facts]):
    """Follows what is suspended on each die. Carries how often each op was suspended."""

    def __init__(self, header: Header) -> None:
        rules = device_of(header).rules
        states = suspend_states(rules)
        deepest = max(len(axes) for axes in states.values())
        depths = frozenset((str(depth),) for depth in range(deepest + 1))
        self._depth = Table(DEPTH, depths if rules.bases else None)
        told = bool(rules.exclusions.by_suspend_state)
        self._meanwhile = Table(MEANWHILE, starts_suspended(rules) if told else None)
        self._again = Table(AGAIN)
        self._times: Counter[int] = Counter()
        self.tables = (self._depth, self._meanwhile, self._again)

    def take(self, facts: Facts, *, follows: bool) -> None:
        if not follows:
            self._times.clear()
        self._count_again(facts)
        starts = facts.occupancy.starts
        commands = np.flatnonzero(starts.fresh & ~starts.chained)
        names = [*facts.batch.names, NOTHING]
        for die, timeline in _timelines(facts).items():
            mine = commands[starts.die[commands] == die]
            counts = np.array(timeline.counts, np.int64)
            # An op that suspends or resumes starts before that takes effect.
            at = np.searchsorted(np.array(timeline.seqs), starts.seq[mine], side="right") - 1
            for (base, erases, programs), count in tally(starts.base[mine], *counts[at].T.copy()):
                self._depth.counts[(_at_most(erases + programs, _DEEP),)] += count
                self._meanwhile.counts[names[base], _text(erases, programs)] += count

    def _count_again(self, facts: Facts) -> None:
        batch = facts.batch
        axes, ops = batch.column("SUSPEND", "axis"), batch.column("SUSPEND", "op")
        for axis, op in zip(axes.tolist(), ops.tolist(), strict=True):
            if op == NULL:
                continue
            self._times[op] += 1
            nth = _at_most(self._times[op], _MANY)
            self._again.counts[batch.name(axis) or NOTHING, nth] += 1


def _at_most(count: int, most: int) -> str:
    return str(count) if count < most else f"{most} or more"


def _text(erases: int, programs: int) -> str:
    held = [axis.value for axis, count in zip(_AXES, (erases, programs), strict=True) if count]
    return "+".join(held) or "nothing"


def _timelines(facts: Facts) -> dict[int, _Timeline]:
    """Per die that has starts, from SUSPEND, RESUME, resets and the snapshots at the begins of runs."""
    batch, starts = facts.batch, facts.occupancy.starts
    dies = {die: _Timeline() for die in np.unique(starts.die).tolist() if die >= 0}
    changes = [*_switches(facts, "SUSPEND", 1), *_switches(facts, "RESUME", -1), *_resets(facts)]
    changes += [
        (int(batch.seq[at]), -1, -1, row) for row, at in enumerate(batch.runs.begin) if at >= 0
    ]
    for seq, die, axis, by in sorted(changes):
        if die < 0:
            _begin(dies, seq, batch.begin_states[by])
        elif axis < 0:
            dies[die].set(seq, 0, 0)
        elif die in dies:
            dies[die].change(seq, axis, by)
    return dies


def _begin(dies: dict[int, _Timeline], seq: int, state: State | None) -> None:
    """A run begins with what its snapshot says is suspended; where it says nothing, all goes on."""
    erases = (state or {}).get("suspended_erase")
    programs = (state or {}).get("suspended_program")
    if erases is None or programs is None:
        return
    for die, timeline in dies.items():
        if die < min(len(erases), len(programs)):
            timeline.set(seq, len(erases[die]), len(programs[die]))


def _switches(facts: Facts, kind: str, by: int) -> list[tuple[int, int, int, int]]:
    """(seq, die, axis, by) of each event that has effect."""
    batch = facts.batch
    codes = {batch.code(axis): number for number, axis in enumerate(_AXES)}
    works = np.ones(len(batch.rows(kind)), np.bool_)
    if kind == "RESUME":
        works = batch.column(kind, "ok") != 0
    rows: list[Int64s] = [
        batch.seq[batch.rows(kind)],
        batch.column(kind, "die"),
        batch.column(kind, "axis"),
    ]
    return [
        (seq, die, codes[axis], by)
        for seq, die, axis in zip(*(values[works].tolist() for values in rows), strict=True)
        if axis in codes and die >= 0
    ]


def _resets(facts: Facts) -> list[tuple[int, int, int, int]]:
    """(seq, die, -1, 0) of each reset and die that it concerns; nothing is suspended after it."""
    occupancy = facts.occupancy
    starts, dies = occupancy.starts, np.unique(occupancy.starts.die).tolist()
    found = []
    for place in occupancy.resets.tolist():
        of_all = bool(occupancy.traits.resets_all[starts.base[place]])
        seq, mine = int(starts.seq[place]), int(starts.die[place])
        # It meets what it ends: the die is free behind its start.
        found += [(seq + 1, die, -1, 0) for die in dies if die >= 0 and (of_all or die == mine)]
    return found
