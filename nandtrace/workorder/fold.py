"""The state that a log tells: each event applied to a snapshot. It knows nothing of the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from nandtrace.trace.event import Event
from nandtrace.vocab.workorder import ACTIVE, TERMINAL, Mode, OrderState, Pressure


class LogState:
    """The scheduler's state after the events so far, as a snapshot has it.

    Made of the snapshot that a run begins with. Events are those of one run, in order.
    """

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = deepcopy(dict(state))
        self._orders = {order["order"]: order for order in self._state.pop("orders")}
        self._slots = dict(self._state.pop("slots"))

    def snapshot(self) -> dict[str, Any]:
        """The state now."""
        orders = [dict(self._orders[number]) for number in sorted(self._orders)]
        slots = [list(item) for item in sorted(self._slots.items())]
        return {**deepcopy(self._state), "slots": slots, "orders": orders}

    def apply(self, event: Event) -> None:
        """Take in the next event. A kind that changes no state changes the clock alone."""
        self._state["clock_ns"] = event.time_ns
        change = _CHANGES.get(event.kind)
        if change is not None:
            change(self, event.time_ns, **event.fields)

    def _mode(self, _: int, mode: str, **__: object) -> None:
        self._state["mode"] = mode

    def _handler(self, _: int, is_set: bool) -> None:
        self._state["handler"] = is_set

    def _pressure(self, _: int, level: str, **__: object) -> None:
        self._state["pressure"] = level

    def _health(self, _: int, healthy: bool) -> None:
        self._state["healthy"] = healthy

    def _enqueue(
        self,
        now_ns: int,
        order: int,
        id: str,  # noqa: A002 - the column's name
        priority: int,
        max_retries: int,
        **_: object,
    ) -> None:
        self._state["next_order"] = order + 1
        self._count("enqueued")
        self._orders[order] = {
            "order": order,
            "id": id,
            "state": OrderState.PENDING.value,
            "priority": priority,
            "max_retries": max_retries,
            "attempts": 0,
            "since_ns": now_ns,
            "claimed_ns": None,
            "due_ns": None,
            "terminate": None,
        }

    def _refuse(self, *_: object, **__: object) -> None:
        self._count("refused")

    def _claim(self, now_ns: int, order: int, attempt: int, slot: int, **_: object) -> None:
        self._count("claimed")
        self._state["last_claim_ns"] = now_ns
        self._slots[slot] = order
        self._enter(now_ns, order, OrderState.PREPARING, attempts=attempt, claimed_ns=now_ns)

    def _ready(self, now_ns: int, order: int) -> None:
        claimed_ns = self._orders[order]["claimed_ns"]
        terminate = self._orders[order]["terminate"]
        self._enter(now_ns, order, OrderState.RUNNING, claimed_ns=claimed_ns, terminate=terminate)

    def _complete(self, now_ns: int, order: int) -> None:
        self._enter(now_ns, order, OrderState.COMPLETED)

    def _fail(
        self, now_ns: int, order: int, state: str, due_ns: int | None = None, **_: object
    ) -> None:
        self._enter(now_ns, order, OrderState(state), due_ns=due_ns)

    def _retry(self, now_ns: int, order: int) -> None:
        self._count("retried")
        self._enter(now_ns, order, OrderState.PENDING)

    def _terminate(self, _: int, order: int, why: str, deadline_ns: int) -> None:
        self._orders[order]["terminate"] = {"why": why, "deadline_ns": deadline_ns}

    def _cancel(self, now_ns: int, order: int, **_: object) -> None:
        self._enter(now_ns, order, OrderState.CANCELLED)

    def _release(self, _: int, slot: int, **__: object) -> None:
        self._slots.pop(slot, None)

    def _restart(self, _: int) -> None:
        self._state |= {
            "mode": Mode.NEW.value,
            "handler": False,
            "pressure": Pressure.NONE.value,
            "healthy": True,
        }
        for order in self._orders.values():
            order["terminate"] = None
        self._slots = {
            slot: number
            for slot, number in self._slots.items()
            if number in self._orders and self._orders[number]["state"] in ACTIVE
        }

    def _recover(self, now_ns: int, order: int, state: str) -> None:
        was_active = self._orders[order]["state"] in ACTIVE
        self._slots = {slot: number for slot, number in self._slots.items() if number != order}
        attempts = self._orders[order]["attempts"]
        self._enter(now_ns, order, OrderState(state))
        if was_active and state == OrderState.PENDING:
            self._orders[order]["attempts"] = attempts - 1

    def _enter(self, now_ns: int, order: int, state: OrderState, **kept: object) -> None:
        entry = self._orders[order]
        entry |= {"claimed_ns": None, "due_ns": None, "terminate": None}
        entry |= {"state": state.value, "since_ns": now_ns, **kept}
        if state in TERMINAL:
            self._count(state.value.lower())
            del self._orders[order]

    def _count(self, total: str) -> None:
        self._state["totals"][total] += 1


_CHANGES: dict[str, Callable[..., None]] = {
    "MODE": LogState._mode,
    "HANDLER": LogState._handler,
    "ENQUEUE": LogState._enqueue,
    "REFUSE": LogState._refuse,
    "CLAIM": LogState._claim,
    "READY": LogState._ready,
    "COMPLETE": LogState._complete,
    "FAIL": LogState._fail,
    "RETRY": LogState._retry,
    "TERMINATE": LogState._terminate,
    "CANCEL": LogState._cancel,
    "RELEASE": LogState._release,
    "PRESSURE": LogState._pressure,
    "HEALTH": LogState._health,
    "RESTART": LogState._restart,
    "RECOVER": LogState._recover,
}
"""The kinds of events that change the state."""
