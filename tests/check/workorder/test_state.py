"""What the replay keeps of a scheduler, where keeping it well is what makes it quick."""

from __future__ import annotations

from nandtrace.check.workorder.limits import limits_from_device
from nandtrace.check.workorder.orders import Order, Settling
from nandtrace.check.workorder.state import SchedulerState
from tests.check.workorder.order_log import device


def fresh(**limits: object) -> SchedulerState:
    return SchedulerState(limits_from_device(device(**limits)))


def test_numbers_that_are_lost() -> None:
    state = fresh()
    for numbers in (range(2, 4), range(4, 5), range(7, 9), range(7, 8), range(20, 30)):
        state.lose(numbers)
    assert [number for number in range(-1, 40) if state.is_lost(number)] == [
        *(2, 3, 4, 7, 8),
        *range(20, 30),
    ]


def test_without_a_snapshot_every_number_is_lost() -> None:
    state = fresh()
    state.reset(None)
    state.lose(range(5, 8))
    assert (state.is_lost(0), state.is_lost(10**12), state.is_lost(-1)) == (True, True, False)


def test_what_is_pending_is_doubted_once() -> None:
    state = fresh()
    for number in range(4):
        state.accept(Order(number, f"{number}", 0, 0), 0)
    state.claim(state.orders[1], 0, 0)
    state.doubt_pending()
    assert state.doubtful == {0, 2, 3}
    assert (state.pending, state.queue.first()) == (0, None)
    state.accept(Order(4, "4", 0, 0), 0)
    state.doubt_pending()
    assert state.doubtful == {0, 2, 3, 4}


def test_claims_that_no_reading_shows_yet() -> None:
    settling = Settling(10)
    for order, claimed_ns in ((0, 0), (1, 5), (2, 5)):
        settling.add(order, claimed_ns)
    settling.drop(1)
    assert [settling.count(time_ns) for time_ns in (5, 9, 10, 14, 15)] == [2, 2, 1, 1, 0]
    settling.add(0, 20)
    settling.drop(0)
    settling.add(0, 25)
    assert [settling.count(time_ns) for time_ns in (30, 34, 35)] == [1, 1, 0]


def test_without_a_time_to_settle_no_claim_is_young() -> None:
    settling = Settling(0)
    settling.add(0, 0)
    assert settling.count(0) == 0
