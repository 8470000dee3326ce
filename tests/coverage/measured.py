"""Traces measured, as plain maps that a test can compare."""

from __future__ import annotations

from pathlib import Path

from nandtrace.coverage import Table
from nandtrace.coverage.measuring import collect
from nandtrace.trace import TraceReader

Plain = dict[tuple[str, ...], int]


def tables_of(path: Path, batch_events: int = 500_000) -> dict[str, Table]:
    """The tables of one trace, by name."""
    with TraceReader(path) as reader:
        return {table.point.id: table for table in collect(reader, batch_events)}


def counts_of(path: Path, name: str) -> Plain:
    """The bins of a table that a trace hit."""
    return dict(tables_of(path)[name].counts)
