"""A whole trace in memory, event by event: what the reference checkers read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nandtrace.trace import TraceReader
from nandtrace.trace.event import events_of


class Entry(NamedTuple):
    """One event. `fields` holds what it has, NULLs and empty lists left out; `snapshot` where it has one."""

    seq: int
    run: int
    time_ns: int
    kind: str
    fields: dict[str, Any]
    snapshot: dict[str, Any] | None

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or the default where the event lacks it."""
        return self.fields.get(name, default)


@dataclass(frozen=True)
class Log:
    """What a trace says: the header's maps and every event."""

    domain: str
    device: dict[str, Any]
    entries: list[Entry]


def read_log(path: Path) -> Log:
    """Read a whole and undamaged trace."""
    entries = []
    with TraceReader(path) as reader:
        header = reader.header
        for ordinal in range(len(reader.index.chunks)):
            chunk = reader.chunk(ordinal)
            states = {snapshot.seq: snapshot.state for snapshot in chunk.snapshots}
            entries += [
                Entry(
                    event.seq,
                    event.run,
                    event.time_ns,
                    event.kind,
                    event.fields,
                    states.get(event.seq),
                )
                for event in events_of(chunk, header.vocabulary)
            ]
        return Log(header.domain, header.device, entries)
