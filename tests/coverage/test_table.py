"""Tables of bins: merged, and compared with what is possible."""

from __future__ import annotations

import pytest

from nandtrace.coverage import Point, Table
from nandtrace.coverage.table import bins_of, percent_text, words

POINT = Point("doors", ("door",), "Doors that were open.")


def _table(*possible: str, **counts: int) -> Table:
    table = Table(POINT, words(possible) if possible else None)
    table.add({(name,): count for name, count in counts.items()})
    return table


def test_what_is_possible_is_compared_with_what_was_hit() -> None:
    table = _table("a", "b", "c", a=2, x=1)
    assert (table.hit, table.missing, table.unforeseen) == (1, [("b",), ("c",)], [("x",)])


def test_where_nobody_tells_what_is_possible_all_bins_count() -> None:
    table = _table(a=2, x=1)
    assert (table.hit, table.missing, table.unforeseen) == (2, [], [])


def test_merging_adds_counts_and_joins_what_is_possible() -> None:
    table = _table("a", "b", a=2)
    table.merge(_table("b", "c", a=1, b=5))
    assert table.counts == {("a",): 3, ("b",): 5}
    assert table.missing == [("c",)]


def test_merging_with_one_that_does_not_tell() -> None:
    table = _table(a=2)
    table.merge(_table("a", "b", b=1))
    assert table.possible == {("a",), ("b",)}
    table.merge(_table(x=1))
    assert (table.hit, table.unforeseen) == (2, [("x",)])


def test_bins_of_several_axes() -> None:
    assert bins_of("ab", "x") == {("a", "x"), ("b", "x")}


@pytest.mark.parametrize(
    ("hit", "possible", "text"),
    [(0, 3, "0.0 %"), (2, 3, "66.6 %"), (1999, 2000, "99.9 %"), (2, 2, "100.0 %"), (0, 0, "-")],
)
def test_percentages_are_rounded_down(hit: int, possible: int, text: str) -> None:
    assert percent_text(hit, possible) == text
