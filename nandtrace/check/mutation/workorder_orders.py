"""What can be wrong with the states and the numbers of work orders."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    more,
    nothing,
    pick,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.check.mutation.workorder_standing import next_step, standing
from nandtrace.vocab.workorder import OrderState

# ---- states


@breaking("ready-doubled", "transition-legal", domain="workorder")
def ready_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order is READY twice."""
    return doubled(tape, chance, "READY")


@breaking("ready-dropped", "transition-legal", domain="workorder")
def ready_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order is done that was never READY."""
    return dropped(tape, chance, "READY", lambda tape, at: next_step(tape, at) == "COMPLETE")


@breaking("ready-of-other", "transition-legal", domain="workorder")
def ready_of_other(tape: Tape, chance: Random) -> Tape | None:
    """READY names an order that is in the queue."""
    place = pick(chance, fitting(tape, "READY", _has_waiting))
    if place is None:
        return None
    waiting = standing(tape, place).of(OrderState.PENDING, OrderState.WAITING_RETRY)
    return told(tape, place, "order", chance.choice(waiting))


@breaking("retry-dropped", "transition-legal", domain="workorder")
def retry_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed that still waits for its retry."""
    return dropped(tape, chance, "RETRY", lambda tape, at: next_step(tape, at) == "CLAIM")


@breaking("retry-doubled", "transition-legal", domain="workorder")
def retry_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order has its RETRY twice."""
    return doubled(tape, chance, "RETRY")


@breaking("failure-of-no-kind", "transition-legal", domain="workorder")
def failure_of_no_kind(tape: Tape, chance: Random) -> Tape | None:
    """A failure leads to a state of no failure, or to none."""
    states = (OrderState.COMPLETED, OrderState.RUNNING, OrderState.CANCELLED, None)
    return altered(tape, chance, "FAIL", "state", lambda _, chance: chance.choice(states))


@breaking("failure-without-cause", "transition-legal", domain="workorder")
def failure_without_cause(tape: Tape, chance: Random) -> Tape | None:
    """A failure has no cause."""
    return altered(tape, chance, "FAIL", "cause", nothing, fits=_is_error)


@breaking("complete-doubled", "terminal-absorbing", domain="workorder")
def complete_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order is done twice."""
    return doubled(tape, chance, "COMPLETE")


@breaking("cancel-doubled", "terminal-absorbing", domain="workorder")
def cancel_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order is cancelled twice."""
    return doubled(tape, chance, "CANCEL")


@breaking("ended-order-ready", "terminal-absorbing", domain="workorder")
def ended_order_ready(tape: Tape, chance: Random) -> Tape | None:
    """An order that has ended becomes READY."""
    place = pick(chance, fitting(tape, "READY", lambda tape, at: bool(_ended(tape, at))))
    if place is None:
        return None
    event = tape.events[place]
    again = replace(event, fields={"order": chance.choice(_ended(tape, place))})
    return tape.inserted(place, again)


@breaking("ended-order-cancelled", "terminal-absorbing", domain="workorder")
def ended_order_cancelled(tape: Tape, chance: Random) -> Tape | None:
    """An order that has ended is what a CLAIM, a FAIL, a RETRY, a CANCEL or a TERMINATE is about."""
    kind = chance.choice(("CLAIM", "FAIL", "RETRY", "CANCEL", "TERMINATE"))
    place = pick(chance, fitting(tape, kind, lambda tape, at: bool(_ended(tape, at))))
    return None if place is None else told(tape, place, "order", chance.choice(_ended(tape, place)))


@breaking("number-used-again", "terminal-absorbing", domain="workorder")
def number_used_again(tape: Tape, chance: Random) -> Tape | None:
    """An order is accepted under the number of one that has ended."""
    place = pick(chance, fitting(tape, "ENQUEUE", lambda tape, at: bool(_ended(tape, at))))
    return None if place is None else told(tape, place, "order", chance.choice(_ended(tape, place)))


# ---- numbers


@breaking("order-number-skipped", "conservation", domain="workorder")
def order_number_skipped(tape: Tape, chance: Random) -> Tape | None:
    """A number is given to no order, and all that follow are counted on, in snapshots too."""
    place = pick(chance, tape.places("ENQUEUE"))
    if place is None:
        return None
    first = tape.events[place].get("order")
    return tape.mapped(lambda event: _renumbered(event, first))


@breaking("order-number-off", "conservation", domain="workorder")
def order_number_off(tape: Tape, chance: Random) -> Tape | None:
    """An order is accepted under a number that is not the next, or none."""
    value = more("order")
    return altered(
        tape,
        chance,
        "ENQUEUE",
        "order",
        lambda event, chance: chance.choice((value(event, chance), None)),
    )


@breaking("enqueue-dropped", "conservation", domain="workorder")
def enqueue_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed that was never accepted."""
    return dropped(tape, chance, "ENQUEUE", lambda tape, at: next_step(tape, at) == "CLAIM")


