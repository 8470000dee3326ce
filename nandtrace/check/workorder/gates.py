"""What both kinds of decisions share: what woke the pump, the reading, and whose turn it is."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.orders import PENDING, Order
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Gate, Mode, Pressure

CRITICAL = Pressure.CRITICAL


def said_reading(total: int, available: int) -> str:
    """Figures that are no reading."""
    if NULL in (total, available):
        return "none"
    return f"{available} of {total} bytes available"


class Gates:
    """The gates, asked again.

    `contested` counts the decisions with several pending orders, `readings` those with a reading.
    """

    def __init__(self, scene: Scene) -> None:
        self._limits = scene.limits
        self._state = scene.state
        self._pump = scene.pump
        self._course = scene.course
        self._ledger = scene.ledger
        self.contested = self.readings = 0

    def decide(self, at: int, time_ns: int, what: str) -> None:
        """A decision is made: something asks for it, and the scheduler has been started."""
        self.contested += self._state.pending > 1
        if self._state.mode is Mode.NEW:
            never = "no decision while the mode is NEW"
            self._ledger.offend("work-conserving", at, never, what)
        elif not self._pump.may_decide(time_ns):
            woken = "a decision when something has woken the pump"
            self._ledger.offend(
                "work-conserving", at, woken, f"{what}, and nothing has since the last HOLD"
            )

    def tell(self, at: int, total: int, available: int) -> Pressure:
        """The level of a reading that can be: another than the one told last was told right before."""
        self.readings += 1
        state = self._state
        level = self._limits.level(total, available)
        if level is not state.pressure:
            due = f"PRESSURE {level} right before: {state.pressure} was told last"
            self._ledger.offend("pressure-edge", at, due, said_reading(total, available))
            state.pressure = level
        else:
            self.check_told(at, total, available)
        return level

    def check_told(self, at: int, total: int, available: int) -> None:
        """What PRESSURE told right before a decision is the reading that this one takes."""
        course = self._course
        if at == course.read_at and course.told != (total, available):
            due = f"the reading of the PRESSURE before it, {said_reading(*course.told)}"
            self._ledger.offend("pressure-edge", at, due, said_reading(total, available))

    def needed_bytes(self, time_ns: int) -> int:
        """The memory for one more slot, and for those whose memory no reading shows yet."""
        return self._limits.memory_per_slot_bytes * (1 + self._state.settling.count(time_ns))

    def closed_early(self, time_ns: int) -> Gate | None:
        """The first gate that is closed, of those that need no reading."""
        state = self._state
        if state.mode is not Mode.RUNNING:
            return Gate.RUNNING
        if not state.pending:
            return Gate.QUEUE
        if not state.handler:
            return Gate.HANDLER
        return Gate.STAGGER if self._pump.is_staggered(time_ns) else None

    def closed_late(self, time_ns: int, available: int) -> Gate | None:
        """The first gate that is closed, of those behind the reading, whose level has been told."""
        state, is_gated = self._state, self._limits.memory_gating
        if is_gated and state.pressure is CRITICAL:
            return Gate.PRESSURE
        if len(state.slots.held) >= self._limits.slots:
            return Gate.SLOT
        return Gate.MEMORY if is_gated and available < self.needed_bytes(time_ns) else None

    def pass_over(self, at: int, first: Order, named: int) -> None:
        """Another order than the one whose turn it is.

        Where that is pending too, the log may have lost what became of the first.
        """
        due, said = f"{first}, whose turn it is", f"order {number(named)}"
        if named == NULL:
            said = "no order"
        self._ledger.offend("claim-order", at, due, said, order=named)
        other = self._state.orders.get(named)
        if other is not None and other.state is PENDING:
            self._state.doubt(first)
