"""A selftest as one JSON object: schemas/selftest.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nandtrace.selftest.faulty import FaultProof
from nandtrace.selftest.mutants import Mutant
from nandtrace.selftest.run import DomainProof
from nandtrace.selftest.tally import InvariantProof

VERSION = 1


def selftest_document(
    domains: Iterable[DomainProof], faults: Iterable[FaultProof]
) -> dict[str, Any]:
    """All that a selftest found; `holds` says whether nothing is wrong."""
    proofs, caught = list(domains), list(faults)
    return {
        "version": VERSION,
        "holds": all(item.holds for item in proofs) and all(item.holds for item in caught),
        "domains": [_domain(proof) for proof in proofs],
        "faults": [_fault(fault) for fault in caught],
    }


def _domain(proof: DomainProof) -> dict[str, Any]:
    return {
        "domain": proof.domain,
        "holds": proof.holds,
        "traces": proof.traces,
        "mutants": len(proof.mutants),
        "survivors": [_mutant(mutant) for mutant in proof.survivors],
        "missed": [_mutant(mutant) for mutant in proof.missed],
        "rejected": [_mutant(mutant) for mutant in proof.rejected],
        "untried": proof.untried,
        "invariants": [_invariant(item) for item in proof.invariants],
    }


def _mutant(mutant: Mutant) -> dict[str, Any]:
    return {
        "operator": mutant.operator,
        "breaks": mutant.breaks,
        "trace": mutant.trace,
        "seed": mutant.seed,
        "violated": list(mutant.violated),
    }


def _invariant(proof: InvariantProof) -> dict[str, Any]:
    return {
        "id": proof.id,
        "killed": proof.killed,
        "alone": proof.alone,
        "killed_by": proof.killed_by,
        "alone_by": proof.alone_by,
        "implies": list(proof.implies),
        "problem": proof.problem,
    }


def _fault(fault: FaultProof) -> dict[str, Any]:
    return {
        "id": fault.id,
        "domain": fault.domain,
        "sentence": fault.sentence,
        "expected": fault.expected,
        "seed": fault.seed,
        "violated": list(fault.violated),
        "holds": fault.holds,
    }
