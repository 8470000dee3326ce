"""What can be wrong with messages that are put on a graph's edges."""

from __future__ import annotations

from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    doubled,
    dropped,
    fitting,
    is_after,
    is_before,
    off,
    pick,
    told,
)
from nandtrace.check.mutation.graph_numbers import counted_on
from nandtrace.check.mutation.graph_scene import NOBODY, siblings, standing, turn_of, with_edge
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.vocab.graph import PutResult


@breaking("message-number-skipped", "put-result", domain="graph")
def message_number_skipped(tape: Tape, chance: Random) -> Tape | None:
    """A number is given to no message, and all that follow are counted on, in snapshots too."""
    place = pick(chance, tape.places("PUT"))
    return None if place is None else counted_on(tape, tape.events[place].get("msg"))


@breaking("message-number-off", "put-result", domain="graph")
def message_number_off(tape: Tape, chance: Random) -> Tape | None:
    """A message is put under a number that is not its own, or under none."""
    return altered(tape, chance, "PUT", "msg", off("msg"))


@breaking("put-doubled", "put-result", domain="graph")
def put_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A message is put on its edge twice."""
    return doubled(tape, chance, "PUT")


@breaking("put-dropped", "put-result", domain="graph")
def put_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A message is put on no edge, or not on every edge of its port."""
    return dropped(tape, chance, "PUT", _is_followed)


@breaking("put-on-a-sibling-late", "put-result", domain="graph")
def put_on_a_sibling_late(tape: Tape, chance: Random) -> Tape | None:
    """A message is put on the second edge of its port in the next callback of its node."""
    place = pick(chance, fitting(tape, "PUT", lambda tape, at: _next_call(tape, at) is not None))
    if place is None:
        return None
    call = _next_call(tape, place)
    assert call is not None, "it was asked for"
    return tape.moved(place, call + 1)


@breaking("put-of-another-trace", "put-result", domain="graph")
def put_of_another_trace(tape: Tape, chance: Random) -> Tape | None:
    """A message has another trace, or another type, on the second edge of its port."""
    place = pick(chance, fitting(tape, "PUT", _is_second))
    if place is None:
        return None
    if chance.random() < 0.5:
        return told(tape, place, "trace_id", (tape.events[place].get("trace_id") or 0) + 1)
    other = {"DATA": "ERROR", "ERROR": "DATA", "CONTROL": "DATA"}
    return told(tape, place, "type", other[tape.events[place].get("type")])


@breaking("result-wrong", "put-result", domain="graph")
def result_wrong(tape: Tape, chance: Random) -> Tape | None:
    """What becomes of a message is not what its edge demands."""

    def other(event: TapeEvent, chance: Random) -> str | None:
        words = [word for word in PutResult if word != event.get("result")]
        return chance.choice([None, *words])

    return altered(tape, chance, "PUT", "result", other)


@breaking("other-message-wrong", "put-result", domain="graph")
def other_message_wrong(tape: Tape, chance: Random) -> Tape | None:
    """Another message is evicted or merged than the one whose turn it is, or one too many."""
    return altered(tape, chance, "PUT", "other", off("other"))


@breaking("policy-ignored", "put-result", domain="graph")
def policy_ignored(tape: Tape, chance: Random) -> Tape | None:
    """An edge does not do what its policy says."""
    lossy = (PutResult.DROPPED, PutResult.REPLACED, PutResult.COALESCED)
    place = pick(chance, fitting(tape, "PUT", lambda tape, at: _said(tape, at) in lossy))
    return (
        None if place is None else with_edge(tape, tape.events[place].get("edge"), policy="block")
    )


@breaking("type-unknown", "names-resolve", domain="graph")
def type_unknown(tape: Tape, chance: Random) -> Tape | None:
    """A message has a type that is none."""
    words = (None, NOBODY)
    return altered(tape, chance, "PUT", "type", lambda _, chance: chance.choice(words))


