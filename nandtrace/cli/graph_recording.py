"""The work of `nandtrace record graph`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.cli.provenance import collect_provenance
from nandtrace.cli.recording_options import SUFFIX, Extras, GraphChoices
from nandtrace.cli.recording_report import refuse_same
from nandtrace.cli.status_line import status_line
from nandtrace.errors import GraphError, UsageError
from nandtrace.graph import GraphSummary, RealClock, Scheduler, record_graph
from nandtrace.graph.loading import LoadedGraph, loaded_graph
from nandtrace.graph.recording import CHECKPOINT_EVENTS
from nandtrace.report.graph_recording import (
    graph_error_lines,
    graph_summary_json,
    graph_summary_lines,
)
from nandtrace.units import NS_PER_MS
from nandtrace.user_modules import Target, parse_target


@dataclass(frozen=True, slots=True)
class GraphDone:
    """A recording of a graph that was made, and the wall time it took."""

    trace: Path
    target: Target
    seed: int | None
    until_ns: int | None
    is_real_time: bool
    summary: GraphSummary
    seconds: float

    verdict: None = None
    """It is not verified on the way."""

    @property
    def deliveries_per_s(self) -> float:
        return self.summary.report.deliveries / self.seconds if self.seconds > 0 else 0.0

    @property
    def rate_text(self) -> str:
        return f"{self.deliveries_per_s:,.0f} deliveries/s"

    def lines(self) -> Iterator[str]:
        """What was recorded."""
        clock = "real" if self.is_real_time else "simulated"
        return graph_summary_lines(str(self.trace), self.summary, clock)

    def remarks(self) -> Iterator[str]:
        """The first exceptions of nodes."""
        lines = graph_error_lines(self.summary.report)
        return (f"nandtrace: {line}" if place == 0 else line for place, line in enumerate(lines))

    def document(self) -> dict[str, Any]:
        """As schemas/record-graph.schema.json describes it, but for the verdict."""
        return {
            "version": 1,
            "trace": str(self.trace),
            "target": self.target.label,
            "seed": self.seed,
            "until_ns": self.until_ns,
            "real_time": self.is_real_time,
            **graph_summary_json(self.summary),
            "seconds": self.seconds,
            "deliveries_per_s": self.deliveries_per_s,
        }


def record_anew(
    choices: GraphChoices, output: Path | None, extras: Extras, *, real_time: bool
) -> GraphDone:
    """Record the graph that a function builds, by the virtual clock unless the real one is wanted.

    Raises UsageError for a function that can't be called, or builds no graph that can run.
    """
    target = parse_target(choices.target)
    trace = output or Path(f"{target.stem}{SUFFIX}")
    provenance = collect_provenance() if extras.with_provenance else None
    with _loaded(target, choices, (Path.cwd(),)) as graph:
        refuse_same(trace, graph.file, "graph's module")
        if real_time:
            _give_real_clock(target, graph.scheduler)
        begin = time.perf_counter()
        with status_line("recording"), _interruptible(graph.scheduler):
            summary = _record(
                target, graph, trace, choices, compress=extras.compress, provenance=provenance
            )
        seconds = time.perf_counter() - begin
        is_real = not graph.scheduler.clock.is_virtual
    return GraphDone(trace, target, graph.seed, choices.until_ns, is_real, summary, seconds)


def record_repeatable(choices: GraphChoices, trace: Path) -> None:
    """Record a graph that comes out the same each time.

    Its module sees no other modules of the user's but those beside it, wherever the program was called.
    Raises UsageError as `record_anew`, and for a graph with a real clock.
    """
    target = parse_target(choices.target)
    with _loaded(target, choices, ()) as graph:
        if graph.scheduler.has_clock and not graph.scheduler.clock.is_virtual:
            raise UsageError(f"{target}: by a real clock no recording comes out the same again")
        _record(target, graph, trace, choices)


@contextlib.contextmanager
def _loaded(
    target: Target, choices: GraphChoices, folders: Sequence[Path]
) -> Iterator[LoadedGraph]:
    """The graph, ready to run in the block. What the user's code prints goes to stderr."""
    with (
        contextlib.redirect_stdout(sys.stderr),
        loaded_graph(target, seed=choices.seed, folders=folders) as graph,
    ):
        yield graph


def _record(
    target: Target,
    graph: LoadedGraph,
    trace: Path,
    choices: GraphChoices,
    *,
    compress: bool = False,
    provenance: dict[str, str] | None = None,
) -> GraphSummary:
    until_ns = choices.until_ns
    try:
        return record_graph(
            trace,
            graph.scheduler,
            until_ms=None if until_ns is None else until_ns / NS_PER_MS,
            identity={"target": target.label, "seed": graph.seed, "until_ns": until_ns},
            compress=compress,
            provenance=provenance,
            checkpoint_events=choices.checkpoint or CHECKPOINT_EVENTS,
        )
    except GraphError as error:
        raise UsageError(f"{target}: {error}") from error
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise UsageError(f"{target}: a node ended the program: {error!r}") from error


def _give_real_clock(target: Target, scheduler: Scheduler) -> None:
    if not scheduler.has_clock:
        scheduler.clock = RealClock()
    elif scheduler.clock.is_virtual:
        raise UsageError(f"{target}: --real-time, but its scheduler was given a virtual clock")


@contextlib.contextmanager
def _interruptible(scheduler: Scheduler) -> Iterator[None]:
    """By a real clock, which may never end, the first interrupt asks the graph to shut down."""
    is_real = scheduler.has_clock and not scheduler.clock.is_virtual
    if not is_real or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def shut_down(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        try:
            scheduler.shutdown()
        except GraphError as error:
            # It has not even started.
            raise KeyboardInterrupt from error

    signal.signal(signal.SIGINT, shut_down)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
