"""A trace that begins in the middle: its first snapshot is one that a scheduler can be in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.hand_made import texts, verify, violations
from tests.check.workorder.order_log import OrderLog, device, live, state

PENDING = [live(0, "a", "PENDING"), live(2, "c", "PENDING")]
RUNNING = live(1, "b", "RUNNING", attempts=1, claimed_ns=40, since_ns=45)
WAITING = live(3, "d", "WAITING_RETRY", max_retries=1, attempts=1, due_ns=900)
LIVE: list[dict[str, Any]] = [PENDING[0], RUNNING, PENDING[1], WAITING]


def middle(orders: list[dict[str, Any]] | None = None, **others: Any) -> OrderLog:
    """Run 3 of a scheduler that is paused with four orders, and in which nothing is decided."""
    log = OrderLog(device(), now=50, run=3)
    fields = {"mode": "PAUSED", "handler": True, "last_claim_ns": 40, "slots": [[0, 1]]}
    counts = {"next_order": 4, "totals": {"enqueued": 4, "claimed": 2}}
    whole = state(log, orders=LIVE if orders is None else orders, **fields | counts | others)
    log("RUN_BEGIN", whole)
    log("HANDLER", is_set=1)
    log.hold("RUNNING")
    log("RUN_END", whole, end="CHECKPOINT")
    return log


def changed(place: int, **others: Any) -> list[dict[str, Any]]:
    """The live orders, one of them changed."""
    return [row | others if at == place else row for at, row in enumerate(LIVE)]


def test_a_state_that_can_be(tmp_path: Path) -> None:
    assert violations(verify(tmp_path / "a.mpk", middle())) == {}


FLAWS = [
    (
        {"orders": changed(2, id="a")},
        2,
        ("one live order with the id a", "2 orders"),
    ),
    (
        {"orders": changed(3, order=4)},
        1,
        ("an order that was accepted, below 4", "order 4"),
    ),
    (
        {"slots": [[2, 1]]},
        1,
        ("a slot from 0 to 1", "slot 2"),
    ),
    (
        {"slots": [[0, 1], [1, 1]], "healthy": False},
        2,
        ("one slot held by order 1", "2 slots"),
    ),
    (
        {"orders": changed(0, attempts=1)},
        1,
        ("0 to 0 attempts of order 0, which is PENDING", "1"),
    ),
    (
        {"orders": changed(1, attempts=2)},
        1,
        ("1 to 1 attempts of order 1, which is RUNNING", "2"),
    ),
    (
        {"orders": changed(1, attempts=0)},
        1,
        ("1 to 1 attempts of order 1, which is RUNNING", "0"),
    ),
    (
        {"orders": changed(3, due_ns=None)},
        1,
        ("a time at which the retry of order 3 is due", "none"),
    ),
    (
        {"orders": changed(2, since_ns=51)},
        1,
        ("since_ns of order 2 not after clock_ns, 50", "51"),
    ),
    (
        {"last_claim_ns": 51},
        1,
        ("last_claim_ns not after clock_ns, 50", "51"),
    ),
]


@pytest.mark.parametrize(("others", "found", "says"), FLAWS, ids=[says[0] for *_, says in FLAWS])
def test_a_state_that_can_not_be(
    others: dict[str, Any], found: int, says: tuple[str, str], tmp_path: Path
) -> None:
    verdict = verify(tmp_path / "a.mpk", middle(**others))
    assert violations(verdict) == {"checkpoint-continuity": [0] * found}
    assert texts(verdict, "checkpoint-continuity")[0] == says


def test_what_was_abandoned_before_is_not_known(tmp_path: Path) -> None:
    log = middle().inserted(2, "STRAY", order=3, slot=1)
    assert violations(verify(tmp_path / "a.mpk", log)) == {}
    for number, wrong in enumerate(({"order": 4, "slot": 1}, {"order": 3, "slot": 2})):
        log = middle().inserted(2, "STRAY", **wrong)
        assert violations(verify(tmp_path / f"{number}.mpk", log)) == {"slot-pairing": [2]}
