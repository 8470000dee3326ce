"""Forged graph traces, their checksums right: judged or refused, no more."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, Verdict, verify_trace
from nandtrace.check.graph.shapes import shape_problem
from nandtrace.vocab import GRAPH, ColumnType
from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog, verify, write
from tests.check.graph.stories import STORIES
from tests.trace.damage import frames_of, mutated_frame, rechained, sealed

MUTANTS = 60
SCRAMBLED = 40


@pytest.mark.parametrize("seed", range(3))
def test_a_forged_file_is_judged_or_refused(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    originals = [
        write(tmp_path / f"{name}.mpk", story(), chunk_events=20).read_bytes()
        for name, story in STORIES.items()
    ]
    forged = tmp_path / "forged"
    for _ in range(MUTANTS):
        frames = [
            (item.type, item.head, item.payload) for item in frames_of(chance.choice(originals))
        ]
        place = chance.randrange(len(frames))
        frames[place] = mutated_frame(frames[place], chance)
        forged.write_bytes(sealed(rechained(frames)))
        verdict = verify_trace(forged, Options(batch_events=chance.choice([1, 400_000])))
        assert verdict.verdict in set(Verdict)


@pytest.mark.parametrize("seed", range(3))
def test_a_scrambled_log_is_judged(tmp_path: Path, seed: int) -> None:
    """Events in any order, with any values: each is taken for what it says, and none is a defect."""
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    for number in range(SCRAMBLED):
        log = chance.choice(list(STORIES.values()))()
        for _ in range(chance.randrange(1, 30)):
            log = _scramble(log, chance)
        verdict = verify(tmp_path / f"{number}.mpk", log)
        assert verdict.error is None
        assert verdict.verdict in {Verdict.OK, Verdict.VIOLATED}


def _scramble(log: GraphLog, chance: random.Random) -> GraphLog:
    place = chance.randrange(len(log.events))
    event = log.events[place]
    match chance.randrange(5):
        case 0 if len(log.events) > 1:
            return log.without(place)
        case 1:
            return log.swapped(place, chance.randrange(len(log.events)))
        case 2:
            kind = chance.choice(GRAPH.kinds).name
            return log.inserted(place, kind, None, **_values(log, kind, chance))
        case 3:
            copied = log.copy()
            copied.events[place] = replace(event, snapshot=None)
            return copied
        case _:
            return log.changed(place, **_values(log, event.kind, chance))


def _values(log: GraphLog, kind: str, chance: random.Random) -> dict[str, Any]:
    """Values that other events have in such columns, and some that none has."""
    values: dict[str, Any] = {}
    for column in GRAPH.by_name[kind].columns:
        pool: list[Any] = [event.values.get(column.name) for event in log.events]
        pool += ["?"] if column.type is ColumnType.NAME else [-1, 0, 2**62, -(2**63)]
        values[column.name] = chance.choice(pool)
    return values


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
