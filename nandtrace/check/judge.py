"""Judging one batch: here, or in a worker process that reads the batch's chunks itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nandtrace.check.domain import AnyDomain, HandedOn, domain_of
from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.event_facts import Boundary, EventFacts
from nandtrace.check.registry import Invariant, load_invariants
from nandtrace.check.tables import PLACES
from nandtrace.check.verdict import Violation
from nandtrace.trace import TraceReader
from nandtrace.vocab import NULL, Column, ColumnType, Kind


@dataclass(frozen=True, slots=True)
class Judged:
    """What one invariant found in one batch; `violations` are the earliest of `violated`."""

    evaluated: int = 0
    exercised: int = 0
    violated: int = 0
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A batch to judge: where its pieces lie in the file, and what is known at its edges."""

    path: str
    pieces: tuple[tuple[int, int, int], ...]
    """Offset of the chunk, first event, event after the last."""
    carry: Boundary
    handed_on: HandedOn
    invariants: tuple[str, ...]
    kept: int


def run_job(job: Job) -> list[Judged]:
    """Judge a batch in a worker process. Raises TraceError when the file changed since it was walked."""
    reader, domain = _opened(job.path)
    pieces = [Piece(reader.chunk_at(offset), start, stop) for offset, start, stop in job.pieces]
    known = load_invariants(reader.header.domain)
    facts = domain.facts(domain.batch(pieces), job.carry, job.handed_on)
    return judge(facts, [known[name] for name in job.invariants], job.kept)


@lru_cache(maxsize=1)
def _opened(path: str) -> tuple[TraceReader, AnyDomain]:
    reader = TraceReader(path)
    return reader, domain_of(reader)


def judge(facts: EventFacts, invariants: Iterable[Invariant], kept: int) -> list[Judged]:
    """Run every invariant over a batch, in their order."""
    return [_judge_one(facts, item, kept) for item in invariants]


def _judge_one(facts: EventFacts, item: Invariant, kept: int) -> Judged:
    if item.needs and not facts.batch.kinds_present.intersection(item.needs):
        return Judged()
    found = item.query(facts)
    offenders = found.offenders
    first = offenders.sort("seq", maintain_order=True).head(kept) if len(offenders) else offenders
    violations = tuple(_violation(facts.batch, row) for row in first.iter_rows(named=True))
    return Judged(found.evaluated, found.exercised, len(offenders), violations)


def _violation(batch: EventBatch, row: dict[str, int | str | None]) -> Violation:
    seq = int(row["seq"] or 0)
    position = batch.position_of(seq)
    kind = batch.vocabulary.by_code.get(int(batch.kind[position]))
    return Violation(
        seq=seq,
        time_ns=int(batch.time_ns[position]),
        run=int(batch.run[position]),
        kind=kind.name if kind else "?",
        expected=str(row["expected"]),
        actual=str(row["actual"]),
        place=_place(batch, position, kind, row),
    )


def _place(
    batch: EventBatch, position: int, kind: Kind | None, row: dict[str, int | str | None]
) -> dict[str, int | str]:
    """Where an offence is: what its row says, else what its event says."""
    told = dict(row)
    if kind is not None:
        nth = int(np.searchsorted(batch.rows(kind.name), position))
        for column in kind.columns:
            if column.name in PLACES and told.get(column.name) is None:
                told[column.name] = _value(batch, kind.name, column, nth)
    return {name: value for name in PLACES if (value := told.get(name)) is not None}


def _value(batch: EventBatch, kind: str, column: Column, nth: int) -> int | str | None:
    value = int(batch.column(kind, column.name)[nth])
    if column.type is ColumnType.NAME:
        return batch.name(value)
    return None if value == NULL else value
