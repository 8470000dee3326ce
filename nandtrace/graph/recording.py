"""Recordings: a graph runs, and a trace keeps all that it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.errors import GraphError
from nandtrace.graph.clock import VirtualClock
from nandtrace.graph.log import TraceLog
from nandtrace.graph.report import RunReport
from nandtrace.graph.running import header_edges, header_nodes
from nandtrace.graph.scheduler import Scheduler
from nandtrace.trace import TraceReader
from nandtrace.trace.graph_recorder import GraphRecorder

GENERATOR = "nandtrace.graph"
VERSION = 1
"""Of the scheduler: it grows when the same graph gives other events."""

CHECKPOINT_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class GraphSummary:
    """What was recorded: the graph's own report, and the trace."""

    report: RunReport
    runs: int
    events: int
    bytes: int
    digest: str


def record_graph(
    path: str | os.PathLike[str],
    scheduler: Scheduler,
    *,
    until_ms: float | None = None,
    identity: Mapping[str, Any] | None = None,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    checkpoint_events: int = CHECKPOINT_EVENTS,
) -> GraphSummary:
    """Run a graph and record it; a scheduler without a clock gets a virtual one.

    The trace has a snapshot every `checkpoint_events` events or so, and stretches between them are judged
    one by one. Raises GraphError, before anything is written, for a graph that can't run, and StorageError
    when the trace can't be written. An interrupted recording, and one that a node ends by SystemExit,
    leaves no trace.
    """
    if checkpoint_events < 1:
        raise GraphError(f"checkpoint_events is {checkpoint_events}, not a number from 1 on")
    plan = scheduler.plan()
    if not scheduler.has_clock:
        scheduler.clock = VirtualClock()
    recorder = GraphRecorder(
        path,
        nodes=header_nodes(plan),
        edges=header_edges(plan),
        fairness_ratio=scheduler.config.credits,
        max_batch_per_node=scheduler.config.max_batch_per_node,
        shutdown_timeout_ns=scheduler.config.shutdown_timeout_ns,
        identity={"generator": GENERATOR, "version": VERSION, **(identity or {})},
        compress=compress,
        provenance=provenance,
    )
    try:
        with recorder:
            scheduler.log = TraceLog(recorder, checkpoint_events)
            report = scheduler.run(until_ms)
    except (KeyboardInterrupt, SystemExit, GraphError):
        # Not a run that was cut short by a failure, whose trace would be worth reading.
        recorder.discard()
        raise
    return _summary(Path(path), report)


def _summary(path: Path, report: RunReport) -> GraphSummary:
    with TraceReader(path) as reader:
        index = reader.index
        return GraphSummary(
            report=report,
            runs=index.chunks[-1].last_run + 1,
            events=index.events,
            bytes=path.stat().st_size,
            digest=index.digest().hex(),
        )
