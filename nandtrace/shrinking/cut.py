"""Cuts: what of a trace an excerpt keeps, said so that it can be told from others and made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent

RUN_BEGIN, RUN_END = "RUN_BEGIN", "RUN_END"

Groups = Mapping[str, Sequence[int]]
"""Events that belong together, by the name of their group: their places on the tape."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Keeps the runs `first` to `last`, of the last one the events before the place `stop` of the tape.

    None for `stop` keeps the run's own end. With `start` the first run begins at that place. `without`
    names groups of events that are left out. With `restated` the snapshots at the ends of runs say what
    the events that are left come to.
    """

    first: int
    last: int
    stop: int | None = None
    start: int | None = None
    without: tuple[str, ...] = ()
    restated: bool = False

    @property
    def key(self) -> str:
        """What tells it from other cuts of the same tape."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Material:
    """A tape, its groups, and how its domain ends a run early and mends what was left out.

    `opened` gives the RUN_BEGIN of a run that begins after the events before that, None where it can't.
    `closed` gives the RUN_END of a run that is cut short, of all its events and of those that are left.
    `mended` gives events that agree with each other again, and with `restated` their snapshots too.
    """

    tape: Tape
    groups: Groups
    opened: Callable[[Sequence[TapeEvent]], TapeEvent | None]
    closed: Callable[[Sequence[TapeEvent], Sequence[TapeEvent]], TapeEvent]
    mended: Callable[[Sequence[TapeEvent], Sequence[TapeEvent], bool], Sequence[TapeEvent]]

    def made(self, cut: Cut) -> Tape | None:
        """The excerpt that a cut says, None where there is none."""
        events = self.tape.events
        whole = [events[place] for place in self.places(replace(cut, without=()))]
        kept = [events[place] for place in self.places(cut)]
        if cut.stop is not None:
            kept.append(self.closed(whole, kept))
        if cut.start is not None:
            before = self.places(replace(cut, start=None, stop=cut.start, without=()))
            begin = self.opened([events[place] for place in before])
            if begin is None:
                return None
            whole, kept = [begin, *whole], [begin, *kept]
        if cut.start is not None or cut.stop is not None or cut.without:
            kept = list(self.mended(whole, kept, cut.restated))
        return replace(_marked(self.tape, cut), events=kept, skips={})

    def places(self, cut: Cut) -> list[int]:
        """The places on the tape of the events that a cut keeps, but for ends that it makes."""
        gone = {place for name in cut.without for place in self.groups[name]}
        events = self.tape.events
        return [
            place
            for place in range(cut.start or 0, len(events) if cut.stop is None else cut.stop)
            if place not in gone and cut.first <= events[place].run <= cut.last
        ]


def _marked(tape: Tape, cut: Cut) -> Tape:
    """The tape with a provenance that says what it is an excerpt of."""
    about: dict[str, Any] = {"excerpt": f"of runs {cut.first} to {cut.last}"}
    if cut.without:
        about["left_out"] = len(cut.without)
    return tape.in_form(replace(tape.form, provenance=about))
