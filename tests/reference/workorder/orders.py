"""Reference checker: the states of an order, its numbers and its attempts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import ACTIVE, LIVE, Order, State

FROM = {
    "CLAIM": ("PENDING",),
    "READY": ("PREPARING",),
    "COMPLETE": ("RUNNING",),
    "FAIL": ACTIVE,
    "RETRY": ("WAITING_RETRY",),
    "CANCEL": LIVE,
    "RECOVER": LIVE,
}
"""In which state an order may be when an event comes."""


class Orders(Rule):
    """transition-legal, terminal-absorbing, conservation, retry-bound."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        snapshot = run.entries[0].snapshot or {}
        live = {row["order"] for row in snapshot.get("orders", [])}
        self.past = [n for n in range(snapshot.get("next_order", 0)) if n not in live]

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "ENQUEUE":
            yield from self._numbered(entry, state)
        elif entry.kind in FROM or entry.kind == "TERMINATE":
            order = state.find(entry.get("order"))
            if order is None:
                yield from self._missing(entry, state)
            elif entry.kind in FROM:
                yield from self._moved(entry, order, state)
        elif entry.kind == "RUN_END":
            yield from self._kept(entry)

    def _numbered(self, entry: Entry, state: State) -> Iterator[str]:
        number = entry.get("order")
        if number in state.ended or number in self.past:
            yield "terminal-absorbing"
        elif number is None or not _is_next(number, state):
            yield "conservation"
        numbers = (entry.get("priority"), entry.get("max_retries"))
        if not entry.get("id") or None in numbers or entry.get("max_retries") < 0:
            yield "conservation"

    def _missing(self, entry: Entry, state: State) -> Iterator[str]:
        number = entry.get("order")
        if number is None or not 0 <= number < state.next_order:
            yield "conservation"
        else:
            yield "terminal-absorbing"

    def _moved(self, entry: Entry, order: Order, state: State) -> Iterator[str]:
        if entry.kind == "CLAIM" and order.is_active:
            return
        is_known = not order.in_doubt
        if is_known and (order.state not in FROM[entry.kind] or not _leads(entry, order)):
            yield "transition-legal"
            state.imply(entry)
        if order.is_missing:
            return
        if entry.kind == "CLAIM" and order.attempts > order.max_retries:
            yield "retry-bound"
        if entry.kind == "FAIL":
            is_last = order.attempts > order.max_retries
            if entry.get("attempt") != order.attempts:
                yield "retry-bound"
            told = entry.get("state")
            if told in ("WAITING_RETRY", "FAILED") and (told == "FAILED") != is_last:
                yield "retry-bound"

    def _kept(self, entry: Entry) -> Iterator[str]:
        """Does the snapshot account for every order that was accepted?"""
        told = entry.snapshot
        if told is None:
            return
        totals = told["totals"]
        ended = totals["completed"] + totals["failed"] + totals["cancelled"]
        if (
            totals["enqueued"] != ended + len(told["orders"])
            or totals["enqueued"] != told["next_order"]
        ):
            yield "conservation"


def _is_next(number: int, state: State) -> bool:
    """Is it the next number, or one of those that are still missing?"""
    order = state.find(number)
    if number <= state.next_order:
        return number == state.next_order or (order is not None and order.is_missing)
    between = [state.find(n) for n in range(state.next_order, min(number, state.next_order + 1000))]
    return all(order is not None and order.is_missing for order in between)


def _leads(entry: Entry, order: Order) -> bool:
    """Does the event lead to a state that the table names?"""
    if entry.kind == "FAIL":
        known = entry.get("cause") in ("ERROR", "LEASE")
        return known and entry.get("state") in ("WAITING_RETRY", "FAILED")
    if entry.kind == "RECOVER":
        return True
    if entry.kind == "CANCEL" and entry.get("reason") == "DEQUEUED":
        return order.state != "WAITING_RETRY"
    return True
