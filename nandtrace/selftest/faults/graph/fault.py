"""Faults of the graph scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nandtrace.graph.recording import CHECKPOINT_EVENTS, record_graph
from nandtrace.selftest.faults.fault import Fault
from nandtrace.selftest.faults.graph.graphs import Build
from nandtrace.selftest.faults.graph.seeding import faulty


@dataclass(frozen=True)
class GraphFault(Fault):
    """A faulty engine or part of one, and a graph that it runs wrongly, for so long if it has no end."""

    build: Build
    until_ms: float | None = None
    checkpoint_events: int = CHECKPOINT_EVENTS

    def record(self, path: Path, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        """Run the graph and record it."""
        record_graph(
            path,
            self.build(faulty(self.kind)),
            until_ms=self.until_ms,
            checkpoint_events=self.checkpoint_events,
        )
