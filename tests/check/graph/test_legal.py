"""Legal logs of graphs hold, and exercise what they are about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Options, Verdict
from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog, results, state, verify, violations
from tests.check.graph.stories import STORIES


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("batch_events", [1, 500_000])
def test_a_legal_log_holds(story: str, batch_events: int, tmp_path: Path) -> None:
    verdict = verify(tmp_path / "a.mpk", STORIES[story](), Options(batch_events=batch_events))
    assert violations(verdict) == {}
    assert verdict.verdict is Verdict.OK


def test_the_stories_exercise_every_invariant(tmp_path: Path) -> None:
    exercised = set()
    everything = set()
    for name, story in STORIES.items():
        found = results(verify(tmp_path / f"{name}.mpk", story()))
        exercised |= {item.id for item in found.values() if item.exercised}
        everything |= set(found)
    assert everything - exercised == set()


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
