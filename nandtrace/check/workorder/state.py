"""The scheduler as the replay has it: what a snapshot holds, and what is due."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from nandtrace.check.event_batch import State
from nandtrace.check.workorder.limits import Limits
from nandtrace.check.workorder.orders import PENDING, Order, Queue, Settling, Slots
from nandtrace.check.workorder.shapes import TOTALS
from nandtrace.vocab.workorder import Mode, OrderState, Pressure, TerminateWhy

PREPARING, RUNNING, WAITING_RETRY = (
    OrderState.PREPARING,
    OrderState.RUNNING,
    OrderState.WAITING_RETRY,
)


class SchedulerState:
    """Live orders by number, and where each of them stands.

    `active` holds active orders in the order of their claims, `leases` the ends of the leases of those
    that were not asked to end, `deadlines` those of the ones that were; both with the earliest first.
    `retries` is a heap of (due time, order) with stale entries. `doubtful` are orders whose state the
    log has lost, `unplaced` active ones whose slot it has lost. `_lost` are ranges of numbers that do not
    meet, the lowest first.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.orders: dict[int, Order] = {}
        self.ids: dict[str, int] = {}
        self.active: dict[int, Order] = {}
        self.slots = Slots()
        self.queue = Queue(limits.policy, self.orders)
        self.settling = Settling(limits.settle_ns)
        self.leases: dict[int, int] = {}
        self.deadlines: dict[int, int] = {}
        self.retries: list[tuple[int, int]] = []
        self.doubtful: set[int] = set()
        self.unplaced: set[int] = set()
        self._lost: list[range] = []
        self._forget()

    def _forget(self) -> None:
        for kept in (self.orders, self.ids, self.active, self.leases, self.deadlines):
            kept.clear()
        for queued in (self.queue, self.retries, self.doubtful, self.unplaced, self._lost):
            queued.clear()
        self.settling.clear()
        self.pending = self.waiting = self.reserved = 0
        self.next_order: int | None = 0
        self.mode = Mode.NEW
        self.handler = False
        self.last_claim_ns: int | None = None
        self.pressure = Pressure.NONE
        self.healthy = True
        self.totals = dict.fromkeys(TOTALS, 0)
        self.slots.reset(())

    @property
    def is_sure(self) -> bool:
        """Whether the state of every order is known, and which slots are in use."""
        return not (self.doubtful or self.slots.limbo or self.unplaced)

    @property
    def has_lost_orders(self) -> bool:
        """Whether there may be pending orders that are not known."""
        return bool(self.doubtful or self._lost)

    @property
    def is_sure_of_slots(self) -> bool:
        return not (self.slots.limbo or self.unplaced)

    @property
    def depth(self) -> int:
        return self.pending + self.waiting

    def reset(self, snapshot: State | None) -> None:
        """Begin as a snapshot says; without one nothing is known, and no order is unheard of."""
        self._forget()
        if snapshot is None:
            self.next_order = None
            self._lost.append(range(2**63))
            return
        self.next_order = snapshot["next_order"]
        self.mode = Mode(snapshot["mode"])
        self.handler = snapshot["handler"]
        self.last_claim_ns = snapshot["last_claim_ns"]
        self.pressure = Pressure(snapshot["pressure"])
        self.healthy = snapshot["healthy"]
        self.totals = {name: snapshot["totals"][name] for name in TOTALS}
        self.slots.reset(snapshot["slots"])
        slot_of = {order: slot for slot, order in snapshot["slots"]}
        for row in sorted(snapshot["orders"], key=_claimed):
            self._restore(row, slot_of.get(row["order"]))
        by_deadline = sorted(self.deadlines.items(), key=itemgetter(1))
        self.deadlines.clear()
        self.deadlines.update(by_deadline)

    def _restore(self, row: dict[str, Any], slot: int | None) -> None:
        order = Order(row["order"], row["id"], row["priority"], row["max_retries"])
        order.attempts = row["attempts"]
        self._add(order)
        state, since_ns = OrderState(row["state"]), row["since_ns"]
        if state is PENDING:
            self.queue_up(order, since_ns)
        elif state is WAITING_RETRY:
            self.wait(order, row["due_ns"], since_ns)
        else:
            order.attempts -= 1
            self.claim(order, slot, _claimed(row))
            order.state, order.since_ns = state, since_ns
            if row["terminate"] is not None:
                told = row["terminate"]
                self.ask(order, TerminateWhy(told["why"]), told["deadline_ns"])

    def _add(self, order: Order) -> None:
        self.orders[order.number] = order
        if order.id is not None:
            self.ids[order.id] = order.number

    def accept(self, order: Order, time_ns: int) -> None:
        """An order is enqueued."""
        self._add(order)
        self.queue_up(order, time_ns)

    def queue_up(self, order: Order, time_ns: int) -> None:
        """An order becomes PENDING."""
        self._leave(order)
        order.state, order.since_ns = PENDING, time_ns
        self.pending += 1
        self.queue.push(order)

    def wait(self, order: Order, due_ns: int | None, time_ns: int) -> None:
        """An order becomes WAITING_RETRY."""
        self._leave(order)
        order.state, order.since_ns, order.due_ns = WAITING_RETRY, time_ns, due_ns
        self.waiting += 1
        if due_ns is not None:
            self._await(order, due_ns)

    def _await(self, order: Order, due_ns: int) -> None:
        order.awaited_ns = due_ns
        heapq.heappush(self.retries, (due_ns, order.number))

    def claim(self, order: Order, slot: int | None, time_ns: int) -> None:
        """An order becomes PREPARING, and its next attempt begins; without a slot, that is not known."""
        self._leave(order)
        number = order.number
        order.state, order.since_ns, order.claimed_ns = PREPARING, time_ns, time_ns
        order.attempts += 1
        order.reserves = order.has_attempt_left
        self.reserved += order.reserves
        self.active[number] = order
        self.settling.add(number, time_ns)
        order.slot = slot
        if slot is None:
            self.unplaced.add(number)
        if self.limits.lease_ns is not None:
            self.leases[number] = time_ns + self.limits.lease_ns

    def run(self, order: Order, time_ns: int) -> None:
        """An active order becomes RUNNING."""
        order.state, order.since_ns = RUNNING, time_ns

    def ask(self, order: Order, why: TerminateWhy, deadline_ns: int) -> None:
        """The handler of an active order is asked to end."""
        order.why, order.deadline_ns = why, deadline_ns
        self.leases.pop(order.number, None)
        self.deadlines[order.number] = deadline_ns

    def end(self, order: Order, state: OrderState) -> None:
        """An order is COMPLETED, FAILED or CANCELLED, and no more."""
        self._leave(order)
        order.state = state
        self.totals[state.value.lower()] += 1
        self.remove(order)

    def remove(self, order: Order) -> None:
        """An order is not live any more."""
        self.orders.pop(order.number, None)
        if order.id is not None and self.ids.get(order.id) == order.number:
            del self.ids[order.id]

    def doubt(self, order: Order) -> None:
        """The log has lost what became of an order."""
        self._leave(order)
        order.state = None
        self.doubtful.add(order.number)

    def doubt_pending(self) -> None:
        """The log has lost what became of every pending order."""
        for order in self.queue.drain():
            self.doubt(order)

    def _leave(self, order: Order) -> None:
        """An order leaves its state."""
        state = order.state
        if state is PENDING:
            self.pending -= 1
        elif state is WAITING_RETRY:
            self.waiting -= 1
            order.due_ns = order.awaited_ns = None
        elif state is None:
            self.doubtful.discard(order.number)
        else:
            self._leave_slot(order)

    def _leave_slot(self, order: Order) -> None:
        number = order.number
        self.active.pop(number, None)
        self.settling.drop(number)
        self.leases.pop(number, None)
        self.deadlines.pop(number, None)
        self.unplaced.discard(number)
        self.reserved -= order.reserves
        order.reserves = False
        order.slot = order.claimed_ns = order.why = order.deadline_ns = None

    def lose(self, numbers: range) -> None:
        """Orders were accepted of which the log does not tell: none before those lost last."""
        if self._lost and numbers.start <= self._lost[-1].stop:
            last = self._lost.pop()
            numbers = range(last.start, max(last.stop, numbers.stop))
        self._lost.append(numbers)

    def is_lost(self, number: int) -> bool:
        """Whether an order is one of those that were lost."""
        place = bisect_right(self._lost, number, key=_first)
        return place > 0 and number in self._lost[place - 1]

    def conjure(self, number: int) -> Order:
        """An order of which nothing is known but that it is live."""
        order = Order(number, None, 0, None)
        self._add(order)
        self.doubtful.add(number)
        return order

    def restart(self, time_ns: int) -> None:
        """A new life begins; active orders keep their slots until they are recovered."""
        self.mode, self.handler = Mode.NEW, False
        self.pressure, self.healthy = Pressure.NONE, True
        self.leases.clear()
        self.deadlines.clear()
        for order in self.active.values():
            order.why = order.deadline_ns = None
        active, pairs = self.active, self.slots.pairs()
        self.slots.reset(pair for pair in pairs if pair[1] in active)
        self._await_again(lambda due_ns: max(due_ns, time_ns))

    def drop_reported(self, time_ns: int) -> None:
        """Forget what was due before a time: the run before has told that it did not come."""
        self._await_again(lambda due_ns: due_ns if due_ns >= time_ns else None)
        for dues in (self.leases, self.deadlines):
            for number in [number for number, due_ns in dues.items() if due_ns < time_ns]:
                del dues[number]

    def await_nothing(self) -> None:
        """Nothing is due, until the scheduler has started again."""
        self.retries.clear()
        self.leases.clear()
        self.deadlines.clear()

    def _await_again(self, when: Callable[[int], int | None]) -> None:
        self.retries.clear()
        for order in self.orders.values():
            due_ns = None if order.due_ns is None else when(order.due_ns)
            order.awaited_ns = None
            if due_ns is not None:
                self._await(order, due_ns)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The live orders that are known, as a snapshot has them."""
        for number in sorted(self.orders):
            order = self.orders[number]
            if order.id is not None and order.state is not None:
                yield _row(order)

    def settled(self) -> dict[str, Any]:
        """The fields of a snapshot that do not list orders or slots."""
        return {
            "next_order": self.next_order,
            "mode": self.mode,
            "handler": self.handler,
            "last_claim_ns": self.last_claim_ns,
            "pressure": self.pressure,
            "healthy": self.healthy,
            "totals": self.totals,
        }


def _first(numbers: range) -> int:
    return numbers.start


def _claimed(row: dict[str, Any]) -> int:
    claimed_ns: int | None = row["claimed_ns"]
    return row["since_ns"] if claimed_ns is None else claimed_ns


def _row(order: Order) -> dict[str, Any]:
    return {
        "order": order.number,
        "id": order.id,
        "state": str(order.state),
        "priority": order.priority,
        "max_retries": order.max_retries,
        "attempts": order.attempts,
        "since_ns": order.since_ns,
        "claimed_ns": order.claimed_ns,
        "due_ns": order.due_ns,
        "terminate": None
        if order.why is None
        else {"why": str(order.why), "deadline_ns": order.deadline_ns},
    }


def initial_snapshot(clock_ns: int) -> State:
    """The state of a scheduler that has done nothing yet."""
    fresh: State = {
        "clock_ns": clock_ns,
        "next_order": 0,
        "mode": str(Mode.NEW),
        "handler": False,
        "last_claim_ns": None,
        "pressure": str(Pressure.NONE),
        "healthy": True,
        "slots": [],
        "orders": [],
    }
    return fresh | {"totals": dict.fromkeys(TOTALS, 0)}
