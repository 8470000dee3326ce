"""What can be wrong with the queue of work orders: its depth, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    fitting,
    nothing,
    off,
    pick,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.workorder_standing import standing


@breaking("depth-off", "depth-bound", domain="workorder")
def depth_off(tape: Tape, chance: Random) -> Tape | None:
    """The depth of the queue is told wrongly."""
    kind = chance.choice(
        [kind for kind in ("ENQUEUE", "REFUSE") if tape.places(kind)] or ["REFUSE"]
    )
    return altered(tape, chance, kind, "depth", off("depth"))


@breaking("reserved-off", "depth-bound", domain="workorder")
def reserved_off(tape: Tape, chance: Random) -> Tape | None:
    """The number of reserved places is told wrongly."""
    return altered(tape, chance, "REFUSE", "reserved", off("reserved"))


@breaking("refusal-incomplete", "depth-bound", domain="workorder")
def refusal_incomplete(tape: Tape, chance: Random) -> Tape | None:
    """A REFUSE tells no id, or no priority."""
    return altered(tape, chance, "REFUSE", chance.choice(("id", "priority")), nothing)


@breaking("depth-ignored", "depth-bound", domain="workorder")
def depth_ignored(tape: Tape, chance: Random) -> Tape | None:
    """More orders are accepted than the queue may hold."""
    depths = [tape.events[at].get("depth") for at in tape.places("ENQUEUE")]
    depths = [depth for depth in depths if depth > 1]
    if not depths:
        return None
    device = {**tape.header.device, "max_depth": chance.choice(depths) - 1}
    return tape.under(replace(tape.header, device=device))


@breaking("full-queue-takes", "depth-bound", domain="workorder")
def full_queue_takes(tape: Tape, chance: Random) -> Tape | None:
    """An order that finds the queue full is accepted."""
    return _accepted(tape, chance, "FULL")


@breaking("full-for-another-reason", "depth-bound", domain="workorder")
def full_for_another_reason(tape: Tape, chance: Random) -> Tape | None:
    """An order that finds the queue full is refused for another reason, or for none."""
    return _refused_as(tape, chance, "FULL", ("DUPLICATE", "STOPPING", None))


@breaking("duplicate-accepted", "no-double-claim", domain="workorder")
def duplicate_accepted(tape: Tape, chance: Random) -> Tape | None:
    """An order whose id is live is accepted."""
    return _accepted(tape, chance, "DUPLICATE")


@breaking("duplicate-for-another-reason", "no-double-claim", domain="workorder")
def duplicate_for_another_reason(tape: Tape, chance: Random) -> Tape | None:
    """An order whose id is live is refused for another reason, or for none."""
    return _refused_as(tape, chance, "DUPLICATE", ("FULL", None))


@breaking("id-live-twice", "no-double-claim", domain="workorder")
def id_live_twice(tape: Tape, chance: Random) -> Tape | None:
    """An order is accepted under the id of one that is live."""
    place = pick(chance, fitting(tape, "ENQUEUE", lambda tape, at: bool(standing(tape, at).ids)))
    if place is None:
        return None
    return told(tape, place, "id", chance.choice(sorted(standing(tape, place).ids.values())))


@breaking("stopping-accepted", "no-claim-when-stopped", domain="workorder")
def stopping_accepted(tape: Tape, chance: Random) -> Tape | None:
    """An order is accepted after the stop."""
    return _accepted(tape, chance, "STOPPING")


@breaking("stopping-for-another-reason", "no-claim-when-stopped", domain="workorder")
def stopping_for_another_reason(tape: Tape, chance: Random) -> Tape | None:
    """After the stop an order is refused for another reason, or for none."""
    return _refused_as(tape, chance, "STOPPING", ("FULL", "DUPLICATE", None))


# ---- what


def _accepted(tape: Tape, chance: Random, refusal: str) -> Tape | None:
    """With an order accepted that was refused."""
    place = pick(chance, tape.places("REFUSE", refusal=refusal))
    if place is None:
        return None
    event, now = tape.events[place], standing(tape, place)
    fields = {name: event.get(name) for name in ("id", "priority")}
    fields |= {"order": now.next_order, "max_retries": 0, "depth": event.get("depth") + 1}
    return tape.replaced(place, replace(event, kind="ENQUEUE", fields=fields))


def _refused_as(
    tape: Tape, chance: Random, refusal: str, others: tuple[str | None, ...]
) -> Tape | None:
    """With an order refused for another reason."""
    place = pick(chance, tape.places("REFUSE", refusal=refusal))
    return None if place is None else told(tape, place, "refusal", chance.choice(others))
