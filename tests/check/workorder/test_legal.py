"""Legal logs of work orders that are no stories by themselves, and who judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Options, verify_trace
from nandtrace.pool import start_pool
from tests.check.hand_made import verify, violations, write
from tests.check.workorder import stories
from tests.check.workorder.order_log import OrderLog
from tests.check.workorder.stories import STORIES


def test_workers_judge_work_orders(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mpk", stories.recovery(), chunk_events=10)
    with start_pool(1) as pool:
        there = verify_trace(path, Options(batch_events=1), pool)
    assert there == verify_trace(path, Options(batch_events=1))
    assert violations(there) == {}


def late(log: OrderLog, first: int, last: int) -> OrderLog:
    """A log by a real clock, in which some events come later by as much as they may."""
    return log.limited(decision_within_ns=5).delayed(first, last, 5)


@pytest.mark.parametrize(
    ("story", "first", "last"),
    [
        ("retries", 16, 16),  # the end of the stagger
        ("retries", 24, 25),  # RETRY, and the decision after it
        ("retries", 35, 37),  # RELEASE
        ("pressure", 10, 10),  # a decision after ENQUEUE
        ("pressure", 26, 26),  # HEALTH
        ("endings", 29, 29),  # TERMINATE, with the deadline that follows from it
        ("endings", 67, 67),
    ],
)
def test_what_may_be_late_by_a_real_clock(
    story: str, first: int, last: int, tmp_path: Path
) -> None:
    log = late(STORIES[story](), first, last)
    if log.events[first].kind == "TERMINATE":
        log = log.changed(first, deadline_ns=log.events[first]["deadline_ns"] + 5)
        if story == "endings" and first == 29:
            log = log.delayed(34, 36, 5)
    assert violations(verify(tmp_path / "a.mpk", log)) == {}


def test_a_handler_may_end_at_its_deadline(tmp_path: Path) -> None:
    log = stories.endings().changed(35, forced=0)
    assert violations(verify(tmp_path / "a.mpk", log)) == {}


def test_a_log_that_is_cut_owes_nothing(tmp_path: Path) -> None:
    """A crash before a RELEASE is in the stories; this one comes in the middle of a recovery."""
    log = stories.recovery()
    middle = log.find("RECOVER")
    crashed = log.events[log.find("RUN_BEGIN", 1)].snapshot
    assert crashed is not None
    cut = OrderLog(log.device, log.events[:middle], now=500, run=1)
    fresh = {"mode": "NEW", "handler": False, "healthy": True, "slots": [[0, 2]]}
    cut.next_run("CRASHED", crashed | {"clock_ns": 500} | fresh)
    cut("RESTART")
    cut("RECOVER", order=2, state="PENDING")
    cut("RETRY", order=0)
    cut("MODE", mode="RUNNING")
    cut.hold("HANDLER")
    waiting = [row | {"state": "PENDING", "since_ns": 500} for row in crashed["orders"][:2]]
    waiting[0] |= {"due_ns": None}
    waiting[1] |= {"attempts": 0, "claimed_ns": None}
    totals = crashed["totals"] | {"retried": 1}
    end = crashed | fresh | {"mode": "RUNNING"} | {"clock_ns": 500, "slots": [], "totals": totals}
    cut("RUN_END", end | {"orders": [*waiting, crashed["orders"][2]]}, end="CHECKPOINT")
    assert violations(verify(tmp_path / "a.mpk", cut)) == {}
