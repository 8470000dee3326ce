"""A legal log of a graph that is no story by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog, state
from tests.check.hand_made import verify, violations


def test_a_checkpoint_may_lie_before_the_first_turn(tmp_path: Path) -> None:
    log = stories.pressure()
    starts = GraphLog(log.device, log.events[:3])
    running = {"src": {"state": "RUNNING", "due_ns": 10_000}, "sink": {"state": "RUNNING"}}
    between = state(starts, nodes=running)
    starts("RUN_END", between, end="CHECKPOINT")
    starts.run = 1
    starts("RUN_BEGIN", between)
    starts.events += [replace(event, run=1) for event in log.events[3:]]
    assert violations(verify(tmp_path / "a.mpk", starts)) == {}
