"""Reference checker: handlers that are asked to end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import Order, State

OUTCOME = {
    "LEASE": ("FAIL", "LEASE"),
    "CANCEL": ("CANCEL", "REQUESTED"),
    "STOP": ("CANCEL", "STOPPED"),
}
"""What an order becomes when its handler was asked to end."""


class Ending(Rule):
    """lease."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        self.late: set[tuple[int, str]] = set()

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "RESTART":
            return
        if self.place > 0:
            yield from self._overdue(entry, state)
        order = state.find(entry.get("order"))
        if entry.kind == "TERMINATE":
            yield from self._asked(entry, order, state)
        elif entry.kind in ("COMPLETE", "FAIL", "CANCEL", "READY") and order and not order.in_doubt:
            yield from self._became(entry, order)

    def _asked(self, entry: Entry, order: Order | None, state: State) -> Iterator[str]:
        why, deadline_ns = entry.get("why"), entry.get("deadline_ns")
        if order is None or order.in_doubt:
            return
        if not order.is_active or order.claimed_ns is None:
            yield "lease"
            return
        due_ns = entry.time_ns + self.device["terminate_grace_ns"]
        if order.terminate is not None:
            due_ns = order.terminate["deadline_ns"]
            if order.terminate["why"] != "LEASE" or why == "LEASE":
                yield "lease"
        if deadline_ns != due_ns:
            yield "lease"
            state.deadlines[order.number] = due_ns
        lease_ns = self.device["lease_ns"]
        if why == "LEASE" and (lease_ns is None or entry.time_ns < order.claimed_ns + lease_ns):
            yield "lease"

    def _became(self, entry: Entry, order: Order) -> Iterator[str]:
        asked = order.terminate["why"] if order.terminate else None
        became = (entry.kind, entry.get("cause") or entry.get("reason"))
        if asked is not None:
            if became != OUTCOME.get(asked):
                yield "lease"
        elif became in (OUTCOME["LEASE"], OUTCOME["STOP"]) or (
            entry.kind == "CANCEL" and (order.is_active or not _may_have(entry, order))
        ):
            yield "lease"

    def _overdue(self, entry: Entry, state: State) -> Iterator[str]:
        lease_ns = self.device["lease_ns"]
        for claimed_ns in state.ghosts.values():
            if lease_ns is not None and entry.time_ns > claimed_ns + lease_ns + self.run.within_ns:
                yield "lease"
        for order in state.live():
            if not order.is_active:
                continue
            for what, due in self._dues(order):
                due_ns = max(due, self.run.entries[0].time_ns)
                key = (order.number, what)
                if entry.time_ns > due_ns + self.run.within_ns and key not in self.late:
                    self.late.add(key)
                    yield "lease"

    def _dues(self, order: Order) -> Iterator[tuple[str, int]]:
        if order.terminate is not None and order.terminate["deadline_ns"] is not None:
            yield "deadline", order.terminate["deadline_ns"]
        elif self.device["lease_ns"] is not None and order.claimed_ns is not None:
            yield f"lease {order.attempts}", order.claimed_ns + self.device["lease_ns"]


def _may_have(entry: Entry, order: Order) -> bool:
    """Whether an order that is not active may be cancelled for what the CANCEL says."""
    if entry.get("reason") == "DEQUEUED":
        return order.state == "PENDING"
    return bool(entry.get("reason") == "REQUESTED")
