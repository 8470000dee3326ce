"""Reference checker: when a failed attempt is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import Order, State, failed_state


class Overdue(Rule):
    """backoff: no RETRY comes early or late."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        self.restarted_ns = run.entries[0].time_ns
        self.late: set[int] = set()

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "RESTART":
            self.restarted_ns = entry.time_ns
            return
        if self.place > 0 and state.mode in ("NEW", "RUNNING", "PAUSED"):
            yield from self._overdue(entry, state)
        if entry.kind == "RETRY":
            order = state.find(entry.get("order"))
            if order is not None and order.due_ns is not None and entry.time_ns < order.due_ns:
                yield "backoff"
            if state.mode not in ("NEW", "RUNNING", "PAUSED"):
                yield "backoff"

    def _overdue(self, entry: Entry, state: State) -> Iterator[str]:
        for order in state.live():
            if order.state != "WAITING_RETRY" or order.due_ns is None or order.number in self.late:
                continue
            latest_ns = max(order.due_ns, self.restarted_ns) + self.run.within_ns
            if entry.time_ns > latest_ns:
                self.late.add(order.number)
                yield "backoff"


class Delays(Rule):
    """backoff: what a FAIL says of the retry."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        order = state.find(entry.get("order"))
        if entry.kind == "FAIL" and order is not None and not order.is_missing:
            yield from self._due(entry, order)

    def _due(self, entry: Entry, order: Order) -> Iterator[str]:
        due_ns = entry.get("due_ns")
        if failed_state(entry, order) != "WAITING_RETRY":
            if due_ns is not None:
                yield "backoff"
            return
        if due_ns is None:
            yield "backoff"
            return
        shortest, longest = delays(self.device, order.attempts)
        if not shortest <= due_ns - entry.time_ns <= longest:
            yield "backoff"


def delays(device: dict[str, Any], attempt: int) -> tuple[int, int]:
    """The shortest and the longest delay after the failure of an attempt."""
    cap_ns: int = device["backoff_cap_ns"]
    power = max(attempt - 1, 0)
    grown = device["backoff_ns"] * device["backoff_factor_permille"] ** power // 1000**power
    nominal = min(grown, cap_ns)
    jitter = device["jitter_permille"]
    longest = min(nominal * (1000 + jitter) // 1000, cap_ns)
    return nominal * (1000 - jitter) // 1000, longest
