"""Hand-made logs of a domain's events: lists of events, written as they are, legal or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from nandtrace.check import InvariantResult, Options, TraceVerdict, verify_trace
from nandtrace.trace import Header, TraceWriter
from nandtrace.vocab import NULL, ColumnType, Vocabulary

State = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event; `snapshot` where it is a RUN_BEGIN or RUN_END that has one."""

    kind: str
    time_ns: int
    run: int
    values: dict[str, Any]
    snapshot: State | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass
class HandMadeLog:
    """A header's device map and events. Calling it appends an event at `now`."""

    vocabulary: ClassVar[Vocabulary]

    device: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    now: int = 0
    run: int = 0

    def __call__(self, kind: str, snapshot: State | None = None, /, **values: Any) -> int:
        """Append an event, and tell its number."""
        self.events.append(Event(kind, self.now, self.run, values, snapshot))
        return len(self.events) - 1

    def copy(self) -> Self:
        return replace(self, events=list(self.events))

    def find(self, kind: str, nth: int = 0, /, **values: Any) -> int:
        """The number of the n-th event of a kind with these values."""
        places = [
            place
            for place, event in enumerate(self.events)
            if event.kind == kind and values.items() <= event.values.items()
        ]
        return places[nth]

    def changed(self, place: int, /, **values: Any) -> Self:
        """A log in which an event has other values; `time_ns` and `kind` are taken as its own."""
        log, event = self.copy(), self.events[place]
        kind, time_ns = values.pop("kind", event.kind), values.pop("time_ns", event.time_ns)
        log.events[place] = replace(event, kind=kind, time_ns=time_ns, values=event.values | values)
        return log

    def restated(self, place: int, path: str, value: Any) -> Self:
        """A log in which a snapshot differs at a path as `orders.0.state`."""
        log, event = self.copy(), self.events[place]
        assert event.snapshot is not None
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        log.events[place] = replace(event, snapshot=_with(event.snapshot, keys, value))
        return log

    def without(self, *places: int) -> Self:
        """A log that lacks some events."""
        log = self.copy()
        log.events = [event for place, event in enumerate(self.events) if place not in places]
        return log

    def swapped(self, one: int, other: int) -> Self:
        """A log in which two events have changed their places, each keeping the time of its place."""
        log = self.copy()
        first, second = log.events[one], log.events[other]
        log.events[one] = replace(second, time_ns=first.time_ns)
        log.events[other] = replace(first, time_ns=second.time_ns)
        return log

    def inserted(self, place: int, kind: str, time_ns: int | None = None, /, **values: Any) -> Self:
        """A log with one more event, before the one at a place and with its time."""
        log, after = self.copy(), self.events[place]
        when = after.time_ns if time_ns is None else time_ns
        log.events.insert(place, Event(kind, when, after.run, values))
        return log


def _with(state: Any, keys: list[Any], value: Any) -> Any:
    if not keys:
        return value
    copied = list(state) if isinstance(state, list) else dict(state)
    copied[keys[0]] = _with(state[keys[0]], keys[1:], value)
    return copied


LogT = TypeVar("LogT", bound=HandMadeLog)


@dataclass(frozen=True)
class Broken(Generic[LogT]):
    """A story with one thing wrong, and the violations that this is.

    Where a fault breaks several rules, or can't be told from another, all violations are named.
    `violations` holds the numbers of the offending events by invariant, `says` what the first violation
    of the first invariant expected and what it found.
    """

    what: str
    story: Callable[[], LogT]
    change: Callable[[LogT], LogT]
    violations: dict[str, list[int]]
    says: tuple[str, str]


def write(path: Path, log: HandMadeLog, **options: Any) -> Path:
    """Write a log as it is, whatever it says."""
    writer = TraceWriter(path, Header(log.vocabulary, {}, log.device), **options)
    for event in log.events:
        kind = log.vocabulary.by_name[event.kind]
        values = []
        for column in kind.columns:
            value = event.values.get(column.name)
            if value is not None and column.type is ColumnType.NAME:
                value = writer.code(str(value))
            values.append(NULL if value is None else int(value))
        if event.snapshot is not None:
            writer.snapshot(event.snapshot)
        writer.append(kind.code, event.time_ns, event.run, values)
    writer.close()
    return path


def verify(path: Path, log: HandMadeLog, options: Options | None = None) -> TraceVerdict:
    """The verdict on a log."""
    return verify_trace(write(path, log), options)


def results(verdict: TraceVerdict) -> dict[str, InvariantResult]:
    """The results by the id of their invariant."""
    assert verdict.error is None
    return {item.id: item for item in verdict.invariants}


def violations(verdict: TraceVerdict) -> dict[str, list[int]]:
    """The numbers of the offending events by invariant, of those that are violated."""
    return {
        item.id: [violation.seq for violation in item.violations]
        for item in results(verdict).values()
        if item.violated
    }


def texts(verdict: TraceVerdict, invariant: str) -> list[tuple[str, str]]:
    """What the violations of an invariant expected, and what they found."""
    return [(item.expected, item.actual) for item in results(verdict)[invariant].violations]
