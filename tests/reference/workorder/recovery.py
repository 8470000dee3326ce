"""Reference checker: how a new life begins."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import DOUBT, TERMINAL, WAITING, State


class Recovery(Rule):
    """recovery."""

    def __init__(self, run: Stretch, ended: str | None) -> None:
        super().__init__(run)
        self.ended = ended
        """How the run before ended, None for the first run of the trace."""

        self.restarted_ns = 0
        self.left: list[int] = []
        """The orders that are still to be recovered."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        first = 1 if self.run.entries[0].kind == "RUN_BEGIN" else 0
        if entry.kind == "RESTART":
            if self.place != 1 or self.ended == "CHECKPOINT":
                yield "recovery"
            self.restarted_ns = entry.time_ns
            self.left = [order.number for order in state.live() if order.is_active]
        elif self.place == first and self.ended in ("CRASHED", "STOPPED"):
            yield "recovery"
        elif entry.kind == "RECOVER":
            yield from self._recovered(entry, state)
        elif self.left:
            for number in self.left:
                state.recover(number, entry, DOUBT)
            self.left = []
            yield "recovery"

    def _recovered(self, entry: Entry, state: State) -> Iterator[str]:
        number, told = entry.get("order"), entry.get("state")
        order = state.find(number)
        is_waiting = order is not None and order.state in WAITING
        before = self.run.before(self.place)
        if before is None or before.kind not in ("RESTART", "RECOVER"):
            yield "recovery"
        if told not in (*TERMINAL, "PENDING") or (told == "PENDING" and is_waiting):
            yield "recovery"
        if number in self.left:
            if entry.time_ns > self.restarted_ns + self.run.within_ns:
                yield "recovery"
            if number != self.left[0]:
                yield "recovery"
            self.left.remove(number)
