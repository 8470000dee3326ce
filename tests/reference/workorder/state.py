"""Reference checker: the state of a work-order scheduler, told event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.log import Entry

ACTIVE = ("PREPARING", "RUNNING")
WAITING = ("PENDING", "WAITING_RETRY")
LIVE = WAITING + ACTIVE
DOUBT = "in doubt"
NOBODY = -(2**63)
"""The number of an order that an event does not name."""

NEEDS_CLAIM = ("READY", "COMPLETE", "FAIL")
BEYOND_HANDLER = ("STAGGER", "PRESSURE", "SLOT", "MEMORY")
TERMINAL = ("COMPLETED", "FAILED", "CANCELLED")
_TOTALS = {
    "ENQUEUE": "enqueued",
    "REFUSE": "refused",
    "CLAIM": "claimed",
    "RETRY": "retried",
    "COMPLETE": "completed",
    "CANCEL": "cancelled",
}


@dataclass
class Order:
    """An order as its last event left it."""

    number: int
    id: str
    state: str
    priority: int
    max_retries: int
    attempts: int
    since_ns: int
    claimed_ns: int | None = None
    due_ns: int | None = None
    terminate: dict[str, Any] | None = None
    slot: int | None = None

    has_unknown_slot: bool = False
    """Its CLAIM is missing, so that nobody knows which slot it holds."""

    is_missing: bool = False
    """No ENQUEUE told of it, or it had ended before."""

    @property
    def is_active(self) -> bool:
        """Does it hold a slot?"""
        return self.state in ACTIVE

    @property
    def in_doubt(self) -> bool:
        """Did a fault show that its state is another one than its events told?"""
        return self.state == DOUBT

    @property
    def reserves(self) -> bool:
        """Does it keep a place in the queue for its retry?"""
        return self.is_active and self.attempts <= self.max_retries


@dataclass
class State:
    """What a snapshot holds, and how each event changes it, legal or not.

    Every event is taken at its word, so that one fault is not told again by all that follows. What must
    have happened before it is taken as done.
    """

    next_order: int
    mode: str
    handler: bool
    last_claim_ns: int | None
    pressure: str
    healthy: bool
    orders: dict[int, Order]
    totals: dict[str, int]
    freed_late: dict[int, int] = field(default_factory=dict)
    """Slots of orders that are no longer active: a crash came between the end and the RELEASE."""

    maybe: set[int] = field(default_factory=set)
    """Slots of which the RELEASE is missing."""

    ghosts: dict[int, int] = field(default_factory=dict)
    """Orders that were claimed before they were accepted, and when."""

    deadlines: dict[int, int] = field(default_factory=dict)
    """What the next TERMINATE of an order should have said."""

    ended: dict[int, Order] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: dict[str, Any]) -> State:
        """The state that a snapshot tells."""
        state = cls(
            snapshot["next_order"],
            snapshot["mode"],
            snapshot["handler"],
            snapshot["last_claim_ns"],
            snapshot["pressure"],
            snapshot["healthy"],
            {order["order"]: _order(order) for order in snapshot["orders"]},
            dict(snapshot["totals"]),
        )
        for slot, number in snapshot["slots"]:
            order = state.find(number)
            if order is not None and order.is_active:
                if order.slot is not None:
                    state.freed_late[order.slot] = number
                order.slot = slot
            else:
                state.freed_late[slot] = number
        return state

    def live(self) -> list[Order]:
        """The live orders, by ascending numbers."""
        return [self.orders[number] for number in sorted(self.orders)]

    def find(self, number: int | None) -> Order | None:
        """A live order, None where there is none of this number."""
        return None if number is None else self.orders.get(number)

    def with_id(self, name: str) -> list[Order]:
        """The live orders with an id."""
        return [order for order in self.live() if order.id == name]

    @property
    def slots(self) -> dict[int, int]:
        """Who holds which slot."""
        held = dict(self.freed_late)
        held.update({o.slot: o.number for o in self.live() if o.slot is not None})
        return held

    @property
    def unknown_slots(self) -> int:
        """How many slots may be in use beside those that are known to be."""
        return len(self.maybe) + sum(order.has_unknown_slot for order in self.live())

    @property
    def has_active(self) -> bool:
        """Is an order active that was accepted?"""
        return bool(self.ghosts) or any(o.is_active and not o.is_missing for o in self.live())

    @property
    def depth(self) -> int:
        """How many orders are in the queue."""
        return sum(order.state in WAITING for order in self.live())

    @property
    def reserved(self) -> int:
        """How many places active orders keep for their retries."""
        return sum(order.reserves for order in self.live())

    @property
    def is_queue_known(self) -> bool:
        """Is it known of every order whether it is in the queue?"""
        return not any(o.in_doubt or (o.is_missing and not o.is_active) for o in self.live())

    # ---- what each event does

    def apply(self, entry: Entry) -> None:
        """Take over what an event says."""
        if entry.kind in _TOTALS:
            self.totals[_TOTALS[entry.kind]] += 1
        change = getattr(self, f"_{entry.kind.lower()}", None)
        if change is not None:
            change(entry)

    def _mode(self, entry: Entry) -> None:
        self.mode = entry.get("mode") or self.mode

    def _handler(self, entry: Entry) -> None:
        self.handler = entry.get("is_set") == 1

    def _enqueue(self, entry: Entry) -> None:
        told = entry.get("order")
        number = self.next_order if told is None else told
        if number in self.ended and self.next_order not in self.orders:
            self._make(self.next_order, entry)
            self.orders[self.next_order].id = entry.get("id", "")
            return
        before = self.orders.get(number)
        order = Order(
            number,
            entry.get("id", ""),
            "PENDING" if number <= self.next_order else DOUBT,
            entry.get("priority", NOBODY),
            entry.get("max_retries", 0),
            0,
            entry.time_ns,
            is_missing=number > self.next_order,
        )
        if before is not None:
            order.slot = before.slot
            if before.is_active and before.is_missing and before.claimed_ns is not None:
                self.ghosts[number] = before.claimed_ns
                if number < self.next_order:
                    order.state = before.state
        for skipped in range(self.next_order, min(number, self.next_order + 1000)):
            if skipped not in self.orders:
                self._make(skipped, entry)
            elif self.orders[skipped].is_missing and self.orders[skipped].id:
                continue
            self.totals["enqueued"] += 1
        if number >= self.next_order or (before is not None and before.is_missing):
            self.next_order = number + 1
        self.orders[number] = order

    def _claim(self, entry: Entry) -> None:
        self.last_claim_ns, self.mode, self.handler = entry.time_ns, "RUNNING", True
        order, slot = self._named(entry), entry.get("slot")
        if order is None:
            return
        self.freed_late.pop(slot, None)
        self.maybe.discard(slot)
        for other in self.live():
            if slot is not None and other.slot == slot and other is not order:
                other.state, other.slot, other.has_unknown_slot = DOUBT, None, True
        if order.slot not in (None, slot):
            self.maybe.add(order.slot)
        self._enter(order, "PREPARING", entry)
        order.attempts += 1
        order.claimed_ns = entry.time_ns
        order.slot, order.has_unknown_slot = slot, slot is None

    def _hold(self, entry: Entry) -> None:
        gate = entry.get("gate")
        if gate not in ("RUNNING", None):
            self.mode = "RUNNING"
        if gate in BEYOND_HANDLER:
            self.handler = True
        if gate == "HANDLER":
            self.handler = False
        if gate == "QUEUE" and entry.get("order") is None:
            for order in self.live():
                if order.state == "PENDING":
                    order.state = DOUBT

    def _ready(self, entry: Entry) -> None:
        order = self.find(entry.get("order"))
        if order is not None and not order.in_doubt:
            claimed_ns, terminate = order.claimed_ns, order.terminate
            self._enter(order, "RUNNING", entry)
            order.claimed_ns, order.terminate = claimed_ns, terminate

    def _complete(self, entry: Entry) -> None:
        self._end(entry)

    def _cancel(self, entry: Entry) -> None:
        self._end(entry)

    def _fail(self, entry: Entry) -> None:
        order = self._named(entry)
        if order is None or failed_state(entry, order) == "FAILED":
            self.totals["failed"] += 1
            self._end(entry)
        else:
            self._enter(order, "WAITING_RETRY", entry)
            order.due_ns = entry.get("due_ns")

    def _retry(self, entry: Entry) -> None:
        order = self._named(entry)
        if order is not None:
            self._enter(order, "PENDING", entry)

    def _terminate(self, entry: Entry) -> None:
        order = self.find(entry.get("order"))
        if order is not None and entry.get("why") is not None:
            deadline_ns = self.deadlines.pop(order.number, entry.get("deadline_ns"))
            order.terminate = {"why": entry.get("why"), "deadline_ns": deadline_ns}

    def _restart(self, _: Entry) -> None:
        self.mode, self.handler, self.pressure, self.healthy = "NEW", False, "NONE", True
        self.freed_late = {}
        for order in self.live():
            order.terminate = None
            if not order.is_active:
                self.free(order.number)

    def _recover(self, entry: Entry) -> None:
        order, state = self._named(entry), entry.get("state")
        if state in TERMINAL:
            self.totals[state.lower()] += 1
            self._end(entry)
            self.free(entry.get("order"))
        elif order is not None and (order.is_active or order.in_doubt):
            self.recover(order.number, entry)

    def recover(self, number: int, entry: Entry, state: str = "PENDING") -> None:
        """An attempt that was interrupted does not count."""
        order = self.orders[number]
        if order.is_active:
            order.attempts -= 1
        self._enter(order, state, entry)
        self.free(number)

    def imply(self, entry: Entry) -> None:
        """Take as done what must have happened before this event of an order."""
        order = self.find(entry.get("order"))
        if order is None:
            return
        if order.state == "WAITING_RETRY" and entry.kind == "CLAIM":
            self.totals["retried"] += 1
            order.state = "PENDING"
        if order.state in WAITING and entry.kind in NEEDS_CLAIM:
            self.totals["claimed"] += 1
            self.last_claim_ns = order.claimed_ns = entry.time_ns
            order.attempts += 1
            order.has_unknown_slot = True
            order.state = "PREPARING"

    def free_slot(self, slot: int) -> None:
        """A slot is held by nobody any more."""
        for order in self.live():
            if order.slot == slot:
                order.state, order.slot = DOUBT, None
        self.freed_late.pop(slot, None)
        self.maybe.discard(slot)

    def free(self, number: int) -> None:
        """No slot is held by an order any more."""
        order = self.find(number)
        if order is not None:
            order.slot, order.has_unknown_slot = None, False
        self.freed_late = {s: n for s, n in self.freed_late.items() if n != number}

    def _named(self, entry: Entry) -> Order | None:
        """The order that an event names, made where there is none."""
        number = entry.get("order", NOBODY)
        if number in self.ended:
            self.orders[number] = self.ended.pop(number)
            self.orders[number].is_missing = True
        if number not in self.orders:
            self._make(number, entry)
        return self.orders[number]

    def _make(self, number: int, entry: Entry) -> None:
        """An order of which nothing was told."""
        lowest = -(2**63)
        self.orders[number] = Order(number, "", DOUBT, lowest, 0, 0, entry.time_ns, is_missing=True)

    def _end(self, entry: Entry) -> None:
        order = self.orders.pop(entry.get("order"), None)
        if order is None:
            return
        if order.slot is not None:
            self.freed_late[order.slot] = order.number
        order.slot, order.has_unknown_slot = None, False
        if not order.is_missing or order.number < self.next_order:
            self.ended[order.number] = order

    def _enter(self, order: Order, state: str, entry: Entry) -> None:
        order.state, order.since_ns = state, entry.time_ns
        order.claimed_ns = order.due_ns = order.terminate = None


def failed_state(entry: Entry, order: Order) -> str:
    """To which state a FAIL leads; where it says none, that to which it must."""
    told = entry.get("state")
    if told in ("WAITING_RETRY", "FAILED"):
        return str(told)
    return "FAILED" if order.attempts > order.max_retries else "WAITING_RETRY"


def _order(told: dict[str, Any]) -> Order:
    names = (
        "id",
        "state",
        "priority",
        "max_retries",
        "attempts",
        "since_ns",
        "claimed_ns",
        "due_ns",
    )
    return Order(told["order"], *(told[name] for name in names), terminate=told["terminate"])
