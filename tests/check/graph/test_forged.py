"""Forged snapshots of graphs: refused, with what is wrong in them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Verdict
from nandtrace.check.graph.shapes import shape_problem
from tests.check.graph import stories
from tests.check.hand_made import verify

SNAPSHOT = stories.bands().events[38].snapshot

FORGED = [
    ("next_msg", -1, "next_msg is no number from 0 on"),
    ("next_msg", True, "next_msg is no number from 0 on"),
    ("credits", {"control": 1, "high": 2}, "credits is no map of numbers by band"),
    ("credits", [4, 2, 1], "credits is no map of numbers by band"),
    ("nodes", {}, "nodes is no list of nodes with name, state and due_ns"),
    ("nodes", [{"name": "c"}], "nodes is no list of nodes with name, state and due_ns"),
    (
        "nodes",
        [{"name": "c", "state": [], "due_ns": None}],
        "nodes is no list of nodes with name, state and due_ns",
    ),
    ("edges", [None], "edges is no list of edges with capacity, priority and messages"),
    ("ready", {"control": ["c"]}, "ready is no map of lists of names by band"),
    ("ready", None, "ready is no map of lists of names by band"),
    (
        "shutdown",
        {"reason": "DONE", "deadline_ns": 1},
        "shutdown is no map with reason and deadline_ns, and not null",
    ),
    ("shutdown", 3, "shutdown is no map with reason and deadline_ns, and not null"),
]


@pytest.mark.parametrize(("name", "value", "problem"), FORGED, ids=str)
def test_a_forged_field_of_a_snapshot_is_refused(
    name: str, value: object, problem: str, tmp_path: Path
) -> None:
    log = stories.bands().restated(38, name, value)
    verdict = verify(tmp_path / "a.mpk", log)
    assert verdict.verdict is Verdict.UNKNOWN
    assert str(verdict.error).endswith(problem)


EDGE = {"id": "e", "capacity": 1, "priority": 1, "queued": [], "pending": [], "held": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", 1),
        ("capacity", 0),
        ("priority", 4),
        ("priority", 1.0),
        ("queued", [1]),
        ("queued", [[1, 0]]),
        ("queued", [["a", True]]),
        ("pending", [[2**63, True]]),
        ("held", [1]),
        ("held", [1, None]),
    ],
    ids=str,
)
def test_a_forged_edge_of_a_snapshot_is_refused(name: str, value: object) -> None:
    assert SNAPSHOT is not None
    assert shape_problem(SNAPSHOT | {"edges": [EDGE]}) is None
    problem = shape_problem(SNAPSHOT | {"edges": [EDGE | {name: value}]})
    assert problem == "edges is no list of edges with capacity, priority and messages"


@pytest.mark.parametrize("name", ["next_msg", "credits", "nodes", "edges", "ready", "shutdown"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    assert SNAPSHOT is not None
    assert shape_problem({key: value for key, value in SNAPSHOT.items() if key != name}) == (
        f"{name} is missing"
    )


@pytest.mark.parametrize("path", ["nodes.0.due_ns", "edges.0.held", "clock_ns", "shutdown"])
def test_a_field_that_is_missing_is_told(path: str) -> None:
    state = copy.deepcopy(stories.bands().events[0].snapshot)
    assert state is not None
    assert shape_problem(state) is None
    inner: Any = state
    *parts, last = path.split(".")
    for part in parts:
        inner = inner[int(part)] if part.isdigit() else inner[part]
    del inner[last]
    problem = shape_problem(state)
    assert problem is not None
    assert problem.startswith(path.split(".", maxsplit=1)[0])
