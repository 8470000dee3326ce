"""The scene of a NAND tape: its device, the lives of its segments, and where its runs and drains are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.rules import DeviceRules, rules_from_device
from nandtrace.vocab.nand import Outcome, Role, Source

Cell = tuple[int, int]
"""A die and a block."""


@dataclass(slots=True)
class Life:
    """What a segment was committed as, and the places of its events. `commit` is that of its COMMIT."""

    commit: int
    event: TapeEvent
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    cancels: list[int] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    """Its APPLYs, and what it switches."""

    @property
    def seg(self) -> int:
        seg: int = self.event.fields["seg"]
        return seg

    @property
    def op(self) -> int:
        op: int = self.event.fields["op"]
        return op

    @property
    def base(self) -> str:
        base: str = self.event.fields["base"]
        return base

    @property
    def targets(self) -> Sequence[tuple[int, int, int, int | None]]:
        targets: Sequence[tuple[int, int, int, int | None]] = self.event.fields.get("targets", ())
        return targets

    @property
    def die(self) -> int:
        return self.targets[0][0]

    @property
    def start_ns(self) -> int:
        start_ns: int = self.event.fields["start_ns"]
        return start_ns

    @property
    def end_ns(self) -> int:
        end_ns: int = self.event.fields["end_ns"]
        return end_ns

    @property
    def source(self) -> str:
        source: str = self.event.fields["source"]
        return source

    @property
    def places(self) -> list[int]:
        """Of all of its events, in order."""
        parts = (self.starts, self.ends, self.states, self.cancels, self.effects)
        return sorted([self.commit, *(place for part in parts for place in part)])


@dataclass(frozen=True, slots=True)
class Scene:
    """What operators look up in a tape."""

    tape: Tape
    rules: DeviceRules
    lives: Mapping[int, Life]
    by_op: Mapping[int, Sequence[Life]]
    runs: Sequence[range]
    """Per run the places of its events."""
    times: Sequence[int]

    def role(self, life: Life) -> Role:
        return self.rules.bases[life.base].role

    def run_of(self, place: int) -> range:
        """The run in which an event lies."""
        return next(run for run in self.runs if place in run)

    def is_whole(self, life: Life) -> bool:
        """Whether it started once, completed, and all of that within one run."""
        if len(life.starts) != 1 or len(life.ends) != 1 or life.cancels:
            return False
        end = self.tape.events[life.ends[0]]
        run = self.run_of(life.commit)
        return end.get("outcome") == Outcome.COMPLETED and life.ends[0] in run

    def whole(self, *roles: Role) -> list[Life]:
        """Lives of some roles, of any where none is given, that were whole and of an op of one segment."""
        return [
            life
            for life in self.lives.values()
            if (not roles or self.role(life) in roles)
            and self.is_whole(life)
            and len(self.by_op[life.op]) == 1
        ]

    def in_drain(self, place: int) -> bool:
        """Whether an event comes after its run's DRAIN_BEGIN."""
        run = self.run_of(place)
        return any(run.start <= begin < place for begin in self.tape.places("DRAIN_BEGIN"))

    def drain_of(self, run: range) -> int:
        """The place of the DRAIN_BEGIN of a run, that of its end where there is none."""
        begins = [place for place in self.tape.places("DRAIN_BEGIN") if place in run]
        return begins[0] if begins else run.stop - 1

    def quiet(self, run: range) -> Iterator[tuple[int, int]]:
        """Spans of time before a run's drain in which nothing happens: from, to; both excluded."""
        last = self.drain_of(run)
        for place in range(run.start, last):
            begin, end = self.times[place], self.times[place + 1]
            if end - begin >= _SPAN_NS:
                yield begin, end

    def place_at(self, time_ns: int) -> int:
        """The place before which an event of a time comes, after all of that time."""
        return bisect_right(self.times, time_ns)

    def batch(self, head: Life) -> list[Life]:
        """An op and those committed with it."""
        found = [head]
        events = self.tape.events
        for place in range(head.commit + 1, len(events)):
            event = events[place]
            if event.kind != "COMMIT" or event.get("source") != Source.SEQUENCE:
                break
            found.append(self.lives[event.fields["seg"]])
        return found

    def is_alone(self, life: Life) -> bool:
        """Whether it is no part of a sequence."""
        return life.source != Source.SEQUENCE and len(self.batch(life)) == 1

    def state_of(self, cell: Cell, place: int) -> int:
        """The `addr_state` of a block before an event, by the APPLYs before it."""
        state = -2
        for event in self.tape.events[:place]:
            if event.kind not in ("APPLY_ERASE", "APPLY_PGM"):
                continue
            for die, block, page in event.fields["cells"]:
                if (die, block) == cell:
                    erased = -2 if event.get("aborted") else -1
                    state = erased if event.kind == "APPLY_ERASE" else page
        return state

    def changes_of(self, cell: Cell, start: int) -> list[int]:
        """Places from one on of APPLYs of a block."""
        return [
            place
            for place in range(start, len(self.tape.events))
            if self.tape.events[place].kind in ("APPLY_ERASE", "APPLY_PGM")
            and any(item[:2] == cell for item in self.tape.events[place].fields["cells"])
        ]

    def uses_of(self, cell: Cell, start: int) -> list[Life]:
        """Segments that target a block and are committed or end from a place on."""
        return [
            life
            for life in self.lives.values()
            if self.rules.bases[life.base].addressed
            and any((target[0], target[2]) == cell for target in life.targets)
            and max(life.places) >= start
        ]

    def number_of(self, cell: Cell) -> int:
        """Where a block stands in a snapshot's `addr_state`."""
        return cell[0] * (self.rules.blocks_per_die or 0) + cell[1]


_SPAN_NS = 100


def scene_of(tape: Tape) -> Scene:
    """Look at a whole tape, which must be of a device whose topology its header tells."""
    lives: dict[int, Life] = {}
    by_op: dict[int, list[Life]] = {}
    runs, begin = [], 0
    for place, event in enumerate(tape.events):
        if event.kind == "RUN_BEGIN":
            begin = place
        if event.kind == "RUN_END":
            runs.append(range(begin, place + 1))
        if event.kind == "COMMIT":
            life = Life(place, event)
            lives[life.seg] = life
            by_op.setdefault(life.op, []).append(life)
        elif event.get("seg") in lives:
            _note(lives[event.fields["seg"]], event.kind, place)
    rules = rules_from_device(dict(tape.header.device))
    times = [event.time_ns for event in tape.events]
    return Scene(tape, rules, lives, by_op, runs, times)


def _note(life: Life, kind: str, place: int) -> None:
    lists = {"OP_START": life.starts, "OP_END": life.ends, "STATE": life.states}
    lists |= {"CANCEL": life.cancels}
    lists.get(kind, life.effects).append(place)


def names_of(tape: Tape) -> dict[str, str]:
    """The base of every op name that the header gives the states of."""
    profile: Any = tape.header.identity.get("profile") or {}
    told = rules_from_device(dict(tape.header.device)).op_states
    return {op["name"]: op["base"] for op in profile.get("op_names") or () if op["name"] in told}
