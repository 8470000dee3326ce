"""Folding: the events of runs, folded into the fields of their begin snapshots.

One code path for the check of end snapshots, over many runs at once, and for `state_at`. Blocks are
folded as arrays, runs by blocks; of the other fields only what a run changed is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.cells import Cells
from nandtrace.check.facts import Facts
from nandtrace.check.segments import MISSING
from nandtrace.check.stacks import Left
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis

_LARGEST_TABLE = 2**22

Moves = tuple[list[int | None], list[tuple[int, int | None]]]
"""Ops that leave a list, and those that then come to that of a die, in order."""

_NOBODY_KNOWS = (-1, None)
"""Where an event does not say which op comes, or to which die."""

Switches = list[tuple[tuple[int, int, str | None], int]]
"""(die, plane, word) and whether it is on."""


def fold_addresses(begin: Int64s, cells: Cells) -> Int64s:
    """Fold each run's APPLY events into its begin state: runs (rows) × blocks (columns)."""
    state = begin.copy()
    if not state.size:
        return state
    last = cells.last
    state[last["run_row"].to_numpy(), last["cell"].to_numpy()] = last["state"].to_numpy()
    return state


class Folding:
    """What the events of each run of a batch make of a field, given its value at the run's begin."""

    fields: ClassVar[tuple[str, ...]]
    """Those that can be folded, beside `addr_state`."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._tables: dict[str, Mapping[int, Any]] = {}

    def changes(self, row: int, field: str) -> bool:
        """Whether any event of the run is about the field."""
        return row in self._table(field)

    def value(self, row: int, field: str, begin: Any) -> Any:
        """The field after the run's events; None where they do not tell."""
        table = self._table(field)
        return _FIELDS[field][1](begin, table[row]) if row in table else begin

    def _table(self, field: str) -> Mapping[int, Any]:
        """What the events say of the field, by row of the run, where they say anything."""
        if field not in self._tables:
            self._tables[field] = _FIELDS[field][0](self._facts)
        return self._tables[field]


def _modes(facts: Facts) -> dict[int, list[tuple[int, str | None]]]:
    last = facts.cells.last.filter(facts.cells.last["erased"] == 1)
    found: dict[int, list[tuple[int, str | None]]] = {}
    rows = zip(*(last[name].to_list() for name in ("run_row", "cell", "mode")), strict=True)
    for row, cell, mode in rows:
        name = None if mode is None else facts.batch.name(mode)
        found.setdefault(row, []).append((cell, name))
    return found


def _ongoing(facts: Facts) -> dict[int, Moves]:
    segments = facts.segments
    found: dict[int, Moves] = {}
    closed = (segments.ends > 0) | (segments.cuts > 0) | (segments.resets > 0)
    taken = (segments.carried == 1) & (segments.owes_end > 0) & closed
    for place in np.flatnonzero(taken).tolist():
        gone, came = found.setdefault(int(segments.run_row[place]), ([], []))
        gone.append(_id(segments.op[place]))
        if segments.base[place] == NULL:
            came.append(_NOBODY_KNOWS)
    started = np.flatnonzero((segments.last_start != MISSING) & ~closed)
    for place in started[np.argsort(segments.last_start[started], kind="stable")].tolist():
        _, came = found.setdefault(int(segments.run_row[place]), ([], []))
        came.append((int(segments.die[place]), _id(segments.op[place])))
    return found


def _suspended(facts: Facts) -> dict[int, Left]:
    return facts.suspends.left


def _latches(facts: Facts) -> dict[int, Switches]:
    return _switches(facts.batch, "LATCH", "latch")


def _caches(facts: Facts) -> dict[int, Switches]:
    return _switches(facts.batch, "CACHE", "cache")


def _odt(facts: Facts) -> dict[int, list[tuple[int, int]]]:
    batch = facts.batch
    found: dict[int, list[tuple[int, int]]] = {}
    rows = batch.run_row[batch.rows("ODT")].tolist()
    columns = (batch.column("ODT", name).tolist() for name in ("die", "on"))
    for row, die, on in zip(rows, *columns, strict=True):
        found.setdefault(row, []).append((die, on))
    return found


