"""The recorded goldens of this repository, read as a user would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace.trace import TraceReader
from nandtrace.trace.event import Event, events_of

GOLDEN = Path(__file__).parents[2] / "golden"

_ROUTINE = ("HOOK", "PROPOSE", "STATE")


class Story:
    """One trace: its events, and the snapshots by run and boundary."""

    def __init__(self, path: Path) -> None:
        self.events: list[Event] = []
        self.snapshots: dict[tuple[int, str], dict[str, Any]] = {}
        with TraceReader(path) as reader:
            self.device = reader.header.device
            for ordinal in range(len(reader.index.chunks)):
                chunk = reader.chunk(ordinal)
                first = len(self.events)
                self.events += events_of(chunk, reader.header.vocabulary)
                for snapshot in chunk.snapshots:
                    at = self.events[first + snapshot.seq - chunk.meta.first_seq]
                    self.snapshots[at.run, at.kind] = snapshot.state

    def run(self, number: int) -> list[tuple[int, str, dict[str, Any]]]:
        """All events of a run: time in ns, kind, fields."""
        return [
            (event.time_ns, event.kind, event.fields)
            for event in self.events
            if event.run == number
        ]

    def of(self, kind: str, **fields: Any) -> list[Event]:
        """The events of a kind whose fields have these values."""
        return [event for event in self.events if event.kind == kind and _has(event, fields)]

    def moments(self, kind: str, base: str, **fields: Any) -> list[tuple[int, int]]:
        """OP_STARTs or OP_ENDs of the segments of a base, as (segment, time in ns)."""
        segs = {event.fields["seg"] for event in self.of("COMMIT", base=base)}
        return [
            (event.fields["seg"], event.time_ns)
            for event in self.of(kind, **fields)
            if event.fields["seg"] in segs
        ]

    def life(self, op: int) -> list[tuple[str, int, int]]:
        """What happened to an op, as (kind, segment, time in ns).

        The segment of a SUSPEND or RESUME is the one that did it.
        """
        segs = {event.fields["seg"] for event in self.of("COMMIT", op=op)}
        found = []
        for event in self.events:
            if event.kind in ("SUSPEND", "RESUME"):
                if event.fields["op"] == op:
                    found.append((event.kind, event.fields["by_seg"], event.time_ns))
            elif event.kind not in _ROUTINE and event.fields.get("seg") in segs:
                found.append((event.kind, event.fields["seg"], event.time_ns))
        return found

    def outcomes(self, op: int) -> list[tuple[str, bool]]:
        """How the segments of an op ended, and whether by the drain."""
        segs = [event.fields["seg"] for event in self.of("COMMIT", op=op)]
        ends = [event.fields for event in self.of("OP_END") if event.fields["seg"] in segs]
        return [(fields["outcome"], fields["drained"]) for fields in ends]

    def cells(self, kind: str) -> list[tuple[int, list[tuple[int, ...]]]]:
        """Every APPLY_ERASE or APPLY_PGM: its time in ns and its cells (die, block, page)."""
        return [(event.time_ns, event.fields["cells"]) for event in self.of(kind)]

    def run_ends(self) -> list[tuple[str, str, int]]:
        """Per run how it ended, what stopped it, and when in ns."""
        return [
            (event.fields["end"], event.fields["stop"], event.time_ns)
            for event in self.of("RUN_END")
        ]

    def refusals(self) -> list[tuple[int, str, str]]:
        """Named ops that were proposed in vain: time in ns, op name, reason."""
        return [
            (event.time_ns, event.fields["op_name"], event.fields["reason"])
            for event in self.of("PROPOSE")
            if "op_name" in event.fields and "reason" in event.fields
        ]


def _has(event: Event, fields: dict[str, Any]) -> bool:
    return all(event.fields.get(name) == value for name, value in fields.items())
