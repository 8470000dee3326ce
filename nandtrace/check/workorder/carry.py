"""What the run after a batch must know that no snapshot tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary, boundary_after
from nandtrace.check.workorder.pump import NEVER
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Mode, RunEnd

Handler = tuple[int, int]
"""Order and slot."""


@dataclass(frozen=True, slots=True)
class WorkOrderBoundary(Boundary):
    """A boundary, how the run before it ended, and the end of the grace that was told last (ns).

    Both are None where that is not known, or where there is none. `started_ns` is when the scheduler was
    started in its present life, NEVER if it was not, and `abandoned` counts the handlers that were in it;
    both are None where that is not known.
    """

    end: RunEnd | None = None
    grace_ends_ns: int | None = None
    started_ns: int | None = None
    abandoned: Mapping[Handler, int] | None = None


def work_order_boundary_after(carry: Boundary, batch: EventBatch) -> WorkOrderBoundary:
    """The boundary behind a batch that has events, given the one before it."""
    after = boundary_after(batch)
    life = _Life(carry, batch)
    return WorkOrderBoundary(
        after.next_seq,
        after.time_ns,
        after.run,
        after.state,
        _end(batch),
        _grace(carry, batch),
        life.started_ns,
        life.abandoned,
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


class _Life:
    """The present life of the scheduler, by the few events that begin it, start it, and abandon in it."""

    def __init__(self, carry: Boundary, batch: EventBatch) -> None:
        self._batch = batch
        self.started_ns: int | None = None
        self.abandoned: Counter[Handler] | None = None
        if isinstance(carry, WorkOrderBoundary):
            self.started_ns = carry.started_ns
            self.abandoned = None if carry.abandoned is None else Counter(carry.abandoned)
        if carry.next_seq == 0 and batch.run[0] == 0:
            self._begin()
        for at, kind, nth in sorted(_telling(batch)):
            self._follow(at, kind, nth)

    def _begin(self) -> None:
        self.started_ns, self.abandoned = NEVER, Counter()

    def _follow(self, at: int, kind: str, nth: int) -> None:
        if kind == "RESTART":
            self._begin()
        elif kind == "MODE" and self.started_ns == NEVER:
            self.started_ns = int(self._batch.time_ns[at])
        elif kind == "RELEASE" and self.abandoned is not None:
            self.abandoned[self._handler(kind, nth)] += 1
        elif kind == "STRAY" and self.abandoned is not None:
            self.abandoned -= Counter([self._handler(kind, nth)])

    def _handler(self, kind: str, nth: int) -> Handler:
        order, slot = (int(self._batch.column(kind, name)[nth]) for name in ("order", "slot"))
        return order, slot


def _telling(batch: EventBatch) -> list[tuple[int, str, int]]:
    """Position, kind, and number among its kind, of the events that tell of the present life."""
    starts = batch.codes(mode for mode in Mode if mode is not Mode.NEW)
    chosen = {
        "RESTART": np.arange(len(batch.rows("RESTART"))),
        "MODE": np.flatnonzero(np.isin(batch.column("MODE", "mode"), starts)),
        "RELEASE": np.flatnonzero(batch.column("RELEASE", "forced")),
        "STRAY": np.arange(len(batch.rows("STRAY"))),
    }
    return [
        (at, kind, nth)
        for kind, places in chosen.items()
        for at, nth in zip(batch.rows(kind)[places].tolist(), places.tolist(), strict=True)
    ]
