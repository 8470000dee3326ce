"""TERMINATE, CANCEL, RELEASE and STRAY: how attempts are ended, and slots given back."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.course import RELEASE
from nandtrace.check.workorder.orders import PENDING, Order
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab.workorder import CancelReason, Mode, OrderState, TerminateWhy

TerminateRow = tuple[int, TerminateWhy | None, int]
"""Order, why, deadline."""

CancelRow = tuple[int, CancelReason | None]
"""Order, reason."""

ReleaseRow = tuple[int, int, int]
"""Order, slot, whether it was forced."""

_LEASE, _STOP = TerminateWhy.LEASE, TerminateWhy.STOP
_BECOMES = {
    TerminateWhy.CANCEL: CancelReason.REQUESTED,
    TerminateWhy.STOP: CancelReason.STOPPED,
}


class Ending:
    """Judges what handlers are asked, what becomes of their orders, and their slots."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._limits = scene.limits
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger

    def terminate(self, at: int, time_ns: int, row: TerminateRow) -> None:
        named, why, deadline_ns = row
        order = self._scene.find(at, named)
        if named not in self._state.active:
            if order.state is not None:
                self._offend(at, order, f"an active {order}", f"it is {order.state}")
            return
        before = order.why
        due_ns = time_ns + self._limits.terminate_grace_ns
        if before is not None and (before is not _LEASE or why is _LEASE):
            self._offend(at, order, f"no TERMINATE after that for {before}", f"one for {why}")
        elif why is None:
            self._offend(at, order, "a reason, LEASE, CANCEL or STOP", "none")
        else:
            self._check_when(at, time_ns, order, why)
        if before is not None and order.deadline_ns is not None:
            due_ns = order.deadline_ns
        if deadline_ns != due_ns:
            self._offend(at, order, f"a deadline at {due_ns} ns", f"{number(deadline_ns)}")
        if why is not None:
            self._state.ask(order, why, due_ns)

    def _check_when(self, at: int, time_ns: int, order: Order, why: TerminateWhy) -> None:
        """LEASE at the end of the lease, STOP at the end of the grace, CANCEL at any time."""
        if why is _LEASE:
            lease_ns = self._limits.lease_ns
            ends_ns = None if lease_ns is None else (order.claimed_ns or 0) + lease_ns
            if ends_ns is None or time_ns < ends_ns:
                until = "for it has none" if ends_ns is None else f"before {ends_ns} ns"
                said = f"one at {time_ns} ns"
                self._offend(at, order, f"no end of the lease of {order}, {until}", said)
        elif why is _STOP:
            self._check_stop(at, time_ns, order)

    def _check_stop(self, at: int, time_ns: int, order: Order) -> None:
        ends_ns = self._course.grace_ends_ns
        if self._state.mode is not Mode.STOPPING:
            early = f"no TERMINATE for STOP: the mode is {self._state.mode}"
        elif ends_ns is not None and time_ns < ends_ns:
            early = f"no TERMINATE for STOP before {ends_ns} ns, the end of the grace"
        else:
            return
        said = f"one at {time_ns} ns"
        self._ledger.offend("no-claim-when-stopped", at, early, said, order=order.number)

    def _offend(self, at: int, order: Order, expected: str, actual: str) -> None:
        self._ledger.offend("lease", at, expected, actual, order=order.number, slot=order.slot)

    def cancel(self, at: int, time_ns: int, row: CancelRow) -> None:
        named, reason = row
        order = self._scene.find(at, named)
        if named in self._state.active:
            self._check_asked(at, order, reason)
        elif order.state is not None:
            self._check_waiting(at, order, reason)
        if named in self._state.active or order.state is None:
            self._scene.end_attempt(order, time_ns)
        self._state.end(order, OrderState.CANCELLED)
        if not self._state.pending:
            self._scene.pump.close()

    def _check_asked(self, at: int, order: Order, reason: CancelReason | None) -> None:
        """An active order is cancelled when its handler was asked to end for it."""
        due = None if order.why is None else _BECOMES.get(order.why)
        if due is None:
            asked = "FAIL for LEASE" if order.why is _LEASE else "TERMINATE first"
            self._offend(at, order, f"{asked}: {order} is {order.state}", "CANCEL")
        elif reason is not due:
            self._offend(at, order, f"a reason {due}, for TERMINATE said {order.why}", f"{reason}")

    def _check_waiting(self, at: int, order: Order, reason: CancelReason | None) -> None:
        """An order in the queue is cancelled on request; only a pending one is dequeued."""
        legal = [CancelReason.REQUESTED]
        if order.state is PENDING:
            legal.append(CancelReason.DEQUEUED)
        if reason not in legal:
            due = f"a reason {' or '.join(legal)}, for {order} is {order.state}"
            self._offend(at, order, due, f"{reason}")

    def release(self, at: int, time_ns: int, row: ReleaseRow) -> None:
        named, slot, forced = row
        deadline_ns = None
        if self._course.owed == RELEASE:
            deadline_ns = self._pay(at, named, slot)
        else:
            self._undue(at, named, slot)
        if forced:
            self._check_forced(at, time_ns, row, deadline_ns)
            if self._course.abandoned is not None:
                self._course.abandoned[named, slot] += 1
        self._scene.pump.wake(time_ns)

    def _pay(self, at: int, named: int, slot: int) -> int | None:
        """The slot of the attempt that has ended is given back. Tells the deadline of that."""
        course, slots = self._course, self._state.slots
        order, held, deadline_ns = course.ended
        course.settle()
        if named != order or slot != (slot if held is None else held):
            due = f"RELEASE of slot {'?' if held is None else held} by order {number(order)}"
            self._offend_release(at, due, named, slot)
        given = slot if held is None else held
        owner = slots.held.get(given)
        if owner is not None and owner != order:
            # The log has named another order where this one claimed the slot.
            self._scene.misname(owner)
        slots.free(given)
        return deadline_ns

    def _undue(self, at: int, named: int, slot: int) -> None:
        """No attempt has just ended: the slot is given back early, late, or by no owner."""
        state = self._state
        if state.slots.limbo.get(slot) == named:
            # That it is late has been told.
            del state.slots.limbo[slot]
            return
        order = state.orders.get(named)
        if order is None or named not in state.active:
            self._offend_release(at, "RELEASE right after the end of an attempt", named, slot)
            return
        place = {"order": named, "slot": slot}
        held = f"{order}, which is {order.state}, keeps its slot"
        self._ledger.offend("slot-iff-active", at, held, "RELEASE", **place)
        state.slots.free(order.slot)
        state.doubt(order)

    def _offend_release(self, at: int, due: str, named: int, slot: int) -> None:
        said = f"slot {number(slot)} by order {number(named)}"
        self._ledger.offend("slot-pairing", at, due, said, order=named, slot=slot)

    def _check_forced(
        self, at: int, time_ns: int, row: ReleaseRow, deadline_ns: int | None
    ) -> None:
        named, slot, forced = row
        if forced == 1 and deadline_ns is not None and time_ns >= deadline_ns:
            return
        due = "a handler that was not asked to end gives back its slot itself"
        if deadline_ns is not None:
            due = f"a slot is not taken from its handler before {deadline_ns} ns"
        said = f"forced {number(forced)} at {time_ns} ns"
        self._ledger.offend("slot-pairing", at, due, said, order=named, slot=slot)

    def stray(self, at: int, _time_ns: int, row: tuple[int, int]) -> None:
        named, slot = row
        following, abandoned = self._state.next_order, self._course.abandoned
        if abandoned is None:
            is_right = 0 <= slot < self._limits.slots and 0 <= named < (following or NEVER)
        else:
            is_right = abandoned[row] > 0
            abandoned[row] -= is_right
        if is_right:
            return
        due = "a handler that was abandoned on this slot before"
        said = f"none of order {number(named)} on slot {number(slot)}"
        self._ledger.offend("slot-pairing", at, due, said, order=named, slot=slot)
