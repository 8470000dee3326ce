"""Tapes: whole traces in memory, to be edited event by event and written anew.

    tape = Tape.read("a.mpk")
    place = tape.places("OP_END")[0]
    tape.without(place).write("b.mpk")

What is written is well formed, whatever it says: numbers, checksums, chain and index are made anew.
A tape never changes; an edit returns another one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.check.mutation.writing import Form, write_events
from nandtrace.errors import TraceError
from nandtrace.trace import Chunk, ChunkError, Header, TraceReader
from nandtrace.trace.event import events_of

ViewT = TypeVar("ViewT")


@dataclass(frozen=True)
class Tape:
    """A header and events. `skips` says by how much the numbering jumps before the event at a place."""

    header: Header
    events: Sequence[TapeEvent]
    form: Form = field(default_factory=Form)
    skips: Mapping[int, int] = field(default_factory=dict)
    _views: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a trace. Raises TraceError where it is damaged or incomplete."""
        events: list[TapeEvent] = []
        with TraceReader(path) as reader:
            for chunk in reader.walk():
                if not isinstance(chunk, Chunk):
                    raise TraceError(str(path), f"not whole: {chunk}")
                try:
                    events += _events_of(chunk, reader.header)
                except ChunkError as error:
                    raise TraceError(str(path), str(error)) from error
            return cls(reader.header, events)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it as a trace. Raises StorageError where it can't be, RecordError for what no trace holds."""
        write_events(path, self.header, self.events, self.form, self.skips)

    def view(self, build: Callable[[Self], ViewT]) -> ViewT:
        """What `build` makes of this tape, made once."""
        if build not in self._views:
            self._views[build] = build(self)
        made: ViewT = self._views[build]
        return made

    def places(
        self, kind: str, where: Callable[[TapeEvent], bool] | None = None, /, **fields: Any
    ) -> list[int]:
        """Where events of a kind are that have these fields, None for one that it lacks."""
        return [
            place
            for place in self.view(_by_kind).get(kind, ())
            if all(self.events[place].get(name) == value for name, value in fields.items())
            and (where is None or where(self.events[place]))
        ]

    def without(self, *places: int) -> Self:
        """Without some events."""
        gone = frozenset(places)
        return self._edited(event for at, event in enumerate(self.events) if at not in gone)

    def inserted(self, place: int, *events: TapeEvent) -> Self:
        """With events before the one that is at a place."""
        return self._edited([*self.events[:place], *events, *self.events[place:]])

    def changed(self, place: int, /, **fields: Any) -> Self:
        """With other fields in one event; None takes a field away."""
        event = self.events[place]
        merged = {**event.fields, **fields}
        kept = {name: value for name, value in merged.items() if value is not None}
        return self.replaced(place, replace(event, fields=kept))

    def replaced(self, place: int, event: TapeEvent) -> Self:
        """With another event at a place."""
        events = list(self.events)
        events[place] = event
        return self._edited(events)

    def moved(self, place: int, before: int, time_ns: int | None = None) -> Self:
        """With the event at `place` before the one at `before`, perhaps at another time."""
        event = self.events[place]
        if time_ns is not None:
            event = replace(event, time_ns=time_ns)
        events = list(self.events)
        del events[place]
        events.insert(before - (before > place), event)
        return self._edited(events)

    def restated(self, place: int, path: Sequence[str | int], value: Any) -> Self:
        """With another value at a path of the snapshot of the event at a place.

        Raises KeyError or IndexError for a path that the snapshot lacks.
        """
        event = self.events[place]
        state: State = _with(event.snapshot, path, value)
        return self.replaced(place, replace(event, snapshot=state))

    def mapped(self, change: Callable[[TapeEvent], TapeEvent]) -> Self:
        """With every event changed."""
        return self._edited(change(event) for event in self.events)

    def under(self, header: Header) -> Self:
        """Under another header, of the same vocabulary."""
        return replace(self, header=header)

    def in_form(self, form: Form) -> Self:
        """Written in another way."""
        return replace(self, form=form)

    def skipping(self, place: int, by: int) -> Self:
        """With numbers left out before the event at a place; used again where `by` is negative."""
        return replace(self, skips={**self.skips, place: by})

    def _edited(self, events: Iterable[TapeEvent]) -> Self:
        return replace(self, events=list(events))


def _by_kind(tape: Tape) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, event in enumerate(tape.events):
        places.setdefault(event.kind, []).append(place)
    return places


def _events_of(chunk: Chunk, header: Header) -> Iterator[TapeEvent]:
    states = {snapshot.seq: snapshot.state for snapshot in chunk.snapshots}
    for event in events_of(chunk, header.vocabulary):
        yield TapeEvent(event.kind, event.time_ns, event.run, event.fields, states.get(event.seq))


def _with(state: Any, path: Sequence[str | int], value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    copied: Any = list(state) if isinstance(state, list) else dict(state)
    copied[key] = _with(state[key], rest, value)
    return copied
