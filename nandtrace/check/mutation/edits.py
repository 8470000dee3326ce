"""Edits of single events, at a place chosen at random among those that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent

Fits = Callable[[Tape, int], bool]
"""Whether a change at a place of a tape breaks its rule for certain."""

Value = Callable[[TapeEvent, Random], Any]
"""What a column of an event says instead; None for nothing."""


def pick(chance: Random, places: Iterable[int]) -> int | None:
    """One of some places, None where there is none."""
    places = list(places)
    return chance.choice(places) if places else None


def fitting(tape: Tape, kind: str, fits: Fits | None = None) -> list[int]:
    """The places of a kind that fit."""
    return [place for place in tape.places(kind) if fits is None or fits(tape, place)]


def told(tape: Tape, place: int, column: str, value: Any) -> Tape:
    """With another value in one column of an event; None takes it away."""
    event = tape.events[place]
    fields = {name: kept for name, kept in event.fields.items() if name != column}
    if value is not None:
        fields[column] = value
    return tape.replaced(place, replace(event, fields=fields))


def altered(
    tape: Tape,
    chance: Random,
    kind: str,
    column: str,
    value: Value,
    *,
    fits: Fits | None = None,
) -> Tape | None:
    """With another value in a column of one event of a kind."""
    place = pick(chance, fitting(tape, kind, fits))
    if place is None:
        return None
    return told(tape, place, column, value(tape.events[place], chance))


def dropped(tape: Tape, chance: Random, kind: str, fits: Fits | None = None) -> Tape | None:
    """Without one event of a kind."""
    place = pick(chance, fitting(tape, kind, fits))
    return None if place is None else tape.without(place)


def doubled(tape: Tape, chance: Random, kind: str, fits: Fits | None = None) -> Tape | None:
    """With one event of a kind written twice."""
    place = pick(chance, fitting(tape, kind, fits))
    return None if place is None else tape.inserted(place, tape.events[place])


def swapped(tape: Tape, place: int | None) -> Tape | None:
    """With an event and the one after it in each other's place; times stay where they are."""
    if place is None:
        return None
    first, second = tape.events[place], tape.events[place + 1]
    tape = tape.replaced(place, replace(second, time_ns=first.time_ns))
    return tape.replaced(place + 1, replace(first, time_ns=second.time_ns))


def shifted(tape: Tape, first: int, stop: int, by_ns: int) -> Tape:
    """With the events from a place up to another, which is not one of them, at other times."""
    for place in range(first, stop):
        event = tape.events[place]
        tape = tape.replaced(place, replace(event, time_ns=event.time_ns + by_ns))
    return tape


def moment_end(tape: Tape, place: int) -> int:
    """The place of the first event that is later than one, or of another run."""
    event = tape.events[place]
    for after in range(place + 1, len(tape.events)):
        other = tape.events[after]
        if (other.time_ns, other.run) != (event.time_ns, event.run):
            return after
    return len(tape.events)


def has_room_after(tape: Tape, place: int) -> bool:
    """Whether the rest of an event's moment, all in its run, can be a little later."""
    event, after = tape.events[place], moment_end(tape, place)
    if after == len(tape.events) or tape.events[after].run != event.run:
        return False
    return tape.events[after].time_ns > event.time_ns + 1


def next_is_later(tape: Tape, place: int) -> bool:
    """Whether an event can be a little later, and still be before the next one of its run."""
    if place + 1 == len(tape.events):
        return False
    event, after = tape.events[place], tape.events[place + 1]
    return after.run == event.run and after.time_ns > event.time_ns + 1


def is_before(tape: Tape, place: int, *kinds: str) -> bool:
    """Whether the next event is of one of some kinds."""
    return place + 1 < len(tape.events) and tape.events[place + 1].kind in kinds


def is_after(tape: Tape, place: int, *kinds: str) -> bool:
    """Whether the event before is of one of some kinds."""
    return place > 0 and tape.events[place - 1].kind in kinds


def ahead(tape: Tape, place: int) -> Iterable[tuple[int, TapeEvent]]:
    """What follows an event in its run: places and events."""
    run = tape.events[place].run
    for after in range(place + 1, len(tape.events)):
        if tape.events[after].run != run:
            return
        yield after, tape.events[after]


def to(value: Any) -> Value:
    """Always the same value."""
    return lambda event, chance: value  # noqa: ARG005


nothing = to(None)


def more(column: str, by: int = 1) -> Value:
    """A number more, by up to a few times `by`; from 0 where there is none."""
    return lambda event, chance: (event.get(column) or 0) + by * chance.randint(1, 3)


def less(column: str, by: int = 1) -> Value:
    """A number less, by up to a few times `by`."""
    return lambda event, chance: event.get(column) - by * chance.randint(1, 3)


def off(column: str) -> Value:
    """Another number near by, or none."""

    def value(event: TapeEvent, chance: Random) -> int | None:
        number: int | None = event.get(column)
        if number is None:
            return chance.randint(0, 3)
        return chance.choice((number + 1, number + 2, number - 1, None))

    return value


def under(tape: Tape, **entries: Any) -> Tape:
    """Under a header whose device has other entries."""
    return tape.under(replace(tape.header, device={**tape.header.device, **entries}))
