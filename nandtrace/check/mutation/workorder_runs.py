"""What can be wrong between the runs of a work-order scheduler: recovery, and snapshots."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation import snapshot_leaves
from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_before,
    nothing,
    pick,
    swapped,
    told,
)
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.snapshot_leaves import Leaves
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.workorder_standing import standing
from nandtrace.vocab.workorder import (
    ACTIVE,
    WAITING,
    Mode,
    OrderState,
    Pressure,
    TerminateWhy,
)

# ---- recovery


@breaking("restart-dropped", "recovery", domain="workorder")
def restart_dropped(tape: Tape, chance: Random) -> Tape | None:
    """After a crash or a stop no new life begins."""
    return dropped(tape, chance, "RESTART", lambda tape, at: tape.events[at].run > 0)


@breaking("restart-doubled", "recovery", domain="workorder")
def restart_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A new life begins twice."""
    return doubled(tape, chance, "RESTART")


@breaking("restart-invented", "recovery", domain="workorder")
def restart_invented(tape: Tape, chance: Random) -> Tape | None:
    """A new life begins after a CHECKPOINT."""
    places = [
        at + 1 for at in tape.places("RUN_END", end="CHECKPOINT") if at + 2 < len(tape.events)
    ]
    place = pick(chance, places)
    if place is None:
        return None
    return tape.inserted(place + 1, replace(tape.events[place], kind="RESTART", snapshot=None))


@breaking("crash-without-restart", "recovery", domain="workorder")
def crash_without_restart(tape: Tape, chance: Random) -> Tape | None:
    """A run ends in a crash, and the next goes on as if it had not."""
    places = [at for at in tape.places("RUN_END", end="CHECKPOINT") if at + 2 < len(tape.events)]
    place = pick(chance, places)
    return None if place is None else told(tape, place, "end", "CRASHED")


@breaking("recover-dropped", "recovery", domain="workorder")
def recover_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order that was active in a crash is not recovered."""
    return dropped(tape, chance, "RECOVER", _is_of_active)


@breaking("recover-doubled", "recovery", domain="workorder")
def recover_doubled(tape: Tape, chance: Random) -> Tape | None:
    """An order is recovered twice."""
    return doubled(
        tape, chance, "RECOVER", lambda tape, at: tape.events[at].get("state") == OrderState.PENDING
    )


@breaking("recover-out-of-order", "recovery", domain="workorder")
def recover_out_of_order(tape: Tape, chance: Random) -> Tape | None:
    """Orders are not recovered by ascending numbers."""
    places = [
        at
        for at in tape.places("RECOVER")
        if is_before(tape, at, "RECOVER")
        and _is_of_active(tape, at)
        and _is_of_active(tape, at + 1)
    ]
    return swapped(tape, pick(chance, places))


@breaking("recover-late", "recovery", domain="workorder")
def recover_late(tape: Tape, chance: Random) -> Tape | None:
    """Something else happens before an order is recovered."""
    places = [at for at in tape.places("RECOVER") if not is_before(tape, at, "RECOVER", "RUN_END")]
    return swapped(tape, pick(chance, places))


@breaking("recover-to-no-state", "recovery", domain="workorder")
def recover_to_no_state(tape: Tape, chance: Random) -> Tape | None:
    """A recovered order is in a state that the crash can't have left."""
    states = (OrderState.RUNNING, OrderState.PREPARING, OrderState.WAITING_RETRY, None)
    return altered(tape, chance, "RECOVER", "state", lambda _, chance: chance.choice(states))


# ---- snapshots

_NOT_PINNED = frozenset({"clock_ns"})
"""The clock is that of the event: it has an operator of its own."""


LEAVES = Leaves(
    words={
        "mode": tuple(Mode),
        "pressure": tuple(Pressure),
        "state": tuple(sorted(ACTIVE | WAITING)),
        "why": tuple(TerminateWhy),
    },
    fills={
        "last_claim_ns": 0,
        "claimed_ns": 1,
        "due_ns": 1,
        "terminate": {"why": "CANCEL", "deadline_ns": 1},
    },
    free=_NOT_PINNED,
)


@breaking("begin-forged", "checkpoint-continuity", domain="workorder")
def begin_forged(tape: Tape, chance: Random) -> Tape | None:
    """A run begins in another state than the one before has ended in."""
    return snapshot_leaves.forged_begin(tape, chance, LEAVES)


@breaking("boundary-forged", "checkpoint-matches-replay", domain="workorder")
def boundary_forged(tape: Tape, chance: Random) -> Tape | None:
    """A run ends in a state that its events do not lead to, and the next goes on from there."""
    return snapshot_leaves.forged_boundary(tape, chance, LEAVES)


@breaking("snapshot-missing", "checkpoint-continuity", domain="workorder")
def snapshot_missing(tape: Tape, chance: Random) -> Tape | None:
    """A run begins or ends without a snapshot."""
    return snapshot_leaves.bare(tape, chance)


@breaking("snapshot-clock-off", "checkpoint-continuity", domain="workorder")
def snapshot_clock_off(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot is of another time than its event."""
    return snapshot_leaves.clock_off(tape, chance)


@breaking("time-between-runs", "checkpoint-continuity", domain="workorder")
def time_between_runs(tape: Tape, chance: Random) -> Tape | None:
    """A run begins later than the one before has ended."""
    return snapshot_leaves.split(tape, chance)


@breaking("run-end-unknown", "checkpoint-continuity", domain="workorder")
def run_end_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A run ends, and it is not told how."""
    return altered(tape, chance, "RUN_END", "end", nothing)


@breaking("refuse-dropped", "checkpoint-matches-replay", domain="workorder")
def refuse_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order was refused, and the log does not say so."""
    return dropped(tape, chance, "REFUSE")


@breaking("refuse-doubled", "checkpoint-matches-replay", domain="workorder")
def refuse_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A refusal is told twice."""
    return doubled(tape, chance, "REFUSE")


@breaking("cancel-dropped", "checkpoint-matches-replay", domain="workorder")
def cancel_dropped(tape: Tape, chance: Random) -> Tape | None:
    """An order in the queue was cancelled, and the log does not say so."""
    return dropped(tape, chance, "CANCEL", lambda tape, at: not is_before(tape, at, "RELEASE"))


@breaking("order-in-a-snapshot-changed", "checkpoint-matches-replay", domain="workorder")
def order_in_a_snapshot_changed(tape: Tape, chance: Random) -> Tape | None:
    """What is told of an order when it is accepted is not what a snapshot has of it."""
    place = pick(chance, fitting(tape, "ENQUEUE", _is_in_snapshot))
    if place is None:
        return None
    column = chance.choice(("id", "max_retries"))
    event = tape.events[place]
    value = f"{event.get('id')}'" if column == "id" else event.get(column) + 7
    return told(tape, place, column, value)


# ---- where


def _is_of_active(tape: Tape, place: int) -> bool:
    event = tape.events[place]
    return standing(tape, place).orders.get(event.get("order")) in ACTIVE


def _is_in_snapshot(tape: Tape, place: int) -> bool:
    """Whether the run of an ENQUEUE ends with its order live."""
    event = tape.events[place]
    end = next(at for at in tape.places("RUN_END") if at > place)
    state = tape.events[end].snapshot
    return state is not None and any(row["order"] == event.get("order") for row in state["orders"])
