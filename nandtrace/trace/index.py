"""The index: what each chunk holds and where it lies. Derived; a reader without one rebuilds it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

import msgpack

from nandtrace.trace.chunk import CHAIN_START, CHUNK_EVENTS, DIGEST_BYTES, Chunk, ChunkMeta
from nandtrace.trace.frames import Frame, FrameType, encode_frame, unpack


@dataclass(frozen=True, slots=True)
class ChunkEntry:
    """One chunk: where it is, what it spans, and the digest chain up to and with it."""

    offset: int
    size_bytes: int
    first_seq: int
    events: int
    first_run: int
    last_run: int
    min_time_ns: int
    max_time_ns: int
    counts: dict[str, int]
    chain: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that a recovery could not save: those between the chunk at a place and the one before."""

    before_chunk: int
    reason: str


@dataclass(slots=True)
class Index:
    """All chunks of a trace in order, with totals."""

    header_digest: bytes
    chunks: list[ChunkEntry] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def add(self, offset: int, size_bytes: int, meta: ChunkMeta, chain: bytes) -> None:
        self.chunks.append(
            ChunkEntry(
                offset,
                size_bytes,
                meta.first_seq,
                meta.events,
                meta.first_run,
                meta.last_run,
                meta.min_time_ns,
                meta.max_time_ns,
                meta.counts,
                chain,
            )
        )

    def add_chunk(self, chunk: Chunk) -> None:
        self.add(chunk.offset, chunk.size_bytes, chunk.meta, chunk.chain)

    @property
    def events(self) -> int:
        return sum(entry.events for entry in self.chunks)

    @property
    def runs(self) -> int:
        """How many runs begin in the chunks."""
        return self.counts().get("RUN_BEGIN", 0)

    @property
    def chain(self) -> bytes:
        return self.chunks[-1].chain if self.chunks else CHAIN_START

    def counts(self) -> dict[str, int]:
        """Events by kind, over all chunks."""
        totals: dict[str, int] = {}
        for entry in self.chunks:
            for name, count in entry.counts.items():
                totals[name] = totals.get(name, 0) + count
        return totals

    def digest(self) -> bytes:
        """The trace digest: over the header, the last link of the chain and the number of events."""
        total = self.events.to_bytes(8, "little")
        return hashlib.sha256(self.header_digest + self.chain + total).digest()

    def chunks_of_runs(self, runs: range) -> list[int]:
        """Ordinals, in this index, of the chunks that hold events of consecutive runs."""
        return [
            ordinal
            for ordinal, entry in enumerate(self.chunks)
            if entry.first_run < runs.stop and runs.start <= entry.last_run
        ]


def encode_footer(index: Index) -> bytes:
    """The footer frame: the index as a map of lists."""
    body = {
        "events": index.events,
        "runs": index.runs,
        "digest": index.digest(),
        "header_digest": index.header_digest,
        "chunks": [list(asdict(entry).values()) for entry in index.chunks],
        "gaps": [[gap.before_chunk, gap.reason] for gap in index.gaps],
    }
    return encode_frame(FrameType.FOOTER, b"", msgpack.packb(body))


def decode_footer(frame: Frame) -> Index:
    """Read a footer back. Raises ValueError when it contradicts itself."""
    try:
        plain = unpack(frame.payload)
        index = Index(_digest(plain["header_digest"]))
        index.chunks = [_entry(row) for row in plain["chunks"]]
        index.gaps = [Gap(_natural(at), str(reason)) for at, reason in plain["gaps"]]
        sealed = (plain["events"], plain["digest"])
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise ValueError(f"the footer does not make sense: {error!r}") from error
    if sealed != (index.events, index.digest()):
        raise ValueError("the footer contradicts its own index")
    return index


def _entry(row: Any) -> ChunkEntry:
    entry = ChunkEntry(*row)
    for number in (entry.offset, entry.size_bytes, entry.first_seq, *entry.counts.values()):
        _natural(number)
    signed = (entry.first_run, entry.last_run, entry.min_time_ns, entry.max_time_ns)
    if not all(type(number) is int and -(2**63) <= number < 2**63 for number in signed):
        raise ValueError("an entry of the index holds no number")
    if not 0 < _natural(entry.events) <= CHUNK_EVENTS:
        raise ValueError(f"{entry.events} events in a chunk")
    _digest(entry.chain)
    return entry


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**62:
        raise ValueError(f"{value!r} is no natural number")
    return value


def _digest(value: Any) -> bytes:
    if not isinstance(value, bytes) or len(value) != DIGEST_BYTES:
        raise ValueError(f"{value!r} is no digest")
    return value
