"""Other ways to tell of the same work orders.

What no rule can judge, for nobody but the owner of the orders, the handlers or the machine could know it:

- ENQUEUE `id`, `priority` and `max_retries`, but for an id that is live, for what follows from them, and for
  snapshots in which the order stands. REFUSE `id` likewise, and `priority` altogether.
- CLAIM, HOLD and PRESSURE `total_bytes` and `available_bytes`, as long as level and gate stay the same. A
  PRESSURE between decisions that is missing: without it nothing says that the memory was read.
- When READY, COMPLETE and FAIL come before the end of the lease: the handler's time. READY is no duty before
  a FAIL. Which of two preparing orders is READY first. FAIL `error`, the text; `due_ns` within the jitter.
- STRAY: an abandoned handler may come back at any time, or never. RELEASE `forced` at the very deadline.
- HANDLER again while one is set: another may take its place. When MODE, HANDLER, CANCEL and TERMINATE for
  CANCEL come: somebody wanted it. MODE `until_ns` of a stop, but that it is not over: a stop may have a grace
  of its own, so that `stop_grace_ns` of the header binds nothing.
- RUN_END `end`: STOPPED or CRASHED after MODE STOPPED, for a process may die between the two. Decisions while
  the mode is not RUNNING: they may come and need not.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.edits import pick
from nandtrace.check.mutation.operators import equivalent
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent


@equivalent("order-ids-renamed", domain="workorder")
def order_ids_renamed(tape: Tape, chance: Random) -> Tape | None:
    """All orders have other ids, equal where they were equal."""
    prefix = f"job-{chance.randrange(100)}-"
    return tape.mapped(lambda event: _renamed(event, prefix))


@equivalent("failures-in-other-words", domain="workorder")
def failures_in_other_words(tape: Tape, chance: Random) -> Tape | None:
    """Handlers raise other errors, or say nothing."""
    word = chance.choice(("OSError: no space", None))
    if not tape.places("FAIL"):
        return None
    return tape.mapped(lambda event: _said(event, word))


@equivalent("priorities-counted-otherwise", domain="workorder")
def priorities_counted_otherwise(tape: Tape, chance: Random) -> Tape | None:
    """All priorities are higher by the same number."""
    by = chance.randint(1, 9)
    return tape.mapped(lambda event: _raised(event, by))


@equivalent("time-passed-before", domain="workorder")
def time_passed_before(tape: Tape, chance: Random) -> Tape | None:
    """Everything is later by the same time."""
    by_ns = chance.randint(1, 10**9)
    return tape.mapped(lambda event: _later(event, by_ns))


@equivalent("stray-handler-silent", domain="workorder")
def stray_handler_silent(tape: Tape, chance: Random) -> Tape | None:
    """A handler that was abandoned never comes back: nobody can know that it should."""
    place = pick(chance, tape.places("STRAY"))
    return None if place is None else tape.without(place)


@equivalent("handler-set-again", domain="workorder")
def handler_set_again(tape: Tape, chance: Random) -> Tape | None:
    """A handler takes the place of another."""
    place = pick(chance, tape.places("HANDLER", is_set=True))
    return None if place is None else tape.inserted(place, tape.events[place])


def _renamed(event: TapeEvent, prefix: str) -> TapeEvent:
    fields = dict(event.fields)
    if "id" in fields:
        fields["id"] = prefix + fields["id"]
    return _told(event, fields, lambda row: row | {"id": prefix + row["id"]})


def _raised(event: TapeEvent, by: int) -> TapeEvent:
    fields = dict(event.fields)
    if "priority" in fields:
        fields["priority"] += by
    return _told(event, fields, lambda row: row | {"priority": row["priority"] + by})


def _told(event: TapeEvent, fields: dict[str, Any], row: Any) -> TapeEvent:
    """An event with other fields, and its snapshot with every order changed."""
    state: State | None = event.snapshot
    if state is not None:
        state = state | {"orders": [row(order) for order in state["orders"]]}
    return replace(event, fields=fields, snapshot=state)


def _said(event: TapeEvent, word: str | None) -> TapeEvent:
    if event.kind != "FAIL":
        return event
    fields = {name: value for name, value in event.fields.items() if name != "error"}
    return replace(event, fields=fields | ({} if word is None else {"error": word}))


_TIMES = (
    "clock_ns",
    "last_claim_ns",
    "since_ns",
    "claimed_ns",
    "due_ns",
    "deadline_ns",
    "until_ns",
)


def _later(event: TapeEvent, by_ns: int) -> TapeEvent:
    return replace(
        event,
        time_ns=event.time_ns + by_ns,
        fields=_moved(dict(event.fields), by_ns),
        snapshot=None if event.snapshot is None else _moved(event.snapshot, by_ns),
    )


def _moved(value: Any, by_ns: int) -> Any:
    """A value with every time in it later."""
    if isinstance(value, list):
        return [_moved(part, by_ns) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: part + by_ns if name in _TIMES and part is not None else _moved(part, by_ns)
        for name, part in value.items()
    }
