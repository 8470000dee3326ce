"""What stands before each event of a work-order tape, as far as operators must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from nandtrace.check.mutation.edits import ahead
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.vocab.workorder import Mode, OrderState, Pressure

PENDING, PREPARING, RUNNING, WAITING_RETRY = (
    OrderState.PENDING,
    OrderState.PREPARING,
    OrderState.RUNNING,
    OrderState.WAITING_RETRY,
)
_BECOMES = {
    "ENQUEUE": PENDING,
    "CLAIM": PREPARING,
    "READY": RUNNING,
    "RETRY": PENDING,
    "FAIL": WAITING_RETRY,
    "RECOVER": PENDING,
}
ENDS = ("COMPLETE", "FAIL", "CANCEL")
"""Kinds that end an attempt, or an order in the queue."""


@dataclass(frozen=True)
class Standing:
    """`orders` are the live ones with their state, `ids` theirs, `slots` those in use with their order,
    `asked` the orders whose handler was asked to end, and why. `next_order` is the next number."""

    orders: dict[int, str] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    mode: str = Mode.NEW
    handler: bool = False
    pressure: str = Pressure.NONE
    next_order: int = 0

    def of(self, *states: OrderState) -> list[int]:
        """The orders in some states."""
        return [order for order, state in self.orders.items() if state in states]


def standing(tape: Tape, place: int) -> Standing:
    """What stands before the event at a place."""
    return tape.view(_standings)[place]


def _standings(tape: Tape) -> list[Standing]:
    now, found = Standing(), []
    for event in tape.events:
        found.append(now)
        now = _after(now, event)
    return found


def _after(now: Standing, event: TapeEvent) -> Standing:
    if event.kind in (*_BECOMES, *ENDS):
        return _stepped(_named(now, event), event)
    follow = _FOLLOW.get(event.kind)
    return follow(now, event) if follow else now


_FOLLOW: dict[str, Callable[[Standing, TapeEvent], Standing]] = {
    "RUN_BEGIN": lambda now, event: _restored(event.snapshot) if event.snapshot else now,
    "MODE": lambda now, event: replace(now, mode=event.get("mode")),
    "HANDLER": lambda now, event: replace(now, handler=event.get("is_set")),
    "PRESSURE": lambda now, event: replace(now, pressure=event.get("level")),
    "RESTART": lambda now, _: replace(
        now, asked={}, mode=Mode.NEW, handler=False, pressure=Pressure.NONE
    ),
    "TERMINATE": lambda now, event: replace(
        now, asked=now.asked | {event.get("order"): event.get("why")}
    ),
    "RELEASE": lambda now, event: replace(now, slots=_without(now.slots, event.get("slot"))),
}


def _named(now: Standing, event: TapeEvent) -> Standing:
    """What an ENQUEUE tells of its order."""
    if event.kind != "ENQUEUE":
        return now
    order = event.get("order")
    return replace(now, next_order=order + 1, ids=now.ids | {order: event.get("id")})


def _stepped(now: Standing, event: TapeEvent) -> Standing:
    order = event.get("order")
    state = event.get("state") or _BECOMES.get(event.kind)
    slots, asked = now.slots, now.asked
    if event.kind == "CLAIM":
        slots = slots | {event.get("slot"): order}
    elif event.kind == "RECOVER":
        slots = {slot: holder for slot, holder in slots.items() if holder != order}
    if event.kind in ENDS:
        asked = _without(asked, order)
    now = replace(now, slots=slots, asked=asked)
    if state in (PENDING, PREPARING, RUNNING, WAITING_RETRY):
        return replace(now, orders=now.orders | {order: state})
    return replace(now, orders=_without(now.orders, order), ids=_without(now.ids, order))


def _without(kept: dict[int, Any], key: int) -> dict[int, Any]:
    return {name: value for name, value in kept.items() if name != key}


def _restored(state: State) -> Standing:
    orders = state["orders"]
    return Standing(
        orders={row["order"]: row["state"] for row in orders},
        ids={row["order"]: row["id"] for row in orders},
        slots=dict(state["slots"]),
        asked={row["order"]: row["terminate"]["why"] for row in orders if row["terminate"]},
        mode=state["mode"],
        handler=state["handler"],
        pressure=state["pressure"],
        next_order=state["next_order"],
    )


def next_step(tape: Tape, place: int) -> str | None:
    """The kind of what happens next, in its run, to the order of an event, TERMINATE aside."""
    order = tape.events[place].get("order")
    steps = (*_BECOMES, *ENDS)
    return next(
        (
            event.kind
            for _, event in ahead(tape, place)
            if event.kind in steps and event.get("order") == order
        ),
        None,
    )


def is_crashed(tape: Tape, place: int) -> bool:
    """Whether the run of an event ended in a crash."""
    last = next((event for _, event in ahead(tape, place) if event.kind == "RUN_END"), None)
    return last is not None and last.get("end") == "CRASHED"
