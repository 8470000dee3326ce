"""What judged mutants say of each invariant."""

from __future__ import annotations

import pytest

from nandtrace.check.registry import Invariant
from nandtrace.check.tables import nothing
from nandtrace.selftest.mutants import Mutant
from nandtrace.selftest.tally import InvariantProof, tally


def rule(name: str, *implies: str) -> Invariant:
    return Invariant(name, "g", "s", "r", "d", lambda facts: nothing(), implies=implies)


def mutant(operator: str, breaks: str | None, *violated: str) -> Mutant:
    return Mutant(operator, breaks, "a.mpk", 0, violated)


def test_kills_are_counted_and_those_that_nobody_else_made() -> None:
    mutants = [
        mutant("dropped", "one", "one"),
        mutant("dropped", "one", "one", "two"),
        mutant("moved", "two", "one", "two"),
        mutant("shifted", "one", "one"),
    ]
    one, two = tally([rule("one"), rule("two", "one")], mutants)
    assert (one.killed, one.alone, one.killed_by) == (4, 2, ["dropped", "moved", "shifted"])
    assert one.alone_by == ["dropped", "shifted"]
    assert (two.killed, two.alone, two.beside) == (2, 0, 0)
    assert (one.problem, two.problem) == (None, None)


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        (InvariantProof("a"), "found no mutant"),
        (InvariantProof("a", killed=3), "found nothing that no other did"),
        (
            InvariantProof("a", ("b", "c"), killed=3, beside=2),
            "found 2 that b or c did not, which it is said to imply",
        ),
        (InvariantProof("a", ("b",), killed=3), None),
        (InvariantProof("a", killed=3, alone=1), None),
    ],
)
def test_what_is_not_proven_is_said(proof: InvariantProof, problem: str | None) -> None:
    assert proof.problem == problem


def test_what_survives_is_missed_or_rejected() -> None:
    survivor, missed = mutant("m", "one"), mutant("m", "one", "two")
    rejected, equivalent = mutant("e", None, "one"), mutant("e", None)
    assert [item.survived for item in (survivor, missed, rejected, equivalent)] == [
        True,
        False,
        False,
        False,
    ]
    assert [item.was_missed for item in (survivor, missed, rejected, equivalent)] == [
        False,
        True,
        False,
        False,
    ]
    assert [item.was_rejected for item in (survivor, missed, rejected, equivalent)] == [
        False,
        False,
        True,
        False,
    ]
