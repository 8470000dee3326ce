"""The workload event by event: as plain rows for the peers, as calls for the recorder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.workload import Workload
from nandtrace import NAND, Recorder
from nandtrace.vocab import ColumnType

_METHODS = {
    "COMMIT": "commit",
    "OP_START": "op_start",
    "OP_END": "op_end",
    "SUSPEND": "suspend",
    "RESUME": "resume",
    "CANCEL": "cancel",
    "APPLY_ERASE": "apply_erase",
    "APPLY_PGM": "apply_pgm",
}
_LIST_ARGUMENT = {"COMMIT": "targets", "APPLY_ERASE": "cells", "APPLY_PGM": "cells"}
_TAKEN_FROM_TIME = {"SUSPEND": "at_ns"}


class Row(NamedTuple):
    """An event as peers hold it: names as numbers of a table of strings, which is the peers' best case."""

    time_ns: int
    run: int
    kind: int
    values: tuple[int | None, ...]
    items: tuple[tuple[int | None, ...], ...]


class Call(NamedTuple):
    """A method of the recorder and its arguments; begin_run and end_run among them."""

    method: str
    arguments: dict[str, Any]


def rows_of(workload: Workload, limit: int) -> list[Row]:
    """The first `limit` events of the workload, run boundaries left out."""
    names: dict[str, int] = {}
    rows: list[Row] = []
    for run in range(workload.runs):
        for row in _rows_of_run(workload, run, names):
            if len(rows) == limit:
                return rows
            rows.append(row)
    return rows


def _rows_of_run(workload: Workload, run: int, names: dict[str, int]) -> Iterator[Row]:
    for kind, values, items in _moved_events(workload, run):
        entry = NAND.by_name[kind]
        plain = tuple(
            names.setdefault(value, len(names)) if isinstance(value, str) else value
            for value in (values.get(column.name) for column in entry.columns)
        )
        yield Row(values["time_ns"], run, entry.code, plain, items)


def calls_of(workload: Workload, runs: int) -> list[Call]:
    """The first runs of the workload as calls of the recorder, run boundaries included."""
    calls: list[Call] = []
    for run in range(runs):
        begin_ns, end_ns = run * workload.duration_ns, (run + 1) * workload.duration_ns
        before, after = workload.begin_snapshot(run), workload.begin_snapshot(run + 1)
        begin = {"time_ns": begin_ns, "run_until_ns": end_ns, "snapshot": before}
        calls.append(Call("begin_run", begin))
        for kind, values, items in _moved_events(workload, run):
            values.pop(_TAKEN_FROM_TIME.get(kind, ""), None)
            if kind in _LIST_ARGUMENT:
                values[_LIST_ARGUMENT[kind]] = items
            calls.append(Call(_METHODS[kind], values))
        calls.append(Call("end_run", {"time_ns": end_ns, "snapshot": after, "end": "DRAINED"}))
    return calls


def play(recorder: Recorder, calls: list[Call]) -> None:
    """Hand every call to the recorder."""
    methods: dict[str, Callable[..., Any]] = {
        name: getattr(recorder, name) for name in ("begin_run", "end_run", *_METHODS.values())
    }
    for method, arguments in calls:
        methods[method](**arguments)


def _moved_events(
    workload: Workload, run: int
) -> Iterator[tuple[str, dict[str, Any], tuple[tuple[int | None, ...], ...]]]:
    shift_ns, shift_id = run * workload.duration_ns, run * workload.ids
    moves = {
        kind.name: {
            column.name: shift_ns if column.type == ColumnType.TIME else shift_id
            for column in kind.columns
            if column.name in ("seg", "by_seg", "op")
            or (column.type == ColumnType.TIME and column.name != "remaining_ns")
        }
        for kind in NAND.kinds
    }
    for event in workload.events:
        move = moves[event.kind]
        values = {
            name: value + move[name] if name in move else value
            for name, value in event.values.items()
        }
        yield event.kind, {"time_ns": event.time_ns + shift_ns, **values}, event.items
