"""What can be wrong with slots."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_before,
    more,
    nothing,
    off,
    pick,
    swapped,
    to,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.mutation.workorder_standing import (
    ENDS,
    is_crashed,
)


@breaking("release-dropped", "slot-pairing", domain="workorder")
def release_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A slot is never given back."""
    return dropped(tape, chance, "RELEASE", lambda tape, at: not is_crashed(tape, at))


@breaking("release-doubled", "slot-pairing", domain="workorder")
def release_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A slot is given back twice."""
    return doubled(tape, chance, "RELEASE")


@breaking("release-by-other", "slot-pairing", domain="workorder")
def release_by_other(tape: Tape, chance: Random) -> Tape | None:
    """A slot is given back by another order, or by none."""
    return altered(tape, chance, "RELEASE", "order", off("order"))


@breaking("release-of-other", "slot-pairing", domain="workorder")
def release_of_other(tape: Tape, chance: Random) -> Tape | None:
    """Another slot is given back, or none."""
    return altered(tape, chance, "RELEASE", "slot", off("slot"))


@breaking("release-forced", "slot-pairing", domain="workorder")
def release_forced(tape: Tape, chance: Random) -> Tape | None:
    """A slot is taken from a handler that was not asked to end, or could still have."""
    return altered(tape, chance, "RELEASE", "forced", to(True), fits=_is_in_time)


@breaking("release-vague", "slot-pairing", domain="workorder")
def release_vague(tape: Tape, chance: Random) -> Tape | None:
    """It is not told whether a slot was taken from its handler."""
    return altered(tape, chance, "RELEASE", "forced", nothing)


@breaking("release-late", "slot-pairing", domain="workorder")
def release_late(tape: Tape, chance: Random) -> Tape | None:
    """Something else comes between the end of an attempt and its RELEASE."""
    return swapped(
        tape,
        pick(
            chance,
            fitting(tape, "RELEASE", lambda tape, at: not is_before(tape, at, "RUN_END")),
        ),
    )


@breaking("release-first", "slot-iff-active", domain="workorder")
def release_first(tape: Tape, chance: Random) -> Tape | None:
    """A slot is given back before its attempt has ended."""
    kind = chance.choice([kind for kind in ENDS if fitting(tape, kind, _frees)] or ["FAIL"])
    return swapped(tape, pick(chance, fitting(tape, kind, _frees)))


@breaking("end-dropped", "slot-iff-active", domain="workorder")
def end_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A slot is given back by an order that is still active."""
    kind = chance.choice([kind for kind in ENDS if fitting(tape, kind, _frees)] or ["FAIL"])
    return dropped(tape, chance, kind, _frees)


@breaking("slot-lost", "slot-iff-active", domain="workorder")
def slot_lost(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot tells nothing of the slot of an active order."""
    place = pick(chance, [at for at in tape.places("RUN_END", _is_whole) if _slots(tape, at)])
    if place is None:
        return None
    gone = chance.choice(_slots(tape, place))
    kept = [pair for pair in _slots(tape, place) if pair != gone]
    for at in (place, place + 1):
        if at < len(tape.events):
            tape = tape.restated(at, ("slots",), kept)
    return tape


@breaking("stray-invented", "slot-pairing", domain="workorder")
def stray_invented(tape: Tape, chance: Random) -> Tape | None:
    """A handler that was never abandoned gives its slot back."""
    places = [at for at in tape.places("RELEASE", forced=False) if is_before(tape, at, "HOLD")]
    place = pick(chance, places)
    if place is None:
        return None
    event = tape.events[place]
    fields = {"order": event.get("order"), "slot": event.get("slot")}
    return tape.inserted(place + 1, replace(event, kind="STRAY", fields=fields))


@breaking("stray-doubled", "slot-pairing", domain="workorder")
def stray_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A handler that was abandoned gives its slot back twice."""
    return doubled(tape, chance, "STRAY")


@breaking("stray-of-other", "slot-pairing", domain="workorder")
def stray_of_other(tape: Tape, chance: Random) -> Tape | None:
    """A handler gives back another slot than was taken from it, or for another order."""
    column = chance.choice(("order", "slot"))
    return altered(tape, chance, "STRAY", column, more(column, 50))


# ---- where


def _frees(tape: Tape, place: int) -> bool:
    return is_before(tape, place, "RELEASE")


def _is_in_time(tape: Tape, place: int) -> bool:
    """Whether a slot is given back before the deadline of its handler, if that has one."""
    event = tape.events[place]
    deadline_ns = None
    for at in range(place - 1, -1, -1):
        before = tape.events[at]
        if before.get("order") != event.get("order"):
            continue
        if before.kind == "TERMINATE":
            deadline_ns = before.get("deadline_ns")
        if before.kind in ("TERMINATE", "CLAIM"):
            break
    return not event.get("forced") and (deadline_ns is None or event.time_ns < deadline_ns)


def _is_whole(event: TapeEvent) -> bool:
    return str(event.get("end")) != "CRASHED"


def _slots(tape: Tape, place: int) -> list[list[int]]:
    state = tape.events[place].snapshot
    return [] if state is None else state["slots"]
