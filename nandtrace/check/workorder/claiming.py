"""CLAIM: an order, a slot and an attempt, taken together where every gate is open."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.course import NEXT_DECISION
from nandtrace.check.workorder.gates import CRITICAL, Gates, said_reading
from nandtrace.check.workorder.orders import PENDING, Order
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import ACTIVE, Mode, OrderState

ClaimRow = tuple[int, int, int, int, int]
"""Order, attempt, slot, total and available bytes."""


class Claiming:
    """Judges claims. `staggered` counts those that came after another."""

    def __init__(self, scene: Scene, gates: Gates) -> None:
        self._scene = scene
        self._gates = gates
        self._limits = scene.limits
        self._state = scene.state
        self._pump = scene.pump
        self._ledger = scene.ledger
        self.staggered = 0

    def claim(self, at: int, time_ns: int, row: ClaimRow) -> None:
        named, attempt, slot, total, available = row
        state = self._state
        self._gates.decide(at, time_ns, "a CLAIM")
        order = state.orders.get(named) or self._scene.find(at, named)
        if state.mode is not Mode.RUNNING or not state.handler:
            self._offend_stopped(at, order)
        self.staggered += state.last_claim_ns is not None
        if self._pump.is_staggered(time_ns):
            ends = f"no CLAIM before {self._pump.stagger_ends()} ns, the end of the stagger"
            self._ledger.offend("stagger", at, ends, f"one at {time_ns} ns", order=named)
        self._check_reading(at, time_ns, named, total, available)
        self._check_order(at, order, attempt)
        self._take(at, time_ns, order, slot)
        self._pump.claimed(time_ns)
        self._scene.course.owe(NEXT_DECISION, NEVER)

    def _offend_stopped(self, at: int, order: Order) -> None:
        """Nothing may be claimed; as something is, the log may have lost what allows it."""
        state = self._state
        why = f"the mode is {state.mode}"
        if state.mode is Mode.RUNNING:
            why = "no handler is set"
        self._ledger.offend(
            "no-claim-when-stopped", at, f"no CLAIM: {why}", "one", order=order.number
        )
        state.mode, state.handler = Mode.RUNNING, True

    def _check_reading(self, at: int, time_ns: int, named: int, total: int, available: int) -> None:
        """A CLAIM has a reading that allows it."""
        offend = self._ledger.offend
        if not self._limits.is_reading(total, available):
            offend("claim-atomic", at, "a reading", said_reading(total, available), order=named)
            return
        level = self._gates.tell(at, total, available)
        if not self._limits.memory_gating:
            return
        if level is CRITICAL:
            said = f"{available} of {total} bytes available"
            offend("no-critical-claim", at, "a pressure below CRITICAL", said, order=named)
        needed = self._gates.needed_bytes(time_ns)
        if available < needed:
            least = f"at least {needed} bytes available"
            offend("claim-has-memory", at, least, f"{available}", order=named)

    def _check_order(self, at: int, order: Order, attempt: int) -> None:
        """The order is pending and the one whose turn it is, and this is its next attempt."""
        state, offend, named = self._state, self._ledger.offend, order.number
        if order.state in ACTIVE:
            offend("no-double-claim", at, f"{order} claimed once", f"again: it is {order.state}")
            return
        if order.state is PENDING:
            first = state.queue.first()
            if first is not order and first is not None:
                self._gates.pass_over(at, first, named)
        else:
            self._scene.check_state(at, order, PENDING)
            state.totals["retried"] += order.state is OrderState.WAITING_RETRY
        if order.max_retries is None:
            return
        if attempt != order.attempts + 1:
            due = f"attempt {order.attempts + 1} of {order}"
            offend("claim-atomic", at, due, f"attempt {number(attempt)}", order=named)
        if order.attempts > order.max_retries:
            most = f"at most {order.max_retries + 1} attempts of {order}"
            offend("retry-bound", at, most, "another", order=named)
            order.max_retries = order.attempts

    def _take(self, at: int, time_ns: int, order: Order, slot: int) -> None:
        """The order takes the slot, whatever is wrong with that."""
        state = self._state
        if order.number in state.active:
            state.slots.lose(order.slot)
        slots = state.slots
        taken = None if slot == NULL else slot
        if slot != slots.lowest() or slot >= self._limits.slots:
            self._check_slot(at, order, slot)
        if taken is not None:
            slots.take(taken, order.number)
        state.claim(order, taken, time_ns)
        state.last_claim_ns = time_ns
        state.totals["claimed"] += 1

    def _check_slot(self, at: int, order: Order, slot: int) -> None:
        """The slot is not the lowest that is free, or there is none."""
        slots, offend = self._state.slots, self._ledger.offend
        place = {"order": order.number, "slot": slot}
        due = f"slot {slots.lowest()}, the lowest that is free"
        if slot == NULL:
            offend("claim-atomic", at, due, "none", **place)
        elif slot in slots.held:
            owner = slots.held[slot]
            free = f"a slot that is free; order {owner} holds {slot}"
            offend("no-double-claim", at, free, f"slot {slot}", **place)
            self._scene.misplace(owner)
        elif not 0 <= slot < self._limits.slots:
            bound = f"a slot from 0 to {self._limits.slots - 1}"
            offend("slot-bound", at, bound, f"slot {slot}", **place)
        elif self._state.is_sure_of_slots:
            offend("claim-atomic", at, due, f"slot {slot}", **place)
