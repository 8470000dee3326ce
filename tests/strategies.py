"""Hypothesis strategies, and a trace with every kind of event, that several tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from nandtrace.trace import Header, ListTable, Table
from nandtrace.vocab import NAND, NULL, Column, ColumnType, Kind

Row = tuple[int, int, int, tuple[Any, ...], list[tuple[Any, ...]]]
"""Kind's code, time, run, values (a name as a string), items of the kind's first list."""

int64s = st.one_of(
    st.integers(-3, 300),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([NULL, NULL + 1, -(2**62) - 1, -(2**62), 2**62, 2**62 + 1, 2**63 - 1]),
)
names = st.one_of(st.none(), st.sampled_from(["ERASE", "PROGRAM", "µ", ""]), st.text(max_size=3))


def _value(column: Column) -> st.SearchStrategy[Any]:
    return names if column.type == ColumnType.NAME else int64s


@st.composite
def rows_of(draw: st.DrawFn, kind: Kind) -> Row:
    """One event of a kind, its values anything that a column takes."""
    values = draw(st.tuples(*(_value(column) for column in kind.columns)))
    items: list[tuple[Any, ...]] = []
    if kind.lists:
        item = st.tuples(*(_value(column) for column in kind.lists[0].columns))
        items = draw(st.lists(item, max_size=3))
    return kind.code, draw(int64s), draw(int64s), values, items


rows = st.lists(st.sampled_from(NAND.kinds).flatmap(rows_of), max_size=24)


def bulk_tables(writer: Any, given: list[Row]) -> dict[str, Table]:
    """Rows as the columns that TraceWriter.append_columns takes."""
    tables = {}
    for kind in NAND.kinds:
        mine = [row for row in given if row[0] == kind.code]
        if not mine or not (kind.columns or kind.lists):
            continue
        columns = {
            column.name: np.array([writer.codes[v] if isinstance(v, str | None) else v for v in at])
            for column, at in zip(
                kind.columns, zip(*(row[3] for row in mine), strict=True), strict=True
            )
        }
        lists = {}
        for item in kind.lists:
            flat = [values for row in mine for values in row[4]]
            lists[item.name] = ListTable(
                np.array([len(row[4]) for row in mine]),
                {
                    column.name: np.array([values[at] for values in flat], np.int64)
                    for at, column in enumerate(item.columns)
                },
            )
        tables[kind.name] = Table(columns, lists)
    return tables


NAND_HEADER = Header(NAND, {"seed": 7}, {"program_bases": ["PROGRAM_SLC"]})

TARGETS = [(0, 0, 4, 3), (0, 1, 5, 3)]
COMMIT = {"op_name": "Read", "base": "READ", "source": "PROPOSAL", "start_ns": 10, "end_ns": 20}
INNER_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("hook", {"time_ns": 1, "hook": "PHASE_HOOK", "die": 0}),
    ("propose", {"time_ns": 1, "phase_key": "READ.DATA_OUT", "reason": "busy"}),
    ("commit", {"time_ns": 2, "seg": 1, "op": 7, "targets": TARGETS, **COMMIT}),
    ("commit", {"time_ns": 2, "seg": 2, "targets": [(0, 0, 0, None)], **COMMIT}),
    ("op_start", {"time_ns": 10, "seg": 1}),
    ("state", {"time_ns": 10, "seg": 1, "state": "CORE_BUSY", "until_ns": 19, "bus": False}),
    ("suspend", {"time_ns": 12, "die": 0, "axis": "ERASE", "op": 7, "remaining_ns": 8}),
    ("cancel", {"time_ns": 12, "seg": 1, "event": "OP_END", "due_ns": 20, "reason": "SUSPEND"}),
    ("op_end", {"time_ns": 12, "seg": 1, "outcome": "SUSPENDED"}),
    ("resume", {"time_ns": 13, "die": 0, "axis": "ERASE", "op": 7, "by_seg": 2}),
    ("apply_erase", {"time_ns": 20, "seg": 1, "cells": [(0, 4), (0, 5)], "celltype": "SLC"}),
    ("apply_pgm", {"time_ns": 20, "seg": 1, "cells": [(0, 4, 0)], "celltype": "µSLC"}),
    ("latch", {"time_ns": 20, "on": True, "die": 0, "plane": 0, "latch": "READ"}),
    ("cache", {"time_ns": 20, "on": False, "die": 0, "plane": 1, "cache": "CACHE_READ"}),
    ("odt", {"time_ns": 20, "on": True, "die": 0}),
    ("backlog", {"time_ns": 20, "on": True, "op": None, "op_name": "Read"}),
    ("bootstrap", {"time_ns": 20, "stage": "ERASE_ALL"}),
    ("drain_begin", {"time_ns": 20, "pending": 2}),
    ("drain_end", {"time_ns": 30, "delivered": 2}),
]
"""Every kind but the two that bound a run."""


def every_kind(runs: int = 3) -> list[tuple[str, dict[str, Any]]]:
    """Recorder calls with every kind of the NAND vocabulary, 21 events a run."""
    calls: list[tuple[str, dict[str, Any]]] = []
    for run in range(runs):
        begin = {"ongoing": [[]], "addr_state": [-2, run], "metrics": {"hooks": 0.5, "why": None}}
        calls.append(("begin_run", {"time_ns": 0, "run_until_ns": 25, "snapshot": begin}))
        calls += INNER_CALLS
        end = {"ongoing": [[7, None]], "pending": [[40, "OP_END", 3]], "cell_modes": [None, "SLC"]}
        calls.append(("end_run", {"time_ns": 30, "snapshot": end, "end": "DRAINED", "hooks": 1}))
    return calls
