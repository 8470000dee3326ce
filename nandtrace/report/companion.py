"""The text companion of a golden: what a pull request shows where the trace is binary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from nandtrace.trace import TraceReader
from nandtrace.trace.chunk import Chunk
from nandtrace.units import ns_to_us_text
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Source


def companion_text(reader: TraceReader, notes: Mapping[str, str]) -> str:
    """Notes, totals, events by kind and ops by base, a line each. The same trace gives the same text.

    Raises ChunkError or TraceError where the trace is damaged.
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
    bases = _ops_by_base(reader)
    yield f"ops: {sum(bases.values())}"
    yield from (f"  {base}: {count}" for base, count in sorted(bases.items()))


def _ops_by_base(reader: TraceReader) -> Counter[str]:
    """Committed ops; the segments that a resume adds to an op are not counted again."""
    found: Counter[str] = Counter()
    for ordinal in range(len(reader.index.chunks)):
        found.update(_bases_of(reader.chunk(ordinal), reader))
    return found


def _bases_of(chunk: Chunk, reader: TraceReader) -> Iterator[str]:
    commit = reader.header.vocabulary.by_name.get("COMMIT")
    if commit is None:
        return
    table, strings = chunk.table(commit), chunk.meta.strings
    sources, bases = table.columns["source"], table.columns["base"]
    chain = strings.index(Source.RESUME_CHAIN) if Source.RESUME_CHAIN in strings else NULL + 1
    codes, counts = np.unique(bases[sources != chain], return_counts=True)
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        name = strings[code] if 0 <= code < len(strings) else "?"
        yield from (name for _ in range(count))
