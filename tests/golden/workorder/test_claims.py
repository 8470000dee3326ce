"""What is claimed, and when: does each golden hold its situation?

Times are milliseconds.
"""

from __future__ import annotations

from tests.golden.workorder.telling import Read, readings, telling

# ---- slots and stagger


def test_two_slots_work_on_five_orders_in_their_order(story: Read) -> None:
    told = story("workorder/five-orders-two-slots")
    assert telling(told) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "long", 1),
        (0, "ENQUEUE", "short", 2),
        (0, "ENQUEUE", "middling", 3),
        (0, "ENQUEUE", "immediate", 4),
        (0, "ENQUEUE", "last", 5),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "long", 1, 0),
        (0, "CLAIM", "short", 1, 1),
        (0, "HOLD", "SLOT", "middling"),
        (0, "HEALTH", False),
        (1000, "READY", "long"),
        (1000, "READY", "short"),
        (3000, "COMPLETE", "short"),
        (3000, "RELEASE", "short", 1),
        (3000, "CLAIM", "middling", 1, 1),
        (3000, "HOLD", "SLOT", "immediate"),
        (3500, "READY", "middling"),
        (8000, "COMPLETE", "middling"),
        (8000, "RELEASE", "middling", 1),
        (8000, "CLAIM", "immediate", 1, 1),
        (8000, "HOLD", "SLOT", "last"),
        (8000, "READY", "immediate"),
        (8000, "COMPLETE", "immediate"),
        (8000, "RELEASE", "immediate", 1),
        (8000, "CLAIM", "last", 1, 1),
        (8000, "HOLD", "QUEUE"),
        (8000, "READY", "last"),
        (9000, "COMPLETE", "last"),
        (9000, "RELEASE", "last", 1),
        (9000, "HOLD", "QUEUE"),
        (9000, "HEALTH", True),
        (10000, "COMPLETE", "long"),
        (10000, "RELEASE", "long", 0),
        (10000, "HOLD", "QUEUE"),
        (10000, "MODE", "STOPPING", 40000),
        (10000, "MODE", "STOPPED"),
        (10000, "RUN_END", "STOPPED"),
    ]


def test_a_claim_waits_for_the_stagger_and_no_longer(story: Read) -> None:
    told = story("workorder/stagger")
    assert telling(told, "CLAIM", "HOLD") == [
        (0, "CLAIM", "early-0", 1, 0),
        (0, "HOLD", "STAGGER", "early-1", 5000),
        (5000, "CLAIM", "early-1", 1, 1),
        (5000, "HOLD", "STAGGER", "early-2", 10000),
        (10000, "CLAIM", "early-2", 1, 2),
        (10000, "HOLD", "QUEUE"),
        (12000, "HOLD", "QUEUE"),
        (12500, "HOLD", "STAGGER", "within", 15000),
        (15000, "CLAIM", "within", 1, 0),
        (15000, "HOLD", "QUEUE"),
        (16000, "HOLD", "QUEUE"),
        (17000, "HOLD", "QUEUE"),
        (22000, "HOLD", "QUEUE"),
        (30000, "CLAIM", "late", 1, 0),
        (30000, "HOLD", "QUEUE"),
        (31000, "HOLD", "QUEUE"),
    ]


# ---- memory


def test_nothing_is_claimed_while_the_memory_is_critical(story: Read) -> None:
    told = story("workorder/critical-pressure")
    assert telling(told, end_ms=26_000) == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "before", 1),
        (0, "MODE", "RUNNING"),
        (0, "CLAIM", "before", 1, 0),
        (0, "HOLD", "QUEUE"),
        (0, "READY", "before"),
        (5000, "PRESSURE", "WARNING"),
        (10000, "PRESSURE", "CRITICAL"),
        (10000, "HEALTH", False),
        (11000, "ENQUEUE", "during", 1),
        (11000, "HOLD", "PRESSURE", "during"),
        (12000, "HOLD", "PRESSURE", "during"),
        (13000, "HOLD", "PRESSURE", "during"),
        (14000, "PRESSURE", "WARNING"),
        (14000, "CLAIM", "during", 1, 1),
        (14000, "HOLD", "QUEUE"),
        (14000, "HEALTH", True),
        (14000, "READY", "during"),
        (18000, "COMPLETE", "during"),
        (18000, "RELEASE", "during", 1),
        (18000, "HOLD", "QUEUE"),
        (25000, "PRESSURE", "NONE"),
    ]
    assert readings(told.of("PRESSURE")) == [
        (5000, 2000),
        (10000, 1000),
        (14000, 1001),
        (25000, 8000),
    ]
    assert readings(told.of("HOLD", gate="PRESSURE")) == [
        (11000, 1000),
        (12000, 1000),
        (13000, 1000),
    ]
    assert told.of("CLAIM")[1].fields["total_bytes"] == 10_000 * 2**20


