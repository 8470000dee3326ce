"""Recordings: a graph runs, and a trace keeps all that it does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.errors import GraphError
from nandtrace.graph.clock import VirtualClock
from nandtrace.graph.log import BothLogs, NullLog, TraceLog
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


@contextmanager
def recorded(
    path: str | os.PathLike[str],
    scheduler: Scheduler,
    *,
    identity: Mapping[str, Any] | None = None,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    checkpoint_events: int = CHECKPOINT_EVENTS,
) -> Iterator[None]:
    """Record what a graph does in the block, which runs it from its start to its end.

    A log of its own that the scheduler has is called as well.

    The trace has a snapshot every `checkpoint_events` events or so, and stretches between them are judged
    one by one. Raises GraphError, before anything is written, for a graph that can't run, StorageError when
    the trace can't be written, and RecordError where the graph is not finished when the block is left. A
    block that is left by GraphError, or by KeyboardInterrupt or SystemExit, leaves no trace, by another
    exception a partial one.
    """
    if checkpoint_events < 1:
        raise GraphError(f"checkpoint_events is {checkpoint_events}, not a number from 1 on")
    plan, config = scheduler.plan(), scheduler.config
    recorder = GraphRecorder(
        path,
        nodes=header_nodes(plan),
        edges=header_edges(plan),
        fairness_ratio=config.credits,
        max_batch_per_node=config.max_batch_per_node,
        shutdown_timeout_ns=config.shutdown_timeout_ns,
        identity={"generator": GENERATOR, "version": VERSION, **(identity or {})},
        compress=compress,
        provenance=provenance,
    )
    try:
        with recorder:
            trace = TraceLog(recorder, checkpoint_events)
            hooks = scheduler.log
            scheduler.log = trace if type(hooks) is NullLog else BothLogs(trace, hooks)
            yield
    except GraphError:
        recorder.discard()
        raise
    except Exception:
        raise
    except BaseException:
        # Not a run that was cut short by a failure, whose trace would be worth reading.
        recorder.discard()
        raise


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
    """Run a graph and record it; a scheduler without a clock gets a virtual one. Raises like `recorded`."""
    if not scheduler.has_clock:
        scheduler.clock = VirtualClock()
    with recorded(
        path,
        scheduler,
        identity=identity,
        compress=compress,
        provenance=provenance,
        checkpoint_events=checkpoint_events,
    ):
        report = scheduler.run(until_ms)
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
