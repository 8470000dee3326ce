"""Recordings of the graph scheduler, in short runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from nandtrace.graph import Scheduler
from nandtrace.graph.recording import record_graph
from nandtrace.selftest import graphs
from nandtrace.selftest.recording import Recording

_CHECKPOINT_EVENTS = 60


def _record(build: Callable[[], Scheduler], path: Path) -> None:
    record_graph(path, build(), checkpoint_events=_CHECKPOINT_EVENTS)


RECORDINGS = tuple(
    Recording(build.__name__, partial(_record, build))
    for build in (graphs.bands, graphs.policies, graphs.inputs, graphs.errors)
)
