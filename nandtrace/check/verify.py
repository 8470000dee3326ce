"""Verify traces: walk, batch, judge, and gather the verdict.

The walk checks every byte and cuts the trace into batches of whole runs; what one run leaves to the
next is passed on between them in order. The batches themselves are judged here, or in worker processes.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry, begin_with, carry_over
from nandtrace.check.judge import Job, Judged, judge, run_job
from nandtrace.check.registry import Invariant, load_invariants
from nandtrace.check.rules import rules_from_device
from nandtrace.check.stream import BATCH_EVENTS, RunStream
from nandtrace.check.verdict import InvariantResult, TraceVerdict
from nandtrace.errors import InputError, TraceError, UsageError
from nandtrace.trace import ChunkError, TraceReader

KEPT_VIOLATIONS = 10

WHOLE_BYTES = 4 * 2**20
"""A smaller trace is one piece of work for a worker, a larger one as many as it has batches."""

_KILLED = "a worker process was killed, perhaps for lack of memory"
_JOBS_AHEAD = 4
"""Batches given to the workers before the first result is awaited."""


@dataclass(frozen=True, slots=True)
class Options:
    """`only` limits the invariants by id, `require` names those that must be exercised.

    `kept` violations of each invariant are kept, the earliest; all are counted. `batch_events` bounds
    the batches that runs are judged in: it changes speed and memory, never a verdict.
    """

    only: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    kept: int = KEPT_VIOLATIONS
    batch_events: int = BATCH_EVENTS


def verify_trace(
    path: str | os.PathLike[str],
    options: Options | None = None,
    pool: ProcessPoolExecutor | None = None,
) -> TraceVerdict:
    """Verify one trace, with the workers of `pool` (see nandtrace.pool) where one is given.

    What the file is like never raises: an unreadable one has verdict UNKNOWN and `error`. Raises
    UsageError for an unknown invariant id in the options.
    """
    options = options or Options()
    invariants = select_invariants(options)
    verdict = TraceVerdict(str(path))
    try:
        with TraceReader(path) as reader:
            _verify_reader(reader, _Judges(invariants, options, pool), verdict)
    except (InputError, ChunkError) as error:
        verdict.error = str(error)
    by_id = {item.id: item for item in verdict.invariants}
    verdict.unmet = [
        name for name in options.require if name not in by_id or not by_id[name].exercised
    ]
    return verdict


def verify_traces(
    paths: Sequence[Path], options: Options, pool: ProcessPoolExecutor | None
) -> Iterator[TraceVerdict]:
    """Verify several traces, in order: small ones whole and side by side, a large one in batches."""
    whole: dict[Path, Future[TraceVerdict]] = {}
    if pool is not None:
        small = (path for path in paths if path.is_file() and path.stat().st_size < WHOLE_BYTES)
        whole = {path: pool.submit(verify_trace, path, options) for path in small}
    for path in paths:
        if path not in whole:
            yield verify_trace(path, options, pool)
            continue
        try:
            yield whole[path].result()
        except BrokenProcessPool:
            yield TraceVerdict(str(path), error=f"{path}: {_KILLED}")


def select_invariants(options: Options) -> dict[str, Invariant]:
    """The invariants that the options ask for. Raises UsageError for an unknown id."""
    known = load_invariants()
    for name in (*options.only, *options.require):
        if name not in known:
            raise UsageError(f"there is no invariant {name!r}; `nandtrace verify --list` has them")
    return {name: known[name] for name in options.only} if options.only else known


class _Judges:
    """Judges batches in order: at once, or side by side in a pool."""

    def __init__(
        self,
        invariants: Mapping[str, Invariant],
        options: Options,
        pool: ProcessPoolExecutor | None,
    ) -> None:
        self._invariants = invariants
        self.kept = options.kept
        self.batch_events = options.batch_events
        self._pool = pool
        self._waiting: deque[Future[list[Judged]]] = deque()

    def of_domain(self, domain: str) -> list[Invariant]:
        return [item for item in self._invariants.values() if item.domain == domain]

    def submit(self, path: str, batch: Batch, carry: Carry, after: Batch | None) -> None:
        """Hand over a batch, with the one that follows it without a gap."""
        chosen = self.of_domain(batch.vocabulary.domain)
        handed_on = _taken_over(after)
        if self._pool is None:
            future: Future[list[Judged]] = Future()
            future.set_result(judge(batch, carry, handed_on, chosen, self.kept))
        else:
            pieces = tuple((piece.chunk.offset, piece.start, piece.stop) for piece in batch.pieces)
            names = tuple(item.id for item in chosen)
            job = Job(path, pieces, carry, handed_on, names, self.kept)
            future = self._pool.submit(run_job, job)
        self._waiting.append(future)

    def results(self, *, all_of_them: bool = False) -> Iterator[list[Judged]]:
        """Results in order, awaited while more than a few are outstanding."""
        while self._waiting and (all_of_them or len(self._waiting) > _JOBS_AHEAD):
            yield self._waiting.popleft().result()


def _verify_reader(reader: TraceReader, judges: _Judges, verdict: TraceVerdict) -> None:
    mine = judges.of_domain(reader.header.domain)
    if not mine:
        reason = f"none of the invariants is for the domain {reader.header.domain!r}"
        raise TraceError(verdict.path, reason, "header")
    verdict.invariants = [InvariantResult(item.id, item.group, item.sentence) for item in mine]
    stream = RunStream(reader, judges.batch_events)
    try:
        for results in _judged(reader, stream, judges):
            for total, found in zip(verdict.invariants, results, strict=True):
                _add(total, found, judges.kept)
    except BrokenProcessPool as error:
        raise TraceError(verdict.path, _KILLED) from error
    finally:
        report = stream.report
        verdict.events, verdict.runs = report.events, report.runs
        verdict.broken_runs, verdict.damages = report.broken_runs, report.damages
    verdict.digest = reader.index.digest().hex()


def _add(total: InvariantResult, found: Judged, kept: int) -> None:
    total.evaluated += found.evaluated
    total.exercised += found.exercised
    total.violated += found.violated
    total.violations += found.violations[: kept - len(total.violations)]


def _judged(reader: TraceReader, stream: RunStream, judges: _Judges) -> Iterator[list[Judged]]:
    """Results per batch, in order."""
    try:
        rules = rules_from_device(reader.header.device)
    except ValueError as error:
        raise TraceError(str(reader.path), str(error), "header") from error
    path, carry = str(reader.path), Carry(next_seq=0)
    ahead: tuple[Batch, Carry] | None = None
    for item in stream.batches():
        batch = Batch(item.pieces, reader.header.vocabulary, rules)
        if ahead is not None:
            judges.submit(path, *ahead, batch if item.follows else None)
            yield from judges.results()
        ahead = (batch, begin_with(carry if item.follows else Carry(), batch))
        carry = carry_over(ahead[1], batch)
    if ahead is not None:
        judges.submit(path, *ahead, None)
    yield from judges.results(all_of_them=True)


def _taken_over(after: Batch | None) -> tuple[tuple[str, int], ...]:
    """Pending events, as (kind, segment), in the first begin snapshot of the batch after."""
    state = None if after is None else after.edge_states()[0]
    return tuple((kind, seg) for _, kind, seg in (state or {}).get("pending") or ())
