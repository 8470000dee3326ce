"""What the run after a batch must know that no snapshot tells."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary, boundary_after
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Mode, RunEnd


@dataclass(frozen=True, slots=True)
class WorkOrderBoundary(Boundary):
    """A boundary, how the run before it ended, and the end of the grace that was told last (ns).

    Both are None where that is not known, or where there is none.
    """

    end: RunEnd | None = None
    grace_ends_ns: int | None = None


def work_order_boundary_after(carry: Boundary, batch: EventBatch) -> WorkOrderBoundary:
    """The boundary behind a batch that has events, given the one before it."""
    after = boundary_after(batch)
    return WorkOrderBoundary(
        after.next_seq, after.time_ns, after.run, after.state, _end(batch), _grace(carry, batch)
    )


def _end(batch: EventBatch) -> RunEnd | None:
    if batch.runs.end[-1] < 0:
        return None
    said = batch.name(int(batch.column("RUN_END", "end")[-1]))
    return RunEnd(said) if said in list(RunEnd) else None


def _grace(carry: Boundary, batch: EventBatch) -> int | None:
    if not len(batch.rows("MODE")):
        return carry.grace_ends_ns if isinstance(carry, WorkOrderBoundary) else None
    mode = batch.name(int(batch.column("MODE", "mode")[-1]))
    until_ns = int(batch.column("MODE", "until_ns")[-1])
    return until_ns if mode == Mode.STOPPING and until_ns != NULL else None
