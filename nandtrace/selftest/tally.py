"""What the judged mutants say of each invariant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nandtrace.check import Invariant
from nandtrace.selftest.mutants import Mutant


@dataclass(slots=True)
class InvariantProof:
    """How often an invariant found a mutant, how often as the only one, and mutants of what kind.

    `alone_by` and `killed_by` are operators, in the order in which they were tried. `beside` counts, where
    it implies others, the mutants that it found without any of them.
    """

    id: str
    implies: tuple[str, ...] = ()
    killed: int = 0
    alone: int = 0
    beside: int = 0
    killed_by: list[str] = field(default_factory=list)
    alone_by: list[str] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        """Why nothing shows yet that it is needed, or that what is said of it is true."""
        if not self.killed:
            return "found no mutant"
        if self.beside and self.implies:
            return f"found {self.beside} that {' or '.join(self.implies)} did not, which it is said to imply"
        if not self.alone and not self.implies:
            return "found nothing that no other did"
        return None


def tally(invariants: Iterable[Invariant], mutants: Sequence[Mutant]) -> list[InvariantProof]:
    """The proof of each invariant, in their order."""
    proofs = {item.id: InvariantProof(item.id, item.implies) for item in invariants}
    for mutant in mutants:
        for name in mutant.violated:
            _count(proofs[name], mutant)
    return list(proofs.values())


def _count(proof: InvariantProof, mutant: Mutant) -> None:
    proof.killed += 1
    _note(proof.killed_by, mutant.operator)
    if len(mutant.violated) == 1:
        proof.alone += 1
        _note(proof.alone_by, mutant.operator)
    proof.beside += not set(proof.implies) & set(mutant.violated)


def _note(operators: list[str], operator: str) -> None:
    if operator not in operators:
        operators.append(operator)
