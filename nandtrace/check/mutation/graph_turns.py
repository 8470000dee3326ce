"""What can be wrong with a graph's turns: who is served, and what a turn takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

from nandtrace.check.mutation.edits import (
    ahead,
    altered,
    doubled,
    dropped,
    fitting,
    is_after,
    is_before,
    pick,
    shifted,
    under,
)
from nandtrace.check.mutation.graph_scene import (
    Turn,
    inputs,
    node_of,
    standing,
    turn_of,
    turns,
    with_node,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.vocab.graph import Band

_PLAIN = frozenset({"TURN", "GET", "DELIVER"})
"""Kinds of a turn that changes nothing for others."""


# ---- turns


@breaking("turn-dropped", "delivery", domain="graph")
def turn_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken in the turn of another node, or in none."""
    return dropped(tape, chance, "TURN", _is_of_another)


@breaking("turn-doubled", "ready-only", domain="graph")
def turn_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A turn takes neither a tick nor a message."""
    return doubled(tape, chance, "TURN")


@breaking("turn-early", "ready-only", domain="graph")
def turn_early(tape: Tape, chance: Random) -> Tape | None:
    """A turn is earlier than what happens in it."""
    places = [
        at for at in tape.places("TURN") if tape.events[at - 1].time_ns < tape.events[at].time_ns
    ]
    place = pick(chance, places)
    return None if place is None else shifted(tape, place, place + 1, -1)


@breaking("turn-of-unready", "ready-only", domain="graph")
def turn_of_unready(tape: Tape, chance: Random) -> Tape | None:
    """A node has a turn that has nothing to take."""
    place = pick(chance, fitting(tape, "TURN", lambda tape, at: bool(_idle_nodes(tape, at))))
    if place is None:
        return None
    event = tape.events[place]
    fields = {"node": chance.choice(_idle_nodes(tape, place)), "band": event.get("band")}
    return tape.inserted(place, replace(event, fields=fields))


@breaking("turn-in-other-band", "band", domain="graph")
def turn_in_other_band(tape: Tape, chance: Random) -> Tape | None:
    """A turn is charged to another band than that of its node."""

    def other(event: TapeEvent, chance: Random) -> int | None:
        return chance.choice([None, 0, *(int(band) for band in Band if band != event.get("band"))])

    return altered(tape, chance, "TURN", "band", other)


@breaking("override-ignored", "band", domain="graph")
def override_ignored(tape: Tape, chance: Random) -> Tape | None:
    """A node is served in another band than its override says."""
    if not turns(tape):
        return None
    turn = chance.choice(turns(tape))
    return with_node(tape, turn.node, priority_override=1 + turn.band % 3)


@breaking("lower-band-first", "weighted-fairness", domain="graph")
def lower_band_first(tape: Tape, chance: Random) -> Tape | None:
    """A band is served before the one that the credits demand."""
    pairs = [pair for pair in pairwise(turns(tape)) if _may_change_places(tape, *pair)]
    pairs = [(one, other) for one, other in pairs if one.band != other.band]
    return _exchanged(tape, *chance.choice(pairs)) if pairs else None


@breaking("passed-over", "round-robin", domain="graph")
def passed_over(tape: Tape, chance: Random) -> Tape | None:
    """A node is served again before another one of its band that has waited all the while."""
    pairs = [pair for pair in pairwise(turns(tape)) if _may_change_places(tape, *pair)]
    pairs = [pair for pair in pairs if _has_waited(tape, *pair)]
    return _exchanged(tape, *chance.choice(pairs)) if pairs else None


@breaking("batch-ignored", "batch-bound", domain="graph")
def batch_ignored(tape: Tape, chance: Random) -> Tape | None:
    """A turn takes more messages than it may."""
    taken = sorted({_taken(tape, turn) for turn in turns(tape)} - {0, 1})
    return under(tape, max_batch_per_node=chance.choice(taken) - 1) if taken else None


@breaking("turn-cut", "batch-bound", domain="graph")
def turn_cut(tape: Tape, chance: Random) -> Tape | None:
    """A turn ends though its node may take more."""
    place = pick(chance, fitting(tape, "GET", _is_second_get))
    if place is None:
        return None
    turn = turn_of(tape, place)
    assert turn is not None, "it was asked for"
    begin = tape.events[turn.start]
    return tape.inserted(place, begin)


@breaking("priority-ignored", "delivery", domain="graph")
def priority_ignored(tape: Tape, chance: Random) -> Tape | None:
    """A message is taken before one of an input of higher priority."""
    return _last_taken_first(tape, chance, _is_of_higher)


@breaking("blocked-and-takes", "blocked-yield", domain="graph")
def blocked_and_takes(tape: Tape, chance: Random) -> Tape | None:
    """A blocked node takes a message that is not from an edge of the control band."""
    return _last_taken_first(tape, chance, _is_blocked_there)


@breaking("blocked-and-ticks", "blocked-yield", domain="graph")
def blocked_and_ticks(tape: Tape, chance: Random) -> Tape | None:
    """A blocked node has a tick."""
    place = pick(chance, fitting(tape, "TURN", lambda tape, at: bool(_blocked_tickers(tape, at))))
    if place is None:
        return None
    event, node = tape.events[place], chance.choice(_blocked_tickers(tape, place))
    turn = replace(event, fields={"node": node, "band": 1})
    tick = replace(event, kind="TICK", fields={"node": node, "due_ns": event.time_ns, "missed": 0})
    return tape.inserted(place, turn, tick)


# ---- where


def _is_of_another(tape: Tape, place: int) -> bool:
    """Whether a turn that begins with a message follows something else than a turn of its node."""
    if not is_before(tape, place, "GET"):
        return False
    before = turn_of(tape, place - 1)
    return before is None or before.node != tape.events[place].get("node")


def _idle_nodes(tape: Tape, place: int) -> list[str]:
    """Nodes without a message or a tick ever, but for those that a snapshot may have otherwise."""
    now = standing(tape, place)
    return [
        node["name"]
        for node in tape.header.device["nodes"]
        if node["tick_interval_ns"] is None
        and node["name"] not in now.disabled
        and not any(
            now.on(edge["id"]) or edge["id"] in now.held for edge in inputs(tape, node["name"])
        )
    ]


def _kinds(tape: Tape, turn: Turn) -> set[str]:
    return {event.kind for event in tape.events[turn.start : turn.stop]}


def _may_change_places(tape: Tape, one: Turn, other: Turn) -> bool:
    """Whether a turn could have come before the one before it, for all that the log tells.

    Nothing of the first makes the second possible, and both take messages only. That the second was ready
    follows from what was on its edges, which both leave alone but for what they take.
    """
    if one.stop != other.start or one.node == other.node:
        return False
    if not (_kinds(tape, one) <= _PLAIN and _kinds(tape, other) <= _PLAIN):
        return False
    return not _ticks(tape, one.node) and not _ticks(tape, other.node)


def _ticks(tape: Tape, node: str) -> bool:
    return node_of(tape, node)["tick_interval_ns"] is not None


def _exchanged(tape: Tape, one: Turn, other: Turn) -> Tape:
    """With two turns in each other's place; each has the time of its place."""
    first, second = (tape.events[turn.start].time_ns for turn in (one, other))
    moved = [replace(event, time_ns=first) for event in tape.events[other.start : other.stop]]
    moved += [replace(event, time_ns=second) for event in tape.events[one.start : one.stop]]
    for place, event in enumerate(moved, one.start):
        tape = tape.replaced(place, event)
    return tape


