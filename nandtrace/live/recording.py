"""A live recording: the graph of it, and what came of it."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.check.verdict import TraceVerdict
from nandtrace.errors import InternalError
from nandtrace.graph import RealClock, RunReport, Scheduler, SchedulerConfig, record_graph
from nandtrace.live.checker import Checker
from nandtrace.live.display import Display, Show
from nandtrace.live.follower import Follower
from nandtrace.live.source import Source
from nandtrace.live.writer import Writer
from nandtrace.nand.job import Job
from nandtrace.nand.recording import Summary, check_state
from nandtrace.trace.chunk_file import ChunkFile

_CONFIG = SchedulerConfig(shutdown_timeout_s=60)
"""After an error whatever was recorded is still written."""

_CHUNKS_AHEAD = 4
_DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What was recorded, the verdict on it, and whether a violated run ended it early."""

    summary: Summary
    verdict: TraceVerdict
    was_stopped: bool


def record_live(
    path: str | os.PathLike[str],
    job: Job,
    show: Show,
    *,
    fail_fast: bool = False,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    graph_trace: str | os.PathLike[str] | None = None,
) -> LiveResult:
    """Record a job while another process verifies every run that is finished.

    The trace has the bytes of `nandtrace.nand.recording.run_job`, unless `fail_fast` ends it because a run
    is violated. `graph_trace` is where the graph's own trace goes. Raises what run_job raises; a script
    that calls this needs the usual `if __name__ == "__main__"` guard.
    """
    path = Path(path)
    check_state(job)
    source = Source("source", str(path), job)
    file = ChunkFile(path, source.recorder.header, compress=compress, provenance=provenance)
    try:
        follower = Follower(path)
        try:
            checker = Checker("checker", follower, fail_fast=fail_fast)
            graph = _graph(source, Writer("writer", file), checker, Display(_DISPLAY, show))
            report = graph.run() if graph_trace is None else record_graph(graph_trace, graph).report
        finally:
            follower.close()
        _raise_first(report)
    except BaseException as error:
        # As a plain recording: what an interrupt ends can be recorded again at any time.
        if isinstance(error, KeyboardInterrupt) or not file.index.chunks:
            file.discard()
        file.leave_partial()
        raise
    if checker.verdict is None or file.is_open:
        raise InternalError(f"the live recording of {path} ended early: {report}")
    return LiveResult(source.work.summary(path), checker.verdict, source.work.was_cut_short)


def _raise_first(report: RunReport) -> None:
    """Raise what a node raised first; on the display nothing depends."""
    for error in report.errors:
        if error.node != _DISPLAY:
            raise error.exception


def _graph(source: Source, writer: Writer, checker: Checker, display: Display) -> Scheduler:
    graph = Scheduler(_CONFIG, clock=RealClock())
    for node in (source, writer, checker, display):
        graph.register(node)
    graph.connect("source:chunks", "writer:chunks", capacity=_CHUNKS_AHEAD, policy="block")
    graph.connect("writer:written", "checker:written")
    graph.connect("checker:control", "source:control", priority="control")
    graph.connect("source:progress", "display:progress", capacity=1, policy="latest")
    graph.connect(
        "source:counters", "display:counters", capacity=1, policy="coalesce", merge=operator.add
    )
    graph.connect("checker:judged", "display:judged", capacity=1, policy="latest")
    return graph
