"""What can be wrong with pending messages, and with the nodes that they block."""

from __future__ import annotations

from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_after,
    is_before,
    next_is_later,
    off,
    pick,
    shifted,
    swapped,
    told,
)
from nandtrace.check.mutation.graph_scene import standing
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape


@breaking("block-dropped", "blocked-pure", domain="graph")
def block_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node becomes blocked, and nothing says so."""
    return dropped(tape, chance, "BLOCK")


@breaking("block-doubled", "blocked-pure", domain="graph")
def block_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A node becomes blocked twice."""
    return doubled(tape, chance, "BLOCK")


@breaking("pending-taken", "blocked-pure", domain="graph")
def pending_taken(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken that has not entered its edge yet."""
    place = pick(chance, fitting(tape, "GET", lambda tape, at: bool(_pending(tape, at))))
    return None if place is None else told(tape, place, "msg", chance.choice(_pending(tape, place)))


@breaking("flush-dropped", "flush-prompt", domain="graph")
def flush_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A pending message does not enter its edge, which has room."""
    return dropped(tape, chance, "FLUSH")


@breaking("flush-doubled", "edge-conservation", domain="graph")
def flush_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A pending message enters its edge twice."""
    return doubled(tape, chance, "FLUSH")


@breaking("flush-late", "flush-prompt", domain="graph")
def flush_late(tape: Tape, chance: Random) -> Tape | None:
    """A pending message enters its edge after something else has happened."""
    places = [at for at in tape.places("FLUSH") if is_before(tape, at, "DELIVER", "MUTATE", "PUT")]
    return swapped(tape, pick(chance, places))


@breaking("flush-later", "flush-prompt", domain="graph")
def flush_later(tape: Tape, chance: Random) -> Tape | None:
    """A pending message enters its edge, or its node wakes, at a later time than that of the room."""
    places = [at for kind in ("FLUSH", "WAKE") for at in fitting(tape, kind, next_is_later)]
    place = pick(chance, places)
    if place is None:
        return None
    return shifted(tape, place, place + 1, 1)


@breaking("flush-out-of-order", "edge-fifo", domain="graph")
def flush_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """A message enters its edge before one that is pending for longer."""
    place = pick(chance, fitting(tape, "FLUSH", lambda tape, at: len(_pending(tape, at)) > 1))
    if place is None:
        return None
    return told(tape, place, "msg", chance.choice(_pending(tape, place)[1:]))


@breaking("flush-of-unknown", "names-resolve", domain="graph")
def flush_of_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A message enters an edge that was never put."""
    place = pick(chance, tape.places("FLUSH"))
    if place is None:
        return None
    return told(tape, place, "msg", standing(tape, place).next_msg + chance.randint(0, 3))


@breaking("flush-depth-off", "edge-capacity", domain="graph")
def flush_depth_off(tape: Tape, chance: Random) -> Tape | None:
    """The depth of an edge is told wrongly when a pending message enters it."""
    return altered(tape, chance, "FLUSH", "depth", off("depth"))


@breaking("wake-dropped", "flush-prompt", domain="graph")
def wake_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node is not blocked any more, and nothing says so."""
    return dropped(tape, chance, "WAKE")


@breaking("wake-doubled", "flush-prompt", domain="graph")
def wake_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A node wakes twice."""
    return doubled(tape, chance, "WAKE")


@breaking("wake-early", "flush-prompt", domain="graph")
def wake_early(tape: Tape, chance: Random) -> Tape | None:
    """A node wakes before the last of its pending messages has entered its edge."""
    places = [at - 1 for at in tape.places("WAKE") if is_after(tape, at, "FLUSH")]
    return swapped(tape, pick(chance, places))


@breaking("blocked-by-other", "blocked-pure", domain="graph")
def blocked_by_other(tape: Tape, chance: Random) -> Tape | None:
    """Another node is blocked than the one that emitted, or by another edge."""
    return _exchanged_name(tape, chance, "BLOCK")


@breaking("woken-by-other", "flush-prompt", domain="graph")
def woken_by_other(tape: Tape, chance: Random) -> Tape | None:
    """Another node wakes than the one that was blocked, or by another edge."""
    return _exchanged_name(tape, chance, "WAKE")


# ---- where


def _pending(tape: Tape, place: int) -> tuple[int, ...]:
    return standing(tape, place).waiting_for(tape.events[place].get("edge"))


def _exchanged_name(tape: Tape, chance: Random, kind: str) -> Tape | None:
    """With another node, or another edge, in an event that names both."""
    place = pick(chance, tape.places(kind))
    if place is None:
        return None
    event, device = tape.events[place], tape.header.device
    nodes = [("node", node["name"]) for node in device["nodes"]]
    edges = [("edge", edge["id"]) for edge in device["edges"]]
    others = [(column, name) for column, name in (*nodes, *edges) if event.get(column) != name]
    return told(tape, place, *chance.choice(others)) if others else None
