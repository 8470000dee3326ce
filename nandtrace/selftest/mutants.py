"""Mutants made, written and judged: one operator after another, each on some of the traces."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.operators import Operator, load_operators
from nandtrace.check.mutation.tape import Tape
from nandtrace.errors import InternalError

_TAPES_KEPT = 16


@dataclass(frozen=True, slots=True)
class Task:
    """The mutants of one operator to be judged: `count` of them, on traces taken by turns.

    `invariants` are those that judge.
    """

    domain: str
    operator: str
    traces: tuple[str, ...]
    count: int
    invariants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant, what it must violate (None: nothing) and what it was found to violate."""

    operator: str
    breaks: str | None
    trace: str
    seed: int
    violated: tuple[str, ...]

    @property
    def survived(self) -> bool:
        """Whether it breaks a rule and nothing was found."""
        return self.breaks is not None and not self.violated

    @property
    def was_missed(self) -> bool:
        """Whether something was found, but not by the invariant whose rule is broken."""
        return bool(self.violated) and self.breaks is not None and self.breaks not in self.violated

    @property
    def was_rejected(self) -> bool:
        """Whether it is equivalent, and an invariant minds it all the same."""
        return self.breaks is None and bool(self.violated)


def judge_mutants(task: Task) -> list[Mutant]:
    """Make the mutants of a task, write each as a trace, and verify it.

    Fewer than were asked for come back where the traces have too few places. Raises InternalError where
    a mutant is no well-formed trace.
    """
    operator = operators_of(task.domain)[task.operator]
    judged = []
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        path = Path(folder) / "mutant.mpk"
        for trace, seed, tape in _mutants(operator, task.traces, task.count):
            tape.write(path)
            violated = _violated(path, task.invariants)
            judged.append(Mutant(operator.id, operator.breaks, trace, seed, violated))
    return judged


def operators_of(domain: str) -> dict[str, Operator]:
    """The operators of a domain by id, in their order."""
    return {operator.id: operator for operator in load_operators(domain)}


def _mutants(
    operator: Operator, traces: Sequence[str], count: int
) -> Iterator[tuple[str, int, Tape]]:
    """All traces once, then all with another seed, until there are enough."""
    made = 0
    for seed in range(count):
        for trace in traces:
            tape = operator.mutant(read_tape(trace), seed)
            if tape is not None:
                yield trace, seed, tape
                made += 1
            if made == count:
                return


@lru_cache(maxsize=_TAPES_KEPT)
def read_tape(trace: str) -> Tape:
    """A trace as a tape; the last few are kept."""
    return Tape.read(trace)


def _violated(path: Path, invariants: tuple[str, ...]) -> tuple[str, ...]:
    verdict = verify_trace(path, Options(only=invariants, kept=1))
    if verdict.error or verdict.damages:
        raise InternalError(f"a mutant is no sound trace: {verdict.error or verdict.damages[0]}")
    return tuple(item.id for item in verdict.invariants if item.violated)