@breaking("put-depth-off", "edge-capacity", domain="graph")
def put_depth_off(tape: Tape, chance: Random) -> Tape | None:
    """The depth of an edge is told wrongly when a message enters it."""
    return altered(
        tape,
        chance,
        "PUT",
        "depth",
        off("depth"),
        fits=lambda tape, at: _said(tape, at) != "BLOCKED",
    )


@breaking("blocked-depth-off", "blocked-pure", domain="graph")
def blocked_depth_off(tape: Tape, chance: Random) -> Tape | None:
    """A message that is blocked changes the depth of its edge."""
    return altered(
        tape,
        chance,
        "PUT",
        "depth",
        off("depth"),
        fits=lambda tape, at: _said(tape, at) == "BLOCKED",
    )


@breaking("emitted-by-other", "delivery", domain="graph")
def emitted_by_other(tape: Tape, chance: Random) -> Tape | None:
    """A message is emitted outside a callback of its node."""
    place = pick(chance, fitting(tape, "PUT", _is_first_of_call))
    return None if place is None else tape.moved(place, place - 2)


@breaking("put-past-pending", "edge-fifo", domain="graph")
def put_past_pending(tape: Tape, chance: Random) -> Tape | None:
    """A message enters an edge past one that is pending for it."""
    place = pick(chance, fitting(tape, "PUT", _has_pending))
    if place is None:
        return None
    tape = told(tape, place, "result", "OK")
    return told(tape, place, "depth", (tape.events[place].get("depth") or 0) + 1)


@breaking("put-on-full", "edge-capacity", domain="graph")
def put_on_full(tape: Tape, chance: Random) -> Tape | None:
    """A message enters an edge that is full."""
    place = pick(chance, fitting(tape, "PUT", _is_refused))
    if place is None:
        return None
    tape = told(tape, place, "result", "OK")
    return told(tape, place, "depth", tape.events[place].get("depth") + 1)


# ---- where


def _said(tape: Tape, place: int) -> str | None:
    result: str | None = tape.events[place].get("result")
    return result


def _is_followed(tape: Tape, place: int) -> bool:
    """Whether another number follows in the run, or the message goes on several edges."""
    event = tape.events[place]
    if siblings(tape, event.get("edge")):
        return True
    return any(tape.events[at].run == event.run and at > place for at in tape.places("PUT"))


def _is_second(tape: Tape, place: int) -> bool:
    """Whether the message was put on another edge of its port right before."""
    event = tape.events[place]
    before = tape.events[place - 1]
    if before.kind == "BLOCK":
        before = tape.events[place - 2]
    return before.kind == "PUT" and before.get("msg") == event.get("msg")


def _next_call(tape: Tape, place: int) -> int | None:
    """The next DELIVER in the turn of a PUT, where that is the last of its message and of its callback."""
    turn = turn_of(tape, place)
    if turn is None or not _is_second(tape, place) or _said(tape, place) != "OK":
        return None
    if not is_before(tape, place, "GET"):
        return None
    for at in range(place + 1, turn.stop):
        event = tape.events[at]
        if event.kind == "DELIVER":
            return at
        if event.get("edge") == tape.events[place].get("edge"):
            return None
    return None


def _is_first_of_call(tape: Tape, place: int) -> bool:
    """Whether a PUT follows the GET and DELIVER of the message that it answers."""
    if not is_after(tape, place, "DELIVER") or not is_after(tape, place - 1, "GET"):
        return False
    # The callback before must be of another node, or of none: the first message of a turn.
    return is_after(tape, place - 2, "TURN")


def _has_pending(tape: Tape, place: int) -> bool:
    event = tape.events[place]
    is_blocked = str(event.get("result")) == "BLOCKED"
    return is_blocked and bool(standing(tape, place).waiting_for(event.get("edge")))


def _is_refused(tape: Tape, place: int) -> bool:
    """Whether a message finds its edge full, and nothing pending."""
    event = tape.events[place]
    is_full = event.get("result") in ("BLOCKED", "DROPPED")
    return is_full and not standing(tape, place).waiting_for(event.get("edge"))
