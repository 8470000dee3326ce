"""Attempts that fail, and orders that are cancelled: does each golden hold its situation?

Times are milliseconds.
"""

from __future__ import annotations

from tests.golden.workorder.telling import Read, telling


def test_handlers_raise(story: Read) -> None:
    told = story("workorder/handler-raises")
    assert telling(told, end_ms=4_000) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "unready", 1),
        (0, "ENQUEUE", "once", 2),
        (0, "ENQUEUE", "sound", 3),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "unready", 1, 0),
        (0, "CLAIM", "once", 1, 1),
        (0, "HOLD", "SLOT", "sound"),
        (0, "HEALTH", False),
        (500, "READY", "once"),
        (1000, "FAIL", "unready", 1, "ERROR", "FAILED"),
        (1000, "RELEASE", "unready", 0),
        (1000, "CLAIM", "sound", 1, 0),
        (1000, "HOLD", "QUEUE"),
        (1000, "READY", "sound"),
        (1500, "FAIL", "once", 1, "ERROR", "WAITING_RETRY", 2500),
        (1500, "RELEASE", "once", 1),
        (1500, "HOLD", "QUEUE"),
        (1500, "HEALTH", True),
        (2500, "RETRY", "once"),
        (2500, "CLAIM", "once", 2, 1),
        (2500, "HOLD", "QUEUE"),
        (2500, "HEALTH", False),
        (3000, "READY", "once"),
        (3000, "COMPLETE", "sound"),
        (3000, "RELEASE", "sound", 0),
        (3000, "HOLD", "QUEUE"),
        (3000, "HEALTH", True),
    ]
    assert [event.fields["error"] for event in told.of("FAIL")] == [
        "RuntimeError: attempt 1 can't be prepared",
        "RuntimeError: attempt 1 fails",
    ]


def test_a_handler_hangs_until_its_lease_is_over(story: Read) -> None:
    told = story("workorder/handler-hangs")
    assert telling(told) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "hanging", 1),
        (0, "ENQUEUE", "in-time", 2),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "hanging", 1, 0),
        (0, "HOLD", "SLOT", "in-time"),
        (0, "HEALTH", False),
        (1000, "READY", "hanging"),
        (10000, "TERMINATE", "hanging", "LEASE", 15000),
        (10000, "FAIL", "hanging", 1, "LEASE", "WAITING_RETRY", 12000),
        (10000, "RELEASE", "hanging", 0),
        (10000, "CLAIM", "in-time", 1, 0),
        (10000, "HOLD", "QUEUE"),
        (10000, "READY", "in-time"),
        (12000, "RETRY", "hanging"),
        (12000, "HOLD", "SLOT", "hanging"),
        (19999, "COMPLETE", "in-time"),
        (19999, "RELEASE", "in-time", 0),
        (19999, "CLAIM", "hanging", 2, 0),
        (19999, "HOLD", "QUEUE"),
        (20999, "READY", "hanging"),
        (29999, "TERMINATE", "hanging", "LEASE", 34999),
        (29999, "FAIL", "hanging", 2, "LEASE", "FAILED"),
        (29999, "RELEASE", "hanging", 0),
        (29999, "HOLD", "QUEUE"),
        (29999, "HEALTH", True),
        (29999, "MODE", "STOPPING", 59999),
        (29999, "MODE", "STOPPED"),
        (29999, "RUN_END", "STOPPED"),
    ]
    assert [event.fields.get("error") for event in told.of("FAIL")] == [None, None]


def test_a_handler_that_does_not_listen_loses_its_slot(story: Read) -> None:
    told = story("workorder/handler-loses-its-slot")
    assert telling(told) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "deaf", 1),
        (0, "ENQUEUE", "slow", 2),
        (0, "ENQUEUE", "next-0", 3),
        (0, "ENQUEUE", "next-1", 4),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "deaf", 1, 0),
        (0, "CLAIM", "slow", 1, 1),
        (0, "HOLD", "SLOT", "next-0"),
        (0, "HEALTH", False),
        (0, "READY", "deaf"),
        (0, "READY", "slow"),
        (10000, "TERMINATE", "deaf", "LEASE", 15000),
        (10000, "TERMINATE", "slow", "LEASE", 15000),
        (12000, "FAIL", "slow", 1, "LEASE", "FAILED"),
        (12000, "RELEASE", "slow", 1),
        (12000, "CLAIM", "next-0", 1, 1),
        (12000, "HOLD", "SLOT", "next-1"),
        (12000, "READY", "next-0"),
        (15000, "FAIL", "deaf", 1, "LEASE", "FAILED"),
        (15000, "RELEASE", "deaf", 0, True),
        (15000, "CLAIM", "next-1", 1, 0),
        (15000, "HOLD", "QUEUE"),
        (15000, "READY", "next-1"),
        (20000, "STRAY", "deaf", 0),
        (21000, "COMPLETE", "next-0"),
        (21000, "RELEASE", "next-0", 1),
        (21000, "HOLD", "QUEUE"),
        (21000, "HEALTH", True),
        (24000, "COMPLETE", "next-1"),
        (24000, "RELEASE", "next-1", 0),
        (24000, "HOLD", "QUEUE"),
        (24000, "MODE", "STOPPING", 54000),
        (24000, "MODE", "STOPPED"),
        (24000, "RUN_END", "STOPPED"),
    ]


