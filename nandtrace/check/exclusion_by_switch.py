"""Exclusion by switches: spans in which a latch, a cache state or ODT being off excludes op bases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.exclusion import Label, Spans
from nandtrace.check.occupancy import Occupancy, Starts
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL


@dataclass(frozen=True, slots=True)
class _Switches:
    """What is switched where: lanes, numbers of words, on or off, the event or snapshot, its run."""

    lane: Int64s
    word: Int64s
    on: Int64s
    seq: Int64s
    run_row: Int64s


def latch_spans(batch: Batch, occupancy: Occupancy) -> tuple[Spans, list[Label]]:
    """Spans on planes in which a page latch is filled."""
    return _plane_word_spans(batch, occupancy, "LATCH", batch.rules.exclusions.by_latch_state)


def cache_spans(batch: Batch, occupancy: Occupancy) -> tuple[Spans, list[Label]]:
    """Spans on planes that are in a cache state."""
    return _plane_word_spans(batch, occupancy, "CACHE", batch.rules.exclusions.by_cache_state)


_FIELDS = {"LATCH": ("latch", "latches"), "CACHE": ("cache", "caches")}
"""Per kind of event the column that names the word, and the field of a snapshot with all that are on."""


def _plane_word_spans(
    batch: Batch, occupancy: Occupancy, kind: str, by_state: dict[str, frozenset[str]]
) -> tuple[Spans, list[Label]]:
    column, field = _FIELDS[kind]
    labels = [Label(word, bases) for word, bases in by_state.items()]
    numbers = {label.text: number for number, label in enumerate(labels)}
    number_of = np.array([numbers.get(name, -1) for name in batch.names] + [-1], np.int64)
    code = batch.column(kind, column)
    events = _Switches(
        _lane(batch, batch.column(kind, "die"), batch.column(kind, "plane")),
        number_of[np.where(code == NULL, len(batch.names), code)],
        batch.column(kind, "on"),
        batch.seq[batch.rows(kind)],
        batch.run_row[batch.rows(kind)],
    )
    held = [
        (run_row, die, plane, numbers[word])
        for run_row, state in enumerate(batch.begin_states)
        for die, plane, word in (state or {}).get(field) or ()
        if word in numbers
    ]
    return _switched(batch, occupancy.starts, events, held, len(labels)), labels


def odt_spans(batch: Batch, occupancy: Occupancy) -> tuple[Spans, list[Label]]:
    """Spans on dies whose on-die termination is off."""
    labels = [Label(text, bases) for text, bases in batch.rules.exclusions.by_odt_state.items()]
    positions = batch.rows("ODT")
    die = batch.column("ODT", "die")
    events = _Switches(
        np.where((die >= 0) & (die < (batch.rules.dies or 0)), die, -1),
        np.zeros(len(positions), np.int64),
        np.where(batch.column("ODT", "on") == 0, 1, 0),
        batch.seq[positions],
        batch.run_row[positions],
    )
    held = [
        (run_row, die, None, 0)
        for run_row, state in enumerate(batch.begin_states)
        for die in (state or {}).get("odt_disabled") or ()
    ]
    return _switched(batch, occupancy.starts, events, held, len(labels)), labels


def _lane(batch: Batch, die: Int64s, plane: Int64s) -> Int64s:
    """Die-major numbers of planes, -1 for what is not of the device."""
    dies, planes = batch.rules.dies or 0, batch.rules.planes or 0
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < planes)
    return np.where(inside, np.where(inside, die, 0) * planes + np.where(inside, plane, 0), -1)


def _switched(
    batch: Batch,
    starts: Starts,
    events: _Switches,
    held: Iterable[tuple[int, int, int | None, int]],
    words: int,
) -> Spans:
    """From each switching on to the next switching of the same thing, or the run's end.

    `held` are what begin snapshots have on: run, die, plane (None for the die), word.
    """
    switches = _with_held(batch, events, list(held))
    known = np.flatnonzero((switches.lane >= 0) & (switches.word >= 0))
    key = switches.lane[known] * max(words, 1) + switches.word[known]
    known = known[np.argsort(key.astype(np.int32), kind="stable")]
    key = switches.lane[known] * max(words, 1) + switches.word[known]
    low = starts.after(switches.seq[known])
    stop = starts.run_stop[switches.run_row[known]]
    high = stop.copy()
    same = key[1:] == key[:-1]
    high[:-1][same] = np.minimum(stop[:-1], low[1:])[same]
    on = np.flatnonzero((switches.on[known] == 1) & (high > low))
    lane, word = switches.lane[known][on], switches.word[known][on]
    return Spans(lane, low[on], high[on], word, np.full(len(on), -1, np.int64))


def _with_held(
    batch: Batch, events: _Switches, held: list[tuple[int, int, int | None, int]]
) -> _Switches:
    """The switches in order of time, with what was on when a run began switched on there."""
    if not held:
        return events
    run_row = np.array([item[0] for item in held], np.int64)
    die = np.array([item[1] for item in held], np.int64)
    word = np.array([item[3] for item in held], np.int64)
    if held[0][2] is None:
        lane = np.where((die >= 0) & (die < (batch.rules.dies or 0)), die, -1)
    else:
        lane = _lane(batch, die, np.array([item[2] for item in held], np.int64))
    seq = batch.seq[batch.runs.begin[run_row]]
    order = np.argsort(np.concatenate([seq, events.seq]), kind="stable")
    return _Switches(
        np.concatenate([lane, events.lane])[order],
        np.concatenate([word, events.word])[order],
        np.concatenate([np.ones(len(held), np.int64), events.on])[order],
        np.concatenate([seq, events.seq])[order],
        np.concatenate([run_row, events.run_row])[order],
    )
