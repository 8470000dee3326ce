"""What can be wrong with the modes and the resources of a work-order scheduler."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_after,
    is_before,
    moment_end,
    next_is_later,
    nothing,
    pick,
    shifted,
    swapped,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.mutation.workorder_standing import is_crashed, standing
from nandtrace.vocab.workorder import (
    Mode,
    OrderState,
    Pressure,
)

# ---- modes


@breaking("mode-doubled", "no-claim-when-stopped", domain="workorder")
def mode_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A mode is told twice."""
    return doubled(tape, chance, "MODE")


@breaking("mode-unknown", "no-claim-when-stopped", domain="workorder")
def mode_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A change of mode names none."""
    return altered(tape, chance, "MODE", "mode", nothing)


@breaking("mode-out-of-turn", "no-claim-when-stopped", domain="workorder")
def mode_out_of_turn(tape: Tape, chance: Random) -> Tape | None:
    """A mode follows one that it can't follow."""
    place = pick(chance, tape.places("MODE"))
    if place is None:
        return None
    now = standing(tape, place).mode
    wrong = {now, Mode.NEW, *((Mode.PAUSED,) if now == Mode.NEW else ())}
    return told(tape, place, "mode", chance.choice(sorted(wrong)))


@breaking("grace-off", "no-claim-when-stopped", domain="workorder")
def grace_off(tape: Tape, chance: Random) -> Tape | None:
    """A stop does not say when its grace ends, or another mode does."""
    place = pick(chance, tape.places("MODE"))
    if place is None:
        return None
    event, until_ns = tape.events[place], None
    if event.get("mode") != Mode.STOPPING:
        until_ns = event.time_ns + chance.randint(0, 9)
    elif event.time_ns and chance.random() < 0.5:
        until_ns = event.time_ns - 1
    return told(tape, place, "until_ns", until_ns)


@breaking("handler-at-a-later-time", "time-monotone", domain="workorder")
def handler_at_a_later_time(tape: Tape, chance: Random) -> Tape | None:
    """A handler is set later than what is written after it."""
    places = [
        at
        for at in tape.places("HANDLER")
        if standing(tape, at).mode == Mode.NEW
        and moment_end(tape, at) > at + 1
        and tape.events[at].run == 0
    ]
    place = pick(chance, places)
    return None if place is None else shifted(tape, place, place + 1, 10 * chance.randint(1, 9))


@breaking("handler-vague", "no-claim-when-stopped", domain="workorder")
def handler_vague(tape: Tape, chance: Random) -> Tape | None:
    """HANDLER does not say whether one is set."""
    return altered(tape, chance, "HANDLER", "is_set", nothing)


