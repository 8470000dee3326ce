"""What can be wrong with the log of any domain: its numbers, its clock, its runs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape


@breaking("numbers-skipped", "seq-dense", domain=None)
def numbers_skipped(tape: Tape, chance: Random) -> Tape | None:
    """Between two events numbers are left out, as if events were lost."""
    return tape.skipping(_inside(tape, chance), chance.randint(1, 100))


@breaking("numbers-repeated", "seq-dense", domain=None)
def numbers_repeated(tape: Tape, chance: Random) -> Tape | None:
    """An event has the number of the one before it."""
    return tape.skipping(_inside(tape, chance), -1)


@breaking("clock-back", "time-monotone", domain=None)
def clock_back(tape: Tape, chance: Random) -> Tape | None:
    """An event is earlier than the one before it."""
    place = _inside(tape, chance)
    event, before = tape.events[place], tape.events[place - 1]
    return tape.replaced(place, replace(event, time_ns=before.time_ns - 10 * chance.randint(1, 9)))


@breaking("run-end-dropped", "run-bracketed", domain=None)
def run_end_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A run has no RUN_END."""
    return tape.without(chance.choice(tape.places("RUN_END")))


@breaking("run-begin-dropped", "run-bracketed", domain=None)
def run_begin_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A run has no RUN_BEGIN."""
    return tape.without(chance.choice(tape.places("RUN_BEGIN")))


@breaking("run-renumbered", "run-bracketed", domain=None)
def run_renumbered(tape: Tape, chance: Random) -> Tape | None:
    """An event is of another run than those around it."""
    place = chance.randrange(len(tape.events))
    return tape.replaced(place, replace(tape.events[place], run=tape.events[place].run + 1))


@breaking("run-skipped", "run-bracketed", domain=None)
def run_skipped(tape: Tape, chance: Random) -> Tape | None:
    """The runs count up by more than one."""
    begins = tape.places("RUN_BEGIN")[1:]
    if not begins:
        return None
    first = tape.events[chance.choice(begins)].run
    return tape.mapped(lambda event: replace(event, run=event.run + (event.run >= first)))


def _inside(tape: Tape, chance: Random) -> int:
    """Not the first event."""
    return chance.randrange(1, len(tape.events))
