"""RESTART and RECOVER: a new life, and what it takes over from the one before."""

from __future__ import annotations

from nandtrace.check.workorder.course import NOTHING, RECOVER, RESTART
from nandtrace.check.workorder.orders import Order
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab.workorder import TERMINAL, OrderState, RunEnd

RecoverRow = tuple[int, OrderState | None]
"""Order, state."""

_RULE = "recovery"
_ENDS = (RunEnd.CRASHED, RunEnd.STOPPED)
_PENDING = OrderState.PENDING


class Recovering:
    """Judges recoveries."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger
        self._first_at = NOTHING

    def begin(self, at: int, *, is_known: bool) -> None:
        """A run begins at a position: after a crash or a stop RESTART is the next event."""
        if self._course.before in _ENDS:
            self._ledger.count(_RULE)
            self._state.await_nothing()
            self._scene.pump.sleep()
            self._course.stop_due_ns = self._course.stopped_due_ns = NEVER
            self._course.owe(RESTART, NEVER)
        self._first_at = at + 1
        if self._course.before in _ENDS or not is_known:
            self._course.restart_at = at + 1

    def restart(self, at: int, time_ns: int, _row: tuple[()]) -> None:
        course, state = self._course, self._state
        course.settle()
        course.restart()
        self._ledger.count(_RULE)
        if at != course.restart_at:
            after = "RESTART right after the begin of a run that follows a crash or a stop"
            self._ledger.offend(_RULE, at, after, "one elsewhere")
            if at != self._first_at:
                return
        state.restart(time_ns)
        course.reset()
        self._scene.pump.sleep()
        course.recover_at = at + 1
        course.recovering = sorted(state.active)
        if course.recovering:
            course.owe(RECOVER, time_ns)

    def recover(self, at: int, time_ns: int, row: RecoverRow) -> None:
        named, said = row
        order = self._scene.find(at, named)
        self._ledger.count(_RULE)
        is_active = named in self._state.active
        if at != self._course.recover_at:
            self._offend(at, order, "RECOVER right after RESTART", "one elsewhere")
        elif is_active:
            self._follow(at, time_ns, order)
        if at == self._course.recover_at:
            self._course.recover_at = at + 1
        self._check_target(at, order, said, is_active=is_active)
        self._state.slots.free(order.slot)
        if said in TERMINAL:
            self._state.end(order, said)
        elif is_active or order.state is None:
            order.attempts -= is_active
            self._state.queue_up(order, time_ns)
        else:
            self._state.doubt(order)
        self._scene.pump.wake(time_ns)

    def _follow(self, at: int, time_ns: int, order: Order) -> None:
        """Active orders are recovered in the order of their numbers."""
        rest = self._course.recovering
        if not rest or order.number != rest[0]:
            due = f"order {rest[0]} first" if rest else "no other order"
            self._offend(at, order, due, f"{order}")
        if order.number in rest:
            rest.remove(order.number)
        self._course.settle()
        if rest:
            self._course.owe(RECOVER, time_ns)

    def _check_target(
        self, at: int, order: Order, said: OrderState | None, *, is_active: bool
    ) -> None:
        """An active order is pending again; what was done before may be told of any live one."""
        if said in TERMINAL or order.state is None or (is_active and said is _PENDING):
            return
        due = "PENDING, COMPLETED, FAILED or CANCELLED"
        if said is _PENDING:
            due = f"COMPLETED, FAILED or CANCELLED: {order} was not active"
        self._offend(at, order, due, f"{said}")

    def _offend(self, at: int, order: Order, expected: str, actual: str) -> None:
        self._ledger.offend(_RULE, at, expected, actual, order=order.number)

    def give_up(self) -> None:
        """What becomes of the active orders that were not recovered is not known."""
        for named in self._course.recovering:
            order = self._state.orders[named]
            order.attempts -= 1
            self._state.slots.lose(order.slot)
            self._state.doubt(order)
        self._course.recovering = []
