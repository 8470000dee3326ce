"""What can be wrong with holds, and with the pump."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    has_room_after,
    is_after,
    is_before,
    moment_end,
    nothing,
    off,
    pick,
    shifted,
    to,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.mutation.workorder_memory import level
from nandtrace.check.mutation.workorder_standing import standing
from nandtrace.vocab.workorder import Gate, Mode

_WAKES = ("ENQUEUE", "RELEASE", "RETRY", "RECOVER", "CLAIM")


@breaking("hold-at-other-gate", "work-conserving", domain="workorder")
def hold_at_other_gate(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD names another gate than the first that is closed, or none."""

    def other(event: TapeEvent, chance: Random) -> str | None:
        return chance.choice([None, *(gate for gate in Gate if gate != event.get("gate"))])

    return altered(tape, chance, "HOLD", "gate", other)


@breaking("hold-until-off", "work-conserving", domain="workorder")
def hold_until_off(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD says wrongly until when, or says so where nobody knows."""
    return altered(tape, chance, "HOLD", "until_ns", off("until_ns"))


@breaking("hold-without-reading", "work-conserving", domain="workorder")
def hold_without_reading(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD that got as far as the memory does not say what was read."""
    column = chance.choice(("total_bytes", "available_bytes"))
    return altered(tape, chance, "HOLD", column, nothing, fits=_has_reading)


@breaking("hold-with-reading", "work-conserving", domain="workorder")
def hold_with_reading(tape: Tape, chance: Random) -> Tape | None:
    """A HOLD that needs no reading says what the memory was."""
    column = chance.choice(("total_bytes", "available_bytes"))
    return altered(
        tape, chance, "HOLD", column, to(1 << 20), fits=lambda tape, at: not _has_reading(tape, at)
    )


@breaking("hold-dropped", "work-conserving", domain="workorder")
def hold_dropped(tape: Tape, chance: Random) -> Tape | None:
    """After a CLAIM no other decision is made."""
    return dropped(tape, chance, "HOLD", _ends_series)


@breaking("claim-dropped", "work-conserving", domain="workorder")
def claim_dropped(tape: Tape, chance: Random) -> Tape | None:
    """The pump holds though an order could be claimed."""
    return dropped(tape, chance, "CLAIM", _is_before_early_hold)


@breaking("hold-doubled", "work-conserving", domain="workorder")
def hold_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A decision is made that nothing asked for."""
    return doubled(tape, chance, "HOLD", lambda tape, at: not _polls_at_once(tape, at))


@breaking("hold-before-start", "work-conserving", domain="workorder")
def hold_before_start(tape: Tape, chance: Random) -> Tape | None:
    """A decision is made before the start."""
    places = [at for at in tape.places("ENQUEUE") if standing(tape, at).mode == Mode.NEW]
    place = pick(chance, places)
    if place is None:
        return None
    event = tape.events[place]
    return tape.inserted(place + 1, replace(event, kind="HOLD", fields={"gate": "RUNNING"}))


@breaking("hold-late", "work-conserving", domain="workorder")
def hold_late(tape: Tape, chance: Random) -> Tape | None:
    """The pump decides later than it was woken."""
    if tape.header.device["decision_within_ns"]:
        return None
    place = pick(chance, fitting(tape, "HOLD", _may_be_late))
    return None if place is None else shifted(tape, place, moment_end(tape, place), 1)


@breaking("series-interrupted", "work-conserving", domain="workorder")
def series_interrupted(tape: Tape, chance: Random) -> Tape | None:
    """Something else happens between a CLAIM and the decision after it."""
    places = [
        at
        for at in tape.places("READY")
        if is_after(tape, at, "HOLD")
        and is_after(tape, at - 1, "CLAIM")
        and tape.events[at].time_ns == tape.events[at - 2].time_ns
    ]
    place = pick(chance, places)
    return None if place is None else tape.moved(place, place - 1)


@breaking("reading-not-felt", "pressure-edge", domain="workorder")
def reading_not_felt(tape: Tape, chance: Random) -> Tape | None:
    """A decision has read a level that is not told."""
    kind = chance.choice(("CLAIM", "HOLD"))
    place = pick(chance, fitting(tape, kind, _has_reading))
    if place is None:
        return None
    total, now = tape.events[place].get("total_bytes"), standing(tape, place).pressure
    free = [part for part in (total, 0) if level(tape, total, part) != now]
    return told(tape, place, "available_bytes", chance.choice(free))


@breaking("checkpoint-in-a-series", "checkpoint-continuity", domain="workorder")
def checkpoint_in_a_series(tape: Tape, chance: Random) -> Tape | None:
    """A CHECKPOINT comes before the decisions have ended with a HOLD."""
    places = [
        at - 1 for at in tape.places("RUN_END", end="CHECKPOINT") if is_after(tape, at, "HOLD")
    ]
    places = [at for at in places if not is_after(tape, at, "HOLD")]
    place = pick(chance, places)
    return None if place is None else tape.without(place)


# ---- where


def _has_reading(tape: Tape, place: int) -> bool:
    return tape.events[place].get("total_bytes") is not None


def _is_before_early_hold(tape: Tape, place: int) -> bool:
    """Whether the next decision is a HOLD, at a gate that only the CLAIM has closed."""
    gates = (Gate.STAGGER, Gate.QUEUE, Gate.SLOT)
    return is_before(tape, place, "HOLD") and tape.events[place + 1].get("gate") in gates


def _ends_series(tape: Tape, place: int) -> bool:
    is_last = is_before(tape, place, "RUN_END", "PRESSURE", "HOLD", "CLAIM")
    return is_after(tape, place, "CLAIM") and not is_last


def _polls_at_once(tape: Tape, place: int) -> bool:
    gate = tape.events[place].get("gate")
    return not tape.header.device["poll_ns"] and gate in (Gate.PRESSURE, Gate.MEMORY)


def _may_be_late(tape: Tape, place: int) -> bool:
    is_running = standing(tape, place).mode == Mode.RUNNING
    is_woken = tape.events[place - 1].time_ns == tape.events[place].time_ns
    return (
        is_running and is_woken and is_after(tape, place, *_WAKES) and has_room_after(tape, place)
    )
