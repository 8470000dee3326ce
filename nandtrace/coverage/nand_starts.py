"""Starts: in which states an op found the planes of the device, and how far these were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nandtrace.check.facts import Facts
from nandtrace.check.occupancy import Lanes
from nandtrace.coverage.collector import NOTHING, Collector, tally
from nandtrace.coverage.nand_device import (
    DIE,
    DIES,
    IDLE,
    OWN,
    TENTHS,
    WHERE,
    device_of,
)
from nandtrace.coverage.table import Bin, Point, Table
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s

START_STATES = Point(
    "start-states",
    ("base", "where", "op_state"),
    "The states that an op meets when it starts: on its own planes, on the others of its die, on other dies.",
)
INPUT_TIMES = Point(
    "input-times",
    ("op_state", "where", "op_name", "time"),
    "How far a state was, in tenths of its time, when an op started there or elsewhere.",
)
POINTS = (START_STATES, INPUT_TIMES)

Flags = npt.NDArray[np.bool_]

_SLICE = 1 << 20
"""Meetings looked at together: many dies make many of each start."""

_LAST_PLANE = 62
"""Planes of a die are bits of a number. No device has so many; further ones count as the last."""

_UNKNOWN = -1
"""The state of a segment of which none is told, and the length of one whose STATE is not in its run."""


@dataclass(frozen=True, slots=True)
class _Spans:
    """States that lasted: by the place of their start, from the place `low` of the first start that they
    may meet to `high`, which they no longer meet; when they began, and how long they were to last."""

    place: Int64s
    state: Int64s
    entry_ns: Int64s
    length_ns: Int64s
    low: Int64s
    high: Int64s


@dataclass(frozen=True, slots=True)
class _Scene:
    """A batch; per start whether it is a command, and the planes that it holds, a bit each (0 where they
    are not known); and per place of WHERE and start whether it meets anything there."""

    facts: Facts
    commands: Flags
    masks: Int64s
    met: Flags


class StartStates(Collector[Facts]):
    """Counts what meets what."""

    def __init__(self, header: Header) -> None:
        device = device_of(header)
        told = bool(device.phases)
        self._states = Table(START_STATES, device.meetings | device.idle if told else None)
        names = tuple((base, tuple(names)) for base, names in device.names_of_base.items())
        self._times = Table(INPUT_TIMES, _input_times(device.meetings, names) if told else None)
        self.tables = (self._states, self._times)

    def take(self, facts: Facts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        starts = facts.occupancy.starts
        if not len(starts):
            return
        commands = starts.fresh & ~starts.chained
        met = np.zeros((len(WHERE), len(starts)), np.bool_)
        scene = _Scene(facts, commands, _masks(facts), met)
        for spans in _slices(_spans(facts)):
            self._meet(scene, spans)
        self._count_idle(scene)

    def _meet(self, scene: _Scene, spans: _Spans) -> None:
        starts = scene.facts.occupancy.starts
        span, start = _met(spans)
        mine = scene.commands[start]
        span, start = span[mine], start[mine]
        place = spans.place[span]
        same = starts.die[place] == starts.die[start]
        theirs, own = scene.masks[place], scene.masks[start]
        known, shared = (theirs != 0) & (own != 0), theirs & own != 0
        by_where = (same & shared, same & known & ~shared, ~same & known)
        for number, there in enumerate(by_where):
            scene.met[number, start[there]] = True
            told = there & (spans.state[span] != _UNKNOWN)
            rows = tally(*_columns(scene.facts, spans, span[told], start[told]))
            self._count(scene.facts, WHERE[number], rows)

    def _count(self, facts: Facts, where: str, rows: list[tuple[tuple[int, ...], int]]) -> None:
        batch = facts.batch
        names = [*batch.names, NOTHING]
        for (name, base, other, state, tenth), count in rows:
            phase = f"{names[other]}.{batch.name(state) or NOTHING}"
            self._states.counts[names[base], where, phase] += count
            if tenth != _UNKNOWN:
                op_name = batch.name(name) or NOTHING
                self._times.counts[phase, where, op_name, TENTHS[tenth]] += count

    def _count_idle(self, scene: _Scene) -> None:
        facts, masks = scene.facts, scene.masks
        whole = (1 << min(facts.rules.planes or 0, _LAST_PLANE + 1)) - 1
        known, several = masks != 0, (facts.rules.dies or 0) > 1
        there = {OWN: known, DIE: known & (masks != whole), DIES: known & several}
        names = [*facts.batch.names, NOTHING]
        for number, where in enumerate(WHERE):
            idle = scene.commands & there[where] & ~scene.met[number]
            for (base,), count in tally(facts.occupancy.starts.base[idle]):
                self._states.counts[names[base], where, IDLE] += count


@lru_cache(maxsize=8)
def _input_times(
    meetings: frozenset[Bin], names_of_base: tuple[tuple[str, tuple[str, ...]], ...]
) -> frozenset[Bin]:
    """Each meeting that is possible, by name of the op that starts, in each tenth.

    Kept, for they are many, and traces of one device have the same.
    """
    names = dict(names_of_base)
    return frozenset(
        (phase, where, name, tenth)
        for base, where, phase in meetings
        for name in names[base]
        for tenth in TENTHS
    )


def _masks(facts: Facts) -> Int64s:
    """The planes that each start holds."""
    held: Lanes = facts.occupancy.held
    place = np.repeat(np.arange(len(held.count)), held.count)
    plane = held.by_place % (facts.rules.planes or 1)
    masks = np.zeros(len(held.count), np.int64)
    np.bitwise_or.at(masks, place, np.left_shift(1, np.minimum(plane, _LAST_PLANE)))
    return masks


def _spans(facts: Facts) -> _Spans:
    """The states that segments were in, and segments whose states are not told as one state each."""
    windows, starts = facts.state_windows, facts.occupancy.starts
    told = np.zeros(len(starts), np.bool_)
    told[windows.place] = True
    silent = np.flatnonzero(~told)
    unknown = np.full(len(silent), _UNKNOWN, np.int64)
    place = np.concatenate([windows.place, silent])
    entry_ns = np.concatenate([windows.entry_ns, starts.time_ns[silent]])
    exit_ns = np.concatenate([windows.exit_ns, starts.end_ns[silent]])
    length_ns = np.concatenate([_lengths(facts), unknown])
    # What is cut is met by the op that cuts it.
    cut = ~starts.completed[place] & (exit_ns == starts.end_ns[place])
    cut &= (length_ns == _UNKNOWN) | (exit_ns - entry_ns < length_ns)
    low = np.maximum(starts.first_from(entry_ns), place + 1)
    high = np.minimum(starts.first_from(exit_ns + cut), starts.stop[place])
    return _Spans(
        place,
        np.concatenate([windows.state, unknown]),
        entry_ns,
        length_ns,
        low,
        np.maximum(high, low),
    )


def _lengths(facts: Facts) -> Int64s:
    """How long states were to last, ns; _UNKNOWN where the STATE is not in the run."""
    batch, windows = facts.batch, facts.state_windows
    positions = batch.positions(windows.seq)
    written = np.isin(positions, batch.rows("STATE"))
    lengths = np.full(len(positions), _UNKNOWN, np.int64)
    nth = np.searchsorted(batch.rows("STATE"), positions[written])
    until_ns = batch.column("STATE", "until_ns")[nth]
    lengths[written] = np.maximum(until_ns - windows.entry_ns[written], 1)
    return lengths


def _columns(facts: Facts, spans: _Spans, span: Int64s, start: Int64s) -> tuple[Int64s, ...]:
    """Of meetings: op name and base of what starts, base and state of what runs, and how far it is."""
    starts = facts.occupancy.starts
    length_ns = spans.length_ns[span]
    passed_ns = starts.time_ns[start] - spans.entry_ns[span]
    tenth = np.clip(passed_ns * 10 // np.maximum(length_ns, 1), 0, 9)
    return (
        facts.segments.op_name[starts.row[start]],
        starts.base[start],
        starts.base[spans.place[span]],
        spans.state[span],
        np.where(length_ns == _UNKNOWN, _UNKNOWN, tenth),
    )


def _met(spans: _Spans) -> tuple[Int64s, Int64s]:
    """Pairs of a span and a place of a start that meets it."""
    counts = spans.high - spans.low
    span = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(spans.low - (np.cumsum(counts) - counts), counts)
    return span, first + np.arange(len(span))


def _slices(spans: _Spans) -> Iterator[_Spans]:
    """Some spans at a time, so that what they meet stays bounded."""
    total = np.cumsum(spans.high - spans.low)
    first = 0
    while first < len(total):
        before = int(total[first - 1]) if first else 0
        last = max(int(np.searchsorted(total, before + _SLICE, side="right")), first + 1)
        some = slice(first, last)
        yield _Spans(
            spans.place[some],
            spans.state[some],
            spans.entry_ns[some],
            spans.length_ns[some],
            spans.low[some],
            spans.high[some],
        )
        first = last
