"""The bus: the first time at which a pattern is free, and what is given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nandtrace.nand.bus import Bus
from nandtrace.nand.ops import bus_pattern

ISSUE = ((0, 30),)
TWO_ENDS = ((0, 30), (100, 150))


def _bus() -> Bus:
    bus = Bus()
    bus.reserve(ISSUE, 100, 1)
    bus.reserve(ISSUE, 200, 2)
    return bus


@pytest.mark.parametrize(
    ("at_ns", "expected"), [(0, 0), (70, 70), (71, 130), (100, 130), (130, 130), (171, 230)]
)
def test_the_first_free_time(at_ns: int, expected: int) -> None:
    assert _bus().earliest(ISSUE, at_ns) == expected


def test_every_slot_of_a_pattern_must_be_free() -> None:
    assert _bus().earliest(TWO_ENDS, 0) == 30
    assert _bus().earliest(TWO_ENDS, 51) == 130


def test_the_window_is_a_limit() -> None:
    assert _bus().earliest(ISSUE, 80, 130) == 130
    assert _bus().earliest(ISSUE, 80, 129) is None


def test_an_op_without_the_bus_is_never_kept_waiting() -> None:
    assert _bus().earliest((), 110) == 110


def test_what_is_cut_gives_back_the_rest_of_its_slots() -> None:
    bus = Bus()
    bus.reserve(TWO_ENDS, 0, 1)
    bus.reserve(ISSUE, 40, 2)
    bus.release(1, 10)
    assert bus.slots == [(0, 10, 1), (40, 70, 2)]


def test_slots_that_are_over_are_forgotten() -> None:
    bus = _bus()
    bus.forget(129)
    assert len(bus.slots) == 2
    bus.forget(130)
    assert bus.slots == [(200, 230, 2)]


def test_neighbouring_bus_states_are_one_slot() -> None:
    assert bus_pattern([(30, True), (768, True), (100, False), (50, True)]) == (
        (0, 798),
        (898, 948),
    )


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=4)),
    st.integers(0, 200),
)
def test_reserved_slots_never_overlap(ops: list[list[tuple[int, bool]]], at_ns: int) -> None:
    """And no earlier start would have been free, by trying every one."""
    bus = Bus()
    for seg, states in enumerate(ops):
        pattern = bus_pattern(states)
        start = bus.earliest(pattern, at_ns)
        assert start is not None
        assert start == next(time for time in range(at_ns, start + 1) if _free(bus, pattern, time))
        bus.reserve(pattern, start, seg)
    assert all(
        before[1] <= after[0] for before, after in zip(bus.slots, bus.slots[1:], strict=False)
    )


def _free(bus: Bus, pattern: tuple[tuple[int, int], ...], start: int) -> bool:
    return all(
        slot[1] <= start + begin or start + end <= slot[0]
        for begin, end in pattern
        for slot in bus.slots
    )
