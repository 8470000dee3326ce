"""The workload: one run of a two-die device as columns, moved in time and ids for every further run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.timeline import BLOCKS, CELLTYPE, DIES, PLANES, DieTimeline, Event
from nandtrace import NAND, Recorder, Topology
from nandtrace.vocab import NULL, Column, ColumnType, Kind
from nandtrace.vocab.nand import NEVER_ERASED

Int64s = npt.NDArray[np.int64]
Snapshot = dict[str, Any]

RUN_EVENTS = 50_000
"""About so many events a run, and at least two runs of whatever is asked for."""

_EVENTS_PER_PAGE = 316
"""About what one page of every block costs, reads included."""

_SEG_COLUMNS = frozenset({"seg", "by_seg"})
_DURATIONS = frozenset({"remaining_ns"})


@dataclass(frozen=True, slots=True)
class Workload:
    """`runs` runs, each the template moved by its duration and by the ids it uses."""

    events: tuple[Event, ...]
    runs: int
    pages: int
    duration_ns: int
    ids: int
    time_ns: Int64s
    kind: Int64s
    tables: dict[str, dict[str, Any]]

    @property
    def total_events(self) -> int:
        return self.runs * self.run_events

    @property
    def run_events(self) -> int:
        """Events of a run with its RUN_BEGIN and RUN_END."""
        return len(self.events) + 2

    def begin_snapshot(self, run: int) -> Snapshot:
        """The state at a run's begin: nothing in flight, blocks as the run before left them."""
        empty: list[list[int]] = [[] for _ in range(DIES)]
        modes: list[str | None] = [CELLTYPE if run else None] * (DIES * BLOCKS)
        return {
            "ongoing": empty,
            "suspended_erase": empty,
            "suspended_program": empty,
            "pending": [],
            "addr_state": [self.pages - 1 if run else NEVER_ERASED] * (DIES * BLOCKS),
            "cell_modes": modes,
        }

    def columns_of(self, run: int) -> tuple[Int64s, dict[str, dict[str, Any]]]:
        """Times and tables of a run, as `Recorder.bulk` takes them."""
        shift_ns, shift_id = run * self.duration_ns, run * self.ids
        tables = {
            name: {
                column: _moved(NAND.by_name[name], column, values, shift_ns, shift_id)
                for column, values in table.items()
            }
            for name, table in self.tables.items()
        }
        return self.time_ns + shift_ns, tables


def build_workload(events: int, seed: int = 1) -> Workload:
    """A workload of about `events` events, in at least two runs."""
    pages = max(1, min(RUN_EVENTS, events // 2) // _EVENTS_PER_PAGE)
    dies = [DieTimeline(die, seed) for die in range(DIES)]
    for die in dies:
        die.fill(pages)
    merged = sorted((event for die in dies for event in die.events), key=lambda item: item.time_ns)
    kinds = [NAND.by_name[event.kind].code for event in merged]
    return Workload(
        events=tuple(merged),
        runs=max(2, round(events / (len(merged) + 2))),
        pages=pages,
        duration_ns=max(die.now_ns for die in dies),
        ids=DIES * max(die.segments for die in dies),
        time_ns=np.array([event.time_ns for event in merged], np.int64),
        kind=np.array(kinds, np.int64),
        tables=_tables(merged),
    )


@contextmanager
def open_recorder(path: str | os.PathLike[str], compress: bool = False) -> Iterator[Recorder]:
    """A recorder for the workload's device."""
    topology = Topology(dies=DIES, planes=PLANES, blocks_per_die=BLOCKS, pages_per_block=1024)
    with Recorder(
        path,
        topology=topology,
        program_bases=["PROGRAM_SLC"],
        celltype_compatible={CELLTYPE: []},
        identity={"workload": "benchmarks"},
        compress=compress,
    ) as recorder:
        yield recorder


def write_bulk(
    path: str | os.PathLike[str],
    workload: Workload,
    *,
    compress: bool = False,
    changed_run: int | None = None,
) -> float:
    """Write the workload run by run in bulk; returns the seconds spent in the recorder.

    In `changed_run` one event differs: its first COMMIT ends 10 ns later.
    """
    seconds = 0.0
    with open_recorder(path, compress) as recorder:
        for run in range(workload.runs):
            time_ns, tables = workload.columns_of(run)
            if run == changed_run:
                tables["COMMIT"]["end_ns"][0] += 10
            begin_ns = run * workload.duration_ns
            end_ns = begin_ns + workload.duration_ns
            before, after = workload.begin_snapshot(run), workload.begin_snapshot(run + 1)
            started = time.perf_counter()
            recorder.begin_run(begin_ns, run_until_ns=end_ns, snapshot=before)
            recorder.bulk(time_ns, workload.kind, tables)
            recorder.end_run(end_ns, snapshot=after, end="DRAINED")
            seconds += time.perf_counter() - started
        started = time.perf_counter()
    return seconds + time.perf_counter() - started


def _tables(events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    return {name: _table(NAND.by_name[name], rows) for name, rows in by_kind.items()}


def _table(kind: Kind, rows: Sequence[Event]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for column in kind.columns:
        values = [row.values.get(column.name) for row in rows]
        if any(value is not None for value in values):
            table[column.name] = _column(column, values)
    items = [item for row in rows for item in row.items]
    if items:
        (entry,) = kind.lists
        table[entry.name] = {"count": np.array([len(row.items) for row in rows], np.int64)} | {
            column.name: _integers([item[at] for item in items])
            for at, column in enumerate(entry.columns)
        }
    return table


def _column(column: Column, values: list[Any]) -> Any:
    if column.type != ColumnType.NAME:
        return _integers(values)
    strings = sorted({value for value in values if value is not None})
    codes = {text: code for code, text in enumerate(strings)}
    return _integers([codes.get(value) for value in values]), strings


def _integers(values: list[int | None]) -> Int64s:
    return np.array([NULL if value is None else value for value in values], np.int64)


def _moved(kind: Kind, name: str, values: Any, shift_ns: int, shift_id: int) -> Any:
    column = next((item for item in kind.columns if item.name == name), None)
    if column is None or column.type == ColumnType.NAME:
        return values
    if name in _SEG_COLUMNS or name == "op":
        return values + shift_id
    if column.type == ColumnType.TIME and name not in _DURATIONS:
        return values + shift_ns
    return values
