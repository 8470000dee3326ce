"""The life of a scheduler, from start to stop and across a crash: does each golden hold its situation?

Times are milliseconds.
"""

from __future__ import annotations

from collections import Counter

from nandtrace.vocab.workorder import WORKORDER, Gate
from tests.golden.workorder.telling import Read, telling


def test_a_stop_waits_and_then_ends_what_is_left(story: Read) -> None:
    told = story("workorder/stop-with-work-in-flight")
    assert telling(told) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "soon-done", 1),
        (0, "ENQUEUE", "failing", 2),
        (0, "ENQUEUE", "long", 3),
        (0, "ENQUEUE", "deaf", 4),
        (0, "ENQUEUE", "queued-0", 5),
        (0, "ENQUEUE", "queued-1", 6),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "soon-done", 1, 0),
        (0, "CLAIM", "failing", 1, 1),
        (0, "CLAIM", "long", 1, 2),
        (0, "CLAIM", "deaf", 1, 3),
        (0, "HOLD", "SLOT", "queued-0"),
        (0, "HEALTH", False),
        (0, "READY", "soon-done"),
        (0, "READY", "failing"),
        (0, "READY", "long"),
        (0, "READY", "deaf"),
        (500, "ENQUEUE", "waiting", 3),
        (500, "HOLD", "SLOT", "queued-0"),
        (5000, "MODE", "STOPPING", 15000),
        (6000, "REFUSE", "too-late", "STOPPING", 3, 1),
        (8000, "FAIL", "failing", 1, "ERROR", "WAITING_RETRY", 15000),
        (8000, "RELEASE", "failing", 1),
        (8000, "HOLD", "RUNNING"),
        (8000, "HEALTH", True),
        (9000, "COMPLETE", "soon-done"),
        (9000, "RELEASE", "soon-done", 0),
        (9000, "HOLD", "RUNNING"),
        (15000, "TERMINATE", "long", "STOP", 18000),
        (15000, "TERMINATE", "deaf", "STOP", 18000),
        (15000, "CANCEL", "long", "STOPPED"),
        (15000, "RELEASE", "long", 2),
        (15000, "HOLD", "RUNNING"),
        (18000, "CANCEL", "deaf", "STOPPED"),
        (18000, "RELEASE", "deaf", 3, True),
        (18000, "MODE", "STOPPED"),
        (18000, "RUN_END", "STOPPED"),
    ]
    left = told.snapshots[0, "RUN_END"]
    assert [(order["id"], order["state"]) for order in left["orders"]] == [
        ("failing", "WAITING_RETRY"),
        ("queued-0", "PENDING"),
        ("queued-1", "PENDING"),
        ("waiting", "PENDING"),
    ]
    assert (left["mode"], left["slots"]) == ("STOPPED", [])


