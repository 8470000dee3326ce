"""The text companion of a golden: what a pull request shows where the trace is binary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from nandtrace.trace import TraceReader
from nandtrace.trace.chunk import Chunk
from nandtrace.trace.columns import Int64s
from nandtrace.units import ns_to_us_text
from nandtrace.vocab import GRAPH, NULL, WORKORDER, Kind
from nandtrace.vocab.nand import Source


def companion_text(reader: TraceReader, notes: Mapping[str, str]) -> str:
    """Notes, totals, events by kind, and ops by base, deliveries by edge or holds by gate, a line each.

    The same trace gives the same text. Raises ChunkError or TraceError where the trace is damaged.
    """
    return "".join(f"{line}\n" for line in _lines(reader, notes))


def _lines(reader: TraceReader, notes: Mapping[str, str]) -> Iterator[str]:
    index = reader.index
    yield from (f"{name}: {text}" for name, text in notes.items())
    yield f"digest: {index.digest().hex()}"
    yield f"runs: {index.runs}"
    last_ns = max((entry.max_time_ns for entry in index.chunks), default=0)
    yield f"simulated time: {ns_to_us_text(last_ns)} µs"
    yield f"events: {index.events}"
    yield from (f"  {kind}: {count}" for kind, count in sorted(index.counts().items()))
    yield from _tally(reader, *_TALLIED.get(reader.header.domain, _OPS))


def _tally(
    reader: TraceReader, title: str, kind_name: str, codes_of: Callable[[Chunk, Kind], Int64s]
) -> Iterator[str]:
    """How many events of a kind there are, by the names that `codes_of` finds in a chunk."""
    kind, found = reader.header.vocabulary.by_name.get(kind_name), Counter[str]()
    for ordinal in range(len(reader.index.chunks) if kind else 0):
        assert kind is not None
        found.update(_counted(reader.chunk(ordinal), kind, codes_of))
    yield f"{title}: {found.total()}"
    yield from (f"  {name}: {count}" for name, count in sorted(found.items()))


def _counted(chunk: Chunk, kind: Kind, codes_of: Callable[[Chunk, Kind], Int64s]) -> dict[str, int]:
    strings = chunk.meta.strings
    codes, counts = np.unique(codes_of(chunk, kind), return_counts=True)
    found: Counter[str] = Counter()
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        found[strings[code] if 0 <= code < len(strings) else "?"] += count
    return found


def _edges(chunk: Chunk, deliver: Kind) -> Int64s:
    return chunk.table(deliver).columns["edge"]


def _bases(chunk: Chunk, commit: Kind) -> Int64s:
    """Of committed ops; the segments that a resume adds to an op are not counted again."""
    table, strings = chunk.table(commit), chunk.meta.strings
    chain = strings.index(Source.RESUME_CHAIN) if Source.RESUME_CHAIN in strings else NULL + 1
    bases: Int64s = table.columns["base"][table.columns["source"] != chain]
    return bases


def _gates(chunk: Chunk, hold: Kind) -> Int64s:
    return chunk.table(hold).columns["gate"]


_OPS = ("ops", "COMMIT", _bases)
_TALLIED = {
    GRAPH.domain: ("deliveries", "DELIVER", _edges),
    WORKORDER.domain: ("holds", "HOLD", _gates),
}
"""What is counted by names in a domain: a title, the kind, and where its names are."""