def test_a_slot_that_was_claimed_a_moment_ago_needs_its_memory(story: Read) -> None:
    told = story("workorder/memory-for-one-more-slot")
    assert telling(told, "CLAIM", "HOLD", "PRESSURE", end_ms=10_000) == [
        (0, "CLAIM", "order-0", 1, 0),
        (0, "CLAIM", "order-1", 1, 1),
        (0, "HOLD", "MEMORY", "order-2"),
        (500, "HOLD", "MEMORY", "order-2"),
        (1000, "PRESSURE", "WARNING"),
        (1000, "HOLD", "MEMORY", "order-2"),
        (1500, "HOLD", "MEMORY", "order-2"),
        (2000, "CLAIM", "order-2", 1, 2),
        (2000, "HOLD", "QUEUE"),
    ]
    assert readings(told.of("CLAIM")) == [(0, 2500), (0, 2500), (2000, 1500)]
    assert readings(told.of("HOLD", gate="MEMORY"))[-2:] == [(1000, 1500), (1500, 1500)]


# ---- the queue


def test_the_highest_priority_goes_first(story: Read) -> None:
    told = story("workorder/priorities")
    assert telling(told, "ENQUEUE", "CLAIM", "RETRY", "HOLD") == [
        (0, "ENQUEUE", "low", 1),
        (0, "ENQUEUE", "plain-0", 2),
        (0, "ENQUEUE", "plain-1", 3),
        (0, "ENQUEUE", "high", 4),
        (0, "CLAIM", "high", 1, 0),
        (0, "HOLD", "SLOT", "plain-0"),
        (500, "ENQUEUE", "higher", 4),
        (500, "ENQUEUE", "high-too", 5),
        (500, "HOLD", "SLOT", "higher"),
        (1000, "CLAIM", "higher", 1, 0),
        (1000, "HOLD", "SLOT", "high-too"),
        (3000, "RETRY", "high"),
        (3000, "HOLD", "SLOT", "high"),
        (3500, "CLAIM", "high", 2, 0),
        (3500, "HOLD", "SLOT", "high-too"),
        (4500, "CLAIM", "high-too", 1, 0),
        (4500, "HOLD", "SLOT", "plain-0"),
        (6500, "CLAIM", "plain-0", 1, 0),
        (6500, "HOLD", "SLOT", "plain-1"),
        (7500, "CLAIM", "plain-1", 1, 0),
        (7500, "HOLD", "SLOT", "low"),
        (8500, "CLAIM", "low", 1, 0),
        (8500, "HOLD", "QUEUE"),
        (9500, "HOLD", "QUEUE"),
    ]


def test_a_full_queue_refuses(story: Read) -> None:
    told = story("workorder/full-queue")
    assert telling(told, "ENQUEUE", "REFUSE", "CLAIM", "FAIL", "RETRY") == [
        (0, "ENQUEUE", "retried", 1),
        (0, "ENQUEUE", "waiting-0", 2),
        (0, "ENQUEUE", "waiting-1", 3),
        (0, "REFUSE", "waiting-2", "FULL", 3, 0),
        (0, "CLAIM", "retried", 1, 0),
        (1000, "REFUSE", "reserved", "FULL", 2, 1),
        (1000, "REFUSE", "waiting-0", "DUPLICATE", 2, 1),
        (2000, "FAIL", "retried", 1, "ERROR", "WAITING_RETRY", 3000),
        (2000, "CLAIM", "waiting-0", 1, 0),
        (3000, "RETRY", "retried"),
        (3000, "CLAIM", "retried", 2, 0),
        (3500, "ENQUEUE", "room-0", 2),
        (3500, "ENQUEUE", "room-1", 3),
        (3500, "REFUSE", "no-room", "FULL", 3, 0),
        (5000, "CLAIM", "waiting-1", 1, 0),
        (6000, "CLAIM", "room-0", 1, 0),
        (7000, "CLAIM", "room-1", 1, 0),
        (10000, "ENQUEUE", "waiting-0", 1),
        (10000, "CLAIM", "waiting-0", 1, 0),
    ]


# ---- the other gates


def test_what_holds_the_pump(story: Read) -> None:
    told = story("workorder/gates")
    assert telling(told, "MODE", "HANDLER", "ENQUEUE", "CLAIM", "HOLD") == [
        (0, "HANDLER", True),
        (0, "ENQUEUE", "first", 1),
        (1000, "MODE", "RUNNING"),
        (1000, "CLAIM", "first", 1, 0),
        (1000, "HOLD", "QUEUE"),
        (2500, "ENQUEUE", "second", 1),
        (2500, "HOLD", "STAGGER", "second", 3000),
        (3000, "HOLD", "SLOT", "second"),
        (4000, "MODE", "PAUSED"),
        (5000, "HOLD", "RUNNING"),
        (6000, "HANDLER", False),
        (7000, "MODE", "RUNNING"),
        (7000, "HOLD", "HANDLER"),
        (8000, "HANDLER", True),
        (8000, "CLAIM", "second", 1, 0),
        (8000, "HOLD", "QUEUE"),
        (12000, "ENQUEUE", "third", 1),
        (12000, "HOLD", "SLOT", "third"),
        (12000, "CLAIM", "third", 1, 0),
        (12000, "HOLD", "QUEUE"),
        (13000, "HOLD", "QUEUE"),
        (13000, "MODE", "STOPPING", 43000),
        (13000, "MODE", "STOPPED"),
    ]
