"""HOLD: the first gate that is closed, and who waits at it."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.course import HEALTH
from nandtrace.check.workorder.gates import Gates
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Gate, Mode

HoldRow = tuple[Gate | None, int, int, int, int]
"""Gate, order, end of the stagger, total and available bytes."""

_LATE = frozenset({Gate.PRESSURE, Gate.SLOT, Gate.MEMORY})
"""They need a reading."""

_NAMES_ORDER = _LATE | {Gate.STAGGER}
_RULE = "work-conserving"


class Holding:
    """Judges where the pump waits."""

    def __init__(self, scene: Scene, gates: Gates) -> None:
        self._scene = scene
        self._gates = gates
        self._state = scene.state
        self._pump = scene.pump
        self._ledger = scene.ledger

    def hold(self, at: int, time_ns: int, row: HoldRow) -> None:
        said, named, until_ns, total, available = row
        scene, gates = self._scene, self._gates
        gates.decide(at, time_ns, "a HOLD")
        scene.course.settle()
        has_reading = scene.limits.is_reading(total, available)
        if has_reading:
            gates.tell(at, total, available)
        elif said not in _LATE:
            gates.check_told(at, total, available)
        due = gates.closed_early(time_ns)
        if due is None and has_reading:
            due = gates.closed_late(time_ns, available)
        elif due is None and said in _LATE:
            # That there is no reading is told of below: which gate was closed, the log knows.
            due = said
        if (due is not said or said is None) and not self._may_doubt(due, said):
            self._offend_gate(at, due, said)
        elif not (has_reading if said in _LATE else total == available == NULL):
            self._offend_reading(at, said, total, available)
        else:
            self._check_until(at, said, until_ns)
            self._check_order(at, said, named)
        self._pump.held(said, time_ns)
        scene.course.health_at = at + 1
        if self._state.is_sure_of_slots and scene.is_healthy() is not self._state.healthy:
            scene.course.owe(HEALTH, time_ns)

    def _may_doubt(self, due: Gate | None, said: Gate | None) -> bool:
        """Whether the log has lost what would decide between two gates."""
        if said is None:
            return False
        if self._state.has_lost_orders and Gate.QUEUE in (due, said):
            return True
        is_late = (due is None or due in _LATE) and said in _LATE
        return is_late and not self._state.is_sure_of_slots

    def _offend_gate(self, at: int, due: Gate | None, said: Gate | None) -> None:
        first = "a CLAIM, or HOLD at a gate that is closed" if due is None else f"HOLD at {due}"
        self._ledger.offend(_RULE, at, first, "HOLD" if said is None else f"HOLD at {said}")
        self._suppose_open(said)

    def _suppose_open(self, said: Gate | None) -> None:
        """What a HOLD tells of the gates before its own: the log may have lost what opened them."""
        if said is None or said is Gate.RUNNING:
            return
        state = self._state
        state.mode = Mode.RUNNING
        if said is Gate.QUEUE:
            state.doubt_pending()
        else:
            state.handler = said is not Gate.HANDLER

    def _offend_reading(self, at: int, said: Gate | None, total: int, available: int) -> None:
        due = "a reading, from PRESSURE on" if said in _LATE else "no reading, before PRESSURE"
        if total == available == NULL:
            figures = "none"
        else:
            figures = f"{number(available)} of {number(total)} bytes available"
        self._ledger.offend(_RULE, at, due, f"{figures} at {said}")

    def _check_until(self, at: int, said: Gate | None, until_ns: int) -> None:
        """STAGGER says when it will be open, and no other gate does."""
        ends_ns = self._pump.stagger_ends() if said is Gate.STAGGER else NULL
        if until_ns != ends_ns:
            due = "no time" if ends_ns == NULL else f"until {ends_ns} ns"
            said_ns = "no time" if until_ns == NULL else f"until {until_ns} ns"
            self._ledger.offend(_RULE, at, due, said_ns)

    def _check_order(self, at: int, said: Gate | None, named: int) -> None:
        """From STAGGER on the order that would have been claimed is named."""
        if said not in _NAMES_ORDER:
            if named != NULL:
                none = f"no order at {said}"
                self._ledger.offend("claim-order", at, none, f"order {number(named)}", order=named)
            return
        first = self._state.queue.first()
        if first is not None and named != first.number and named not in self._state.doubtful:
            self._gates.pass_over(at, first, named)
