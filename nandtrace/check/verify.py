"""Verify traces: walk, batch, judge, and gather the verdict.

The walk checks every byte and cuts the trace into batches of whole runs; what one run leaves to the
next is passed on between them in order. The batches themselves are judged here, or in worker processes.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from nandtrace.check.domain import AnyDomain, HandedOn, domain_of, is_known
from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary
from nandtrace.check.judge import Job, Judged, judge, run_job
from nandtrace.check.registry import Invariant, load_invariants
from nandtrace.check.stream import BATCH_EVENTS, RunStream
from nandtrace.check.verdict import InvariantResult, TraceVerdict
from nandtrace.errors import InputError, TraceError, UsageError
from nandtrace.trace import ChunkError, TraceReader
from nandtrace.trace.following import open_following

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
    check_ids(options)
    return _verify(str(path), lambda: TraceReader(path), options, pool)


def follow_trace(
    path: str | os.PathLike[str],
    sizes: Iterable[int],
    told: Callable[[TraceVerdict], None],
    options: Options | None = None,
) -> TraceVerdict:
    """Verify a trace while it is written to `path`, as far as `sizes` say it is.

    `told` is called with the verdict on the runs judged so far each time there are more of them: as soon
    as the chunk with their end is there, and what follows where they carry anything over. The verdict is
    that of `verify_trace` on the finished trace.
    """
    options = replace(options or Options(), batch_events=1)
    check_ids(options)
    return _verify(str(path), lambda: open_following(path, sizes), options, None, told)


def _verify(
    path: str,
    open_reader: Callable[[], TraceReader],
    options: Options,
    pool: ProcessPoolExecutor | None,
    told: Callable[[TraceVerdict], None] | None = None,
) -> TraceVerdict:
    verdict = TraceVerdict(path)
    try:
        with open_reader() as reader:
            _verify_reader(reader, options, pool, verdict, told)
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


def check_ids(options: Options) -> None:
    """Raise UsageError where the options name an invariant that there is not."""
    named = (*options.only, *options.require)
    known = load_invariants() if named else {}
    for name in named:
        if name not in known:
            raise UsageError(f"there is no invariant {name!r}; `nandtrace verify --list` has them")


def _select(options: Options, domain: str) -> list[Invariant]:
    """The invariants that a trace of a domain is to be judged by; none for a domain that none names."""
    known = load_invariants(domain)
    if not is_known(domain) and not any(item.domains for item in known.values()):
        return []
    return [known[name] for name in options.only or known if name in known]


class _Judges:
    """Judges batches in order: at once, or side by side in a pool."""

    def __init__(
        self,
        path: str,
        domain: AnyDomain,
        invariants: Sequence[Invariant],
        kept: int,
        pool: ProcessPoolExecutor | None,
    ) -> None:
        self._path = path
        self._domain = domain
        self._invariants = invariants
        self._kept = kept
        self._pool = pool
        self._waiting: deque[tuple[int, Future[list[Judged]]]] = deque()

    def submit(self, batch: EventBatch, carry: Boundary, handed_on: HandedOn) -> None:
        """Hand over a batch, with what is known at its edges."""
        if self._pool is None:
            future: Future[list[Judged]] = Future()
            facts = self._domain.facts(batch, carry, handed_on)
            future.set_result(judge(facts, self._invariants, self._kept))
        else:
            pieces = tuple((piece.chunk.offset, piece.start, piece.stop) for piece in batch.pieces)
            names = tuple(item.id for item in self._invariants)
            job = Job(self._path, pieces, carry, handed_on, names, self._kept)
            future = self._pool.submit(run_job, job)
        self._waiting.append((len(batch.runs), future))

    def results(self, *, all_of_them: bool = False) -> Iterator[tuple[int, list[Judged]]]:
        """How many runs, and what was found in them, in order, as far as it is there.

        It is awaited while more than a few batches are outstanding.
        """
        waiting = self._waiting
        while waiting and (all_of_them or waiting[0][1].done() or len(waiting) > _JOBS_AHEAD):
            runs, future = waiting.popleft()
            yield runs, future.result()


def _verify_reader(
    reader: TraceReader,
    options: Options,
    pool: ProcessPoolExecutor | None,
    verdict: TraceVerdict,
    told: Callable[[TraceVerdict], None] | None,
) -> None:
    mine = _select(options, reader.header.domain)
    if not mine:
        which = "chosen invariants" if options.only else "invariants"
        reason = f"none of the {which} is for the domain {reader.header.domain!r}"
        raise TraceError(verdict.path, reason, "header")
    verdict.invariants = [InvariantResult(item.id, item.group, item.sentence) for item in mine]
    stream = RunStream(reader, options.batch_events)
    try:
        domain = domain_of(reader)
        judges = _Judges(str(reader.path), domain, mine, options.kept, pool)
        for runs, results in _judged(stream, domain, judges):
            for total, found in zip(verdict.invariants, results, strict=True):
                _add(total, found, options.kept)
            if told is not None:
                verdict.runs += runs
                told(verdict)
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


def _judged(
    stream: RunStream, domain: AnyDomain, judges: _Judges
) -> Iterator[tuple[int, list[Judged]]]:
    """Per batch, in order, the number of its runs, and what was found in them."""
    carry = domain.carry(next_seq=0)
    ahead: tuple[EventBatch, Boundary] | None = None
    for item in stream.batches():
        batch = domain.batch(item.pieces)
        if ahead is not None:
            judges.submit(*ahead, domain.handed_on(batch if item.follows else None))
            yield from judges.results()
        ahead = (batch, domain.begin(carry if item.follows else domain.carry(None), batch))
        carry = domain.advance(ahead[1], batch)
        if not domain.leaves_pending(batch):
            judges.submit(*ahead, domain.handed_on(None))
            ahead = None
            yield from judges.results()
    if ahead is not None:
        judges.submit(*ahead, domain.handed_on(None))
    yield from judges.results(all_of_them=True)
