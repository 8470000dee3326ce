"""Results: one figure beside its peer's, as JSON and as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

RATE, SECONDS, BYTES_PER_EVENT, MEBIBYTES = "events/s", "s", "bytes/event", "MiB"
OPS, MICROSECONDS_PER_OP = "ops/s", "µs/op"
DELIVERIES, TICKS = "deliveries/s", "ticks/s"
CLAIMS, CELLS, CPU = "claims/s", "cells/s", "CPU µs/s"

_RATES = (RATE, OPS, DELIVERIES, TICKS, CLAIMS, CELLS)
"""More is better; of all others less is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one contestant reached: its samples in the unit of the result, and on how many events, or ops.

    `scaled` says that a slow peer worked on fewer events and its time was scaled up to all of them.
    """

    name: str
    samples: tuple[float, ...]
    events: int
    scaled: bool = False

    @property
    def median(self) -> float:
        return median(self.samples)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of nandtrace and its peer's, from the same events in the same run."""

    group: str
    what: str
    unit: str
    ours: Figure
    peer: Figure

    @property
    def ratio(self) -> float:
        """How many times better than the peer; below 1 it is worse."""
        if self.unit in _RATES:
            return self.ours.median / self.peer.median
        return self.peer.median / self.ours.median


def rate(name: str, events: int, seconds: Sequence[float]) -> Figure:
    """Events, or whatever is counted, per second from the seconds that each repeat took."""
    return Figure(name, tuple(events / value for value in seconds), events)


def document(results: Sequence[Result], events: int, repeats: int) -> dict[str, Any]:
    """The JSON object that schemas/bench.schema.json describes."""
    return {
        "version": 1,
        "events": events,
        "repeats": repeats,
        "machine": {
            "python": platform.python_version(),
            "system": platform.system(),
            "cpus": os.cpu_count() or 1,
        },
        "results": [
            {
                "group": item.group,
                "what": item.what,
                "unit": item.unit,
                "ours": _figure(item.ours),
                "peer": _figure(item.peer),
                "ratio": item.ratio,
            }
            for item in results
        ],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "median": figure.median,
        "samples": list(figure.samples),
        "events": figure.events,
        "scaled": figure.scaled,
    }


def print_table(results: Sequence[Result], events: int, repeats: int, console: Console) -> None:
    """Show the results; a ratio says how many times better nandtrace is than the peer beside it."""
    title = f"{events:,} events, medians of {repeats}; × is how many times better than the peer"
    table = Table(title=title, title_justify="left")
    for column in ("group", "what", "nandtrace", "peer", "its figure", "×"):
        numeric = column in ("nandtrace", "its figure", "×")
        table.add_column(column, justify="right" if numeric else "left")
    for at, item in enumerate(results):
        first = at == 0 or results[at - 1].group != item.group
        table.add_row(
            item.group if first else "",
            item.what,
            _text(item.ours, item.unit),
            item.peer.name,
            _text(item.peer, item.unit) + (" *" if item.peer.scaled else ""),
            f"{item.ratio:,.2f}",
        )
    console.print(table)
    if any(item.peer.scaled for item in results):
        console.print("* measured on fewer events and scaled up to all of them", style="dim")


def _text(figure: Figure, unit: str) -> str:
    value = figure.median
    if unit == RATE:
        return f"{value / 1e6:,.3f} M events/s"
    if unit in _RATES and unit != CELLS:
        return f"{value:,.0f} {unit}"
    return f"{value:,.3f} {unit}" if unit == SECONDS else f"{value:,.1f} {unit}"