def _has_waited(tape: Tape, one: Turn, other: Turn) -> bool:
    """Whether the node of the first turn was ready since before the last turn of the second's node."""
    if one.band != other.band:
        return False
    earlier = [
        turn
        for turn in turns(tape)
        if turn.stop <= one.start and tape.events[turn.start].run == tape.events[one.start].run
    ]
    mine = [turn for turn in earlier if turn.node == other.node and turn.band == other.band]
    if not mine:
        return False
    since = mine[-1].start
    return not any(
        turn.node == one.node for turn in earlier if turn.start >= since
    ) and _is_ready_since(tape, one, since)


def _is_ready_since(tape: Tape, turn: Turn, since: int) -> bool:
    """Whether the first message of a turn was on its edge before a place, and its band the same since."""
    get = tape.events[turn.start + 1]
    edges = inputs(tape, turn.node)
    between = tape.events[since : turn.start]
    is_steady = not any(
        event.kind == "MUTATE" or event.get("node") == turn.node for event in between
    )
    is_alone = len({edge["priority"] for edge in edges}) == 1
    is_there = get.get("msg") in standing(tape, since).on(get.get("edge"))
    is_free = turn.node not in standing(tape, since).blocked
    return is_steady and is_alone and is_there and is_free


def _taken(tape: Tape, turn: Turn) -> int:
    return sum(event.kind == "DELIVER" for event in tape.events[turn.start : turn.stop])