def test_a_crash_costs_no_attempt(story: Read) -> None:
    told = story("workorder/recovery")
    assert telling(told, begin_ms=3_000) == [
        (3000, "FAIL", "failing", 1, "ERROR", "WAITING_RETRY", 12000),
        (3000, "RELEASE", "failing", 1),
        (3000, "HOLD", "STAGGER", "done", 4000),
        (4000, "CLAIM", "done", 1, 1),
        (4000, "HOLD", "STAGGER", "queued", 6000),
        (4000, "READY", "done"),
        (4000, "RUN_END", "CRASHED"),
        (5000, "RESTART"),
        (5000, "RECOVER", "lost", "PENDING"),
        (5000, "RECOVER", "done", "COMPLETED"),
        (5000, "HANDLER", True),
        (5000, "MODE", "RUNNING"),
        (5000, "HOLD", "STAGGER", "lost", 6000),
        (6000, "CLAIM", "lost", 1, 0),
        (6000, "HOLD", "STAGGER", "queued", 8000),
        (6000, "READY", "lost"),
        (8000, "ENQUEUE", "again", 3),
        (8000, "CLAIM", "queued", 1, 1),
        (8000, "HOLD", "STAGGER", "again", 10000),
        (8000, "READY", "queued"),
        (9000, "COMPLETE", "queued"),
        (9000, "RELEASE", "queued", 1),
        (9000, "HOLD", "STAGGER", "again", 10000),
        (10000, "CLAIM", "again", 1, 1),
        (10000, "HOLD", "QUEUE"),
        (10000, "READY", "again"),
        (11000, "COMPLETE", "again"),
        (11000, "RELEASE", "again", 1),
        (11000, "HOLD", "QUEUE"),
        (12000, "RETRY", "failing"),
        (12000, "CLAIM", "failing", 2, 1),
        (12000, "HOLD", "QUEUE"),
        (12000, "READY", "failing"),
        (12000, "FAIL", "lost", 1, "ERROR", "WAITING_RETRY", 21000),
        (12000, "RELEASE", "lost", 0),
        (12000, "HOLD", "QUEUE"),
        (13000, "COMPLETE", "failing"),
        (13000, "RELEASE", "failing", 1),
        (13000, "HOLD", "QUEUE"),
        (21000, "RETRY", "lost"),
        (21000, "CLAIM", "lost", 2, 0),
        (21000, "HOLD", "QUEUE"),
        (21000, "READY", "lost"),
        (27000, "COMPLETE", "lost"),
        (27000, "RELEASE", "lost", 0),
        (27000, "HOLD", "QUEUE"),
        (27000, "MODE", "STOPPING", 57000),
        (27000, "MODE", "STOPPED"),
        (27000, "RUN_END", "STOPPED"),
    ]
    end, begin = told.snapshots[0, "RUN_END"], told.snapshots[1, "RUN_BEGIN"]
    assert end == begin
    assert (end["mode"], end["clock_ns"]) == ("RUNNING", 4_000_000_000)
    assert end["slots"] == [[0, 0], [1, 2]]
    assert [(order["id"], order["state"], order["attempts"]) for order in end["orders"]] == [
        ("lost", "RUNNING", 1),
        ("failing", "WAITING_RETRY", 1),
        ("done", "RUNNING", 1),
        ("queued", "PENDING", 0),
    ]


def test_everything_that_can_happen_happens(story: Read) -> None:
    told = story("workorder/everything")
    assert {event.kind for event in told.events} == {kind.name for kind in WORKORDER.kinds}
    assert {event.fields["gate"] for event in told.of("HOLD")} == set(Gate)
    assert Counter(event.fields["refusal"] for event in told.of("REFUSE")) == {
        "FULL": 1,
        "STOPPING": 1,
    }
    assert told.snapshots[max(told.snapshots)[0], "RUN_END"]["totals"] == {
        "enqueued": 46,
        "refused": 2,
        "claimed": 53,
        "retried": 7,
        "completed": 39,
        "failed": 3,
        "cancelled": 4,
    }
    assert told.snapshots[max(told.snapshots)[0], "RUN_END"]["orders"] == []


def test_a_recording_goes_on_after_a_crash_and_after_a_stop(story: Read) -> None:
    told = story("workorder/everything")
    ends = [event.fields["end"] for event in told.of("RUN_END")]
    assert ends == [
        *["CHECKPOINT"] * 8,
        "CRASHED",
        "CHECKPOINT",
        "STOPPED",
        "CHECKPOINT",
        "STOPPED",
    ]
    assert telling(told, "RUN_END", "RESTART", "RECOVER", "MODE", begin_ms=25_000) == [
        (25100, "RUN_END", "CHECKPOINT"),
        (25100, "RUN_END", "CRASHED"),
        (25300, "RESTART"),
        (25300, "RECOVER", "burst-13", "PENDING"),
        (25300, "RECOVER", "burst-14", "PENDING"),
        (25300, "RECOVER", "burst-15", "FAILED"),
        (25300, "RECOVER", "burst-18", "COMPLETED"),
        (25300, "MODE", "RUNNING"),
        (27950, "RUN_END", "CHECKPOINT"),
        (35000, "MODE", "STOPPING", 36500),
        (37500, "MODE", "STOPPED"),
        (37500, "RUN_END", "STOPPED"),
        (40000, "RESTART"),
        (40000, "MODE", "RUNNING"),
        (46250, "RUN_END", "CHECKPOINT"),
        (47000, "MODE", "STOPPING", 51000),
        (47000, "MODE", "STOPPED"),
        (47000, "RUN_END", "STOPPED"),
    ]
