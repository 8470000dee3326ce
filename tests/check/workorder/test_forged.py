"""Forged logs of work orders: judged as far as they tell, or refused with what is wrong in a snapshot."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Verdict
from nandtrace.check.workorder.shapes import shape_problem
from nandtrace.vocab.workorder import WORKORDER
from tests.check.hand_made import results, verify, violations
from tests.check.workorder import stories


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
