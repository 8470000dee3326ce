"""Cells: every block erased and page programmed, with what the block was before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry
from nandtrace.check.event_batch import State
from nandtrace.check.items import item_rows
from nandtrace.check.rules import DeviceRules
from nandtrace.check.tables import to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import ERASED, NEVER_ERASED


@dataclass(frozen=True, slots=True)
class Cells:
    """`frame` has a row per cell of an APPLY, ordered by block and then by time.

    Columns: `seq`, `run_row`, `seg`, `die`, `block`, `page` (null for an erase), `erase` (0 or 1),
    `celltype` (null for an aborted erase), `cell` (die-major number of the block), `before` and
    `after` (the block's `addr_state`; null if unknown), `mode` (code of the cell type it was last
    erased with, null if unknown). Cells that are not of the device are left out: `address-in-range`
    reports them.
    `last` is, per run and cell, the state after the run's last APPLY: columns `run_row`, `cell`,
    `state`, `erased` (whether the run erased it), `mode` (code of the cell type of its last erase in
    the run, null if it was aborted). `begin` are the states at the runs' begins, as of `begin_states`.
    """

    frame: pl.DataFrame
    last: pl.DataFrame
    begin: Int64s


def derive_cells(batch: Batch, carry: Carry) -> Cells:
    """Build the tables from APPLY_ERASE, APPLY_PGM and the begin snapshots."""
    rows = _applied(batch)
    rows["cell"] = cell_numbers(batch.rules, rows["die"], rows["block"])
    known = np.flatnonzero(rows["cell"] >= 0)
    rows = {name: values[known] for name, values in rows.items()}
    order = _by_cell(rows["cell"])
    rows = {name: values[order] for name, values in rows.items()}
    first = _changes(rows["cell"])
    first_of_run = first | _changes(rows["run_row"])
    state = _states_after(rows)
    before = np.empty(len(state), np.int64)
    before[1:] = state[:-1]
    starts = np.flatnonzero(first_of_run)
    matrix = begin_states(batch)
    before[starts] = (
        matrix[rows["run_row"][starts], rows["cell"][starts]] if matrix.shape[1] else NULL
    )
    rows["before"], rows["after"] = before, state
    del rows["aborted"]
    rows["mode"] = _modes(batch, carry, rows, first)
    ends = np.flatnonzero(np.append(first_of_run[1:], True)) if len(state) else starts
    last = {"run_row": rows["run_row"][ends], "cell": rows["cell"][ends], "state": state[ends]}
    last |= _last_modes(rows, starts, ends)
    return Cells(to_frame(rows), to_frame(last), matrix)


def _states_after(rows: dict[str, Int64s]) -> Int64s:
    state = np.where(rows["erase"] == 1, ERASED, rows["page"])
    state[(rows["erase"] == 1) & (rows["aborted"] == 1)] = NEVER_ERASED
    return state


def _last_modes(rows: dict[str, Int64s], starts: Int64s, ends: Int64s) -> dict[str, Int64s]:
    """Per run and cell, whose rows go from a start to an end: was it erased, and in which mode last."""
    places = np.where(rows["erase"] == 1, np.arange(len(rows["erase"])), -1)
    at = np.maximum.accumulate(places)[ends] if len(ends) else ends
    erased = at >= starts
    mode = np.where(erased, rows["celltype"][at], NULL) if len(ends) else ends
    return {"erased": erased.astype(np.int64), "mode": mode}


def cell_numbers(rules: DeviceRules, die: Int64s, block: Int64s) -> Int64s:
    """Die-major numbers of blocks; -1 for what is not of the device."""
    if rules.dies is None or rules.blocks_per_die is None:
        return np.full(len(die), -1, np.int64)
    inside = (die >= 0) & (die < rules.dies) & (block >= 0) & (block < rules.blocks_per_die)
    return np.where(inside, die * rules.blocks_per_die + block, -1)


def states_before(
    batch: Batch, cells: Cells, die: Int64s, block: Int64s, positions: Int64s
) -> Int64s:
    """The `addr_state` of blocks when the events at `positions` come; NULL where unknown."""
    cell = cell_numbers(batch.rules, die, block)
    run_row = batch.run_row[positions]
    found = np.full(len(cell), NULL, np.int64)
    known = cell >= 0
    if cells.begin.shape[1]:
        found[known] = cells.begin[run_row[known], cell[known]]
    rows, span = cells.frame, len(batch)
    applied = rows["cell"].to_numpy() * span + batch.positions(rows["seq"].to_numpy())
    place = np.searchsorted(applied, cell * span + positions) - 1
    near = np.flatnonzero(known & (place >= 0))
    near = near[
        (rows["cell"].to_numpy()[place[near]] == cell[near])
        & (rows["run_row"].to_numpy()[place[near]] == run_row[near])
    ]
    found[near] = rows["after"].fill_null(NULL).to_numpy()[place[near]]
    return found


def begin_states(batch: Batch) -> Int64s:
    """Per run (row) and cell (column), `addr_state` of the begin snapshot; NULL where unknown.

    Without columns where no snapshot has the device's number of blocks.
    """
    return _state_matrix(batch, batch.begin_states)


def end_states(batch: Batch) -> Int64s:
    """The same of the end snapshots."""
    return _state_matrix(batch, batch.end_states)


def _state_matrix(batch: Batch, states: list[State | None]) -> Int64s:
    cells = (batch.rules.dies or 0) * (batch.rules.blocks_per_die or 0)
    told = [state.get("addr_state") if state else None for state in states]
    fitting = {row: values for row, values in enumerate(told) if values and len(values) == cells}
    # A header may lie about its topology: nothing is allocated that no snapshot fills.
    matrix = np.full((len(states), cells if fitting else 0), NULL, np.int64)
    for row, values in fitting.items():
        matrix[row] = values
    return matrix


def _applied(batch: Batch) -> dict[str, Int64s]:
    parts: list[dict[str, Int64s]] = []
    for kind, erase in (("APPLY_ERASE", 1), ("APPLY_PGM", 0)):
        rows = item_rows(batch, kind, "cells", ("die", "block", "page"))
        counts = batch.items(kind, "cells").counts
        aborted, celltype = batch.column(kind, "aborted"), batch.column(kind, "celltype")
        rows["aborted"] = np.repeat(aborted, counts)
        # A block whose erase was aborted is in no mode.
        celltype = np.where(aborted == 1, NULL, celltype) if erase else celltype
        rows["celltype"] = np.repeat(celltype, counts)
        rows["erase"] = np.full(len(rows["seq"]), erase, np.int64)
        if erase:
            rows["page"] = np.full(len(rows["seq"]), NULL, np.int64)
        parts.append(rows)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["seq"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _by_cell(cell: Int64s) -> Int64s:
    small = len(cell) and int(cell.max()) < 2**16
    # numpy sorts 16-bit numbers by radix, far faster than it compares wider ones.
    key = cell.astype(np.uint16) if small else cell
    return np.argsort(key, kind="stable")


def _changes(values: Int64s) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    changes = np.ones(len(values), np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _modes(
    batch: Batch,
    carry: Carry,
    rows: dict[str, Int64s],
    first: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Int64s:
    """The cell type of the last erase of each row's block, before it."""
    count = len(first)
    places = np.arange(count)
    erased_at = np.maximum.accumulate(np.where(rows["erase"] == 1, places, -1))
    group_at = np.maximum.accumulate(np.where(first, places, 0))
    known = erased_at >= group_at
    modes = np.full(count, NULL, np.int64)
    modes[known] = rows["celltype"][erased_at[known]]
    initial = _initial_modes(batch, carry)
    if initial and not known.all():
        cells, place = np.unique(rows["cell"][~known], return_inverse=True)
        found = [initial.get(cell) for cell in cells.tolist()]
        codes = [NULL if mode is None else batch.code(mode) for mode in found]
        modes[~known] = np.array(codes, np.int64)[place]
    return modes


def _initial_modes(batch: Batch, carry: Carry) -> dict[int, str | None]:
    """Modes of the blocks when the batch begins: of the snapshot, else of the run before."""
    states = batch.begin_states
    listed = states[0].get("cell_modes") if states and states[0] else None
    if isinstance(listed, list):
        return dict(enumerate(listed))
    blocks = batch.rules.blocks_per_die or 0
    return {die * blocks + block: mode for (die, block), mode in carry.modes.items()}
