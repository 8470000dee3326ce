"""The order of starts."""

from __future__ import annotations

import pytest

from nandtrace.check.graph.order import start_order, strong_parts

Links = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("count", "links", "order"),
    [
        (3, [], (0, 1, 2)),
        (3, [(2, 0)], (1, 2, 0)),
        (3, [(2, 1), (1, 0)], (2, 1, 0)),
        (4, [(3, 0), (3, 1), (0, 2), (1, 2)], (3, 0, 1, 2)),
        (2, [(0, 0), (1, 1)], (0, 1)),
        # 1 and 3 feed each other, and stand side by side where 1 would stand alone.
        (5, [(1, 3), (3, 1), (4, 1), (3, 2)], (0, 4, 1, 3, 2)),
        (4, [(0, 1), (0, 1), (1, 2), (2, 0), (2, 3)], (0, 1, 2, 3)),
    ],
    ids=str,
)
def test_sources_start_first(count: int, links: Links, order: tuple[int, ...]) -> None:
    assert start_order(count, links) == order


def test_parts_of_two_cycles_with_a_bridge() -> None:
    parts = strong_parts(6, [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3)])
    assert parts[0] == parts[1] == parts[2]
    assert parts[3] == parts[4]
    assert len(set(parts)) == 3


def test_a_long_chain_is_no_matter_of_recursion() -> None:
    chain = [(node + 1, node) for node in range(9_999)]
    assert start_order(10_000, chain) == tuple(range(9_999, -1, -1))
