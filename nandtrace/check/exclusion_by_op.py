"""Exclusion by ops: spans in which the state of an op, or its having ended, excludes op bases."""

from __future__ import annotations

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.carried import ends_left
from nandtrace.check.exclusion import Label, Spans
from nandtrace.check.occupancy import Lanes, Occupancy
from nandtrace.check.state_windows import StateWindows
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.nand import END


def op_state_spans(
    batch: Batch, occupancy: Occupancy, windows: StateWindows
) -> tuple[Spans, list[Label]]:
    """Spans on planes: an op is in a state that excludes, or was the last one there and has ended."""
    rules = {
        key: bases
        for key, bases in batch.rules.exclusions.by_op_state.items()
        if bases and batch.codes([key[0]])
    }
    table = _LabelTable(batch, list(rules))
    spans = [
        _in_state(occupancy, windows, table),
        _after_end(batch, occupancy, table),
        _left_over(batch, occupancy, table),
    ]
    return Spans.join(spans), [Label(state, bases) for (_, state), bases in rules.items()]


class _LabelTable:
    """Finds the number of a (base, state) among those given, from their codes in the batch."""

    def __init__(self, batch: Batch, keys: list[tuple[str, str]]) -> None:
        bases = list(dict.fromkeys(base for base, _ in keys))
        states = list(dict.fromkeys([END, *(state for _, state in keys)]))
        self._base, self._state = _numbers(batch, bases), _numbers(batch, states)
        self._table = np.full((len(bases) + 1, len(states) + 1), -1, np.int64)
        for label, (base, state) in enumerate(keys):
            self._table[bases.index(base) + 1, states.index(state) + 1] = label

    def of_state(self, base: Int64s, state: Int64s) -> Int64s:
        """Labels of states, -1 where none excludes anything."""
        nameless = len(self._state) - 1
        known = np.where((state >= 0) & (state < nameless), state, nameless)
        labels: Int64s = self._table[self._base[base], self._state[known]]
        return labels

    def of_end(self, base: Int64s) -> Int64s:
        """Labels of the time after an op, -1 where it excludes nothing."""
        labels: Int64s = self._table[self._base[base], 1]
        return labels


def _numbers(batch: Batch, names: list[str]) -> Int64s:
    """Per name of the batch its number in a list, from 1; 0 where it is not in it, and for no name."""
    numbers = np.zeros(len(batch.names) + 1, np.int64)
    for number, name in enumerate(names, 1):
        numbers[batch.codes([name])] = number
    return numbers


def _in_state(occupancy: Occupancy, windows: StateWindows, table: _LabelTable) -> Spans:
    starts = occupancy.starts
    label = table.of_state(starts.base[windows.place], windows.state)
    mine = np.flatnonzero(label >= 0)
    place, label = windows.place[mine], label[mine]
    # An op does not exclude itself, nor what starts before it in the same tick.
    low = np.maximum(starts.first_from(windows.entry_ns[mine]), place + 1)
    high = np.minimum(starts.first_from(windows.exit_ns[mine]), starts.stop[place])
    some = high > low
    place, label, low, high = place[some], label[some], low[some], high[some]
    which, lane = occupancy.in_state.spread(place)
    return Spans(lane, low[which], high[which], label[which], place[which])


def _after_end(batch: Batch, occupancy: Occupancy, table: _LabelTable) -> Spans:
    """From the end of each holder of a plane to the start of the next, or a reset."""
    starts = occupancy.starts
    holders = holders_of(occupancy)
    lane, place = holders.lane, holders.place
    label = table.of_end(starts.base[place])
    mine = np.flatnonzero((label >= 0) & starts.completed[place])
    upto = np.full(len(place), len(starts), np.int64)
    same = lane[1:] == lane[:-1]
    # What starts together with the next holder, and that one itself, still come after this one alone.
    upto[:-1][same] = _next_tick(starts.time_ns)[place[1:][same]]
    lane, place, label = lane[mine], place[mine], label[mine]
    low = np.maximum(starts.end[place], place + 1)
    high = np.minimum(upto[mine], starts.stop[place])
    resets = occupancy.resets
    if len(resets):
        high = np.minimum(high, _next_reset(batch, occupancy, resets, lane, low))
    some = high > low
    return Spans(lane[some], low[some], high[some], label[some], place[some])


def _left_over(batch: Batch, occupancy: Occupancy, table: _LabelTable) -> Spans:
    """From a run's begin to the next holder or a reset, where the snapshot tells whose end is left."""
    starts, holders = occupancy.starts, holders_of(occupancy)
    told = np.array(ends_left(batch), np.int64).reshape(-1, 3)
    run_row, lane, label = told[:, 0], told[:, 1], table.of_end(told[:, 2])
    low = np.where(run_row > 0, starts.run_stop[run_row - 1], 0)
    upto = np.full(len(low), len(starts), np.int64)
    following = holders.keys(lane, low)
    held = np.flatnonzero(following < len(holders.lane))
    held = held[holders.lane[following[held]] == lane[held]]
    upto[held] = _next_tick(starts.time_ns)[holders.place[following[held]]]
    high = np.minimum(upto, starts.run_stop[run_row])
    if len(occupancy.resets):
        high = np.minimum(high, _next_reset(batch, occupancy, occupancy.resets, lane, low))
    some = (high > low) & (label >= 0)
    nobody = np.full(len(low), -1, np.int64)
    return Spans(lane[some], low[some], high[some], label[some], nobody[some])


def _next_tick(time_ns: Int64s) -> Int64s:
    """Per start the place of the first start of a later time."""
    last = np.append(np.flatnonzero(time_ns[1:] != time_ns[:-1]) + 1, len(time_ns))
    return np.repeat(last, np.diff(last, prepend=0))


def holders_of(occupancy: Occupancy) -> Lanes:
    """The lanes of what holds planes: ops that have a scope and are not instant."""
    traits, base = occupancy.traits, occupancy.starts.base
    holds = (traits.plane_set | traits.die_wide) & ~traits.instant
    return occupancy.held.select(holds[base])


def _next_reset(
    batch: Batch, occupancy: Occupancy, resets: Int64s, lane: Int64s, low: Int64s
) -> Int64s:
    """The place after the first reset of each lane's die from `low` on."""
    starts, traits = occupancy.starts, occupancy.traits
    planes = batch.rules.planes or 1
    after = np.full(len(lane), len(starts), np.int64)
    of_all = traits.resets_all[starts.base[resets]]
    for die in np.unique(lane // planes).tolist():
        here = resets[of_all | (starts.die[resets] == die)]
        mine = np.flatnonzero(lane // planes == die)
        following = np.searchsorted(here, low[mine])
        found = following < len(here)
        after[mine[found]] = here[following[found]] + 1
    return after
