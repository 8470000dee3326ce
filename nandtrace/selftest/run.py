"""A selftest: valid traces are recorded, and mutants of them and of others judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from nandtrace.check import Verdict, verify_trace
from nandtrace.check.registry import own_invariants
from nandtrace.errors import TraceError, UsageError
from nandtrace.selftest.mutants import Mutant, Task, judge_mutants, operators_of
from nandtrace.selftest.recording import Recording
from nandtrace.selftest.tally import InvariantProof, tally
from nandtrace.trace import TraceReader

DOMAINS = ("nand", "graph", "workorder")

MUTANTS = 4
"""Of each operator, where nothing else is said."""

Told = Callable[[str], None]
"""Called with how far a selftest is, in words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to prove: in which domains, on which traces beside fresh recordings, how many mutants of each
    operator. `without` names invariants that are switched off, to see that it shows."""

    domains: tuple[str, ...] = DOMAINS
    traces: tuple[Path, ...] = ()
    mutants: int = MUTANTS
    without: tuple[str, ...] = ()


@dataclass(slots=True)
class DomainProof:
    """What the mutants of a domain's traces showed."""

    domain: str
    traces: list[str]
    mutants: list[Mutant] = field(default_factory=list)
    invariants: list[InvariantProof] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    """Operators for which no trace has a place."""

    @property
    def survivors(self) -> list[Mutant]:
        return [mutant for mutant in self.mutants if mutant.survived]

    @property
    def missed(self) -> list[Mutant]:
        return [mutant for mutant in self.mutants if mutant.was_missed]

    @property
    def rejected(self) -> list[Mutant]:
        """Equivalent mutants that an invariant minded."""
        return [mutant for mutant in self.mutants if mutant.was_rejected]

    @property
    def unproven(self) -> list[InvariantProof]:
        return [proof for proof in self.invariants if proof.problem]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong with the checker, as far as this shows."""
        wrong = (self.survivors, self.missed, self.rejected, self.unproven, self.untried)
        return not any(wrong)


def prove_domains(
    wanted: Wanted, folder: Path, pool: ProcessPoolExecutor | None, told: Told | None = None
) -> Iterator[DomainProof]:
    """Record, mutate and judge, domain by domain; `folder` takes the fresh recordings.

    Raises UsageError for invariants that there are not, TraceError for a trace that can't be read or is
    not valid to begin with: nothing can be shown on it.
    """
    _check_ids(wanted.without)
    given = _by_domain(wanted.traces)
    for domain in wanted.domains:
        recorded = list(record_fresh(domain, folder))
        traces = [*recorded, *given.get(domain, [])]
        _check_valid(traces)
        yield _prove(domain, traces, wanted, pool, told)


def _check_ids(names: Iterable[str]) -> None:
    known = own_invariants()
    for name in names:
        if name not in known:
            raise UsageError(f"there is no invariant {name!r}; `nandtrace verify --list` has them")


def _by_domain(traces: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for trace in traces:
        with TraceReader(trace) as reader:
            found.setdefault(reader.header.domain, []).append(trace)
    unknown = sorted(found.keys() - set(DOMAINS))
    if unknown:
        raise UsageError(f"{found[unknown[0]][0]}: there are no operators for {unknown[0]!r}")
    return found


def record_fresh(domain: str, folder: Path) -> Iterator[Path]:
    """Record the valid traces of a domain into a folder, one after another."""
    recordings: Sequence[Recording] = import_module(
        f"nandtrace.selftest.{domain}_recordings"
    ).RECORDINGS
    for recording in recordings:
        path = folder / f"{domain}-{recording.name}.mpk"
        recording.record(path)
        yield path


def _check_valid(traces: Iterable[Path]) -> None:
    for trace in traces:
        verdict = verify_trace(trace)
        if verdict.verdict is Verdict.UNKNOWN:
            raise TraceError(str(trace), verdict.error or verdict.damages[0])
        violated = [item.id for item in verdict.invariants if item.violated]
        if violated:
            raise TraceError(str(trace), f"it violates {violated[0]} before anything is changed")


def _prove(
    domain: str,
    traces: list[Path],
    wanted: Wanted,
    pool: ProcessPoolExecutor | None,
    told: Told | None,
) -> DomainProof:
    judges = {
        name: item for name, item in own_invariants(domain).items() if name not in wanted.without
    }
    names = [str(trace) for trace in traces]
    operators = list(operators_of(domain))
    tasks = [
        Task(domain, operator, tuple(_turned(names, turn)), wanted.mutants, tuple(judges))
        for turn, operator in enumerate(operators)
    ]
    proof = DomainProof(domain, names)
    judged = map(judge_mutants, tasks) if pool is None else pool.map(judge_mutants, tasks)
    for done, (operator, mutants) in enumerate(zip(operators, judged, strict=True), start=1):
        proof.mutants += mutants
        if not mutants:
            proof.untried.append(operator)
        if told is not None:
            told(f"{domain}: {done} of {len(operators)} operators")
    proof.invariants = tally(judges.values(), proof.mutants)
    return proof


def _turned(traces: list[str], turn: int) -> list[str]:
    """Each operator begins with another trace."""
    begin = turn % len(traces)
    return traces[begin:] + traces[:begin]
