"""Snapshots forged leaf by leaf: by a value that may stand there, and no other."""

from __future__ import annotations

from random import Random

import pytest

from nandtrace.check.mutation.snapshot_leaves import Leaves

LEAVES = Leaves(
    words={"mode": ("NEW", "RUNNING")},
    fills={"due_ns": 1, "held": [0, 1]},
    free=frozenset({"clock_ns"}),
)


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - nothing secret


@pytest.mark.parametrize(
    ("state", "forged"),
    [
        ({"mode": "NEW"}, (("mode",), "RUNNING")),
        ({"healthy": False}, (("healthy",), True)),
        ({"node": {"due_ns": None}}, (("node", "due_ns"), 1)),
        ({"held": None}, (("held",), [0, 1])),
        ({"id": "a"}, (("id",), "a'")),
        ({"clock_ns": 5}, None),
        ({"slots": []}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_leaf_becomes_another(state: dict[str, object], forged: object) -> None:
    assert LEAVES.forged(state, seeded(1)) == forged


def test_a_list_loses_an_entry_and_a_pair_none() -> None:
    made = [LEAVES.forged({"queued": [[3, True]]}, seeded(seed)) for seed in range(30)]
    values = {str(item) for item in made}
    assert str((("queued",), [])) in values
    assert str((("queued", 0, 1), False)) in values
    assert str((("queued", 0, 0), 4)) in values
    assert not any(item is not None and item[0] == ("queued", 0) for item in made)