@breaking("stopped-too-early", "no-claim-when-stopped", domain="workorder")
def stopped_too_early(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler is STOPPED while an order is active."""
    places = [
        at
        for at in range(1, len(tape.events))
        if tape.events[at].kind in ("TERMINATE", "COMPLETE", "CANCEL", "FAIL")
        and standing(tape, at).mode == Mode.STOPPING
        and standing(tape, at).of(OrderState.PREPARING, OrderState.RUNNING)
    ]
    place = pick(chance, places)
    if place is None:
        return None
    early = replace(tape.events[place], kind="MODE", fields={"mode": "STOPPED"})
    return tape.inserted(place, early)


@breaking("event-after-stopped", "no-claim-when-stopped", domain="workorder")
def event_after_stopped(tape: Tape, chance: Random) -> Tape | None:
    """Something happens after the scheduler is STOPPED."""
    place = pick(chance, fitting(tape, "MODE", lambda tape, at: is_before(tape, at, "RUN_END")))
    if place is None or is_after(tape, place, "RUN_BEGIN"):
        return None
    return tape.moved(place, place - 1, tape.events[place - 1].time_ns)


@breaking("stopped-and-checkpoint", "no-claim-when-stopped", domain="workorder")
def stopped_and_checkpoint(tape: Tape, chance: Random) -> Tape | None:
    """A run ends as STOPPED and is not, or is and ends as CHECKPOINT."""
    ends = {"CHECKPOINT": "STOPPED", "STOPPED": "CHECKPOINT"}
    return altered(
        tape,
        chance,
        "RUN_END",
        "end",
        lambda event, chance: ends[event.get("end")],  # noqa: ARG005
        fits=lambda tape, at: tape.events[at].get("end") in ends,
    )


# ---- resources


@breaking("pressure-dropped", "pressure-edge", domain="workorder")
def pressure_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A decision has read another level than was told last."""
    return dropped(
        tape,
        chance,
        "PRESSURE",
        lambda tape, at: (
            is_before(tape, at, "CLAIM", "HOLD")
            and tape.events[at + 1].get("total_bytes") is not None
        ),
    )


@breaking("pressure-doubled", "pressure-edge", domain="workorder")
def pressure_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A level is told again."""
    return doubled(tape, chance, "PRESSURE")


@breaking("pressure-wrong", "pressure-edge", domain="workorder")
def pressure_wrong(tape: Tape, chance: Random) -> Tape | None:
    """A level is told that its reading does not give, or none."""

    def other(event: TapeEvent, chance: Random) -> str | None:
        return chance.choice([None, *(word for word in Pressure if word != event.get("level"))])

    return altered(tape, chance, "PRESSURE", "level", other)


@breaking("pressure-without-reading", "pressure-edge", domain="workorder")
def pressure_without_reading(tape: Tape, chance: Random) -> Tape | None:
    """A level is told without what was read."""
    column = chance.choice(("total_bytes", "available_bytes"))
    return altered(tape, chance, "PRESSURE", column, nothing)


@breaking("pressure-before-start", "pressure-edge", domain="workorder")
def pressure_before_start(tape: Tape, chance: Random) -> Tape | None:
    """The memory is read before the start."""
    places = [
        at
        for at in tape.places("ENQUEUE")
        if standing(tape, at).mode == Mode.NEW and not _is_restarted(tape, at)
    ]
    place = pick(chance, places)
    if place is None:
        return None
    reading = {"level": "CRITICAL", "total_bytes": 1000, "available_bytes": 0}
    return tape.inserted(place, replace(tape.events[place], kind="PRESSURE", fields=reading))


@breaking("health-dropped", "pressure-edge", domain="workorder")
def health_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A change of health is not told."""
    return dropped(tape, chance, "HEALTH", lambda tape, at: not is_crashed(tape, at))


@breaking("health-doubled", "pressure-edge", domain="workorder")
def health_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A change of health is told twice."""
    return doubled(tape, chance, "HEALTH")


@breaking("health-wrong", "pressure-edge", domain="workorder")
def health_wrong(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler is said to be healthy and is not, or is and is said not to be."""

    def other(event: TapeEvent, chance: Random) -> bool | None:
        return chance.choice((None, not event.get("healthy")))

    return altered(tape, chance, "HEALTH", "healthy", other)


@breaking("health-late", "pressure-edge", domain="workorder")
def health_late(tape: Tape, chance: Random) -> Tape | None:
    """A change of health is told late."""
    places = [at for at in tape.places("HEALTH") if next_is_later(tape, at)]
    if tape.header.device["decision_within_ns"]:
        return None
    place = pick(chance, places)
    return None if place is None else shifted(tape, place, place + 1, 1)


@breaking("health-first", "pressure-edge", domain="workorder")
def health_first(tape: Tape, chance: Random) -> Tape | None:
    """A change of health is told before the HOLD that it follows."""
    places = [at - 1 for at in tape.places("HEALTH") if is_after(tape, at, "HOLD")]
    return swapped(tape, pick(chance, places))


# ---- where


def _is_restarted(tape: Tape, place: int) -> bool:
    """Whether the last life began in this run, right before: a RECOVER may be owed there."""
    return is_after(tape, place, "RESTART", "RECOVER")