@breaking("enqueue-incomplete", "conservation", domain="workorder")
def enqueue_incomplete(tape: Tape, chance: Random) -> Tape | None:
    """An order is accepted without an id, a priority or the number of its retries."""
    column = chance.choice(("id", "priority", "max_retries"))
    return altered(tape, chance, "ENQUEUE", column, nothing)


@breaking("unknown-order", "conservation", domain="workorder")
def unknown_order(tape: Tape, chance: Random) -> Tape | None:
    """An event is about an order that was never accepted."""
    kinds = ("READY", "COMPLETE", "FAIL", "RETRY", "CANCEL", "CLAIM", "TERMINATE", "RECOVER")
    kind = chance.choice([kind for kind in kinds if tape.places(kind)] or ["CLAIM"])
    place = pick(chance, tape.places(kind))
    if place is None:
        return None
    beyond = standing(tape, place).next_order + chance.randint(0, 3)
    return told(tape, place, "order", chance.choice((beyond, None)))


@breaking("totals-off", "conservation", domain="workorder")
def totals_off(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot has lost an order, or counts one that never was."""
    place = pick(chance, tape.places("RUN_END"))
    if place is None:
        return None
    name = chance.choice(("enqueued", "completed", "failed", "cancelled"))
    for at in (place, place + 1):
        if at < len(tape.events):
            count = tape.events[at].snapshot["totals"][name]  # type: ignore[index]
            tape = tape.restated(at, ("totals", name), count + 1)
    return tape


# ---- where


def _ended(tape: Tape, place: int) -> list[int]:
    """The orders that have ended before an event."""
    now = standing(tape, place)
    return [order for order in range(now.next_order) if order not in now.orders]


def _has_waiting(tape: Tape, place: int) -> bool:
    return bool(standing(tape, place).of(OrderState.PENDING, OrderState.WAITING_RETRY))


def _is_error(tape: Tape, place: int) -> bool:
    event = tape.events[place]
    is_asked = event.get("order") in standing(tape, place).asked
    return not is_asked and str(event.get("cause")) == "ERROR"


# ---- what


def _renumbered(event: TapeEvent, first: int) -> TapeEvent:
    """An event with all orders from one on counted one further."""
    fields = dict(event.fields)
    if "order" in fields:
        fields["order"] += fields["order"] >= first
    state = event.snapshot and _counted_on(event.snapshot, first)
    return replace(event, fields=fields, snapshot=state)


def _counted_on(state: State, first: int) -> State:
    if state["next_order"] <= first:
        return state
    orders: list[dict[str, Any]] = state["orders"]
    return state | {
        "next_order": state["next_order"] + 1,
        "orders": [row | {"order": row["order"] + (row["order"] >= first)} for row in orders],
        "slots": [[slot, order + (order >= first)] for slot, order in state["slots"]],
        "totals": state["totals"] | {"enqueued": state["totals"]["enqueued"] + 1},
    }
