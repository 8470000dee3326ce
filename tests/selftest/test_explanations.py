"""What a reader sees of a violation: every invariant's, of a real mutant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check.registry import own_invariants
from nandtrace.report.explanation import EXAMPLES_FILE
from nandtrace.selftest.examples import example_of
from nandtrace.selftest.mutants import operators_of
from nandtrace.selftest.run import DOMAINS, record_fresh

EXAMPLES: dict[str, dict[str, Any]] = json.loads(EXAMPLES_FILE.read_text(encoding="utf-8"))

OF_A_RUN = {
    *("run-bracketed", "no-open-segment-at-run-end", "suspended-lists-empty", "drain-clock"),
    *("snapshot-continuity", "snapshot-matches-replay", "bootstrap-preserved", "run-counts"),
    *("run-end-told", "checkpoint-continuity", "checkpoint-matches-replay", "recovery"),
    *("idle-only-when-idle", "work-conserving"),
}
"""Invariants whose example is at no op, node or order, but of a run, its snapshot, or the scheduler."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recordings")
    return {path.stem: path for domain in DOMAINS for path in record_fresh(domain, folder)}


def test_every_invariant_has_its_example() -> None:
    """Else: `make docs`."""
    assert list(EXAMPLES) == list(own_invariants())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_what_the_checker_says_today(name: str, recordings: dict[str, Path]) -> None:
    """Else: `make docs`."""
    told = EXAMPLES[name]
    domain = told["domain"]
    operator = operators_of(domain)[told["operator"]]
    assert operator.breaks == name
    trace = recordings[told["recording"]]
    assert example_of(domain, name, operator, trace, told["seed"]) == told


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_no_other_invariant_finds_it_but_those_that_are_implied(name: str) -> None:
    assert EXAMPLES[name]["alone"] or own_invariants()[name].implies


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_violation_says_what_is_wrong_where(name: str) -> None:
    example = EXAMPLES[name]
    violation = example["violation"]
    assert violation["expected"]
    assert violation["actual"]
    assert violation["expected"] != violation["actual"]
    place = violation.keys() - {"seq", "time_ns", "run", "kind", "expected", "actual"}
    assert bool(place) == (name not in OF_A_RUN)
    for text in (violation["expected"], violation["actual"]):
        assert "9223372036854775808" not in text, "NULL is no number for a reader"
        assert "null" not in text.split()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_events_that_matter_are_shown(name: str) -> None:
    """The one at fault among them, and where an op is at fault the COMMIT that it began with."""
    example = EXAMPLES[name]
    violation, events = example["violation"], example["events"]
    rows = [line.split() for line in events if line != "…"]
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers))
    (own,) = [row for row in rows if int(row[0]) == violation["seq"]]
    assert own[1] == str(violation["run"])
    assert own[3] == violation["kind"]
    assert len(rows) >= 3
    if "seg" in violation and name != "refs-resolve":
        told = [row for row in rows if f"seg={violation['seg']}" in row]
        assert len(told) >= 1, "nothing of its segment is shown"
