"""Forged traces of work orders, their checksums right: judged or refused, no more."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, Verdict, verify_trace
from nandtrace.check.workorder.shapes import shape_problem
from nandtrace.vocab import ColumnType
from nandtrace.vocab.workorder import WORKORDER
from tests.check.workorder import stories
from tests.check.workorder.order_log import OrderLog, results, verify, violations, write
from tests.check.workorder.stories import STORIES
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


@pytest.mark.parametrize("seed", range(4))
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


def _scramble(log: OrderLog, chance: random.Random) -> OrderLog:
    place = chance.randrange(len(log.events))
    event = log.events[place]
    match chance.randrange(5):
        case 0 if len(log.events) > 1:
            return log.without(place)
        case 1:
            return log.swapped(place, chance.randrange(len(log.events)))
        case 2:
            kind = chance.choice(WORKORDER.kinds).name
            return log.inserted(place, kind, None, **_values(log, kind, chance))
        case 3:
            copied = log.copy()
            copied.events[place] = replace(event, snapshot=None)
            return copied
        case _:
            return log.changed(place, **_values(log, event.kind, chance))


def _values(log: OrderLog, kind: str, chance: random.Random) -> dict[str, Any]:
    """Values that other events have in such columns, and some that none has."""
    values: dict[str, Any] = {}
    for column in WORKORDER.by_name[kind].columns:
        pool: list[Any] = [event.values.get(column.name) for event in log.events]
        pool += ["?"] if column.type is ColumnType.NAME else [-1, 0, 2**62, -(2**63)]
        values[column.name] = chance.choice(pool)
    return values


def test_a_run_without_snapshots_is_judged_as_far_as_it_tells(tmp_path: Path) -> None:
    log = stories.recovery()
    log.events = [replace(event, snapshot=None) for event in log.events]
    found = violations(verify(tmp_path / "a.mpk", log))
    assert found == {"checkpoint-continuity": [0, 19, 20, 44, 45, 59]}


def test_an_attempt_of_any_number_has_a_delay(tmp_path: Path) -> None:
    place = 17
    log = stories.retries().limited(backoff_factor_permille=1001, backoff_cap_ns=2**62)
    log = log.restated(0, "clock_ns", 0).changed(place, attempt=2**62)
    assert "retry-bound" in results(verify(tmp_path / "a.mpk", log))


SNAPSHOT = next(event.snapshot for event in stories.endings().events[64:])

FORGED = [
    ("clock_ns", -1, "clock_ns is no number from 0 on"),
    ("next_order", True, "next_order is no number from 0 on"),
    ("next_order", 2**63, "next_order is no number from 0 on"),
    ("mode", "RUN", "mode is no mode"),
    ("mode", [], "mode is no mode"),
    ("handler", 1, "handler is no flag"),
    ("last_claim_ns", "now", "last_claim_ns is no number from 0 on, and not null"),
    ("pressure", None, "pressure is no level of pressure"),
    ("healthy", None, "healthy is no flag"),
    ("slots", {}, "slots is no list of pairs of slot and order"),
    ("slots", [[0]], "slots is no list of pairs of slot and order"),
    ("slots", [[0, None]], "slots is no list of pairs of slot and order"),
    ("slots", [[0, 1], [0, 2]], "slots is no list of pairs of slot and order"),
    ("orders", [None], "orders is no list of live orders"),
    ("totals", [1], "totals is no map of counts"),
    ("totals", {"enqueued": 1}, "totals is no map of counts"),
]


@pytest.mark.parametrize(("name", "value", "problem"), FORGED)
def test_a_forged_snapshot_is_refused(name: str, value: object, problem: str) -> None:
    assert SNAPSHOT is not None
    assert shape_problem(SNAPSHOT) is None
    assert shape_problem(SNAPSHOT | {name: value}) == problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", None),
        ("order", -1),
        ("id", 7),
        ("state", "COMPLETED"),
        ("state", {}),
        ("priority", 1.5),
        ("priority", -(2**63)),
        ("max_retries", -1),
        ("attempts", None),
        ("since_ns", None),
        ("claimed_ns", "x"),
        ("due_ns", -5),
        ("terminate", []),
        ("terminate", {"why": "LEASE"}),
        ("terminate", {"why": "LATER", "deadline_ns": 5}),
    ],
    ids=str,
)
def test_a_forged_order_of_a_snapshot_is_refused(name: str, value: object) -> None:
    assert SNAPSHOT is not None
    [first, *_] = SNAPSHOT["orders"]
    problem = shape_problem(SNAPSHOT | {"orders": [first | {name: value}]})
    assert problem == "orders is no list of live orders"


def test_orders_of_one_number_are_refused() -> None:
    assert SNAPSHOT is not None
    [first, *_] = SNAPSHOT["orders"]
    problem = shape_problem(SNAPSHOT | {"orders": [first, first]})
    assert problem == "orders is no list of live orders"


@pytest.mark.parametrize("name", [field.name for field in WORKORDER.snapshot])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    state = copy.deepcopy(SNAPSHOT)
    assert state is not None
    del state[name]
    assert shape_problem(state) == f"{name} is missing"


def test_a_forged_snapshot_makes_the_trace_unreadable(tmp_path: Path) -> None:
    log = stories.endings().restated(64, "orders.0.state", "ASLEEP")
    verdict = verify(tmp_path / "a.mpk", log)
    assert verdict.verdict is Verdict.UNKNOWN
    assert "the snapshot of event 64: orders is no list of live orders" in str(verdict.error)
