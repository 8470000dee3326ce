"""The event queue: order of equal times, withdrawal by id, what is kept."""

from __future__ import annotations

from nandtrace.nand.queue import Due, EventQueue


def _drain(queue: EventQueue) -> list[tuple[int, Due, str]]:
    found = []
    while queue.next_time() is not None:
        time_ns, due, _, what = queue.pop()
        found.append((time_ns, Due(due), what))
    return found


def test_equal_times_go_by_kind_and_then_by_queueing() -> None:
    queue = EventQueue()
    for due in reversed(Due):
        queue.push(10, due, "first")
        queue.push(10, due, "second")
    queue.push(0, Due.OP_START, "before")
    assert _drain(queue) == [
        (0, Due.OP_START, "before"),
        (10, Due.OP_END, "first"),
        (10, Due.OP_END, "second"),
        (10, Due.PHASE_HOOK, "first"),
        (10, Due.PHASE_HOOK, "second"),
        (10, Due.BACKLOG_REFILL, "first"),
        (10, Due.BACKLOG_REFILL, "second"),
        (10, Due.BACKLOG_RETRY, "first"),
        (10, Due.BACKLOG_RETRY, "second"),
        (10, Due.QUEUE_REFILL, "first"),
        (10, Due.QUEUE_REFILL, "second"),
        (10, Due.OP_START, "first"),
        (10, Due.OP_START, "second"),
    ]


def test_a_withdrawn_event_is_gone() -> None:
    queue = EventQueue()
    first = queue.push(10, Due.OP_END, "first")
    queue.push(10, Due.OP_END, "second")
    third = queue.push(20, Due.OP_END, "third")
    queue.withdraw(first)
    queue.withdraw(third)
    assert len(queue) == 1
    assert [entry[3] for entry in queue.entries()] == ["second"]
    assert _drain(queue) == [(10, Due.OP_END, "second")]
    assert len(queue) == 0


def test_an_empty_queue_has_no_time() -> None:
    queue = EventQueue()
    queue.withdraw(queue.push(5, Due.OP_END, "only"))
    assert queue.next_time() is None
    assert len(queue) == 0


def test_what_is_kept_can_still_be_withdrawn() -> None:
    queue = EventQueue()
    start = queue.push(20, Due.OP_START, "start")
    queue.push(10, Due.PHASE_HOOK, "hook")
    end = queue.push(30, Due.OP_END, "end")
    queue.keep([entry for entry in queue.entries() if entry[1] != Due.PHASE_HOOK])
    queue.withdraw(end)
    assert queue.push(20, Due.OP_START, "later") > start
    assert _drain(queue) == [(20, Due.OP_START, "start"), (20, Due.OP_START, "later")]
