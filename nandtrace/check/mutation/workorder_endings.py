"""What can be wrong with the end of handlers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    ahead,
    altered,
    doubled,
    dropped,
    fitting,
    nothing,
    off,
    pick,
    shifted,
    to,
    told,
    under,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.workorder_standing import (
    ENDS,
    next_step,
    standing,
)
from nandtrace.vocab.workorder import OrderState


@breaking("terminate-dropped", "lease", domain="workorder")
def terminate_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A handler is ended that was not asked to."""
    return dropped(tape, chance, "TERMINATE", _is_followed)


@breaking("terminate-doubled", "lease", domain="workorder")
def terminate_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A handler is asked to end twice."""
    return doubled(tape, chance, "TERMINATE")


@breaking("terminate-deadline-off", "lease", domain="workorder")
def terminate_deadline_off(tape: Tape, chance: Random) -> Tape | None:
    """The deadline of a handler is not that of its grace."""
    return altered(tape, chance, "TERMINATE", "deadline_ns", off("deadline_ns"))


@breaking("terminate-without-why", "lease", domain="workorder")
def terminate_without_why(tape: Tape, chance: Random) -> Tape | None:
    """A handler is asked to end for no reason."""
    return altered(tape, chance, "TERMINATE", "why", nothing)


@breaking("terminate-for-other", "lease", domain="workorder")
def terminate_for_other(tape: Tape, chance: Random) -> Tape | None:
    """A handler is asked to end for its lease, and its order cancelled, or the other way round."""
    other = {"LEASE": "CANCEL", "CANCEL": "STOP", "STOP": "CANCEL"}
    return altered(
        tape,
        chance,
        "TERMINATE",
        "why",
        lambda event, chance: other[event.get("why")],  # noqa: ARG005
        fits=_is_followed,
    )


@breaking("terminate-early", "lease", domain="workorder")
def terminate_early(tape: Tape, chance: Random) -> Tape | None:
    """A handler is asked to end before its lease is over."""
    places = [
        at
        for at in tape.places("TERMINATE", why="LEASE")
        if tape.events[at - 1].time_ns < tape.events[at].time_ns
    ]
    place = pick(chance, places)
    if place is None:
        return None
    event = tape.events[place]
    early = told(tape, place, "deadline_ns", event.get("deadline_ns") - 1)
    return shifted(early, place, place + 1, -1)


@breaking("terminate-of-waiting", "lease", domain="workorder")
def terminate_of_waiting(tape: Tape, chance: Random) -> Tape | None:
    """A handler is asked to end whose order is not active."""
    place = pick(chance, fitting(tape, "TERMINATE", lambda tape, at: bool(_waiting(tape, at))))
    if place is None:
        return None
    return told(tape, place, "order", chance.choice(_waiting(tape, place)))


@breaking("lease-ignored", "lease", domain="workorder")
def lease_ignored(tape: Tape, chance: Random) -> Tape | None:
    """An attempt is longer than its lease, and its handler not asked to end."""
    device = tape.header.device
    if device["lease_ns"] is not None or device["decision_within_ns"]:
        return None
    lengths = [length for at in tape.places("CLAIM") if (length := _length_ns(tape, at)) > 1]
    return under(tape, lease_ns=chance.choice(lengths) - 1) if lengths else None


@breaking("lease-without-terminate", "lease", domain="workorder")
def lease_without_terminate(tape: Tape, chance: Random) -> Tape | None:
    """An attempt fails for its lease, and nobody asked its handler to end."""
    return altered(tape, chance, "FAIL", "cause", to("LEASE"), fits=_is_unasked)


@breaking("error-after-terminate", "lease", domain="workorder")
def error_after_terminate(tape: Tape, chance: Random) -> Tape | None:
    """An attempt whose handler was asked to end fails as if it was not."""
    causes = lambda event, chance: chance.choice(("ERROR", None))  # noqa: E731, ARG005
    return altered(
        tape, chance, "FAIL", "cause", causes, fits=lambda tape, at: not _is_unasked(tape, at)
    )


@breaking("cancel-for-other", "lease", domain="workorder")
def cancel_for_other(tape: Tape, chance: Random) -> Tape | None:
    """An order is cancelled for a reason that it can't have, or for none."""
    place = pick(chance, tape.places("CANCEL"))
    if place is None:
        return None
    event = tape.events[place]
    wrong: list[str | None] = [None, "STOPPED", "DEQUEUED"]
    if standing(tape, place).orders[event.get("order")] == OrderState.PENDING:
        wrong.remove("DEQUEUED")
    wrong = [reason for reason in wrong if reason != event.get("reason")]
    return told(tape, place, "reason", chance.choice(wrong))


@breaking("cancel-while-active", "lease", domain="workorder")
def cancel_while_active(tape: Tape, chance: Random) -> Tape | None:
    """An active order is cancelled at once, before its handler is asked to end."""
    place = pick(chance, fitting(tape, "COMPLETE", _is_unasked))
    if place is None:
        return None
    event = tape.events[place]
    fields = {"order": event.get("order"), "reason": "REQUESTED"}
    return tape.replaced(place, replace(event, kind="CANCEL", fields=fields))


@breaking("stop-not-asked", "no-claim-when-stopped", domain="workorder")
def stop_not_asked(tape: Tape, chance: Random) -> Tape | None:
    """At the end of the grace a handler is not asked to end."""
    places = [
        at
        for at in tape.places("TERMINATE", why="STOP")
        if _mode_of_stop(tape, at) and _lasts(tape, at)
    ]
    place = pick(chance, places)
    return None if place is None else tape.without(place)


# ---- where


def _is_followed(tape: Tape, place: int) -> bool:
    return next_step(tape, place) in ("FAIL", "CANCEL")


def _waiting(tape: Tape, place: int) -> list[int]:
    return standing(tape, place).of(OrderState.PENDING, OrderState.WAITING_RETRY)


def _is_unasked(tape: Tape, place: int) -> bool:
    return tape.events[place].get("order") not in standing(tape, place).asked


def _length_ns(tape: Tape, place: int) -> int:
    """How long an attempt takes whose handler is never asked to end, all in one run; else 0."""
    claim = tape.events[place]
    for _, event in ahead(tape, place):
        if event.get("order") == claim.get("order"):
            if event.kind == "TERMINATE":
                return 0
            if event.kind in ENDS:
                return event.time_ns - claim.time_ns
    return 0


def _mode_of_stop(tape: Tape, place: int) -> bool:
    """Whether the stop whose grace is over is told in the run of an event."""
    run = tape.events[place].run
    return any(tape.events[at].run == run for at in tape.places("MODE", mode="STOPPING"))


def _lasts(tape: Tape, place: int) -> bool:
    """Whether time goes by in the run before the order of a TERMINATE ends."""
    asked = tape.events[place]
    for _, event in ahead(tape, place):
        if event.time_ns > asked.time_ns:
            return True
        if event.kind in ENDS and event.get("order") == asked.get("order"):
            return False
    return False
