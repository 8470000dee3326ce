"""The recordings that a selftest mutates."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.check.registry import own_invariants
from nandtrace.selftest.mutants import operators_of, read_tape
from nandtrace.selftest.run import DOMAINS, record_fresh


@pytest.mark.parametrize("domain", DOMAINS)
def test_they_are_valid_small_and_exercise_every_invariant(domain: str, tmp_path: Path) -> None:
    exercised = set()
    for path in record_fresh(domain, tmp_path):
        verdict = verify_trace(path)
        assert verdict.verdict is Verdict.OK
        assert verdict.events < 1_500
        exercised |= {item.id for item in verdict.invariants if item.exercised}
    assert exercised == own_invariants(domain).keys()


def test_the_same_seed_makes_the_same_mutant(tmp_path: Path) -> None:
    tape = read_tape(str(next(record_fresh("nand", tmp_path))))
    operator = operators_of("nand")["op-end-dropped"]
    mutants = [operator.mutant(tape, seed) for seed in (1, 1, 2)]
    assert mutants[0] == mutants[1]
    assert mutants[0] != mutants[2]
