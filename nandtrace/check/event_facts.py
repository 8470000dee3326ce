"""What an invariant of any domain can ask for: a batch, and what was known before it."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.check.event_batch import EventBatch, State


@dataclass(frozen=True, slots=True)
class Boundary:
    """What is known at the boundary before a batch; None at the start of a trace and after a gap.

    `next_seq` is the number that the next event must have (0 at the start of a trace), `time_ns` and
    `run` are those of the last event, `state` is the snapshot of its RUN_END.
    """

    next_seq: int | None = None
    time_ns: int | None = None
    run: int | None = None
    state: State | None = None


def boundary_after(batch: EventBatch) -> Boundary:
    """The boundary behind a batch that has events."""
    return Boundary(
        next_seq=int(batch.seq[-1]) + 1,
        time_ns=int(batch.time_ns[-1]),
        run=int(batch.runs.run[-1]),
        state=batch.edge_states()[1],
    )


class EventFacts:
    """A batch and the boundary before it. A domain adds the tables that its invariants share."""

    batch: EventBatch
    carry: Boundary

    def __init__(self, batch: EventBatch, carry: Boundary) -> None:
        self.batch = batch
        self.carry = carry
