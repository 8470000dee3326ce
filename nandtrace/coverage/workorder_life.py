"""The life of the scheduler: its modes, and what the ends of runs found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nandtrace.check.event_batch import State
from nandtrace.check.workorder.facts import WorkOrderFacts
from nandtrace.coverage.collector import NOTHING, Collector
from nandtrace.coverage.run_ends import ends_of
from nandtrace.coverage.table import Point, Table, bins_of
from nandtrace.trace import Header
from nandtrace.vocab.workorder import Mode, OrderState, RunEnd

MODES = Point(
    "modes", ("from", "to"), "Changes of the scheduler's mode; RESTART begins a new life."
)
ENDS = Point("run-ends", ("end", "situation"), "What the ends of runs found.")
POINTS = (MODES, ENDS)

_NEXT = {
    Mode.NEW: (Mode.RUNNING, Mode.STOPPING),
    Mode.RUNNING: (Mode.PAUSED, Mode.STOPPING),
    Mode.PAUSED: (Mode.RUNNING, Mode.STOPPING),
    Mode.STOPPING: (Mode.STOPPED,),
}
_RESTART = "RESTART"
_SITUATION = {
    OrderState.PENDING: "order pending",
    OrderState.WAITING_RETRY: "order waits for its retry",
    OrderState.PREPARING: "order preparing",
    OrderState.RUNNING: "order running",
}
_ASKED, _NO_ORDERS = "handler asked to end", "no live order"
_WAITING = (_SITUATION[OrderState.PENDING], _SITUATION[OrderState.WAITING_RETRY], _NO_ORDERS)
POSSIBLE = bins_of(
    [RunEnd.CHECKPOINT, RunEnd.CRASHED], (*_SITUATION.values(), _ASKED, _NO_ORDERS)
) | bins_of([RunEnd.STOPPED], _WAITING)
"""What docs/workorder-model.md lets be at a boundary."""


class Life(Collector[WorkOrderFacts]):
    """Counts modes and ends. Carries the mode."""

    def __init__(self, header: Header) -> None:  # noqa: ARG002, the seam has it
        changes = {(mode.value, after.value) for mode, afters in _NEXT.items() for after in afters}
        changes |= {(mode.value, _RESTART) for mode in Mode if mode is not Mode.NEW}
        self._modes = Table(MODES, frozenset(changes))
        self._ends = Table(ENDS, POSSIBLE)
        self._mode = NOTHING
        self.tables = (self._modes, self._ends)

    def take(self, facts: WorkOrderFacts, *, follows: bool) -> None:
        batch = facts.batch
        if not follows or self._mode == NOTHING:
            state = batch.edge_states()[0]
            self._mode = state["mode"] if state is not None else NOTHING
        restarts = batch.rows(_RESTART)
        positions = np.concatenate([batch.rows("MODE"), restarts])
        codes = batch.column("MODE", "mode").tolist()
        modes = [*(batch.name(code) or NOTHING for code in codes), *[_RESTART] * len(restarts)]
        for place in np.argsort(positions, kind="stable").tolist():
            self._modes.counts[self._mode, modes[place]] += 1
            self._mode = Mode.NEW.value if modes[place] == _RESTART else modes[place]
        for end, state in ends_of(batch):
            self._ends.add({(end, situation): 1 for situation in set(_situations(state))})


def _situations(state: State) -> Iterator[str]:
    orders = state["orders"]
    if not orders:
        yield _NO_ORDERS
    for order in orders:
        yield _SITUATION[OrderState(order["state"])]
        if order["terminate"] is not None:
            yield _ASKED