def _is_second_get(tape: Tape, place: int) -> bool:
    """Whether a message waited before the callback before, in a turn that goes on."""
    event, turn = tape.events[place], turn_of(tape, place)
    if turn is None or not is_after(tape, place, "DELIVER") or place <= turn.start + 2:
        return False
    call = place - 1
    return event.get("msg") in standing(tape, call - 1).on(event.get("edge"))


def _blocked_tickers(tape: Tape, place: int) -> list[str]:
    return [
        node
        for node in sorted(standing(tape, place).blocked)
        if node_of(tape, node)["tick_interval_ns"] is not None
    ]


# ---- inputs of a node in another order

Chain = tuple[int, ...]
"""GETs of one node, the last from another edge than the others: its message was there at the first."""


def _last_taken_first(
    tape: Tape, chance: Random, fits: Callable[[Tape, int, int], bool]
) -> Tape | None:
    """With the last message of a chain taken first, GET and DELIVER, and the others after it."""
    chains = [chain for chain in tape.view(_chains) if fits(tape, chain[0], chain[-1])]
    if not chains:
        return None
    places = chance.choice(chains)
    taken = [(tape.events[at], tape.events[at + 1]) for at in (places[-1], *places[:-1])]
    for start, block in zip(places, taken, strict=True):
        time_ns = tape.events[start].time_ns
        for place, event in enumerate(block, start):
            tape = tape.replaced(place, replace(event, time_ns=time_ns))
    return tape


def _chains(tape: Tape) -> list[Chain]:
    """All chains between whose GETs nothing comes to the node, and whose callbacks emit nothing."""
    found = (_chain(tape, place) for place in fitting(tape, "GET", _is_quiet))
    return [chain for chain in found if chain]


def _is_quiet(tape: Tape, place: int) -> bool:
    """Whether a message is taken, delivered, and answered by nothing."""
    return is_before(tape, place, "DELIVER") and is_before(
        tape, place + 1, "GET", "TURN", "IDLE", "SHUTDOWN", "RUN_END"
    )


def _chain(tape: Tape, first: int) -> Chain | None:
    event, now = tape.events[first], standing(tape, first)
    mine = {edge["id"] for edge in inputs(tape, tape.events[first + 1].get("node"))}
    chain = [first]
    for at, after in ahead(tape, first + 1):
        edge = after.get("edge")
        if edge not in mine or after.kind in ("DELIVER", "WAKE", "BLOCK"):
            continue
        if after.kind != "GET" or not _is_quiet(tape, at):
            return None
        chain.append(at)
        if edge != event.get("edge"):
            return tuple(chain) if now.on(edge)[:1] == (after.get("msg"),) else None
    return None


def _priority(tape: Tape, place: int) -> int:
    edge = tape.events[place].get("edge")
    return int(next(item["priority"] for item in tape.header.device["edges"] if item["id"] == edge))


def _is_of_higher(tape: Tape, one: int, other: int) -> bool:
    node = tape.events[one + 1].get("node")
    if tape.places("MUTATE") or node in standing(tape, one).blocked:
        return False
    return _priority(tape, one) > _priority(tape, other)


def _is_blocked_there(tape: Tape, one: int, other: int) -> bool:
    node = tape.events[one + 1].get("node")
    is_blocked = node in standing(tape, one).blocked and not tape.places("MUTATE")
    return is_blocked and _priority(tape, one) == Band.CONTROL != _priority(tape, other)
