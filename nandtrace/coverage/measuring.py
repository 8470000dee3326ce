"""Measuring traces: the invariants as they are judged, and the points of a trace's domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from nandtrace.check.domain import AnyDomain, domain_of, is_known
from nandtrace.check.event_facts import EventFacts
from nandtrace.check.stream import BATCH_EVENTS, RunStream
from nandtrace.check.verdict import InvariantResult, TraceVerdict
from nandtrace.check.verify import WHOLE_BYTES, Options, verify_trace
from nandtrace.coverage.domains import collectors_of
from nandtrace.coverage.table import Table
from nandtrace.errors import InputError
from nandtrace.trace import ChunkError, TraceReader

_KILLED = "a worker process was killed, perhaps for lack of memory"
_JUDGED = Options(kept=1)


@dataclass(slots=True)
class InvariantCount:
    """How often an invariant was evaluated, exercised (not in vain) and violated, and in how many traces."""

    id: str
    evaluated: int = 0
    exercised: int = 0
    violated: int = 0
    traces_evaluated: int = 0
    traces_exercised: int = 0
    traces_violated: int = 0

    def add(self, found: InvariantResult) -> None:
        """Take over what one trace gave."""
        self.evaluated += found.evaluated
        self.exercised += found.exercised
        self.violated += found.violated
        self.traces_evaluated += bool(found.evaluated)
        self.traces_exercised += bool(found.exercised)
        self.traces_violated += bool(found.violated)


@dataclass(slots=True)
class TraceMeasure:
    """What one trace gave. `domain` is None where its header could not be read."""

    verdict: TraceVerdict
    domain: str | None = None
    tables: list[Table] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What could not be read."""
        errors = [] if self.verdict.error is None else [self.verdict.error]
        return [
            *(text.removeprefix(f"{self.verdict.path}: ") for text in errors),
            *self.verdict.damages,
        ]


@dataclass(slots=True)
class DomainCoverage:
    """What the traces of one domain gave together; invariants in the order of the catalogue."""

    domain: str
    traces: int = 0
    events: int = 0
    runs: int = 0
    invariants: dict[str, InvariantCount] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    def add(self, measure: TraceMeasure) -> None:
        """Take over what one trace gave."""
        verdict = measure.verdict
        self.traces += 1
        self.events += verdict.events
        self.runs += verdict.runs
        for found in verdict.invariants:
            self.invariants.setdefault(found.id, InvariantCount(found.id)).add(found)
        for table in measure.tables:
            self.tables.setdefault(table.point.id, Table(table.point)).merge(table)

    @property
    def exercised(self) -> int:
        """How many invariants were exercised."""
        return sum(bool(item.exercised) for item in self.invariants.values())


@dataclass(slots=True)
class Coverage:
    """What a set of traces gave: by domain, and what of them could not be read, by path."""

    traces: int = 0
    domains: dict[str, DomainCoverage] = field(default_factory=dict)
    problems: list[tuple[str, list[str]]] = field(default_factory=list)

    def add(self, measure: TraceMeasure) -> None:
        """Take over what one trace gave."""
        self.traces += 1
        if measure.problems:
            self.problems.append((measure.verdict.path, measure.problems))
        if measure.domain is not None and measure.verdict.invariants:
            known = self.domains.setdefault(measure.domain, DomainCoverage(measure.domain))
            known.add(measure)


def measure_traces(
    paths: Sequence[Path],
    pool: ProcessPoolExecutor | None = None,
    told: Callable[[int], None] | None = None,
) -> Coverage:
    """Measure traces and merge what they gave; `told` is called with the number of those done.

    What a file is like never raises: it is among the problems, and what was whole in it counts.
    """
    coverage = Coverage()
    for measure in _measures(paths, pool):
        coverage.add(measure)
        if told is not None:
            told(coverage.traces)
    # The order of the traces must not decide anything.
    coverage.domains = dict(sorted(coverage.domains.items()))
    return coverage


def _measures(paths: Sequence[Path], pool: ProcessPoolExecutor | None) -> Iterator[TraceMeasure]:
    whole: dict[Path, Future[TraceMeasure]] = {}
    if pool is not None:
        small = (path for path in paths if path.is_file() and path.stat().st_size < WHOLE_BYTES)
        whole = {path: pool.submit(measure_trace, path) for path in small}
    for path in paths:
        if path not in whole:
            yield measure_trace(path, pool)
            continue
        try:
            yield whole[path].result()
        except BrokenProcessPool:
            yield TraceMeasure(TraceVerdict(str(path), error=f"{path}: {_KILLED}"))


def measure_trace(path: Path, pool: ProcessPoolExecutor | None = None) -> TraceMeasure:
    """Measure one trace; its batches are judged in the workers of `pool`, where one is given."""
    measure = TraceMeasure(verify_trace(path, _JUDGED, pool))
    try:
        with TraceReader(path) as reader:
            measure.domain = reader.header.domain
            if is_known(measure.domain):
                measure.tables = collect(reader)
    except (InputError, ChunkError) as error:
        measure.verdict.error = measure.verdict.error or str(error)
    return measure


def collect(reader: TraceReader, batch_events: int = BATCH_EVENTS) -> list[Table]:
    """The tables of a trace of a known domain, over its whole runs.

    Raises TraceError or ChunkError where the trace contradicts itself.
    """
    domain = domain_of(reader)
    collectors = collectors_of(reader.header)
    for facts, follows in _facts(RunStream(reader, batch_events), domain):
        for collector in collectors:
            collector.take(facts, follows=follows)
    return [table for collector in collectors for table in collector.tables]


def _facts(stream: RunStream, domain: AnyDomain) -> Iterator[tuple[EventFacts, bool]]:
    """The facts of each batch, and whether it follows another without a gap."""
    carry = domain.carry(next_seq=0)
    first = True
    for item in stream.batches():
        batch = domain.batch(item.pieces)
        begun = domain.begin(carry if item.follows else domain.carry(None), batch)
        # What the run behind a batch takes over concerns invariants alone.
        yield domain.facts(batch, begun, ()), item.follows and not first
        first = False
        carry = domain.advance(begun, batch)