def test_retries_until_none_is_left(story: Read) -> None:
    told = story("workorder/retry-until-exhausted")
    failed = [(event.time_ns, event.fields.get("due_ns")) for event in told.of("FAIL")]
    assert failed == [
        (1_000_000_000, 2_013_972_813),
        (3_013_972_813, 5_015_168_798),
        (6_015_168_798, 10_125_275_613),
        (11_125_275_613, 15_970_800_478),
        (16_970_800_478, None),
    ]
    delays_ns = [due_ns - time_ns for time_ns, due_ns in failed if due_ns is not None]
    for delay_ns, nominal_s in zip(delays_ns, (1, 2, 4, 5), strict=True):
        assert 900_000_000 * nominal_s <= delay_ns <= min(1_100_000_000 * nominal_s, 5_000_000_000)
    assert [event.time_ns for event in told.of("RETRY")] == [due_ns for _, due_ns in failed[:-1]]
    assert [event.fields["state"] for event in told.of("FAIL")] == ["WAITING_RETRY"] * 4 + [
        "FAILED"
    ]


def test_orders_are_cancelled_in_each_state(story: Read) -> None:
    told = story("workorder/cancel-in-each-state")
    assert telling(told) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "preparing", 1),
        (0, "ENQUEUE", "running", 2),
        (0, "ENQUEUE", "failing", 3),
        (0, "ENQUEUE", "deaf", 4),
        (0, "ENQUEUE", "pending", 5),
        (0, "ENQUEUE", "dequeued", 6),
        (0, "ENQUEUE", "untouched", 7),
        (0, "MODE", "RUNNING"),
        (0, "CANCEL", "dequeued", "DEQUEUED"),
        (0, "CLAIM", "preparing", 1, 0),
        (0, "CLAIM", "running", 1, 1),
        (0, "CLAIM", "failing", 1, 2),
        (0, "HOLD", "SLOT", "deaf"),
        (0, "HEALTH", False),
        (0, "READY", "running"),
        (0, "READY", "failing"),
        (1000, "FAIL", "failing", 1, "ERROR", "WAITING_RETRY", 61000),
        (1000, "RELEASE", "failing", 2),
        (1000, "CLAIM", "deaf", 1, 2),
        (1000, "HOLD", "SLOT", "pending"),
        (1000, "READY", "deaf"),
        (1500, "CANCEL", "pending", "REQUESTED"),
        (2000, "TERMINATE", "preparing", "CANCEL", 4000),
        (2000, "CANCEL", "preparing", "REQUESTED"),
        (2000, "RELEASE", "preparing", 0),
        (2000, "CLAIM", "untouched", 1, 0),
        (2000, "HOLD", "QUEUE"),
        (2000, "READY", "untouched"),
        (3000, "TERMINATE", "running", "CANCEL", 5000),
        (3000, "CANCEL", "running", "REQUESTED"),
        (3000, "RELEASE", "running", 1),
        (3000, "HOLD", "QUEUE"),
        (3000, "HEALTH", True),
        (4000, "CANCEL", "failing", "REQUESTED"),
        (4000, "TERMINATE", "deaf", "CANCEL", 6000),
        (6000, "CANCEL", "deaf", "REQUESTED"),
        (6000, "RELEASE", "deaf", 2, True),
        (6000, "HOLD", "QUEUE"),
        (9000, "STRAY", "deaf", 2),
        (12000, "COMPLETE", "untouched"),
        (12000, "RELEASE", "untouched", 0),
        (12000, "HOLD", "QUEUE"),
        (12000, "MODE", "STOPPING", 42000),
        (12000, "MODE", "STOPPED"),
        (12000, "RUN_END", "STOPPED"),
    ]
