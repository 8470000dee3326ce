"""What can be wrong with exceptions of a graph's nodes, and with what becomes of their input."""

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
    nothing,
    off,
    pick,
    shifted,
    told,
)
from nandtrace.check.mutation.graph_scene import (
    inputs,
    policy_of,
    standing,
    with_node,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.vocab.graph import Call, Disposition, ErrorPolicy


@breaking("error-of-other-call", "error-isolated", domain="graph")
def error_of_other_call(tape: Tape, chance: Random) -> Tape | None:
    """An exception is told of another callback than the one that ran."""

    def other(event: TapeEvent, chance: Random) -> str | None:
        return chance.choice([None, *(call for call in Call if call != event.get("call"))])

    return altered(tape, chance, "ERROR", "call", other)


@breaking("error-of-other-input", "error-isolated", domain="graph")
def error_of_other_input(tape: Tape, chance: Random) -> Tape | None:
    """An exception is told of another input of its callback."""
    column = chance.choice(("msg", "attempt", "edge"))
    if column == "edge":
        return altered(
            tape, chance, "ERROR", "edge", nothing, fits=lambda tape, at: _has(tape, at, "edge")
        )
    return altered(tape, chance, "ERROR", column, off(column))


@breaking("error-of-other-node", "error-isolated", domain="graph")
def error_of_other_node(tape: Tape, chance: Random) -> Tape | None:
    """An exception is told of another node than the one whose callback ran."""
    place = pick(chance, tape.places("ERROR"))
    if place is None:
        return None
    names = [node["name"] for node in tape.header.device["nodes"]]
    others = [name for name in names if name != tape.events[place].get("node")]
    return told(tape, place, "node", chance.choice(others)) if others else None


@breaking("disposition-wrong", "error-isolated", domain="graph")
def disposition_wrong(tape: Tape, chance: Random) -> Tape | None:
    """What becomes of an input is not what its node's policy demands."""

    def other(event: TapeEvent, chance: Random) -> str | None:
        words = [word for word in Disposition if word != event.get("disposition")]
        return chance.choice([None, *words])

    return altered(tape, chance, "ERROR", "disposition", other)


@breaking("error-doubled", "error-isolated", domain="graph")
def error_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An exception is told twice."""
    return doubled(tape, chance, "ERROR")


@breaking("error-of-a-disabled-dropped", "error-isolated", domain="graph")
def error_of_a_disabled_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node is disabled that has not raised."""
    return dropped(tape, chance, "ERROR", lambda tape, at: is_before(tape, at, "DISABLE"))


@breaking("error-of-a-retry-dropped", "delivery", domain="graph")
def error_of_a_retry_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is tried again that has not failed."""
    return dropped(tape, chance, "ERROR", _is_retried)


@breaking("error-policy-ignored", "error-isolated", domain="graph")
def error_policy_ignored(tape: Tape, chance: Random) -> Tape | None:
    """An exception is not handled as its node's policy says."""
    place = pick(chance, fitting(tape, "ERROR", _is_of_a_turn))
    if place is None:
        return None
    policy = policy_of(tape, place)
    other = ErrorPolicy.SKIP if policy == ErrorPolicy.STOP else ErrorPolicy.STOP
    return with_node(tape, tape.events[place].get("node"), on_error=other.value)


@breaking("tried-too-often", "error-isolated", domain="graph")
def tried_too_often(tape: Tape, chance: Random) -> Tape | None:
    """A message is tried more often than its node says."""
    place = pick(chance, tape.places("ERROR", disposition="RETRIED"))
    if place is None:
        return None
    event = tape.events[place]
    return with_node(tape, event.get("node"), max_attempts=event.get("attempt"))


@breaking("attempt-of-a-retry-off", "error-isolated", domain="graph")
def attempt_of_a_retry_off(tape: Tape, chance: Random) -> Tape | None:
    """A message is tried again, and its attempts are counted wrongly."""
    return altered(
        tape,
        chance,
        "DELIVER",
        "attempt",
        off("attempt"),
        fits=lambda tape, at: tape.events[at].get("attempt") != 1,
    )


@breaking("disable-dropped", "error-isolated", domain="graph")
def disable_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A node is disabled, and not every input of it told of."""
    return dropped(tape, chance, "DISABLE")


@breaking("disable-doubled", "error-isolated", domain="graph")
def disable_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An input of a disabled node is told of twice."""
    return doubled(tape, chance, "DISABLE")


@breaking("disable-of-other", "error-isolated", domain="graph")
def disable_of_other(tape: Tape, chance: Random) -> Tape | None:
    """A node is disabled, and the input of another told of."""
    place = pick(chance, tape.places("DISABLE"))
    if place is None:
        return None
    event = tape.events[place]
    mine = {edge["id"] for edge in inputs(tape, event.get("node"))}
    others = [edge["id"] for edge in tape.header.device["edges"] if edge["id"] not in mine]
    return told(tape, place, "edge", chance.choice(others)) if others else None


@breaking("disable-late", "error-isolated", domain="graph")
def disable_late(tape: Tape, chance: Random) -> Tape | None:
    """A node is disabled at a later time than it raised."""
    places = [at for at in tape.places("DISABLE") if next_is_later(tape, at)]
    place = pick(chance, places)
    return None if place is None else shifted(tape, place, place + 1, 1)


@breaking("turn-of-disabled", "error-isolated", domain="graph")
def turn_of_disabled(tape: Tape, chance: Random) -> Tape | None:
    """A disabled node has a turn."""
    place = pick(chance, fitting(tape, "TURN", lambda tape, at: bool(standing(tape, at).disabled)))
    if place is None:
        return None
    return told(tape, place, "node", chance.choice(sorted(standing(tape, place).disabled)))


@breaking("turn-after-stop-policy", "error-isolated", domain="graph")
def turn_after_stop_policy(tape: Tape, chance: Random) -> Tape | None:
    """A node whose policy is stop has raised, and the graph goes on."""
    places = [at for at in tape.places("SHUTDOWN", reason="ERROR") if _stops_here(tape, at)]
    place = pick(chance, places)
    if place is None or not is_before(tape, place, "TURN"):
        return None
    return tape.moved(place, place + 2, tape.events[place + 1].time_ns)


@breaking("stopped-for-another-reason", "error-isolated", domain="graph")
def stopped_for_another_reason(tape: Tape, chance: Random) -> Tape | None:
    """A node whose policy is stop has raised, and the graph shuts down for another reason."""
    places = [at for at in tape.places("SHUTDOWN", reason="ERROR") if is_after(tape, at, "DISABLE")]
    place = pick(chance, places)
    if place is None:
        return None
    return told(tape, place, "reason", chance.choice(("UNTIL", "FINISHED")))


# ---- where


def _stops_here(tape: Tape, place: int) -> bool:
    """Whether the error that shuts the graph down is in the run of its SHUTDOWN."""
    run = tape.events[place].run
    return any(tape.events[at].run == run for at in tape.places("ERROR", disposition="STOPPED"))


def _has(tape: Tape, place: int, column: str) -> bool:
    return tape.events[place].get(column) is not None


def _is_retried(tape: Tape, place: int) -> bool:
    """Whether an exception leads to another attempt in the same run."""
    event = tape.events[place]
    if event.get("disposition") != Disposition.RETRIED:
        return False
    again = tape.places("DELIVER", edge=event.get("edge"), msg=event.get("msg"))
    return any(at > place and tape.events[at].run == event.run for at in again)


def _is_of_a_turn(tape: Tape, place: int) -> bool:
    return tape.events[place].get("call") in (Call.MESSAGE, Call.TICK)
