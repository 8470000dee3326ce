"""What a comparison of two traces found. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from nandtrace.trace.event import Event
from nandtrace.vocab import Vocabulary


class Absent:
    """Stands for a value that one side does not have, where None is a value."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = Absent()


class Result(StrEnum):
    """The outcome. A difference that was found goes before what could not be read."""

    SAME = "same"
    DIFFERENT = "different"
    INCOMPLETE = "incomplete"
    """The same as far as both sides could be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; `path` leads to it (`identity.seed`, `addr_state[3]`)."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One side: where it came from and how much of it could be read."""

    label: str
    digest: str
    events: int
    runs: int
    counts: dict[str, int]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first event that differs; a side without that event has None."""

    seq: int
    old: Event | None
    new: Event | None
    fields: list[Change]
    snapshot: list[Change]
    before: list[Event]
    old_after: list[Event]
    new_after: list[Event]


@dataclass(frozen=True, slots=True)
class Realignment:
    """Events `old_seq` of A and `new_seq` of B, from which at least `equal` events are equal."""

    old_seq: int
    new_seq: int
    equal: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What follows the divergence in a window, decoded, of `old_events` and `new_events` events.

    `dies`, `nodes` and `orders` count, per die, node of a graph or work order, the events of the window that
    name it: (A, B).
    """

    old_events: int
    new_events: int
    dies: dict[int, tuple[int, int]]
    nodes: dict[str, tuple[int, int]]
    orders: dict[int, tuple[int, int]]
    realignment: Realignment | None


@dataclass(slots=True)
class TraceDiff:
    """A comparison of trace A (old) with trace B (new)."""

    old: SideFacts
    new: SideFacts
    vocabularies: tuple[Vocabulary, Vocabulary]
    header: list[Change] = field(default_factory=list)
    divergence: Divergence | None = None
    aftermath: Aftermath | None = None
    uncompared: int = 0
    """Events that only one side could show, because the other is damaged there."""

    @property
    def result(self) -> Result:
        if self.header or self.divergence is not None:
            return Result.DIFFERENT
        if self.old.problems or self.new.problems:
            return Result.INCOMPLETE
        return Result.SAME

    @property
    def same_digest(self) -> bool:
        """Whether the digests agree; equal events in other chunks have other digests."""
        return self.old.digest == self.new.digest
