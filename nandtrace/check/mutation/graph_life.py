"""What can be wrong with the starts and the stops of a graph's nodes."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    doubled,
    dropped,
    is_before,
    pick,
    shifted,
    swapped,
)
from nandtrace.check.mutation.graph_scene import (
    policy_of,
    standing,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.graph import ErrorPolicy


@breaking("start-dropped", "start-topological", domain="graph")
def start_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node is never started."""
    return dropped(tape, chance, "START", _has_started)


@breaking("start-doubled", "start-topological", domain="graph")
def start_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A node is started twice."""
    return doubled(tape, chance, "START")


@breaking("starts-out-of-order", "start-topological", domain="graph")
def starts_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """A node is started before one that comes before it."""
    places = [at for at in tape.places("START") if _is_before_quiet_start(tape, at)]
    return swapped(tape, pick(chance, places))


@breaking("start-late", "start-topological", domain="graph")
def start_late(tape: Tape, chance: Random) -> Tape | None:
    """A node is started after the first turn."""
    turns = tape.places("TURN")
    starts = [at for at in tape.places("START") if is_before(tape, at, "START", "TURN", "IDLE")]
    place = pick(chance, starts)
    if place is None or not turns:
        return None
    return tape.moved(place, turns[0] + 1, tape.events[turns[0]].time_ns)


@breaking("stop-dropped", "stop-reverse", domain="graph")
def stop_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node is never stopped that was started."""
    return dropped(tape, chance, "STOP", _is_of_running)


@breaking("stop-doubled", "stop-reverse", domain="graph")
def stop_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A node is stopped twice."""
    return doubled(tape, chance, "STOP")


@breaking("stops-out-of-order", "stop-reverse", domain="graph")
def stops_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """A node is stopped after one that was started before it."""
    places = [at for at in tape.places("STOP") if is_before(tape, at, "STOP")]
    return swapped(tape, pick(chance, places))


@breaking("stop-at-a-later-time", "time-monotone", domain="graph")
def stop_at_a_later_time(tape: Tape, chance: Random) -> Tape | None:
    """A node is stopped later than one that is stopped after it."""
    place = pick(chance, [at for at in tape.places("STOP") if is_before(tape, at, "STOP")])
    return None if place is None else shifted(tape, place, place + 1, 10 * chance.randint(1, 9))


@breaking("stop-of-failed", "stop-reverse", domain="graph")
def stop_of_failed(tape: Tape, chance: Random) -> Tape | None:
    """A node is stopped whose start has failed."""
    failed = tape.places("ERROR", call="START")
    stops = tape.places("STOP")
    # Later runs know that it is disabled, not why: but for the policy stop, only a start does that.
    failed = [at for at in failed if policy_of(tape, at) != ErrorPolicy.STOP]
    place = pick(chance, failed)
    if place is None or not stops:
        return None
    stop = replace(tape.events[stops[0]], fields={"node": tape.events[place].get("node")})
    return tape.inserted(stops[0], stop)


# ---- where


def _is_before_quiet_start(tape: Tape, place: int) -> bool:
    return is_before(tape, place, "START") and is_before(
        tape, place + 1, "START", "TURN", "IDLE", "SHUTDOWN"
    )


def _has_started(tape: Tape, place: int) -> bool:
    """Whether a START did not fail: one that did disables its node, whoever called it."""
    return not tape.places("ERROR", call="START", node=tape.events[place].get("node"))


def _is_of_running(tape: Tape, place: int) -> bool:
    """Whether the node of a STOP was not disabled: a snapshot does not say why one is."""
    return tape.events[place].get("node") not in standing(tape, place).disabled
