"""The selftest: the checker finds what is wrong, and it shows when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check.registry import own_invariants
from nandtrace.errors import TraceError, UsageError
from nandtrace.selftest.run import DOMAINS, DomainProof, Wanted, prove_domains

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module", params=DOMAINS)
def proof(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DomainProof:
    """A bounded selection: one mutant of each operator."""
    wanted = Wanted(domains=(request.param,), mutants=1)
    (made,) = prove_domains(wanted, tmp_path_factory.mktemp("selftest"), None)
    return made


def test_every_mutant_is_found_and_no_equivalent_minded(proof: DomainProof) -> None:
    assert proof.survivors == []
    assert proof.missed == []
    assert proof.rejected == []
    assert proof.untried == []
    assert len(proof.mutants) >= 100


def test_every_invariant_is_broken_on_purpose(proof: DomainProof) -> None:
    """So that it is missed when it is off."""
    broken = {mutant.breaks for mutant in proof.mutants}
    assert own_invariants(proof.domain).keys() <= broken


@pytest.mark.soak
def test_every_invariant_is_proven(tmp_path: Path) -> None:
    """Each finds something that no other finds, or implies what it says."""
    goldens = [*GOLDEN.glob("*.mpk"), *GOLDEN.glob("graph/*.mpk"), *GOLDEN.glob("workorder/*.mpk")]
    wanted = Wanted(traces=tuple(sorted(goldens)), mutants=12)
    for proof in prove_domains(wanted, tmp_path, None):
        assert [(item.id, item.problem) for item in proof.unproven] == []
        assert proof.holds


def test_a_canary_makes_it_fail(tmp_path: Path) -> None:
    wanted = Wanted(domains=("workorder",), mutants=1, without=("stagger",))
    (proof,) = prove_domains(wanted, tmp_path, None)
    assert not proof.holds
    assert {mutant.breaks for mutant in (*proof.survivors, *proof.missed)} == {"stagger"}
    assert proof.survivors
    assert "stagger" not in [item.id for item in proof.invariants]


def test_a_trace_that_is_violated_proves_nothing(tmp_path: Path) -> None:
    trace = GOLDEN / "violations" / "no-drain.mpk"
    with pytest.raises(TraceError, match="violates one-op-start-per-segment before anything"):
        list(prove_domains(Wanted(domains=("nand",), traces=(trace,)), tmp_path, None))


def test_an_invariant_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no invariant 'nonsense'"):
        list(prove_domains(Wanted(without=("nonsense",)), tmp_path, None))
