"""What can be wrong with a graph's shutdown, and with the snapshots at the ends of its runs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation import snapshot_leaves
from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    nothing,
    off,
    pick,
    told,
    under,
)
from nandtrace.check.mutation.graph_scene import (
    NOBODY,
    standing,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.snapshot_leaves import Leaves
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.graph import ErrorPolicy, NodeState, ShutdownReason

# ---- shutdown


@breaking("shutdown-doubled", "shutdown-drained", domain="graph")
def shutdown_doubled(tape: Tape, chance: Random) -> Tape | None:
    """The graph shuts down twice."""
    return doubled(tape, chance, "SHUTDOWN")


@breaking("shutdown-dropped", "shutdown-drained", domain="graph")
def shutdown_dropped(tape: Tape, chance: Random) -> Tape | None:
    """The graph ends without a shutdown."""
    return dropped(tape, chance, "SHUTDOWN", lambda tape, at: not _is_checkpoint(tape, at))


@breaking("deadline-off", "shutdown-drained", domain="graph")
def deadline_off(tape: Tape, chance: Random) -> Tape | None:
    """The deadline of a shutdown is not that of the header."""
    return altered(tape, chance, "SHUTDOWN", "deadline_ns", off("deadline_ns"))


@breaking("timeout-ignored", "shutdown-drained", domain="graph")
def timeout_ignored(tape: Tape, chance: Random) -> Tape | None:
    """A shutdown takes another time than the header says."""
    if not tape.places("SHUTDOWN"):
        return None
    timeout_ns = tape.header.device["shutdown_timeout_ns"] + chance.randint(1, 99)
    return under(tape, shutdown_timeout_ns=timeout_ns)


@breaking("shutdown-without-reason", "shutdown-drained", domain="graph")
def shutdown_without_reason(tape: Tape, chance: Random) -> Tape | None:
    """The graph shuts down for no reason, or for an error that nobody made."""
    if any(node["on_error"] == ErrorPolicy.STOP for node in tape.header.device["nodes"]):
        return None
    reasons = (None, ShutdownReason.ERROR.value)
    return altered(tape, chance, "SHUTDOWN", "reason", lambda _, chance: chance.choice(reasons))


@breaking("tick-in-the-drain", "shutdown-drained", domain="graph")
def tick_in_the_drain(tape: Tape, chance: Random) -> Tape | None:
    """A node ticks while the graph shuts down."""
    places = [at for at in tape.places("SHUTDOWN") if not _is_checkpoint(tape, at)]
    ticks = tape.places("TICK")
    place = pick(chance, places)
    if place is None or not ticks:
        return None
    shutdown, tick = tape.events[place], tape.events[chance.choice(ticks)]
    turn = {"node": tick.get("node"), "band": 1}
    return tape.inserted(
        place + 1,
        replace(shutdown, kind="TURN", fields=turn),
        replace(tick, time_ns=shutdown.time_ns, run=shutdown.run),
    )


@breaking("input-in-the-drain", "shutdown-drained", domain="graph")
def input_in_the_drain(tape: Tape, chance: Random) -> Tape | None:
    """A message comes from outside while the graph shuts down."""
    place = pick(chance, tape.places("SHUTDOWN"))
    edges = [edge["id"] for edge in tape.header.device["edges"] if edge["source"] is None]
    if place is None or not edges:
        return None
    edge, now = chance.choice(edges), standing(tape, place)
    fields = {"msg": now.next_msg, "edge": edge, "type": "DATA", "result": "OK"}
    fields["depth"] = len(now.on(edge)) + 1
    put = replace(tape.events[place], kind="PUT", fields=fields)
    return tape.inserted(place + 1, put)


@breaking("turn-after-the-drain", "shutdown-drained", domain="graph")
def turn_after_the_drain(tape: Tape, chance: Random) -> Tape | None:
    """A node has a turn though the drain is over."""
    stops = tape.places("STOP")
    if not stops:
        return None
    first = tape.events[stops[0]]
    turn = replace(first, kind="TURN", fields={"node": first.get("node"), "band": 1})
    return tape.inserted(stops[0] + chance.randrange(len(stops)) + 1, turn)


# ---- snapshots

_NOT_PINNED = frozenset({"clock_ns", "ready", "name", "id"})
"""The clock and names have operators of their own; the order in `ready` is told by the turns after it."""


LEAVES = Leaves(
    words={
        "state": tuple(NodeState)[:3],
        "priority": (1, 2, 3),
        "reason": tuple(ShutdownReason),
    },
    fills={
        "due_ns": 1,
        "held": [0, 1],
        "shutdown": {"reason": "REQUESTED", "deadline_ns": 1},
    },
    free=_NOT_PINNED,
)


@breaking("begin-forged", "checkpoint-continuity", domain="graph")
def begin_forged(tape: Tape, chance: Random) -> Tape | None:
    """A run begins in another state than the one before has ended in."""
    return snapshot_leaves.forged_begin(tape, chance, LEAVES)


@breaking("boundary-forged", "checkpoint-matches-replay", domain="graph")
def boundary_forged(tape: Tape, chance: Random) -> Tape | None:
    """A run ends in a state that its events do not lead to, and the next goes on from there."""
    return snapshot_leaves.forged_boundary(tape, chance, LEAVES)


@breaking("ready-forged", "checkpoint-matches-replay", domain="graph")
def ready_forged(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot lacks a node that is ready, or has one that is not."""
    place = pick(chance, tape.places("RUN_END"))
    if place is None:
        return None
    state = tape.events[place].snapshot
    assert state is not None, "every run ends with one"
    band = chance.choice(sorted(state["ready"]))
    names = [node["name"] for node in tape.header.device["nodes"]]
    waiting: list[str] = state["ready"][band]
    idle = [name for name in names if not any(name in row for row in state["ready"].values())]
    said = waiting[1:] if waiting else idle[:1]
    if said == waiting:
        return None
    for at in (place, place + 1):
        if at < len(tape.events):
            tape = tape.restated(at, ("ready", band), said)
    return tape


