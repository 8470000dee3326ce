"""A recorder of a domain, with calls of every kind that it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.trace import Chunk, TraceReader
from nandtrace.trace.event import Event, events_of
from nandtrace.vocab import Vocabulary

Calls = list[tuple[str, dict[str, Any]]]
State = dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """How to record a domain, and a run of it that has every kind of event.

    `every_kind` has call, kind and values: what is written is what is read. `state` makes a snapshot of
    other fields. `bad_values` are calls that a recorder refuses, `bad_states` fields of snapshots, each
    with the reason.
    """

    vocabulary: Vocabulary
    recorder: Callable[..., AbstractContextManager[Any]]
    settings: dict[str, Any]
    every_kind: list[tuple[str, str, dict[str, Any]]]
    state: Callable[..., State]
    last: State
    ends: tuple[str, str]
    bad_values: list[tuple[str, dict[str, Any], str]]
    bad_states: list[tuple[dict[str, Any], str]]

    def calls(self, runs: int = 1) -> Calls:
        """Runs that hold every kind of event, at 0, 5 and 9 ns."""
        inner = [(method, {"time_ns": 5, **values}) for method, _, values in self.every_kind]
        begin = ("begin_run", {"time_ns": 0, "snapshot": self.state()})
        end = ("end_run", {"time_ns": 9, "end": self.ends[0], "snapshot": self.last})
        return [begin, *inner, end] * runs

    def events(self) -> list[Event]:
        """The events of these calls."""
        first, middle, last = "RUN_BEGIN", enumerate(self.every_kind, start=1), "RUN_END"
        return [
            Event(0, 0, 0, first, {}),
            *(Event(seq, 0, 5, kind, values) for seq, (_, kind, values) in middle),
            Event(len(self.every_kind) + 1, 0, 9, last, {"end": self.ends[0]}),
        ]

    def open(self, path: Path, **options: Any) -> AbstractContextManager[Any]:
        """A recorder; options are its own."""
        return self.recorder(path, **(self.settings | options))

    def record(self, path: Path, given: Calls, **options: Any) -> Path:
        """Record calls."""
        with self.open(path, **options) as recorder:
            for method, values in given:
                getattr(recorder, method)(**values)
        return path


def chunks_in(path: Path) -> list[Chunk]:
    """The chunks of a trace that is whole."""
    with TraceReader(path) as reader:
        chunks = list(reader.walk())
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    return [chunk for chunk in chunks if isinstance(chunk, Chunk)]


def events_in(path: Path, vocabulary: Vocabulary) -> list[Event]:
    """The events of a trace that is whole."""
    return [event for chunk in chunks_in(path) for event in events_of(chunk, vocabulary)]
