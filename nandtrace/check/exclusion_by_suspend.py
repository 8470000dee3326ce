"""Exclusion by suspends: spans in which a suspended erase or program, or none, excludes op bases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.exclusion import Label, Spans
from nandtrace.check.occupancy import Flags, Occupancy, Starts
from nandtrace.check.segments import Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis


def suspend_spans(
    batch: Batch, occupancy: Occupancy, segments: Segments
) -> tuple[Spans, list[Label]]:
    """Spans on dies in which an erase or a program is suspended, or none is."""
    by_state = batch.rules.exclusions.by_suspend_state
    labels = [
        Label(text, by_state.get(text, frozenset()))
        for axis in Axis
        for text in (f"NOT_{axis}_SUSPENDED", f"{axis}_SUSPENDED")
    ]
    dies = batch.rules.dies or 0
    steps = _depth_steps(batch, occupancy, segments, dies)
    order = np.lexsort((steps.seq, steps.place, steps.key))
    key, place, value, sets = (
        column[order] for column in (steps.key, steps.place, steps.value, steps.sets)
    )
    depth = _depths(value, sets == 1)
    high = np.full(len(key), len(occupancy.starts), np.int64)
    same = key[1:] == key[:-1]
    high[:-1][same] = place[1:][same]
    is_known = np.flatnonzero((depth != _UNKNOWN) & (high > place))
    axis, suspended = key[is_known] % 2, (depth[is_known] > 0).astype(np.int64)
    none = np.full(len(is_known), -1, np.int64)
    return (
        Spans(key[is_known] // 2, place[is_known], high[is_known], axis * 2 + suspended, none),
        labels,
    )


_UNKNOWN = -(2**40)
"""The depth where a begin snapshot does not tell it."""


@dataclass(frozen=True, slots=True)
class _DepthSteps:
    """How many ops are suspended, step by step: `key` is die * 2 + axis; from `place` on it is changed
    by `value`, or is `value` where `sets` is 1."""

    key: Int64s
    place: Int64s
    seq: Int64s
    value: Int64s
    sets: Int64s


def _depth_steps(batch: Batch, occupancy: Occupancy, segments: Segments, dies: int) -> _DepthSteps:
    starts = occupancy.starts
    parts = [_at_begins(batch, starts, dies), _at_resets(occupancy, dies)]
    for kind, change in (("SUSPEND", 1), ("RESUME", -1)):
        key, seq, own = _acting(batch, segments, kind, dies)
        place = np.maximum(starts.after(seq), starts.place_of(own) + 1)
        same = np.full(len(key), change, np.int64)
        parts.append((key, place, seq, same, np.zeros_like(same)))
    return _DepthSteps(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


_Columns = tuple[Int64s, Int64s, Int64s, Int64s, Int64s]


def _at_begins(batch: Batch, starts: Starts, dies: int) -> _Columns:
    """Every run begins with what its snapshot says."""
    runs = batch.runs
    depths = np.full((len(runs), dies, len(Axis)), _UNKNOWN, np.int64)
    for run_row, state in enumerate(batch.begin_states):
        for number, axis in enumerate(Axis):
            lists = (state or {}).get(f"suspended_{axis.lower()}")
            if lists is None:
                continue
            depths[run_row, :, number] = 0
            if any(lists):
                counts = [len(ops) for ops in lists[:dies]]
                depths[run_row, : len(counts), number] = counts
    keys = dies * len(Axis)
    first = np.concatenate([[0], starts.run_stop[:-1]]) if len(runs) else np.empty(0, np.int64)
    return (
        np.tile(np.arange(keys), len(runs)),
        np.repeat(first, keys),
        np.repeat(batch.seq[runs.first], keys),
        depths.reshape(-1),
        np.ones(keys * len(runs), np.int64),
    )


def _at_resets(occupancy: Occupancy, dies: int) -> _Columns:
    """After a reset nothing is suspended on its die, or on any."""
    starts, traits = occupancy.starts, occupancy.traits
    place: list[int] = []
    key: list[int] = []
    for reset in occupancy.resets.tolist():
        die = int(starts.die[reset])
        everywhere = traits.resets_all[starts.base[reset]]
        reached = range(dies) if everywhere else [die] if 0 <= die < dies else []
        key += [one * len(Axis) + axis for one in reached for axis in range(len(Axis))]
        place += [reset] * len(reached) * len(Axis)
    at = np.array(place, np.int64)
    zeros = np.zeros(len(at), np.int64)
    return np.array(key, np.int64), at + 1, starts.seq[at], zeros, zeros + 1


def _acting(
    batch: Batch, segments: Segments, kind: str, dies: int
) -> tuple[Int64s, Int64s, Int64s]:
    """SUSPENDs or RESUMEs that act on an op: key, number of the event, and the row of the segment that
    does it (-1 where unknown), which is judged as if it had not yet."""
    die, axis = batch.column(kind, "die"), batch.column(kind, "axis")
    number = np.full(len(axis), -1, np.int64)
    for place, name in enumerate(Axis):
        number[axis == batch.code(name)] = place
    if kind == "RESUME":
        acts = batch.column(kind, "ok") == 1
    else:
        acts = (batch.column(kind, "op") != NULL) | (batch.column(kind, "remaining_ns") != NULL)
    mine = np.flatnonzero(acts & (number >= 0) & (die >= 0) & (die < dies))
    positions = batch.rows(kind)[mine]
    seq = batch.seq[positions]
    own = segments.index.find(batch.column(kind, "by_seg")[mine], batch.run_row[positions], seq)
    return die[mine] * len(Axis) + number[mine], seq, own


def _depths(value: Int64s, sets: Flags) -> Int64s:
    """Depths after each step; the first step of every key sets it.

    A RESUME where nothing is suspended takes nothing away.
    """
    if not len(value):
        return value
    total = np.cumsum(np.where(sets, 0, value))
    last_set = np.maximum.accumulate(np.where(sets, np.arange(len(value)), 0))
    began = value[last_set]
    depths = total - total[last_set] + np.maximum(began, 0)
    # The lowest depth since the last setting: each of them is put far below those before it.
    far = np.cumsum(sets) * (int(depths.max()) - int(depths.min()) + 1)
    lowest = np.minimum.accumulate(depths - far) + far
    return np.where(began < 0, _UNKNOWN, depths - np.minimum(lowest, 0))
