"""Verify traces: walk, batch, judge, and gather the verdict.

Batches of whole runs are judged side by side in threads (NumPy and Polars release the interpreter's
lock); what one run leaves to the next is passed on between them in order.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry, carry_over
from nandtrace.check.facts import Facts
from nandtrace.check.registry import Invariant, load_invariants
from nandtrace.check.rules import DeviceRules, rules_from_device
from nandtrace.check.stream import RunStream
from nandtrace.check.tables import PLACES
from nandtrace.check.verdict import InvariantResult, TraceVerdict, Violation
from nandtrace.errors import InputError, UsageError
from nandtrace.trace import TraceReader

KEPT_VIOLATIONS = 10
"""Violations kept per invariant, the earliest; all are counted."""

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """`only` limits the invariants by id, `require` names those that must be exercised."""

    only: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    kept: int = KEPT_VIOLATIONS


def verify_trace(path: str | os.PathLike[str], options: Options | None = None) -> TraceVerdict:
    """Verify one trace.

    What the file is like never raises: an unreadable one has verdict UNKNOWN and `error`. Raises
    UsageError for an unknown invariant id in the options.
    """
    options = options or Options()
    invariants = select_invariants(options)
    verdict = TraceVerdict(str(path))
    try:
        with TraceReader(path) as reader:
            _verify_reader(reader, invariants, options, verdict)
    except (InputError, ValueError) as error:
        verdict.error = str(error)
    by_id = {item.id: item for item in verdict.invariants}
    verdict.unmet = [
        name for name in options.require if name not in by_id or not by_id[name].exercised
    ]
    return verdict


def select_invariants(options: Options) -> dict[str, Invariant]:
    """The invariants that the options ask for. Raises UsageError for an unknown id."""
    known = load_invariants()
    for name in (*options.only, *options.require):
        if name not in known:
            raise UsageError(
                f"there is no invariant {name!r}; `nandtrace verify --list` names them"
            )
    return {name: known[name] for name in options.only} if options.only else known


def _verify_reader(
    reader: TraceReader,
    invariants: Mapping[str, Invariant],
    options: Options,
    verdict: TraceVerdict,
) -> None:
    mine = [item for item in invariants.values() if item.domain == reader.header.domain]
    verdict.invariants = [InvariantResult(item.id, item.group, item.sentence) for item in mine]
    rules = rules_from_device(reader.header.device)
    stream = RunStream(reader)
    for results in _judged(reader, stream, rules, mine, options.kept):
        for total, (evaluated, exercised, violated, violations) in zip(
            verdict.invariants, results, strict=True
        ):
            total.evaluated += evaluated
            total.exercised += exercised
            total.violated += violated
            total.violations += violations[: options.kept - len(total.violations)]
    report = stream.report
    verdict.events, verdict.runs = report.events, report.runs
    verdict.broken_runs, verdict.damages = report.broken_runs, report.damages
    verdict.digest = reader.index.digest().hex()


Judged = tuple[int, int, int, list[Violation]]


def _judged(
    reader: TraceReader,
    stream: RunStream,
    rules: DeviceRules,
    invariants: list[Invariant],
    kept: int,
) -> Iterator[list[Judged]]:
    """Results per batch, in order. At most WORKERS batches are judged while the next is read."""
    vocabulary = reader.header.vocabulary
    carry = Carry(next_seq=0)
    waiting: deque[Future[list[Judged]]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: tuple[Batch, Carry] | None = None
        for item in stream.batches():
            batch = Batch(item.pieces, vocabulary, rules)
            if ahead is not None:
                waiting.append(
                    pool.submit(_judge, ahead, batch if item.follows else None, invariants, kept)
                )
                if len(waiting) >= WORKERS:
                    yield waiting.popleft().result()
            carry = carry if item.follows else Carry()
            ahead = (batch, carry)
            carry = carry_over(carry, batch)
        if ahead is not None:
            waiting.append(pool.submit(_judge, ahead, None, invariants, kept))
        while waiting:
            yield waiting.popleft().result()


def _judge(
    job: tuple[Batch, Carry], after: Batch | None, invariants: list[Invariant], kept: int
) -> list[Judged]:
    batch, carry = job
    facts = Facts(batch, carry, _taken_over(after))
    results: list[Judged] = []
    for item in invariants:
        if item.needs and not batch.kinds_present.intersection(item.needs):
            results.append((0, 0, 0, []))
            continue
        found = item.query(facts)
        offenders = found.offenders
        first = offenders.sort("seq", maintain_order=True).head(kept)
        results.append(
            (found.evaluated, found.exercised, len(offenders), _violations(batch, first))
        )
    return results


def _taken_over(after: Batch | None) -> Collection[tuple[str, int]]:
    """Pending events in the first begin snapshot of the batch after."""
    states = after.runs.begin_state if after is not None and len(after) else []
    state = states[0] if states else None
    return [(kind, seg) for _, kind, seg in (state or {}).get("pending") or ()]


def _violations(batch: Batch, offenders: pl.DataFrame) -> list[Violation]:
    found = []
    for row in offenders.iter_rows(named=True):
        position = int(batch.seq.searchsorted(row["seq"]))
        kind = batch.vocabulary.by_code.get(int(batch.kind[position]))
        found.append(
            Violation(
                seq=row["seq"],
                time_ns=int(batch.time_ns[position]),
                run=int(batch.run[position]),
                kind=kind.name if kind else "?",
                expected=row["expected"],
                actual=row["actual"],
                place={name: row[name] for name in PLACES if row.get(name) is not None},
            )
        )
    return found
