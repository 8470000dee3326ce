"""What a search for the smallest trace found, as text and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from nandtrace.report.event_text import EventText
from nandtrace.trace import TraceReader
from nandtrace.trace.event import events_of

MOST_LINES = 60
"""A trace of more events is not printed."""


class Size(Protocol):
    """How large a trace is: its events but for hooks and fruitless proposals, and all of them."""

    @property
    def counted(self) -> int: ...
    @property
    def events(self) -> int: ...


class Shrunk(Protocol):
    """What came of a search; `source`, `base` and `commands` are those of a recording."""

    @property
    def way(self) -> str: ...
    @property
    def invariant(self) -> str: ...
    @property
    def trace(self) -> Path: ...
    @property
    def before(self) -> Size: ...
    @property
    def after(self) -> Size: ...
    @property
    def tried(self) -> int: ...
    @property
    def end(self) -> str: ...
    @property
    def source(self) -> Path | None: ...
    @property
    def base(self) -> Path | None: ...
    @property
    def commands(self) -> Sequence[Sequence[str]]: ...


def shrunk_lines(trace: str, shrunk: Shrunk) -> Iterator[str]:
    """A headline, the files, and what records them again: the last line from the files above it."""
    yield (
        f"{trace}: {shrunk.invariant}: {shrunk.before.counted:,} events shrunk to "
        f"{shrunk.after.counted:,} ({shrunk.way}), {shrunk.tried:,} candidates tried"
    )
    yield f"  trace: {shrunk.trace}"
    if shrunk.source is not None:
        yield f"  {'scenario' if shrunk.source.suffix == '.toml' else 'profile'}: {shrunk.source}"
    if shrunk.base is not None:
        yield f"  goes on from: {shrunk.base}"
    for command in shrunk.commands:
        yield f"  {shlex.join(command)}"


def event_lines(trace: Path) -> Iterator[str]:
    """The events of a trace, a line each, where they are few."""
    with TraceReader(trace) as reader:
        if reader.index.events > MOST_LINES:
            return
        text = EventText(reader.header.vocabulary)
        for ordinal in range(len(reader.index.chunks)):
            for event in events_of(reader.chunk(ordinal), reader.header.vocabulary):
                yield text.line(event)


def shrunk_json(trace: str, shrunk: Shrunk) -> dict[str, Any]:
    """As schemas/shrink.schema.json describes it, but for the verdict."""
    return {
        "version": 1,
        "trace": trace,
        "invariant": shrunk.invariant,
        "way": str(shrunk.way),
        "shrunk": str(shrunk.trace),
        "source": None if shrunk.source is None else str(shrunk.source),
        "base": None if shrunk.base is None else str(shrunk.base),
        "commands": [list(command) for command in shrunk.commands],
        "before": _size(shrunk.before),
        "after": _size(shrunk.after),
        "tried": shrunk.tried,
        "end": str(shrunk.end),
    }


def _size(size: Size) -> dict[str, int]:
    return {"counted": size.counted, "events": size.events}
