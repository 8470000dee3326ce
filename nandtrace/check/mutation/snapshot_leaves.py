"""What a snapshot says, leaf by leaf, and something else that it could say there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from nandtrace.check.mutation.edits import pick
from nandtrace.check.mutation.tape import Tape

Path = tuple[str | int, ...]
"""Keys and places that lead to a part of a snapshot."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """The parts of a domain's snapshots, by the names of their fields.

    `words` are those that a field may hold, `fills` what may stand where it is null. A number becomes
    another, a list loses one entry, but for pairs. Fields of `free` are left alone: no event pins them.
    """

    words: Mapping[str, Sequence[Any]]
    fills: Mapping[str, Any]
    free: frozenset[str] = frozenset()

    def forged(self, state: Any, chance: Random) -> tuple[Path, Any] | None:
        """A path of a snapshot, and another value that may stand there."""
        found = list(self._paths(state, ()))
        if not found:
            return None
        # By the name of the field first: a list of many orders is no more likely than a mode.
        name = chance.choice(sorted({_name(path) for path, _ in found}))
        path, value = chance.choice([item for item in found if _name(item[0]) == name])
        return path, self._other(name, value, chance)

    def _paths(self, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
        if isinstance(value, dict):
            for key, part in value.items():
                if key not in self.free:
                    yield from self._paths(part, (*path, key))
            return
        if isinstance(value, list):
            for place, part in enumerate(value):
                yield from self._paths(part, (*path, place))
        is_pair = isinstance(value, list) and (
            isinstance(path[-1], int) or _name(path) in self.fills
        )
        is_empty = not value and not isinstance(value, bool | int)
        if not is_pair and (not is_empty or (value is None and _name(path) in self.fills)):
            yield path, value

    def _other(self, name: str, value: Any, chance: Random) -> Any:
        if value is None:
            return self.fills[name]
        if name in self.words:
            return chance.choice([_plain(word) for word in self.words[name] if word != value])
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + chance.randint(1, 3)
        if isinstance(value, str):
            return f"{value}'"
        gone = chance.randrange(len(value))
        return [part for place, part in enumerate(value) if place != gone]


def _plain(word: Any) -> Any:
    """A word as a snapshot holds it: no member of an enumeration."""
    return str(word) if isinstance(word, str) else word


def _name(path: Path) -> str:
    return next(key for key in reversed(path) if isinstance(key, str))


def forged_begin(tape: Tape, chance: Random, leaves: Leaves) -> Tape | None:
    """With another value in the snapshot of a RUN_BEGIN."""
    place = pick(chance, tape.places("RUN_BEGIN"))
    return None if place is None else _forged(tape, chance, leaves, (place,))


def forged_boundary(tape: Tape, chance: Random, leaves: Leaves) -> Tape | None:
    """With another value in the snapshot of a RUN_END, and in that of the run that goes on from there."""
    place = pick(chance, tape.places("RUN_END"))
    if place is None:
        return None
    places = [at for at in (place, place + 1) if at < len(tape.events)]
    return _forged(tape, chance, leaves, places)


def _forged(tape: Tape, chance: Random, leaves: Leaves, places: Sequence[int]) -> Tape | None:
    found = leaves.forged(tape.events[places[0]].snapshot, chance)
    if found is None:
        return None
    for place in places:
        tape = tape.restated(place, *found)
    return tape


def bare(tape: Tape, chance: Random) -> Tape | None:
    """Without the snapshot of a RUN_BEGIN or a RUN_END."""
    place = pick(chance, (*tape.places("RUN_BEGIN"), *tape.places("RUN_END")))
    if place is None:
        return None
    return tape.replaced(place, replace(tape.events[place], snapshot=None))


def clock_off(tape: Tape, chance: Random) -> Tape | None:
    """With another clock in a snapshot."""
    place = pick(chance, (*tape.places("RUN_BEGIN"), *tape.places("RUN_END")))
    if place is None:
        return None
    return tape.restated(place, ("clock_ns",), tape.events[place].time_ns + chance.randint(1, 99))


def split(tape: Tape, chance: Random) -> Tape | None:
    """With time between a run and the one after it; their clocks are right."""
    begins = [at for at in tape.places("RUN_BEGIN")[1:] if _has_gap(tape, at)]
    ends = [at for at in tape.places("RUN_END")[:-1] if _ends_later(tape, at)]
    place = pick(chance, (*begins, *ends))
    if place is None:
        return None
    event = tape.events[place]
    time_ns = event.time_ns + (1 if event.kind == "RUN_BEGIN" else -1)
    tape = tape.replaced(place, replace(event, time_ns=time_ns))
    return tape.restated(place, ("clock_ns",), time_ns)


def _ends_later(tape: Tape, place: int) -> bool:
    """Whether a RUN_END is later than the event before it."""
    return tape.events[place].time_ns > tape.events[place - 1].time_ns


def _has_gap(tape: Tape, place: int) -> bool:
    return tape.events[place + 1].time_ns > tape.events[place].time_ns
