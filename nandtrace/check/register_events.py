"""Register events: what starts and ends do to the registers of planes, in the order of planes and time."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.carry import LeftEvent
from nandtrace.check.items import item_places
from nandtrace.check.rules import DeviceRules
from nandtrace.check.run_ends import last_of_stretch
from nandtrace.check.segments import Segments
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome, Role


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


AT_END = (Does.SENSE, Does.SENSE_NEXT, Does.MOVE)
"""What ops do when they are completed."""

_ROLES = {
    Role.READ: Does.SENSE,
    Role.CACHE_READ: Does.SENSE_NEXT,
    Role.CACHE_READ_END: Does.MOVE,
    Role.DATA_OUT: Does.DELIVER,
}
_USERS = (Role.PROGRAM, Role.LOAD)

_COLUMNS = ("does", "seg", "die", "plane", "block", "page")


def register_events(
    batch: Batch, segments: Segments, starts: Int64s, ends: Int64s, left: Iterable[LeftEvent]
) -> dict[str, Int64s]:
    """A row per event and plane, by plane and then by time: `does`, `position` in the batch, `seg`, `die`,
    `plane`, `block`, `page`, `run_row` and `own`. What is not on the device is left out.

    `starts` and `ends` are the rows in `segments` of OP_STARTs and OP_ENDs. `left` are events that leave
    the registers as the run before the batch left them; theirs is `own` 0. A stretch of runs of which
    each but the last is CARRIED is one history: `run_row` is its last run, and a BEGIN stands before the
    first event of every plane in it.
    """
    parts = [
        _left_over(left),
        *_starts(batch, segments, starts),
        *_ends(batch, segments, ends),
    ]
    return _with_begins(batch, _in_order(batch, parts))


def _left_over(left: Iterable[LeftEvent]) -> dict[str, Int64s]:
    """Rows at the begin of the batch."""
    table = np.array(list(left), np.int64).reshape(-1, len(_COLUMNS))
    columns = {name: table[:, place] for place, name in enumerate(_COLUMNS)}
    nothing = np.zeros(len(table), np.int64)
    return columns | {"position": nothing, "own": nothing}


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
        parts.append(_on_dies(batch.rules, segments.seg[rows[mine]], positions[mine], dies))
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
        _at_targets(segments, rows[does == what], positions[does == what], what) for what in AT_END
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
        "seg": np.repeat(segments.seg[rows], counts),
        "position": np.repeat(positions, counts),
        "does": np.full(len(places), does, np.int64),
        "own": np.ones(len(places), np.int64),
    }


def _on_dies(
    rules: DeviceRules, seg: Int64s, positions: Int64s, dies: Int64s | None
) -> dict[str, Int64s]:
    """A row per plane of the dies that resets clear; of all dies where none are given."""
    planes = rules.planes or 0
    if dies is None:
        of_all = np.arange(rules.dies or 0)
        dies = np.tile(of_all, len(seg))
        seg, positions = np.repeat(seg, len(of_all)), np.repeat(positions, len(of_all))
    count = len(seg) * planes
    return {
        "die": np.repeat(dies, planes),
        "plane": np.tile(np.arange(planes), len(seg)),
        "block": np.full(count, NULL, np.int64),
        "page": np.full(count, NULL, np.int64),
        "seg": np.repeat(seg, planes),
        "position": np.repeat(positions, planes),
        "does": np.full(count, Does.CLEAR, np.int64),
        "own": np.ones(count, np.int64),
    }


def _in_order(batch: Batch, parts: list[dict[str, Int64s]]) -> dict[str, Int64s]:
    """All parts by plane and then by time, what is left over first."""
    dies, planes = batch.rules.dies or 0, batch.rules.planes or 0
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    die, plane = joined["die"], joined["plane"]
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < planes)
    joined = {name: values[inside] for name, values in joined.items()}
    place = joined["die"] * planes + joined["plane"]
    order = np.argsort(place * len(batch) + joined["position"], kind="stable")
    return {name: values[order] for name, values in joined.items()} | {"place": place[order]}


def _with_begins(batch: Batch, events: dict[str, Int64s]) -> dict[str, Int64s]:
    """Put a BEGIN before the first event of every plane in every stretch."""
    run_row = last_of_stretch(batch)[batch.run_row[events["position"]]]
    first = np.ones(len(run_row), np.bool_)
    first[1:] = (run_row[1:] != run_row[:-1]) | (events["place"][1:] != events["place"][:-1])
    begins = np.flatnonzero(first)
    columns = {name: np.insert(values, begins, values[begins]) for name, values in events.items()}
    columns["run_row"] = np.insert(run_row, begins, run_row[begins])
    columns["does"][begins + np.arange(len(begins))] = Does.BEGIN
    return columns
