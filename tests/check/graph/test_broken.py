"""Each rule of a graph, broken: found, at the right event, in the right words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Options, load_invariants
from tests.check.graph.broken import Broken
from tests.check.graph.broken_edges import EDGES
from tests.check.graph.broken_life import CHECKPOINTS, LIFE, SHUTDOWN
from tests.check.graph.broken_turns import TURNS
from tests.check.graph.graph_log import texts, verify, violations

ALL = [*EDGES, *TURNS, *LIFE, *SHUTDOWN, *CHECKPOINTS]


@pytest.mark.parametrize("broken", ALL, ids=lambda broken: broken.what)
def test_a_broken_log_is_violated(broken: Broken, tmp_path: Path) -> None:
    verdict = verify(tmp_path / "a.mpk", broken.change(broken.story()))
    assert violations(verdict) == broken.violations
    first = next(iter(broken.violations))
    assert texts(verdict, first)[0] == broken.says


def test_every_invariant_of_graphs_is_broken_by_some_log() -> None:
    graph = {item.id for item in load_invariants("graph").values() if item.group != "log"}
    assert graph - {name for broken in ALL for name in broken.violations} == set()


@pytest.mark.parametrize("broken", CHECKPOINTS, ids=lambda broken: broken.what)
def test_the_verdict_does_not_depend_on_the_batches(broken: Broken, tmp_path: Path) -> None:
    log = broken.change(broken.story())
    one_by_one = verify(tmp_path / "a.mpk", log, Options(batch_events=1))
    assert violations(one_by_one) == broken.violations


def test_an_offence_names_where_it_is(tmp_path: Path) -> None:
    [broken] = [item for item in TURNS if item.what == "no round robin of inputs"]
    verdict = verify(tmp_path / "a.mpk", broken.change(broken.story()))
    [violation] = [item for result in verdict.invariants for item in result.violations]
    assert violation.place == {"node": "x", "edge": "a:o->x:i", "msg": 1}
    assert (violation.kind, violation.seq, violation.run, violation.time_ns) == ("GET", 15, 0, 0)
