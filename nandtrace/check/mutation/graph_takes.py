"""What can be wrong with messages that are taken, delivered, or left over."""

from __future__ import annotations

from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_before,
    more,
    next_is_later,
    off,
    pick,
    shifted,
    swapped,
    told,
)
from nandtrace.check.mutation.graph_scene import standing, turn_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape

# ---- taken


@breaking("get-dropped", "delivery", domain="graph")
def get_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is delivered that was not taken."""
    return dropped(tape, chance, "GET")


@breaking("get-doubled", "delivery", domain="graph")
def get_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken twice."""
    return doubled(tape, chance, "GET")


@breaking("get-out-of-order", "edge-fifo", domain="graph")
def get_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """Two messages are taken from their edge in each other's place."""
    place = pick(chance, fitting(tape, "GET", lambda tape, at: _next_get(tape, at) is not None))
    if place is None:
        return None
    after = _next_get(tape, place)
    assert after is not None, "it was asked for"
    first, second = (tape.events[at].get("msg") for at in (place, after))
    for at, msg in ((place, second), (after, first)):
        tape = told(told(tape, at, "msg", msg), at + 1, "msg", msg)
    return tape


@breaking("get-of-taken", "edge-conservation", domain="graph")
def get_of_taken(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken that is not on its edge any more."""
    place = pick(chance, fitting(tape, "GET", lambda tape, at: bool(_gone(tape, at))))
    return None if place is None else told(tape, place, "msg", chance.choice(_gone(tape, place)))


@breaking("get-of-unknown", "names-resolve", domain="graph")
def get_of_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken that was never put."""
    place = pick(chance, tape.places("GET"))
    if place is None:
        return None
    return told(tape, place, "msg", standing(tape, place).next_msg + chance.randint(0, 3))


@breaking("get-depth-off", "edge-capacity", domain="graph")
def get_depth_off(tape: Tape, chance: Random) -> Tape | None:
    """The depth of an edge is told wrongly when a message is taken from it."""
    return altered(tape, chance, "GET", "depth", off("depth"))


@breaking("deliver-dropped", "delivery", domain="graph")
def deliver_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken and not delivered."""
    return dropped(tape, chance, "DELIVER", _is_first_attempt)


@breaking("deliver-doubled", "delivery", domain="graph")
def deliver_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A message is delivered twice."""
    return doubled(tape, chance, "DELIVER")


@breaking("deliver-to-other", "delivery", domain="graph")
def deliver_to_other(tape: Tape, chance: Random) -> Tape | None:
    """A message is delivered to another node than that of its edge."""
    place = pick(chance, tape.places("DELIVER"))
    if place is None:
        return None
    mine = tape.events[place].get("node")
    names = [node["name"] for node in tape.header.device["nodes"] if node["name"] != mine]
    return told(tape, place, "node", chance.choice(names)) if names else None


@breaking("deliver-of-other", "delivery", domain="graph")
def deliver_of_other(tape: Tape, chance: Random) -> Tape | None:
    """Another message is delivered than the one that was taken."""
    return altered(tape, chance, "DELIVER", "msg", off("msg"))


@breaking("deliver-late", "ready-only", domain="graph")
def deliver_late(tape: Tape, chance: Random) -> Tape | None:
    """Something happens in a turn that is later than the turn."""
    kind = chance.choice(("DELIVER", "PUT", "TICK", "ERROR", "BLOCK"))
    place = pick(chance, fitting(tape, kind, _ends_its_turn))
    return None if place is None else shifted(tape, place, place + 1, 1)


@breaking("attempt-skipped", "delivery", domain="graph")
def attempt_skipped(tape: Tape, chance: Random) -> Tape | None:
    """A message is delivered for the first time, as another attempt."""
    return altered(tape, chance, "DELIVER", "attempt", off("attempt"), fits=_is_first_attempt)


# ---- left over


@breaking("leftover-dropped", "shutdown-drained", domain="graph")
def leftover_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is left over, and nothing says so."""
    return dropped(tape, chance, "LEFTOVER")


@breaking("leftover-doubled", "edge-conservation", domain="graph")
def leftover_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A message is left over twice."""
    return doubled(tape, chance, "LEFTOVER")


@breaking("leftover-of-other", "edge-conservation", domain="graph")
def leftover_of_other(tape: Tape, chance: Random) -> Tape | None:
    """A message is left over that is not there."""
    return altered(tape, chance, "LEFTOVER", "msg", more("msg", 1000))


@breaking("leftover-elsewhere", "shutdown-drained", domain="graph")
def leftover_elsewhere(tape: Tape, chance: Random) -> Tape | None:
    """A message is left over elsewhere than is said."""
    other = {"QUEUED": "PENDING", "PENDING": "HELD", "HELD": "QUEUED"}
    return altered(tape, chance, "LEFTOVER", "place", lambda event, _: other[event.get("place")])


@breaking("leftovers-out-of-order", "shutdown-drained", domain="graph")
def leftovers_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """What is left over is not itemised in its order."""
    places = [at for at in tape.places("LEFTOVER") if is_before(tape, at, "LEFTOVER")]
    return swapped(tape, pick(chance, places))


# ---- where


def _gone(tape: Tape, place: int) -> list[int]:
    """The number of a message that was put before, and is nowhere on the edge."""
    now, edge = standing(tape, place), tape.events[place].get("edge")
    there = {*now.on(edge), *now.waiting_for(edge)}
    return [msg for msg in range(now.next_msg) if msg not in there][-9:]


def _next_get(tape: Tape, place: int) -> int | None:
    """The next GET from the same edge, of a message that is on it already; both delivered at once."""
    edge, run = tape.events[place].get("edge"), tape.events[place].run
    if len(standing(tape, place).on(edge)) < 2 or not is_before(tape, place, "DELIVER"):
        return None
    for at in range(place + 2, len(tape.events)):
        event = tape.events[at]
        if event.run != run or event.kind == "ERROR":
            return None
        if event.kind == "GET" and event.get("edge") == edge:
            is_next = event.get("msg") == standing(tape, place).on(edge)[1]
            is_sound = is_before(tape, at, "DELIVER") and not is_before(tape, at + 1, "ERROR")
            return at if is_next and is_sound else None
    return None


def _is_first_attempt(tape: Tape, place: int) -> bool:
    return int(tape.events[place].get("attempt")) == 1


def _ends_its_turn(tape: Tape, place: int) -> bool:
    turn = turn_of(tape, place)
    return turn is not None and _is_inner(tape, place) and next_is_later(tape, place)


def _is_inner(tape: Tape, place: int) -> bool:
    """Whether an event is one of a callback, and not from outside."""
    event = tape.events[place]
    if event.kind != "PUT":
        return True
    return any(
        edge["id"] == event.get("edge") and edge["source"] is not None
        for edge in tape.header.device["edges"]
    )
