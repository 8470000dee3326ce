"""What can be wrong with the retries of work orders."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    fitting,
    has_room_after,
    moment_end,
    off,
    pick,
    shifted,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.workorder import OrderState


@breaking("attempt-off", "retry-bound", domain="workorder")
def attempt_off(tape: Tape, chance: Random) -> Tape | None:
    """A FAIL is of another attempt."""
    return altered(tape, chance, "FAIL", "attempt", off("attempt"))


@breaking("given-up-early", "retry-bound", domain="workorder")
def given_up_early(tape: Tape, chance: Random) -> Tape | None:
    """An order FAILED that had an attempt left."""
    place = pick(chance, fitting(tape, "FAIL", _is_retried))
    if place is None:
        return None
    return told(told(tape, place, "state", "FAILED"), place, "due_ns", None)


@breaking("tried-too-often", "retry-bound", domain="workorder")
def tried_too_often(tape: Tape, chance: Random) -> Tape | None:
    """An order without an attempt left waits for a retry."""
    place = pick(chance, fitting(tape, "FAIL", lambda tape, at: not _is_retried(tape, at)))
    if place is None:
        return None
    due_ns = tape.events[place].time_ns + tape.header.device["backoff_cap_ns"]
    return told(told(tape, place, "state", "WAITING_RETRY"), place, "due_ns", due_ns)


@breaking("retry-due-too-late", "backoff", domain="workorder")
def retry_due_too_late(tape: Tape, chance: Random) -> Tape | None:
    """A retry is due after more than the cap."""
    cap_ns = tape.header.device["backoff_cap_ns"]
    beyond = lambda event, chance: event.time_ns + cap_ns + chance.randint(1, 9)  # noqa: E731
    return altered(tape, chance, "FAIL", "due_ns", beyond, fits=_is_retried)


@breaking("retry-due-before", "backoff", domain="workorder")
def retry_due_before(tape: Tape, chance: Random) -> Tape | None:
    """A retry is due before its attempt failed, or at no time."""
    times = lambda event, chance: chance.choice((event.time_ns - 1, None))  # noqa: E731
    return altered(tape, chance, "FAIL", "due_ns", times, fits=_is_retried)


@breaking("retry-of-failed", "backoff", domain="workorder")
def retry_of_failed(tape: Tape, chance: Random) -> Tape | None:
    """A retry of an order that FAILED is due."""
    later = lambda event, chance: event.time_ns + chance.randint(1, 99)  # noqa: E731
    return altered(
        tape, chance, "FAIL", "due_ns", later, fits=lambda tape, at: not _is_retried(tape, at)
    )


@breaking("backoff-ignored", "backoff", domain="workorder")
def backoff_ignored(tape: Tape, chance: Random) -> Tape | None:
    """Retries are later than the cap of the delay allows."""
    place = pick(chance, fitting(tape, "FAIL", _is_retried))
    if place is None:
        return None
    event = tape.events[place]
    device = {**tape.header.device, "backoff_cap_ns": event.get("due_ns") - event.time_ns - 1}
    return tape.under(replace(tape.header, device=device))


@breaking("retry-early", "backoff", domain="workorder")
def retry_early(tape: Tape, chance: Random) -> Tape | None:
    """A RETRY comes before it is due."""
    place = pick(chance, fitting(tape, "RETRY", _has_room_before))
    return None if place is None else shifted(tape, place, place + 1, -1)


@breaking("retry-late", "backoff", domain="workorder")
def retry_late(tape: Tape, chance: Random) -> Tape | None:
    """A RETRY, with what it leads to, comes after it is due."""
    late_ns = tape.header.device["decision_within_ns"]
    if late_ns:
        return None
    place = pick(chance, fitting(tape, "RETRY", _may_be_late))
    return None if place is None else shifted(tape, place, moment_end(tape, place), 1)


# ---- where


def _is_retried(tape: Tape, place: int) -> bool:
    return str(tape.events[place].get("state")) == OrderState.WAITING_RETRY


def _due_ns(tape: Tape, place: int) -> int | None:
    """When the retry that an event tells was due, by the FAIL before it."""
    order, due_ns = tape.events[place].get("order"), None
    for at in tape.places("FAIL", order=order):
        if at < place:
            due_ns = tape.events[at].get("due_ns")
    return due_ns


def _has_room_before(tape: Tape, place: int) -> bool:
    event, before = tape.events[place], tape.events[place - 1]
    return before.time_ns < event.time_ns and _due_ns(tape, place) == event.time_ns


def _may_be_late(tape: Tape, place: int) -> bool:
    is_due = _due_ns(tape, place) == tape.events[place].time_ns
    return is_due and has_room_after(tape, place)
