"""The scene of a replay: what its rules share."""

from __future__ import annotations

import polars as pl

from nandtrace.check.ledger import Ledger, number
from nandtrace.check.workorder.course import RELEASE, Course
from nandtrace.check.workorder.limits import Limits
from nandtrace.check.workorder.orders import Order
from nandtrace.check.workorder.pump import Pump
from nandtrace.check.workorder.state import SchedulerState
from nandtrace.vocab.workorder import Mode, OrderState, Pressure

_PLACES: dict[str, type[pl.DataType]] = {"order": pl.Int64, "slot": pl.Int64}


class Scene:
    """The scheduler as it is, its pump, the course of the run, and the ledger."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.state = SchedulerState(limits)
        self.pump = Pump(self.state)
        self.course = Course()
        self.ledger = Ledger(_PLACES)

    def find(self, at: int, order: int) -> Order:
        """The live order of a number.

        One that is not live is an offence, unless the log is known to have lost it; it is taken for
        live, and whatever follows on it for right.
        """
        found = self.state.orders.get(order)
        if found is not None:
            return found
        following = self.state.next_order
        if self.state.is_lost(order):
            return self.state.conjure(order)
        if following is None or 0 <= order < following:
            self.ledger.offend(
                "terminal-absorbing",
                at,
                f"nothing about order {order}, which has ended",
                "an event that names it",
                order=order,
            )
        else:
            below = f"an order that was accepted, below {following}"
            self.ledger.offend("conservation", at, below, f"order {number(order)}", order=order)
        return self.state.conjure(order)

    def check_state(self, at: int, order: Order, *legal: OrderState) -> None:
        """An event is legal in these states of its order."""
        if order.state is None or order.state in legal:
            return
        due = " or ".join(legal)
        self.ledger.offend(
            "transition-legal", at, f"{order} {due}", f"it is {order.state}", order=order.number
        )

    def check_active(self, at: int, time_ns: int, order: Order, *legal: OrderState) -> None:
        """An event is legal in these states of an active order.

        One that is not active must have been claimed: which slot it took, and when, the log has lost.
        """
        self.check_state(at, order, *legal)
        if order.number in self.state.active or order.state is None:
            return
        self.state.claim(order, None, time_ns)
        self.state.last_claim_ns = time_ns
        self.state.totals["claimed"] += 1

    def misname(self, named: int) -> None:
        """An order was named where another was meant: it is not known what becomes of it."""
        order = self.state.orders.get(named)
        if order is not None:
            self.state.doubt(order)

    def misplace(self, named: int) -> None:
        """The slot of an order was claimed by another: it is not known which one it holds."""
        order = self.state.active.get(named)
        if order is not None:
            order.slot = None
            self.state.unplaced.add(named)

    def end_attempt(self, order: Order, time_ns: int) -> None:
        """The attempt of an active order is over, and its slot must be given back next."""
        was_active = order.number in self.state.active
        if was_active or order.state is None:
            self.course.ended = (order.number, order.slot, order.deadline_ns)
            self.course.owe(RELEASE, time_ns, may_be_left=not was_active)
        if was_active and len(self.state.active) == 1 and self.state.mode is Mode.STOPPING:
            self.course.stopped_due_ns = min(self.course.stopped_due_ns, time_ns)

    def is_healthy(self) -> bool:
        """Whether the pressure told last is not critical, and a slot is free."""
        state = self.state
        return state.pressure is not Pressure.CRITICAL and len(state.slots.held) < self.limits.slots
