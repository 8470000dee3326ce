"""Whether the checker and the reference think alike of a trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nandtrace.check import verify_trace
from tests.reference.judging import judge


@dataclass(frozen=True)
class Opinions:
    """The invariants that a trace violates, by the checker and by the reference."""

    checker: frozenset[str]
    reference: frozenset[str]

    def agree(self, breaks: str | None) -> bool:
        """Whether both find it valid, or both find it violated; and if it was made to break an invariant,
        both under that one."""
        if breaks is None:
            return bool(self.checker) == bool(self.reference)
        return breaks in self.checker and breaks in self.reference

    @property
    def are_same(self) -> bool:
        """Whether both name the same invariants. After a first fault there are several ways to go on, and
        what else is found then is nowhere laid down."""
        return self.checker == self.reference


def opinions(path: Path) -> Opinions:
    """Judge a trace twice."""
    verdict = verify_trace(path)
    assert verdict.error is None, verdict.error
    assert verdict.damages == []
    checker = frozenset(item.id for item in verdict.invariants if item.violated)
    return Opinions(checker, frozenset(judge(path)))