def _backlog(facts: Facts) -> dict[int, Moves]:
    batch = facts.batch
    rows = batch.run_row[batch.rows("BACKLOG")]
    op, die, on = (batch.column("BACKLOG", name) for name in ("op", "die", "on"))
    found: dict[int, Moves] = {
        row: ([], [_NOBODY_KNOWS]) for row in np.unique(rows[(op == NULL) | (die == NULL)]).tolist()
    }
    for place in _last_of(rows, op).tolist():
        gone, came = found.setdefault(int(rows[place]), ([], []))
        gone.append(int(op[place]))
        if on[place] == 1:
            came.append((int(die[place]), int(op[place])))
    return found


def _id(value: Any) -> int | None:
    return None if value == NULL else int(value)


def _switches(batch: Batch, kind: str, word: str) -> dict[int, Switches]:
    """The last LATCH or CACHE event of every plane and word, by run."""
    rows = batch.run_row[batch.rows(kind)]
    if not len(rows):
        return {}
    die, plane, name, on = (batch.column(kind, item) for item in ("die", "plane", word, "on"))
    words = int(name.max()) + 1
    columns = ((rows, len(batch.runs)), (die, _count(die)), (plane, _count(plane)), (name, words))
    key, size = np.zeros(len(rows), np.int64), 1
    for values, count in columns:
        key, size = key * count + values, size * count
    found: dict[int, Switches] = {}
    for place in _last_places(key, size):
        entry = (int(die[place]), int(plane[place]), batch.name(int(name[place])))
        found.setdefault(int(rows[place]), []).append((entry, int(on[place])))
    return found


def _count(values: Int64s) -> int:
    return int(values.max()) + 1


def _last_places(key: Int64s, size: int) -> list[int]:
    """Where each key occurs last."""
    low = int(key.min())
    if low < 0 or size > _LARGEST_TABLE:
        _, places = np.unique(key[::-1], return_index=True)
        ordered: list[int] = (len(key) - 1 - places).tolist()
        return ordered
    table = np.full(size, -1, np.int64)
    table[key] = np.arange(len(key))
    found: list[int] = table[table >= 0].tolist()
    return found


def _last_of(rows: Int64s, op: Int64s) -> Int64s:
    """Places of the last event of every run and op, in order."""
    order = np.lexsort((np.arange(len(rows)), op, rows))
    last = np.ones(len(order), np.bool_)
    last[:-1] = (rows[order[1:]] != rows[order[:-1]]) | (op[order[1:]] != op[order[:-1]])
    return np.sort(order[last])


def _with_modes(begin: list[str | None], changes: list[tuple[int, str | None]]) -> Any:
    modes = list(begin)
    for cell, mode in changes:
        if cell >= len(modes):
            return None
        modes[cell] = mode
    return modes


def _moved(begin: list[list[int | None]], moves: Moves) -> Any:
    gone, came = moves
    lists = [list(ops) for ops in begin]
    for op in gone:
        for ops in lists:
            if op in ops:
                ops.remove(op)
    for die, op in came:
        if not 0 <= die < len(lists):
            return None
        lists[die].append(op)
    return lists


def _stacked(axis: Axis) -> Callable[[list[Any], Left], Any]:
    def fold(begin: list[Any], left: Left) -> Any:
        return [left.get((axis, die), []) for die in range(len(begin))]

    return fold


def _switched(begin: list[list[Any]], switches: Switches) -> Any:
    on: set[tuple[Any, ...]] = {tuple(entry) for entry in begin}
    for entry, is_on in switches:
        (on.add if is_on else on.discard)(entry)
    return sorted(list(entry) for entry in on)


def _disabled(begin: list[int], switches: list[tuple[int, int]]) -> Any:
    disabled = set(begin)
    for die, on in switches:
        (disabled.discard if on else disabled.add)(die)
    return sorted(disabled)


_FIELDS: dict[str, tuple[Callable[[Facts], Mapping[int, Any]], Callable[[Any, Any], Any]]] = {
    "cell_modes": (_modes, _with_modes),
    "ongoing": (_ongoing, _moved),
    "suspended_erase": (_suspended, _stacked(Axis.ERASE)),
    "suspended_program": (_suspended, _stacked(Axis.PROGRAM)),
    "latches": (_latches, _switched),
    "caches": (_caches, _switched),
    "odt_disabled": (_odt, _disabled),
    "backlog": (_backlog, _moved),
}
"""By field, what events say of it in each run, and how that is folded into its begin."""

Folding.fields = tuple(_FIELDS)
