"""What a selftest found, as text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from nandtrace.selftest.faulty import FaultProof
from nandtrace.selftest.mutants import Mutant
from nandtrace.selftest.run import DomainProof
from nandtrace.selftest.tally import InvariantProof

_SHOWN = 10
"""Mutants listed of each sort."""


def headline(proof: DomainProof) -> str:
    """One line a domain."""
    equivalent = sum(mutant.breaks is None for mutant in proof.mutants)
    judged = f"{len(proof.mutants) - equivalent:,} mutants and {equivalent:,} equivalents"
    word = "PROVEN" if proof.holds else "UNPROVEN"
    alone = sum(bool(item.alone) for item in proof.invariants)
    return (
        f"{word}  {proof.domain}: {judged} of {len(proof.traces)} traces, {len(proof.survivors)} survived; "
        f"{len(proof.invariants)} invariants, {alone} of them the only one to find some mutant"
    )


def problem_lines(proof: DomainProof) -> Iterator[str]:
    """What a domain's proof lacks, nothing where it holds."""
    yield from _mutants("survived", proof.survivors)
    yield from _mutants("found by others only", proof.missed)
    yield from _mutants("equivalent, yet rejected", proof.rejected)
    for operator in proof.untried:
        yield f"  no trace has a place for the operator {operator}"
    for item in proof.unproven:
        yield f"  {item.id}: {item.problem}"


def _mutants(what: str, mutants: Sequence[Mutant]) -> Iterator[str]:
    for mutant in mutants[:_SHOWN]:
        expected = f", breaks {mutant.breaks}" if mutant.breaks else ""
        found = f"; violated: {', '.join(mutant.violated)}" if mutant.violated else ""
        yield f"  {what}: {mutant.operator}, seed {mutant.seed} on {mutant.trace}{expected}{found}"
    if len(mutants) > _SHOWN:
        yield f"  … and {len(mutants) - _SHOWN} more that {what}"


def invariants_table(proof: DomainProof) -> Table:
    """Per invariant how many mutants it found, how many alone, and the first operator that showed it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("invariant", "killed", "alone", "alone by"):
        right = title in ("killed", "alone")
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for item in proof.invariants:
        table.add_row(item.id, f"{item.killed:,}", f"{item.alone:,}", _alone_text(item))
    return table


def _alone_text(item: InvariantProof) -> str:
    if item.alone_by:
        more = len(item.alone_by) - 1
        return item.alone_by[0] + (f" and {more} more" if more else "")
    return f"implies {', '.join(item.implies)}" if item.implies else "-"


def faults_headline(faults: Sequence[FaultProof]) -> str:
    """One line for all faulty schedulers."""
    caught = sum(fault.holds for fault in faults)
    word = "CAUGHT" if caught == len(faults) else "MISSED"
    return f"{word}  {caught} of {len(faults)} faulty schedulers"


def fault_lines(faults: Sequence[FaultProof], *, verbose: bool) -> Iterator[str]:
    """The faulty schedulers that were not caught; with `verbose` the others too."""
    for fault in faults:
        if not fault.holds:
            found = ", ".join(fault.violated) or "nothing"
            yield f"  {fault.id}: {fault.sentence} Due: {fault.expected}; found: {found}"
        elif verbose:
            yield f"  {fault.id}: {fault.expected}, seed {fault.seed}"
