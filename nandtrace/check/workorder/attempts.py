"""READY, COMPLETE, FAIL and RETRY: the attempts of an order."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.orders import Order
from nandtrace.check.workorder.scene import Scene
from nandtrace.check.workorder.state import PREPARING, RUNNING, WAITING_RETRY
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import FailCause, Mode, OrderState, TerminateWhy

FailRow = tuple[int, int, FailCause | None, OrderState | None, int]
"""Order, attempt, cause, state, due time of the retry."""

OrderRow = tuple[int]

_COMPLETED, _FAILED = OrderState.COMPLETED, OrderState.FAILED
_STOPS = (Mode.STOPPING, Mode.STOPPED)


class Attempts:
    """Judges how attempts go on and end. `failures` counts those that end with a retry."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._ledger = scene.ledger
        self.failures = 0

    def ready(self, at: int, time_ns: int, row: OrderRow) -> None:
        state = self._state
        order = state.orders.get(row[0]) or self._scene.find(at, row[0])
        if order.state is not PREPARING:
            self._scene.check_active(at, time_ns, order, PREPARING)
        if order.why is not None:
            self._offend_asked(at, order, "no READY", "one")
        if order.state is not None:
            state.run(order, time_ns)

    def complete(self, at: int, time_ns: int, row: OrderRow) -> None:
        order = self._state.orders.get(row[0]) or self._scene.find(at, row[0])
        if order.state is not RUNNING:
            self._scene.check_active(at, time_ns, order, RUNNING)
        if order.why is not None:
            self._offend_asked(at, order, _consequence(order.why), "COMPLETE")
        self._scene.end_attempt(order, time_ns)
        self._state.end(order, _COMPLETED)

    def fail(self, at: int, time_ns: int, row: FailRow) -> None:
        named, attempt, cause, said, due_ns = row
        order = self._state.orders.get(named) or self._scene.find(at, named)
        if order.state is not RUNNING:
            self._scene.check_active(at, time_ns, order, PREPARING, RUNNING)
        self._check_cause(at, order, cause)
        if attempt != order.attempts and order.id is not None:
            due = f"attempt {order.attempts} of {order}"
            self._ledger.offend("retry-bound", at, due, f"attempt {number(attempt)}", order=named)
        state = self._check_target(at, order, said)
        self._scene.end_attempt(order, time_ns)
        if state is WAITING_RETRY:
            self.failures += 1
            self._check_delay(at, time_ns, order, due_ns)
            self._state.wait(order, None if due_ns == NULL else due_ns, time_ns)
            return
        if due_ns != NULL:
            never = f"no retry of {order}, which FAILED"
            self._ledger.offend("backoff", at, never, f"one due at {due_ns} ns", order=named)
        self._state.end(order, _FAILED)

    def _check_cause(self, at: int, order: Order, cause: FailCause | None) -> None:
        is_over = order.why is TerminateWhy.LEASE
        if cause is FailCause.LEASE and not is_over and order.state is not None:
            asked = f"TERMINATE of {order} for its lease first"
            self._ledger.offend("lease", at, asked, "FAIL for it", order=order.number)
        elif order.why is not None and not (is_over and cause is FailCause.LEASE):
            self._offend_asked(at, order, _consequence(order.why), f"FAIL, {cause}")
        elif cause is None:
            self._ledger.offend(
                "transition-legal", at, "a cause, ERROR or LEASE", "none", order=order.number
            )

    def _offend_asked(self, at: int, order: Order, due: str, actual: str) -> None:
        asked = f"{due} of {order}, which was asked to end for {order.why}"
        self._ledger.offend("lease", at, asked, actual, order=order.number)

    def _check_target(self, at: int, order: Order, said: OrderState | None) -> OrderState:
        """An attempt that failed is tried again while one is left. Tells what the log says."""
        due = WAITING_RETRY if order.has_attempt_left else _FAILED
        if said is not WAITING_RETRY and said is not _FAILED:
            either = "a state WAITING_RETRY or FAILED"
            self._ledger.offend(
                "transition-legal", at, either, said or "another", order=order.number
            )
            return due
        if said is not due and order.max_retries is not None:
            tried = f"{due} after attempt {order.attempts} of {order.max_retries + 1}"
            self._ledger.offend("retry-bound", at, tried, f"{said}", order=order.number)
            order.max_retries = max(order.max_retries, order.attempts)
        return said

    def _check_delay(self, at: int, time_ns: int, order: Order, due_ns: int) -> None:
        """The retry is due after the backoff of its attempt, within the jitter and the cap."""
        low, high = self._scene.limits.delays_ns(order.attempts)
        if order.id is not None and not time_ns + low <= due_ns <= time_ns + high:
            delay = f"a delay of {low} to {high} ns after attempt {order.attempts} of {order}"
            said = "none" if due_ns == NULL else f"{due_ns - time_ns} ns"
            self._ledger.offend("backoff", at, delay, said, order=order.number)

    def retry(self, at: int, time_ns: int, row: OrderRow) -> None:
        state = self._state
        order = state.orders.get(row[0]) or self._scene.find(at, row[0])
        self._scene.check_state(at, order, WAITING_RETRY)
        if order.due_ns is not None and time_ns < order.due_ns:
            early = f"RETRY of {order} not before {order.due_ns} ns"
            self._ledger.offend("backoff", at, early, f"at {time_ns} ns", order=order.number)
        if state.mode in _STOPS:
            never = f"no RETRY: the scheduler is {state.mode}"
            self._ledger.offend("backoff", at, never, "one", order=order.number)
        state.slots.lose(order.slot)
        state.queue_up(order, time_ns)
        state.totals["retried"] += 1
        self._scene.pump.wake(time_ns)


def _consequence(why: TerminateWhy) -> str:
    """What becomes of an order whose handler was asked to end."""
    match why:
        case TerminateWhy.LEASE:
            return "FAIL for LEASE"
        case TerminateWhy.CANCEL:
            return "CANCEL as REQUESTED"
        case TerminateWhy.STOP:
            return "CANCEL as STOPPED"
