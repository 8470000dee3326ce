"""What can be wrong with a graph's ticks, and with its idling."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_before,
    off,
    pick,
)
from nandtrace.check.mutation.graph_scene import (
    node_of,
    standing,
    turn_of,
    with_node,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape

# ---- ticks


@breaking("tick-dropped", "tick-cadence", domain="graph")
def tick_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A tick is due in a turn, and not taken."""
    return dropped(tape, chance, "TICK")


@breaking("tick-doubled", "tick-cadence", domain="graph")
def tick_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A tick is taken twice."""
    return doubled(tape, chance, "TICK")


@breaking("tick-off-the-grid", "tick-cadence", domain="graph")
def tick_off_the_grid(tape: Tape, chance: Random) -> Tape | None:
    """A tick is that of another time than the one that was due."""
    return altered(tape, chance, "TICK", "due_ns", off("due_ns"))


@breaking("ticks-missed-off", "tick-cadence", domain="graph")
def ticks_missed_off(tape: Tape, chance: Random) -> Tape | None:
    """The ticks that were left out are counted wrongly."""
    return altered(tape, chance, "TICK", "missed", off("missed"))


@breaking("interval-ignored", "tick-cadence", domain="graph")
def interval_ignored(tape: Tape, chance: Random) -> Tape | None:
    """A node ticks at another interval than its own."""
    place = pick(chance, fitting(tape, "TICK", _is_first_tick))
    if place is None:
        return None
    node = node_of(tape, tape.events[place].get("node"))
    interval_ns = node["tick_interval_ns"] + chance.randint(1, 99)
    return with_node(tape, node["name"], tick_interval_ns=interval_ns)


@breaking("tick-last", "tick-cadence", domain="graph")
def tick_last(tape: Tape, chance: Random) -> Tape | None:
    """A tick is taken after a message."""
    place = pick(chance, fitting(tape, "TICK", _is_before_message))
    return None if place is None else tape.moved(place, place + 3)


@breaking("ticks-end-doubled", "tick-cadence", domain="graph")
def ticks_end_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A node ends its ticks twice."""
    return doubled(tape, chance, "TICKS_END")


@breaking("ticks-end-of-none", "tick-cadence", domain="graph")
def ticks_end_of_none(tape: Tape, chance: Random) -> Tape | None:
    """A node ends its ticks that has none."""
    silent = [
        node["name"] for node in tape.header.device["nodes"] if node["tick_interval_ns"] is None
    ]
    place = pick(chance, tape.places("TURN"))
    if place is None or not silent:
        return None
    end = replace(tape.events[place], kind="TICKS_END", fields={"node": chance.choice(silent)})
    return tape.inserted(place + 2, end)


@breaking("tick-after-end", "tick-cadence", domain="graph")
def tick_after_end(tape: Tape, chance: Random) -> Tape | None:
    """A node ticks though it has ended its ticks."""
    places = [at for at in tape.places("TICKS_END") if _tick_of(tape, at) is not None]
    place = pick(chance, places)
    if place is None:
        return None
    tick = _tick_of(tape, place)
    assert tick is not None, "it was asked for"
    return tape.moved(place, tick)


# ---- idling


@breaking("idle-until-off", "idle-only-when-idle", domain="graph")
def idle_until_off(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler idles, and says wrongly when the next tick is due."""
    return altered(tape, chance, "IDLE", "until_ns", off("until_ns"))


@breaking("idle-doubled", "idle-only-when-idle", domain="graph")
def idle_doubled(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler idles twice."""
    return doubled(tape, chance, "IDLE")


@breaking("idle-while-ready", "idle-only-when-idle", domain="graph")
def idle_while_ready(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler idles while a node is ready."""
    place = pick(chance, fitting(tape, "TURN", lambda tape, at: not standing(tape, at).shuts_down))
    if place is None:
        return None
    return tape.inserted(place, replace(tape.events[place], kind="IDLE", fields={}))


@breaking("idle-in-the-drain", "shutdown-drained", domain="graph")
def idle_in_the_drain(tape: Tape, chance: Random) -> Tape | None:
    """The scheduler idles while it shuts down."""
    place = pick(chance, tape.places("SHUTDOWN"))
    if place is None:
        return None
    idle = replace(tape.events[place], kind="IDLE", fields={})
    return tape.inserted(place + 1, idle)


@breaking("finished-too-early", "idle-only-when-idle", domain="graph")
def finished_too_early(tape: Tape, chance: Random) -> Tape | None:
    """The graph is FINISHED though a tick would come."""
    places = [at for at in tape.places("TICKS_END") if _is_last_word(tape, at)]
    place = pick(chance, places)
    return None if place is None else tape.without(place)


# ---- where


def _is_before_message(tape: Tape, place: int) -> bool:
    return is_before(tape, place, "GET") and is_before(tape, place + 1, "DELIVER")


def _is_first_tick(tape: Tape, place: int) -> bool:
    node = tape.events[place].get("node")
    return tape.places("TICK", node=node)[0] == place and tape.events[place].run == 0


def _tick_of(tape: Tape, place: int) -> int | None:
    """The TICK of the turn in which a node ends its ticks."""
    turn = turn_of(tape, place)
    if turn is None or not is_before(tape, turn.start, "TICK"):
        return None
    return turn.start + 1 if turn.node == tape.events[place].get("node") else None


def _is_last_word(tape: Tape, place: int) -> bool:
    """Whether the graph is FINISHED after this in the same run, and the node's ticks would go on."""
    node = tape.events[place].get("node")
    run = tape.events[place].run
    ends = tape.places("SHUTDOWN", reason="FINISHED")
    is_sound = node not in standing(tape, len(tape.events) - 1).disabled
    return bool(ends) and tape.events[ends[0]].run == run and is_sound
