"""What the goldens of this repository exercise together."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.coverage import Coverage, measure_traces, requirement_of, shortfalls

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def goldens() -> Coverage:
    folders = (GOLDEN, GOLDEN / "graph", GOLDEN / "workorder")
    return measure_traces([path for folder in folders for path in sorted(folder.glob("*.mpk"))])


def test_every_invariant_is_exercised(goldens: Coverage) -> None:
    assert goldens.problems == []
    assert list(goldens.domains) == ["graph", "nand", "workorder"]
    assert shortfalls(goldens, [requirement_of("100")]) == []


@pytest.mark.parametrize(
    "name",
    [
        *("kinds", "sources", "suspend-depth", "marks"),
        *("leftovers", "shutdowns", "ticks", "turns"),
        *("failures", "gates", "health", "pressures", "refusals", "releases"),
    ],
)
def test_what_is_exercised_completely(goldens: Coverage, name: str) -> None:
    assert shortfalls(goldens, [requirement_of(f"{name}=100")]) == []


def test_what_valid_traces_hit_was_foreseen(goldens: Coverage) -> None:
    """The header and the model tell what is possible; a valid trace hits nothing else."""
    unforeseen = {
        (domain.domain, table.point.id): table.unforeseen
        for domain in goldens.domains.values()
        for table in domain.tables.values()
        if table.unforeseen
    }
    assert unforeseen == {}
