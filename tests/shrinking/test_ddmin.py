"""Delta debugging."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nandtrace.shrinking.ddmin import ddmin


def test_of_two_that_must_be_together_both_are_left() -> None:
    asked = []

    def holds(items: tuple[int, ...]) -> bool:
        asked.append(items)
        return {3, 6} <= set(items)

    assert ddmin(range(8), holds) == (3, 6)
    assert len(asked) < 40


def test_nothing_is_left_where_nothing_is_needed() -> None:
    assert ddmin("abc", lambda items: True) == ()


def test_all_is_left_where_all_is_needed() -> None:
    assert ddmin("abc", lambda items: len(items) == 3) == ("a", "b", "c")


@given(st.sets(st.integers(0, 30)), st.integers(31, 40))
def test_no_item_can_be_left_out_alone(needed: set[int], count: int) -> None:
    assert ddmin(range(count), lambda items: needed <= set(items)) == tuple(sorted(needed))
