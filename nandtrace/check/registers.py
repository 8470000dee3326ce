"""Registers: what each plane's output register holds, and whether it is ever delivered.

A read that is over puts its page into the register; a cache read that is over puts the page sensed before
there. A DATA_OUT delivers it when it starts; a program or a load that frees the latch that reads fill
uses it up. A reset empties the register. What it holds when a run begins is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.items import item_places
from nandtrace.check.rules import DeviceRules
from nandtrace.check.segments import Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome, Role

UNKNOWN, EMPTY = -1, -2
"""Values of a register; from 0 on the row of the target that was sensed."""

NEVER = np.iinfo(np.int64).max


class Does(IntEnum):
    """What an event does to the registers of a plane."""

    BEGIN = 0
    SENSE = 1
    """Senses a page, and puts it into the output register."""

    SENSE_NEXT = 2
    """Puts the page sensed before into the output register, and senses another."""

    MOVE = 3
    """Puts the page sensed before into the output register."""

    CLEAR = 4
    DELIVER = 5
    USE = 6


_ROLES = {
    Role.READ: Does.SENSE,
    Role.CACHE_READ: Does.SENSE_NEXT,
    Role.CACHE_READ_END: Does.MOVE,
    Role.DATA_OUT: Does.DELIVER,
}
_AT_END = (Does.SENSE, Does.SENSE_NEXT, Does.MOVE)
_PUTS = np.array([does in (*_AT_END, Does.BEGIN, Does.CLEAR) for does in Does])
_SENSES = np.array([does in (Does.BEGIN, Does.SENSE, Does.SENSE_NEXT, Does.CLEAR) for does in Does])


@dataclass(frozen=True, slots=True)
class Registers:
    """`deliveries` has a row per target of a DATA_OUT that started, `values` one per value that was put
    into an output register. Events are given by their position in the batch.

    Columns of `deliveries`: `position` of the OP_START, `row` of the segment, `die`, `plane`, `block`,
    `page`, and `held_block` and `held_page`, what the register held: NULL where unknown, EMPTY where
    nothing.
    Columns of `values`: `row` of the segment that sensed it, `run_row`, `die`, `plane`, `block`, `page`,
    `put` (the event that put it there), `lost` (the one that replaced it before it was delivered or
    used up, NEVER if none did) and `at_end` (1 where it waits for that still when the run is over).
    """

    deliveries: dict[str, Int64s]
    values: dict[str, Int64s]


def derive_registers(batch: Batch, segments: Segments, starts: Int64s, ends: Int64s) -> Registers:
    """Build the tables; `starts` and `ends` are the rows in `segments` of OP_STARTs and OP_ENDs."""
    events = _in_order(batch, [*_starts(batch, segments, starts), *_ends(batch, segments, ends)])
    columns = _with_begins(batch, events)
    sensed = _last_true(_SENSES[columns["does"]])
    puts = _last_true(_PUTS[columns["does"]])
    value = _values(columns, sensed, puts)
    return Registers(_deliveries(columns, value), _fates(columns, value))


def _does(batch: Batch, segments: Segments, rows: Int64s) -> Int64s:
    """What the segments in `rows` do to registers, by their bases; -1 for nothing."""
    rules = batch.rules
    latches = {base.fills for base in rules.bases.values() if base.role is Role.READ} - {None}
    table = np.full(len(batch.names) + 1, -1, np.int64)
    for name, base in rules.bases.items():
        what = _ROLES.get(base.role)
        if base.role in _USERS and latches.intersection(base.frees):
            what = Does.USE
        if what is not None and batch.code(name) >= 0:
            table[batch.code(name)] = what
    codes = segments.base[rows]
    does: Int64s = table[np.where(codes < 0, len(table) - 1, codes)]
    return does


_USERS = (Role.PROGRAM, Role.LOAD)


def _starts(batch: Batch, segments: Segments, rows: Int64s) -> list[dict[str, Int64s]]:
    """What the OP_STARTs do: deliveries and uses at their targets, resets on all planes."""
    positions = batch.rows("OP_START")
    known = np.flatnonzero(rows >= 0)
    rows, positions = rows[known], positions[known]
    does = _does(batch, segments, rows)
    parts = [
        _at_targets(segments, rows[does == what], positions[does == what], what)
        for what in (Does.DELIVER, Does.USE)
    ]
    for role in (Role.RESET, Role.RESET_LUN):
        names = [name for name, base in batch.rules.bases.items() if base.role is role]
        mine = np.isin(segments.base[rows], batch.codes(names))
        dies = segments.die[rows[mine]] if role is Role.RESET_LUN else None
        parts.append(_on_dies(batch.rules, rows[mine], positions[mine], dies))
    return parts


def _ends(batch: Batch, segments: Segments, rows: Int64s) -> list[dict[str, Int64s]]:
    """What the OP_ENDs of completed ops do at their targets."""
    outcome = batch.column("OP_END", "outcome")
    known = np.flatnonzero(
        (rows >= 0) & ((outcome == batch.code(Outcome.COMPLETED)) | (outcome == NULL))
    )
    rows, positions = rows[known], batch.rows("OP_END")[known]
    does = _does(batch, segments, rows)
    return [
        _at_targets(segments, rows[does == what], positions[does == what], what) for what in _AT_END
    ]


def _at_targets(
    segments: Segments, rows: Int64s, positions: Int64s, does: Does
) -> dict[str, Int64s]:
    """A row per target of the segments in `rows`."""
    table = segments.targets
    counts = table.counts[rows]
    places = item_places(table, rows)
    columns = {
        name: table.columns[name][places] if table.columns else places
        for name in ("die", "plane", "block", "page")
    }
    return columns | {
        "row": np.repeat(rows, counts),
        "position": np.repeat(positions, counts),
        "does": np.full(len(places), does, np.int64),
    }


def _on_dies(
    rules: DeviceRules, rows: Int64s, positions: Int64s, dies: Int64s | None
) -> dict[str, Int64s]:
    """A row per plane of the dies that resets clear; of all dies where none are given."""
    planes = rules.planes or 0
    if dies is None:
        of_all = np.arange(rules.dies or 0)
        dies = np.tile(of_all, len(rows))
        rows, positions = np.repeat(rows, len(of_all)), np.repeat(positions, len(of_all))
    count = len(rows) * planes
    return {
        "die": np.repeat(dies, planes),
        "plane": np.tile(np.arange(planes), len(rows)),
        "block": np.full(count, NULL, np.int64),
        "page": np.full(count, NULL, np.int64),
        "row": np.repeat(rows, planes),
        "position": np.repeat(positions, planes),
        "does": np.full(count, Does.CLEAR, np.int64),
    }


def _in_order(batch: Batch, parts: list[dict[str, Int64s]]) -> dict[str, Int64s]:
    """All parts by plane and then by time; what is not on the device is left out."""
    dies, planes = batch.rules.dies or 0, batch.rules.planes or 0
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    die, plane = joined["die"], joined["plane"]
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < planes)
    joined = {name: values[inside] for name, values in joined.items()}
    place = joined["die"] * planes + joined["plane"]
    order = np.argsort(place * len(batch) + joined["position"], kind="stable")
    return {name: values[order] for name, values in joined.items()} | {"place": place[order]}


def _with_begins(batch: Batch, events: dict[str, Int64s]) -> dict[str, Int64s]:
    """Put a BEGIN before the first event of every plane in every run."""
    run_row = batch.run_row[events["position"]]
    first = np.ones(len(run_row), np.bool_)
    first[1:] = (run_row[1:] != run_row[:-1]) | (events["place"][1:] != events["place"][:-1])
    begins = np.flatnonzero(first)
    columns = {name: np.insert(values, begins, values[begins]) for name, values in events.items()}
    columns["run_row"] = np.insert(run_row, begins, run_row[begins])
    columns["does"][begins + np.arange(len(begins))] = Does.BEGIN
    return columns


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
    names = ("position", "row", "die", "plane", "block", "page")
    found = {name: columns[name][places] for name in names}
    for name in ("block", "page"):
        held = np.where(value[places] >= 0, columns[name][value[places]], value[places])
        found[f"held_{name}"] = np.where(value[places] == UNKNOWN, NULL, held)
    return found


def _fates(columns: dict[str, Int64s], value: Int64s) -> dict[str, Int64s]:
    """When each value was put into its output register, and when it was lost, if it was.

    It is lost to the put that replaces it, but not to a reset or at the begin of a run.
    """
    count, held = len(value), value >= 0
    put, left, delivered = (np.full(count, NEVER, np.int64) for _ in range(3))
    changes = np.ones(count, np.bool_)
    changes[1:] = value[1:] != value[:-1]
    entered = np.flatnonzero(changes & held)
    put[value[entered]] = columns["position"][entered]
    gone = np.flatnonzero(changes[1:] & held[:-1]) + 1
    by_put = np.isin(columns["does"][gone], _AT_END)
    left[value[gone - 1]] = np.where(by_put, columns["position"][gone], NEVER)
    taken = np.flatnonzero(held & (columns["does"] >= Does.DELIVER))[::-1]
    delivered[value[taken]] = columns["position"][taken]
    ids = np.unique(value[entered])
    lost = np.where(delivered[ids] < left[ids], NEVER, left[ids])
    stays = np.ones(count, np.bool_)
    stays[value[gone[columns["does"][gone] != Does.BEGIN] - 1]] = False
    at_end = stays[ids] & (delivered[ids] == NEVER)
    names = ("row", "die", "plane", "block", "page", "run_row")
    found = {name: columns[name][ids] for name in names}
    return found | {"put": put[ids], "lost": lost, "at_end": at_end.astype(np.int64)}
