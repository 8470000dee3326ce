"""Registers: what each plane's output register holds, and whether it is ever delivered.

A read that is over puts its page into the register; a cache read that is over puts the page sensed before
there. A DATA_OUT delivers it when it starts; a program or a load that frees the latch that reads fill
uses it up. A reset empties the register. What it holds when a run begins is not known, unless the run
before it ended CARRIED.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.carry import LeftEvent
from nandtrace.check.register_events import AT_END, Does, register_events
from nandtrace.check.run_ends import carried_runs
from nandtrace.check.segments import Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

UNKNOWN, EMPTY = -1, -2
"""Values of a register; from 0 on the row of the target that was sensed."""

NEVER = np.iinfo(np.int64).max

_PUTS = np.array([does in (*AT_END, Does.BEGIN, Does.CLEAR) for does in Does])
_SENSES = np.array([does in (Does.BEGIN, Does.SENSE, Does.SENSE_NEXT, Does.CLEAR) for does in Does])


@dataclass(frozen=True, slots=True)
class Registers:
    """`deliveries` has a row per target of a DATA_OUT that started, `values` one per page that was
    sensed. Events are given by their position in the batch.

    Columns of `deliveries`: `position` of the OP_START, `seg`, `die`, `plane`, `block`, `page`, and
    `held_block` and `held_page`, what the register held: NULL where unknown, EMPTY where nothing.
    Columns of `values`: `seg` that sensed it, `own` (0 for one sensed before the batch), `run_row`, `die`,
    `plane`, `block`, `page`, `lost` (the event that replaced it before it was delivered or used up,
    NEVER if none did) and `at_end` (1 where it waits for that still when the run `run_row` is over).
    `left` are events that leave registers as they are at the end of the batch, where its last run is
    CARRIED.
    """

    deliveries: dict[str, Int64s]
    values: dict[str, Int64s]
    left: tuple[LeftEvent, ...]


def derive_registers(
    batch: Batch,
    segments: Segments,
    starts: Int64s,
    ends: Int64s,
    left: Iterable[LeftEvent] = (),
) -> Registers:
    """Build the tables; for the arguments see `register_events`."""
    columns = register_events(batch, segments, starts, ends, left)
    sensed = _last_true(_SENSES[columns["does"]])
    value = _values(columns, sensed, _last_true(_PUTS[columns["does"]]))
    taken = _taken(columns, value)
    fates = _fates(columns, sensed, value, taken)
    goes_on = len(batch.runs) > 0 and bool(carried_runs(batch)[-1])
    return Registers(
        deliveries=_deliveries(columns, value),
        values=fates,
        left=tuple(_left(batch, columns, sensed, value, taken)) if goes_on else (),
    )


def _last_true(flags: npt.NDArray[np.bool_]) -> Int64s:
    """Per place the last place up to it at which a flag is set. The first place has it set."""
    last: Int64s = np.maximum.accumulate(np.where(flags, np.arange(len(flags)), 0))
    return last


def _values(columns: dict[str, Int64s], sensed: Int64s, puts: Int64s) -> Int64s:
    """Per event what the output register holds after it: the place at which it was sensed."""
    does = columns["does"]
    known = np.array([UNKNOWN, 0, 0, 0, EMPTY, 0, 0])
    before = np.roll(sensed, 1)
    source = np.where(does[puts] == Does.SENSE, puts, before[puts])
    what = np.where(np.isin(does[puts], (Does.BEGIN, Does.CLEAR)), does[puts], does[source])
    held: Int64s = np.where(np.isin(what, (Does.BEGIN, Does.CLEAR)), known[what], source)
    return held


def _deliveries(columns: dict[str, Int64s], value: Int64s) -> dict[str, Int64s]:
    places = np.flatnonzero(columns["does"] == Does.DELIVER)
    names = ("position", "seg", "die", "plane", "block", "page")
    found = {name: columns[name][places] for name in names}
    for name in ("block", "page"):
        held = np.where(value[places] >= 0, columns[name][value[places]], value[places])
        found[f"held_{name}"] = np.where(value[places] == UNKNOWN, NULL, held)
    return found


def _taken(columns: dict[str, Int64s], value: Int64s) -> Int64s:
    """Per sensing event by which event its page was first delivered or used up, NEVER if by none."""
    delivered = np.full(len(value), NEVER, np.int64)
    takes = np.flatnonzero((value >= 0) & (columns["does"] >= Does.DELIVER))[::-1]
    delivered[value[takes]] = columns["position"][takes]
    return delivered


def _fates(
    columns: dict[str, Int64s], sensed: Int64s, value: Int64s, taken: Int64s
) -> dict[str, Int64s]:
    """What became of each page that was sensed.

    It is lost to the put that replaces it, but not to a reset or at the begin of a run; before it was
    in its output register, to the read that replaces it where it was sensed.
    """
    does, count = columns["does"], len(value)
    ids = np.flatnonzero((does == Does.SENSE) | (does == Does.SENSE_NEXT))
    replaced = np.full(count, NEVER, np.int64)
    stays = np.ones(count, np.bool_)
    was_put = np.zeros(count, np.bool_)
    was_put[value[value >= 0]] = True
    for of_ids, held in ((was_put, value), (~was_put, sensed)):
        changes = np.flatnonzero(held[1:] != held[:-1]) + 1
        gone = changes[held[changes - 1] >= 0]
        gone = gone[of_ids[held[gone - 1]]]
        by_put = np.isin(does[gone], AT_END)
        replaced[held[gone - 1]] = np.where(by_put, columns["position"][gone], NEVER)
        stays[held[gone[does[gone] != Does.BEGIN] - 1]] = False
    lost = np.where(taken[ids] < replaced[ids], NEVER, replaced[ids])
    at_end = stays[ids] & (taken[ids] == NEVER)
    names = ("seg", "own", "die", "plane", "block", "page", "run_row")
    found = {name: columns[name][ids] for name in names}
    return found | {"lost": lost, "at_end": at_end.astype(np.int64)}


def _left(
    batch: Batch, columns: dict[str, Int64s], sensed: Int64s, value: Int64s, taken: Int64s
) -> Iterable[LeftEvent]:
    """Per plane of which the last stretch tells something, events that leave it as it is."""
    place, does = columns["place"], columns["does"]
    last = np.flatnonzero(np.append(place[1:] != place[:-1], True)) if len(place) else place
    last = last[columns["run_row"][last] == len(batch.runs) - 1]
    names = ("seg", "die", "plane", "block", "page")
    for row in last.tolist():
        held, sense = int(value[row]), int(sensed[row])
        steps = [(held, Does.SENSE), (held, Does.USE)] if held >= 0 else []
        if held >= 0 and taken[held] == NEVER:
            steps.pop()
        if held == EMPTY:
            steps = [(row, Does.CLEAR)]
        if does[sense] == Does.SENSE_NEXT and sense != held:
            steps.append((sense, Does.SENSE_NEXT))
        for at, what in steps:
            seg, die, plane, block, page = (int(columns[name][at]) for name in names)
            yield int(what), seg, die, plane, block, page
