"""The second opinion on NAND traces: it and the checker find the same invariants violated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nandtrace.check.mutation.operators import Operator, load_operators
from nandtrace.check.mutation.tape import Tape
from tests.reference.agreement import opinions
from tests.reference.judging import judge
from tests.reference.verdicts import violated

GOLDEN = Path(__file__).parents[2] / "golden"
LARGE = ("default-mix", "suspends-mix", "bootstrap-across-runs", "three-runs")
"""Left to the soak: they take the reference a second each, or more."""

GOLDENS = sorted(
    path
    for folder in (GOLDEN, GOLDEN / "violations")
    for path in folder.glob("*.mpk")
    if path.stem not in LARGE
)
MUTATED = (
    "recovery-read",
    "reset-in-the-drain",
    "nested-suspend",
    "resume-carried",
    "one-shot-program",
    "multi-plane-and-cache",
    "backlog-across-runs",
    "chain-across-run-until",
    "nothing-to-drain",
)


def test_the_goldens_are_judged_alike(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = violated(GOLDENS, capsys)
    assert {str(path): set(judge(path)) for path in GOLDENS} == verdicts
    assert {Path(path).stem: found for path, found in verdicts.items() if found} == {
        "no-drain": {
            "no-open-segment-at-run-end",
            "one-op-end-per-segment",
            "one-op-start-per-segment",
        },
        "per-segment": {"page-programmed-once", "page-ascending"},
    }


def test_a_mutant_of_every_invariant_is_judged_alike(tmp_path: Path) -> None:
    """One fault each: the soak has thousands of them."""
    judged = set()
    for operator, mutant in _mutants():
        mutant.write(tmp_path / "mutant.mpk")
        found = opinions(tmp_path / "mutant.mpk")
        assert found.are_same, operator.id
        assert found.agree(operator.breaks), operator.id
        judged.add(operator.breaks)
    assert len(judged) >= 50


def _mutants() -> Iterator[tuple[Operator, Tape]]:
    """For each invariant the mutant of its first operator, on the first tape that has a place for it."""
    tapes = [Tape.read(GOLDEN / f"{name}.mpk") for name in MUTATED]
    done: set[str | None] = set()
    for number, operator in enumerate(load_operators("nand")):
        if operator.breaks in done:
            continue
        turned = tapes[number % len(tapes) :] + tapes[: number % len(tapes)]
        mutants = (operator.mutant(tape, 0) for tape in turned)
        mutant = next((made for made in mutants if made is not None), None)
        if mutant is not None:
            done.add(operator.breaks)
            yield operator, mutant
