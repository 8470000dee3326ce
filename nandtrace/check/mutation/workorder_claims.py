"""What can be wrong with claims."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

from nandtrace.check.mutation.edits import (
    ahead,
    altered,
    doubled,
    fitting,
    is_after,
    nothing,
    off,
    pick,
    told,
    under,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.workorder_memory import level_of
from nandtrace.check.mutation.workorder_standing import standing
from nandtrace.vocab.workorder import Gate, OrderState

_READ = (Gate.PRESSURE, Gate.SLOT, Gate.MEMORY)


_NAMED = (*_READ, Gate.STAGGER)


@breaking("claim-attempt-off", "claim-atomic", domain="workorder")
def claim_attempt_off(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM is of another attempt than the next."""
    return altered(tape, chance, "CLAIM", "attempt", off("attempt"))


@breaking("claim-without-reading", "claim-atomic", domain="workorder")
def claim_without_reading(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM does not say what the memory was."""
    column = chance.choice(("total_bytes", "available_bytes"))
    return altered(tape, chance, "CLAIM", column, nothing)


@breaking("claim-of-more-than-all", "claim-atomic", domain="workorder")
def claim_of_more_than_all(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM has read more memory than there is."""
    beyond = lambda event, chance: event.get("total_bytes") + chance.randint(1, 9)  # noqa: E731
    return altered(tape, chance, "CLAIM", "available_bytes", beyond)


@breaking("claim-without-slot", "claim-atomic", domain="workorder")
def claim_without_slot(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM takes no slot."""
    return altered(tape, chance, "CLAIM", "slot", nothing)


@breaking("claim-of-higher-slot", "claim-atomic", domain="workorder")
def claim_of_higher_slot(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM takes a free slot that is not the lowest."""
    place = pick(chance, fitting(tape, "CLAIM", lambda tape, at: bool(_higher(tape, at))))
    return None if place is None else told(tape, place, "slot", chance.choice(_higher(tape, place)))


@breaking("claim-of-held-slot", "no-double-claim", domain="workorder")
def claim_of_held_slot(tape: Tape, chance: Random) -> Tape | None:
    """A CLAIM takes a slot that is in use."""
    place = pick(chance, fitting(tape, "CLAIM", lambda tape, at: bool(standing(tape, at).slots)))
    if place is None:
        return None
    return told(tape, place, "slot", chance.choice(sorted(standing(tape, place).slots)))


@breaking("claim-of-active", "no-double-claim", domain="workorder")
def claim_of_active(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed that is active."""
    place = pick(chance, fitting(tape, "CLAIM", lambda tape, at: bool(_active(tape, at))))
    return (
        None if place is None else told(tape, place, "order", chance.choice(_active(tape, place)))
    )


@breaking("claim-doubled", "no-double-claim", domain="workorder")
def claim_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed twice."""
    return doubled(tape, chance, "CLAIM")


@breaking("claim-of-later", "claim-order", domain="workorder")
def claim_of_later(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed before the one whose turn it is."""
    place = pick(chance, fitting(tape, "CLAIM", lambda tape, at: bool(_others(tape, at))))
    return (
        None if place is None else told(tape, place, "order", chance.choice(_others(tape, place)))
    )


@breaking("hold-of-later", "claim-order", domain="workorder")
def hold_of_later(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD names another order than the one whose turn it is, or none."""
    return altered(tape, chance, "HOLD", "order", off("order"), fits=_names_order)


@breaking("hold-of-nobody", "claim-order", domain="workorder")
def hold_of_nobody(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD names an order, at a gate where nobody's turn is known."""
    return altered(
        tape,
        chance,
        "HOLD",
        "order",
        off("order"),
        fits=lambda tape, at: not _names_order(tape, at),
    )


@breaking("claim-beyond-slots", "slot-bound", domain="workorder")
def claim_beyond_slots(tape: Tape, chance: Random) -> Tape | None:
    """An attempt has a slot that there is not."""
    last = tape.header.device["slots"] - 1
    place = pick(chance, [at for at in tape.places("CLAIM", slot=last) if _releases(tape, at)])
    if place is None:
        return None
    release = _releases(tape, place)[0]
    return told(told(tape, place, "slot", last + 1), release, "slot", last + 1)


@breaking("slots-ignored", "slot-bound", domain="workorder")
def slots_ignored(tape: Tape, chance: Random) -> Tape | None:
    """More slots are in use than there are."""
    used = sorted({tape.events[at].get("slot") for at in tape.places("CLAIM")} - {0})
    return under(tape, slots=chance.choice(used)) if used else None


@breaking("stagger-ignored", "stagger", domain="workorder")
def stagger_ignored(tape: Tape, chance: Random) -> Tape | None:
    """Orders are claimed sooner after each other than they may."""
    times = [tape.events[at].time_ns for at in tape.places("CLAIM")]
    gaps = [after - before for before, after in pairwise(times)]
    stagger_ns = tape.header.device["stagger_ns"]
    wider = [gap + 1 for gap in sorted(set(gaps)) if gap >= stagger_ns]
    # The least that is too much: longer ones would also say that the pump should have waited.
    return under(tape, stagger_ns=chance.choice(wider[:2])) if wider else None


@breaking("memory-ignored", "claim-has-memory", domain="workorder")
def memory_ignored(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed without memory for its slot."""
    if not tape.header.device["memory_gating"]:
        return None
    free = [tape.events[at].get("available_bytes") for at in tape.places("CLAIM")]
    return under(tape, memory_per_slot_bytes=chance.choice(sorted(free)) + 1) if free else None


@breaking("gating-ignored", "no-critical-claim", domain="workorder")
def gating_ignored(tape: Tape, chance: Random) -> Tape | None:  # noqa: ARG001 - there is one way only
    """Orders are claimed under critical pressure, as if the memory was not gated."""
    critical = [at for at in tape.places("CLAIM") if level_of(tape, at) == "CRITICAL"]
    if tape.header.device["memory_gating"] or not critical:
        return None
    return under(tape, memory_gating=True)


@breaking("critical-claim", "no-critical-claim", domain="workorder")
def critical_claim(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed right after critical pressure is told."""
    if not tape.header.device["memory_gating"]:
        return None
    place = pick(
        chance, fitting(tape, "CLAIM", lambda tape, at: not is_after(tape, at, "PRESSURE"))
    )
    if place is None:
        return None
    event = tape.events[place]
    reading = {"total_bytes": event.get("total_bytes"), "available_bytes": 0}
    tape = tape.replaced(place, replace(event, fields={**event.fields, **reading}))
    if standing(tape, place).pressure == "CRITICAL":
        return tape
    told_first = replace(event, kind="PRESSURE", fields={"level": "CRITICAL", **reading})
    return tape.inserted(place, told_first)


@breaking("claim-paused", "no-claim-when-stopped", domain="workorder")
def claim_paused(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed while the mode is not RUNNING."""
    places = [at for at in tape.places("MODE", mode="RUNNING") if _claims_before(tape, at, "MODE")]
    place = pick(chance, places)
    return None if place is None else tape.without(place)


@breaking("claim-without-handler", "no-claim-when-stopped", domain="workorder")
def claim_without_handler(tape: Tape, chance: Random) -> Tape | None:
    """An order is claimed while no handler is set."""
    places = [
        at for at in tape.places("HANDLER", is_set=True) if _claims_before(tape, at, "HANDLER")
    ]
    place = pick(chance, places)
    if place is None:
        return None
    return chance.choice((tape.without(place), told(tape, place, "is_set", False)))


# ---- where


def _higher(tape: Tape, place: int) -> list[int]:
    """Slots that are free, above the one that is claimed."""
    held, taken = standing(tape, place).slots, tape.events[place].get("slot")
    return [slot for slot in range(taken + 1, tape.header.device["slots"]) if slot not in held]


def _active(tape: Tape, place: int) -> list[int]:
    return standing(tape, place).of(OrderState.PREPARING, OrderState.RUNNING)


def _others(tape: Tape, place: int) -> list[int]:
    """Other orders that are pending."""
    pending = standing(tape, place).of(OrderState.PENDING)
    return [order for order in pending if order != tape.events[place].get("order")]


def _names_order(tape: Tape, place: int) -> bool:
    return tape.events[place].get("gate") in _NAMED


def _releases(tape: Tape, place: int) -> list[int]:
    """The RELEASE of a CLAIM, where it is in the same run."""
    claim = tape.events[place]
    order, run = claim.get("order"), claim.run
    found = [at for at in tape.places("RELEASE", order=order) if at > place]
    return [at for at in found[:1] if tape.events[at].run == run]


def _claims_before(tape: Tape, place: int, kind: str) -> bool:
    """Whether the next decision, in the run of an event and before another of its kind, is a CLAIM."""
    for _, event in ahead(tape, place):
        if event.kind in ("CLAIM", "HOLD", kind):
            return event.kind == "CLAIM"
    return False
