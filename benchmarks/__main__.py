"""`python -m benchmarks`: measure everything, print a table, write JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.campaign_running import measure_campaign
from benchmarks.diffing import measure_diffing
from benchmarks.generating import measure_generating
from benchmarks.graph_running import measure_graph, measure_graph_memory
from benchmarks.live import measure_live
from benchmarks.many_runs import measure_many_runs, measure_memory_of_many_runs
from benchmarks.measure import ROOT
from benchmarks.reading import measure_reading
from benchmarks.recording import measure_recording, measure_recording_memory
from benchmarks.results import Result, document, print_table
from benchmarks.rows import rows_of
from benchmarks.startup import measure_startup
from benchmarks.verifying import measure_memory, measure_verifying
from benchmarks.workload import Workload, build_workload
from benchmarks.workorder_running import measure_workorder, measure_workorder_memory
from benchmarks.writing import measure_writing

DEFAULT_EVENTS = 1_000_000
FULL_EVENTS = 10_000_000
PEER_EVENTS = 200_000
"""Peers, and the Recorder event by event, get at most so many events; their rates do not depend on it."""

EVENTS_PER_OP = 25
"""The scheduler is measured on fewer ops than there are events, of which an op has about eight."""

EVENTS_PER_MESSAGE = 5
"""A graph hands on fewer messages than there are events: each is delivered twice, and is about seven."""

EVENTS_PER_ORDER = 100
"""Work orders are fewer than there are events, of which an order has between five and six."""

EVENTS_PER_CELL, MOST_CELLS = 5_000, 200
"""Cells of a campaign are fewer yet, for each is a process, and no more than so many."""

SMALLER = 4
"""Memory is measured at the full size and at this fraction of it."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table and write the JSON."""
    options = _parse(arguments)
    workload = build_workload(options.events)
    console = Console(width=None if sys.stdout.isatty() else 140)
    with tempfile.TemporaryDirectory(prefix="nandtrace-bench-") as folder:
        results = measure_all(Path(folder), workload, options.repeats)
    print_table(results, workload.total_events, options.repeats, console)
    output: Path = options.output
    output.parent.mkdir(parents=True, exist_ok=True)
    plain = document(results, workload.total_events, options.repeats)
    output.write_text(json.dumps(plain, indent=2) + "\n")
    console.print(f"written to {output}", soft_wrap=True)
    return 0


def measure_all(folder: Path, workload: Workload, repeats: int) -> list[Result]:
    """Every measurement, one after another, on traces in the folder."""
    rows = rows_of(workload, min(PEER_EVENTS, workload.total_events))
    ops = workload.total_events // EVENTS_PER_OP
    messages = workload.total_events // EVENTS_PER_MESSAGE
    orders = max(1, workload.total_events // EVENTS_PER_ORDER)
    cells = min(MOST_CELLS, max(1, workload.total_events // EVENTS_PER_CELL))
    steps: dict[str, Callable[[], list[Result]]] = {
        "writing": lambda: measure_writing(folder, workload, rows, repeats),
        "reading": lambda: measure_reading(folder, workload, len(rows), repeats),
        "verifying": lambda: measure_verifying(folder, workload, rows, repeats),
        "memory": lambda: [
            measure_memory(folder, build_workload(workload.total_events // SMALLER), workload),
            measure_recording_memory(folder, ops),
            measure_memory_of_many_runs(folder, ops),
            measure_graph_memory(folder, messages),
            *measure_workorder_memory(folder, orders),
        ],
        "diffing": lambda: measure_diffing(folder, workload, rows, repeats),
        "start-up": lambda: measure_startup(folder, repeats),
        "generating": lambda: measure_generating(ops, repeats),
        "recording": lambda: measure_recording(folder, ops, repeats),
        "live": lambda: measure_live(folder, ops, repeats),
        "many runs": lambda: measure_many_runs(folder, ops, repeats),
        "graph": lambda: measure_graph(folder, messages, repeats),
        "work orders": lambda: measure_workorder(folder, orders, repeats),
        "campaign": lambda: measure_campaign(folder, cells, repeats),
    }
    results: list[Result] = []
    for step, measure in steps.items():
        print(f"{step} ...", file=sys.stderr)
        results += measure()
    return results


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=DEFAULT_EVENTS, help="about so many events")
    parser.add_argument(
        "--full",
        dest="events",
        action="store_const",
        const=FULL_EVENTS,
        help=f"the same as --events {FULL_EVENTS}",
    )
    parser.add_argument("--repeats", type=int, default=3, help="of which the median is taken")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks" / "results" / "bench.json"
    )
    options = parser.parse_args(arguments)
    if options.events < 1 or options.repeats < 1:
        parser.error("--events and --repeats must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