@breaking("ready-out-of-order", "round-robin", domain="graph")
def ready_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """A node is served first in a run, and another is said to have waited for longer."""
    place = pick(chance, fitting(tape, "RUN_BEGIN", lambda tape, at: bool(_first_served(tape, at))))
    if place is None:
        return None
    band = _first_served(tape, place)
    assert band is not None, "it was asked for"
    state = tape.events[place].snapshot
    assert state is not None, "its order was looked at"
    first, second, *rest = state["ready"][band]
    for at in (place - 1, place):
        tape = tape.restated(at, ("ready", band), [second, first, *rest])
    return tape


@breaking("snapshot-of-other-graph", "names-resolve", domain="graph")
def snapshot_of_other_graph(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot names a node or an edge that the header lacks."""
    place = pick(chance, tape.places("RUN_BEGIN"))
    if place is None:
        return None
    what, key = chance.choice((("nodes", "name"), ("edges", "id")))
    state = tape.events[place].snapshot
    if state is None or not state[what]:
        return None
    return tape.restated(place, (what, chance.randrange(len(state[what])), key), NOBODY)


@breaking("snapshot-missing", "checkpoint-continuity", domain="graph")
def snapshot_missing(tape: Tape, chance: Random) -> Tape | None:
    """A run begins or ends without a snapshot."""
    return snapshot_leaves.bare(tape, chance)


@breaking("snapshot-clock-off", "checkpoint-continuity", domain="graph")
def snapshot_clock_off(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot is of another time than its event."""
    return snapshot_leaves.clock_off(tape, chance)


@breaking("time-between-runs", "checkpoint-continuity", domain="graph")
def time_between_runs(tape: Tape, chance: Random) -> Tape | None:
    """A run begins later than the one before has ended."""
    return snapshot_leaves.split(tape, chance)


@breaking("run-end-unknown", "checkpoint-continuity", domain="graph")
def run_end_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A run ends, and it is not told how."""
    return altered(tape, chance, "RUN_END", "end", nothing)


@breaking("checkpoint-at-the-end", "checkpoint-continuity", domain="graph")
def checkpoint_at_the_end(tape: Tape, chance: Random) -> Tape | None:
    """The last run ends with a CHECKPOINT."""
    place = pick(chance, tape.places("RUN_END", end="FINISHED"))
    return None if place is None else told(tape, place, "end", "CHECKPOINT")


@breaking("finished-at-a-checkpoint", "shutdown-drained", domain="graph")
def finished_at_a_checkpoint(tape: Tape, chance: Random) -> Tape | None:
    """A run is FINISHED without a shutdown, and another follows."""
    places = [
        at for at in tape.places("RUN_END", end="CHECKPOINT") if not standing(tape, at).shuts_down
    ]
    place = pick(chance, places)
    return None if place is None else told(tape, place, "end", "FINISHED")


@breaking("mutate-dropped", "checkpoint-matches-replay", domain="graph")
def mutate_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An edge is changed, and nothing says so."""
    return dropped(tape, chance, "MUTATE", _is_last_change)


# ---- where


def _first_served(tape: Tape, place: int) -> str | None:
    """The band in which a run begins with a turn of the first of several, None where it does not."""
    state, turn = tape.events[place].snapshot, tape.events[place + 1]
    if not place or state is None or turn.kind != "TURN":
        return None
    waiting = state["ready"].items()
    found = (band for band, names in waiting if len(names) > 1 and names[0] == turn.get("node"))
    return next(found, None)


def _is_checkpoint(tape: Tape, place: int) -> bool:
    """Whether the run of an event ends with a CHECKPOINT."""
    run = tape.events[place].run
    return any(tape.events[at].run == run for at in tape.places("RUN_END", end="CHECKPOINT"))


def _is_last_change(tape: Tape, place: int) -> bool:
    """Whether the value that a MUTATE sets is that in the snapshot at its run's end, and another before."""
    event = tape.events[place]
    later = tape.places("MUTATE", edge=event.get("edge"), what=event.get("what"))
    is_last = not any(at > place and tape.events[at].run == event.run for at in later)
    return is_last and event.get("old") != event.get("new")
