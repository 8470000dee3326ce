"""Reference checker, NAND: what follows an op, and the addresses that it inherits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.reference.nand.inheritance import CellTypes, celltypes_of, misplaced
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence


@dataclass
class Batch:
    """An op and what was committed behind it as its sequence."""

    head: Segment
    rest: list[Segment]


Step = tuple[dict[str, Any], list[Segment]]
"""A step of the header's sequence, and the ops that it came to: one, or one per plane."""


Outcomes = dict[int, str | None]

HEADS = ("PROPOSAL", "BOOTSTRAP", "BACKLOG")
"""Sources of what a sequence may follow."""


def broken_sequences(runs: list[Run]) -> Iterator[Offence]:
    """sequence-complete and inherit-rules."""
    if not runs or "sequences" not in runs[0].device:
        return
    celltypes, outcomes = celltypes_of(runs), _outcomes(runs)
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        batches = batches_of(run)
        goes_on = run.carried and (following is None or not following.begun)
        for batch in batches:
            yield from _judge(celltypes, run, batch)
            yield from _early(batch)
            if run.ended and not goes_on:
                yield from _left_out(outcomes, batch)
        inside = {id(segment) for batch in batches for segment in batch.rest}
        for segment in run.segments:
            is_step = segment.source == "SEQUENCE" and not segment.taken_over
            if is_step and id(segment) not in inside:
                yield "sequence-complete", segment.commit.seq


def batches_of(run: Run) -> list[Batch]:
    """Ops and, of each, the SEQUENCE commits right behind its own, at its time."""
    batches: list[Batch] = []
    open_batch = None
    for segment in run.segments:
        if segment.taken_over:
            continue
        if segment.source != "SEQUENCE":
            open_batch = Batch(segment, []) if segment.source in HEADS else None
            batches += [] if open_batch is None else [open_batch]
        elif open_batch is not None and segment.commit.time_ns == open_batch.head.commit.time_ns:
            open_batch.rest.append(segment)
        else:
            open_batch = None
    return batches


def _judge(celltypes: CellTypes, run: Run, batch: Batch) -> Iterator[Offence]:
    alternatives = run.device["sequences"].get(batch.head.base, [[]])
    matches = [match(batch, steps) for steps in alternatives]
    found = [steps for steps in matches if steps is not None]
    if not found:
        yield "sequence-complete", batch.head.commit.seq
    offences = [list(misplaced(celltypes, run, batch.head, steps)) for steps in found]
    if offences and all(offences):
        yield from offences[0]


def match(batch: Batch, steps: list[dict[str, Any]]) -> list[Step] | None:
    """The ops of a batch by the steps of an alternative, None where they are not its."""
    rest = list(batch.rest)
    planes = max(len(segment.targets) for segment in [batch.head, *batch.rest])
    matched = []
    for step in steps:
        if not rest or rest[0].base != step["base"]:
            return None
        size = planes if len(rest[0].targets) == 1 else 1
        ops, rest = rest[:size], rest[size:]
        if len(ops) < size or any(op.base != step["base"] for op in ops):
            return None
        matched.append((step, ops))
    return None if rest else matched


def _early(batch: Batch) -> Iterator[Offence]:
    """Each op after the one before it."""
    for before, segment in pairwise([batch.head, *batch.rest]):
        after_ns, start_ns = before.end_ns, segment.start_ns
        if after_ns is not None and start_ns is not None and start_ns < after_ns:
            yield "sequence-complete", segment.commit.seq


def _left_out(outcomes: Outcomes, batch: Batch) -> Iterator[Offence]:
    """All of them run, unless a reset comes."""
    ended = [(segment, _outcome(outcomes, segment)) for segment in [batch.head, *batch.rest]]
    if any(outcome == "RESET" for _, outcome in ended):
        return
    for (_, before), (segment, outcome) in pairwise(ended):
        if before == "COMPLETED" and outcome is None:
            yield "sequence-complete", segment.commit.seq


def _outcomes(runs: list[Run]) -> Outcomes:
    """By segment how it ended in a run that took it over."""
    return {
        segment.seg: _outcome({}, segment)
        for run in runs
        for segment in run.segments
        if segment.taken_over
    }


def _outcome(outcomes: Outcomes, segment: Segment) -> str | None:
    """How a segment ended, None where it never did."""
    for closing in segment.closings:
        return str(closing.get("outcome", closing.get("reason", "COMPLETED")))
    return outcomes.get(segment.seg) if segment.carried else None
