"""How large a recording is, and how that is counted."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from nandtrace.trace import Chunk, TraceReader
from nandtrace.vocab import NULL


@dataclass(frozen=True, order=True, slots=True)
class Size:
    """How large a recording is, what matters most first.

    `counted` are its events but for hooks and fruitless proposals, `cells` the pages of its device,
    `duration_ns` the time that its runs were given, `characters` those of its profile or scenario.
    """

    counted: int
    events: int
    cells: int = 0
    duration_ns: int = 0
    characters: int = 0

    def to_list(self) -> list[int]:
        """Its numbers, in order."""
        return list(astuple(self))


def count_events(reader: TraceReader) -> tuple[int, int]:
    """The events of a trace but for hooks and fruitless proposals, and all of them."""
    events = left_out = 0
    for item in reader.walk():
        if isinstance(item, Chunk):
            events += item.meta.events
            left_out += item.meta.counts.get("HOOK", 0) + _fruitless(item, reader)
    return events - left_out, events


def _fruitless(chunk: Chunk, reader: TraceReader) -> int:
    kind = reader.header.vocabulary.by_name.get("PROPOSE")
    if kind is None or not chunk.meta.counts.get("PROPOSE"):
        return 0
    return int(np.count_nonzero(chunk.table(kind).columns["reason"] != NULL))
