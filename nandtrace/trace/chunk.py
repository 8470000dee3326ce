"""Chunks: up to 65 536 events as columns, with the snapshots taken among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgpack
import numpy as np
import zstandard

from nandtrace.trace.columns import (
    ColumnSpec,
    Encoding,
    Int64s,
    decode_column,
    encode_column,
    spec_from_row,
)
from nandtrace.trace.frames import (
    MAX_PAYLOAD_BYTES,
    Frame,
    FrameType,
    encode_frame,
    unpack,
    unpack_unchecked,
)
from nandtrace.vocab import NULL, Kind, ListColumn, Vocabulary

CHUNK_EVENTS = 65_536
MAX_LIST_ROWS = 4 * 2**20
"""Bound on the rows of one list table of a chunk."""

MAX_VALUES = 64 * 2**20
"""Bound on the rows of all columns of a chunk together, and so on what decoding allocates: 8 bytes each."""

DIGEST_BYTES = 32
CHAIN_START = bytes(DIGEST_BYTES)
EVENT_COLUMNS = ("time_ns", "run", "kind")
ZSTD_LEVEL = 3


class ChunkError(ValueError):
    """A chunk's frame is intact but its content contradicts itself."""


@dataclass(frozen=True, slots=True)
class ListTable:
    """The items of one list column: `counts` items per row, the items' columns one after another."""

    counts: Int64s
    columns: dict[str, Int64s]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one kind, in event order."""

    columns: dict[str, Int64s]
    lists: dict[str, ListTable]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The scheduler's state at a run boundary; `seq` is the RUN_BEGIN or RUN_END that it belongs to."""

    seq: int
    state: dict[str, Any]


@dataclass(slots=True)
class ChunkColumns:
    """A chunk about to be written: plain arrays, nothing derived."""

    first_seq: int
    time_ns: Int64s
    run: Int64s
    kind: Int64s
    tables: dict[str, Table]
    strings: list[str]
    snapshots: list[tuple[int, bytes]] = field(default_factory=list)
    """Index of the event and packed state of each."""


@dataclass(frozen=True, slots=True)
class ChunkMeta:
    """The directory of a chunk: what is in it and where, before anything is decoded."""

    ordinal: int
    first_seq: int
    events: int
    first_run: int
    last_run: int
    min_time_ns: int
    max_time_ns: int
    counts: dict[str, int]
    strings: list[str]
    columns: list[ColumnSpec]
    snapshots_bytes: int

    @property
    def end_seq(self) -> int:
        """The sequence number after the last event."""
        return self.first_seq + self.events


def encode_chunk(
    ordinal: int, columns: ChunkColumns, vocabulary: Vocabulary, chain: bytes, compress: bool
) -> tuple[bytes, ChunkMeta, bytes]:
    """Seal a chunk. Returns its frame, its directory and the digest chain up to and with it."""
    specs, parts = _encode_all(columns, vocabulary)
    snapshots = _pack_snapshots(columns.snapshots)
    payload = b"".join((*parts, snapshots))
    counts = np.bincount(columns.kind, minlength=256)
    meta = ChunkMeta(
        ordinal=ordinal,
        first_seq=columns.first_seq,
        events=len(columns.time_ns),
        first_run=int(columns.run.min()),
        last_run=int(columns.run.max()),
        min_time_ns=int(columns.time_ns.min()),
        max_time_ns=int(columns.time_ns.max()),
        counts={
            kind.name: int(counts[kind.code]) for kind in vocabulary.kinds if counts[kind.code]
        },
        strings=columns.strings,
        columns=specs,
        snapshots_bytes=len(snapshots),
    )
    meta_bytes = _meta_to_bytes(meta)
    chain = next_chain(chain, meta_bytes, payload)
    stored = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(payload) if compress else payload
    head = msgpack.packb([meta_bytes, chain, "zstd" if compress else "", len(payload)])
    return encode_frame(FrameType.CHUNK, head, stored), meta, chain


def _pack_snapshots(snapshots: list[tuple[int, bytes]]) -> bytes:
    packer = msgpack.Packer()
    parts = [packer.pack_array_header(len(snapshots))]
    for index, packed in snapshots:
        parts += (packer.pack_array_header(2), packer.pack(index), packed)
    return b"".join(parts)


def next_chain(chain: bytes, meta_bytes: bytes, payload: bytes | memoryview) -> bytes:
    """Chain one more chunk: over its directory and its canonical, uncompressed columns."""
    digest = hashlib.sha256(meta_bytes)
    digest.update(payload)
    return hashlib.sha256(chain + digest.digest()).digest()


def _encode_all(
    columns: ChunkColumns, vocabulary: Vocabulary
) -> tuple[list[ColumnSpec], list[bytes]]:
    specs: list[ColumnSpec] = []
    parts: list[bytes] = []
    for key, values in _columns_in_order(columns, vocabulary):
        spec, raw = encode_column(key, values)
        if spec.says_nothing:
            continue
        specs.append(spec)
        parts.append(raw)
    return specs, parts


def _columns_in_order(
    columns: ChunkColumns, vocabulary: Vocabulary
) -> Iterator[tuple[str, Int64s]]:
    yield "time_ns", columns.time_ns
    yield "run", columns.run
    yield "kind", columns.kind
    for kind in vocabulary.kinds:
        table = columns.tables.get(kind.name)
        if table is None:
            continue
        for column in kind.columns:
            yield f"{kind.name}.{column.name}", table.columns[column.name]
        for item in kind.lists:
            child = table.lists[item.name]
            yield f"{kind.name}.{item.name}#", child.counts
            for column in item.columns:
                yield f"{kind.name}.{item.name}.{column.name}", child.columns[column.name]


def _meta_to_bytes(meta: ChunkMeta) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "chunk": meta.ordinal,
            "first_seq": meta.first_seq,
            "events": meta.events,
            "runs": [meta.first_run, meta.last_run],
            "time_ns": [meta.min_time_ns, meta.max_time_ns],
            "counts": meta.counts,
            "strings": meta.strings,
            "columns": [spec.to_row() for spec in meta.columns],
            "snapshots_bytes": meta.snapshots_bytes,
        }
    )
    return packed


def _meta_from_bytes(raw: bytes) -> ChunkMeta:
    plain = unpack_unchecked(raw)
    first_run, last_run = plain["runs"]
    min_time_ns, max_time_ns = plain["time_ns"]
    meta = ChunkMeta(
        ordinal=plain["chunk"],
        first_seq=plain["first_seq"],
        events=plain["events"],
        first_run=first_run,
        last_run=last_run,
        min_time_ns=min_time_ns,
        max_time_ns=max_time_ns,
        counts=dict(plain["counts"]),
        strings=list(plain["strings"]),
        columns=[spec_from_row(row) for row in plain["columns"]],
        snapshots_bytes=plain["snapshots_bytes"],
    )
    _check_numbers(meta)
    if not all(isinstance(text, str) for text in (*meta.strings, *meta.counts)):
        raise ValueError("a name is no string")
    for spec in meta.columns:
        if spec.count > (MAX_LIST_ROWS if "." in spec.key else meta.events):
            raise ValueError(f"column {spec.key!r} claims {spec.count} rows")
    if sum(spec.count for spec in meta.columns) > MAX_VALUES:
        raise ValueError(f"its columns claim more than {MAX_VALUES} values")
    return meta


def _check_numbers(meta: ChunkMeta) -> None:
    naturals = (
        meta.ordinal,
        meta.first_seq,
        meta.events,
        meta.snapshots_bytes,
        *meta.counts.values(),
    )
    if not all(type(number) is int and 0 <= number < 2**62 for number in naturals):
        raise ValueError("a count is not a natural number")
    signed = (meta.first_run, meta.last_run, meta.min_time_ns, meta.max_time_ns)
    if not all(type(number) is int and -(2**63) <= number < 2**63 for number in signed):
        raise ValueError("a range of runs or times is not of 64-bit integers")
    if not 0 < meta.events <= CHUNK_EVENTS:
        raise ValueError(f"{meta.events} events in a chunk")


class Chunk:
    """A chunk read back. Columns are decoded when first asked for and then kept.

    Raises ChunkError from the constructor when the directory contradicts the payload, and from an
    accessor when a table contradicts the kinds of the events.
    """

    def __init__(self, frame: Frame, vocabulary: Vocabulary) -> None:
        self.offset = frame.offset
        self.size_bytes = frame.end - frame.offset
        self._vocabulary = vocabulary
        try:
            meta_bytes, self.chain, codec, raw_size = unpack(frame.head)
            if not isinstance(self.chain, bytes) or len(self.chain) != DIGEST_BYTES:
                raise ValueError(f"{self.chain!r} is no digest")  # noqa: TRY301 - as any other
            self.meta = _meta_from_bytes(meta_bytes)
            self._meta_bytes = meta_bytes
            self._payload = memoryview(_decompress(frame.payload, codec, raw_size))
        except (ValueError, TypeError, KeyError) as error:
            raise ChunkError(f"the chunk at byte {frame.offset}: {error}") from error
        self._specs: dict[str, tuple[ColumnSpec, int]] = {}
        end = self._place_columns()
        if end + self.meta.snapshots_bytes != len(self._payload):
            raise ChunkError(
                f"the chunk at byte {frame.offset}: its columns do not fill its payload"
            )
        self._snapshots_at = end

    def _place_columns(self) -> int:
        offset = 0
        for spec in self.meta.columns:
            if spec.key in self._specs:
                raise ChunkError(f"the chunk at byte {self.offset}: column {spec.key!r} twice")
            self._specs[spec.key] = (spec, offset)
            offset += spec.size_bytes
        return offset

    def chain_after(self, previous: bytes) -> bytes:
        """What the digest chain must read after this chunk."""
        return next_chain(previous, self._meta_bytes, self._payload)

    def is_null(self, key: str) -> bool:
        """Whether a column is NULL throughout, or not there; nothing is decoded."""
        if key not in self._specs:
            return True
        spec, _ = self._specs[key]
        return spec.encoding == Encoding.CONSTANT and (spec.count == 0 or spec.base == NULL)

    def column(self, key: str, count: int) -> Int64s:
        """Decode one column that must have `count` rows; a column the chunk lacks is all NULL."""
        if key not in self._specs:
            return np.full(count, -(2**63), np.int64)
        spec, offset = self._specs[key]
        if spec.count != count or offset + spec.size_bytes > len(self._payload):
            raise ChunkError(
                f"the chunk at byte {self.offset}: column {key!r} has {spec.count} rows, not {count}"
            )
        return decode_column(spec, self._payload[offset : offset + spec.size_bytes])

    @cached_property
    def time_ns(self) -> Int64s:
        return self.column("time_ns", self.meta.events)

    @cached_property
    def run(self) -> Int64s:
        return self.column("run", self.meta.events)

    @cached_property
    def kind(self) -> Int64s:
        kinds = self.column("kind", self.meta.events)
        if kinds.min() < 0 or kinds.max() > 255:
            raise ChunkError(f"the chunk at byte {self.offset}: a kind's code is out of range")
        return kinds

    @cached_property
    def seq(self) -> Int64s:
        return np.arange(self.meta.first_seq, self.meta.end_seq, dtype=np.int64)

    def rows(self, kind: Kind) -> Int64s:
        """Indices, in the chunk, of the events of a kind."""
        return np.flatnonzero(self.kind == kind.code)

    def table(self, kind: Kind) -> Table:
        """All columns and lists of a kind, one row per event of it."""
        count = int(np.count_nonzero(self.kind == kind.code))
        columns = {
            column.name: self.column(f"{kind.name}.{column.name}", count) for column in kind.columns
        }
        lists = {item.name: self.list_table(kind, item, count) for item in kind.lists}
        return Table(columns, lists)

    def list_table(self, kind: Kind, item: ListColumn, count: int) -> ListTable:
        """The items of one list column of a kind that has `count` events here."""
        key = f"{kind.name}.{item.name}"
        if f"{key}#" not in self._specs:
            empty = {column.name: np.empty(0, np.int64) for column in item.columns}
            return ListTable(np.zeros(count, np.int64), empty)
        counts = self.column(f"{key}#", count)
        if count and (counts.min() < 0 or counts.max() > MAX_LIST_ROWS):
            raise ChunkError(f"the chunk at byte {self.offset}: {key!r} has an impossible length")
        total = int(counts.sum())
        if total > MAX_LIST_ROWS:
            raise ChunkError(f"the chunk at byte {self.offset}: {key!r} has {total} items")
        columns = {
            column.name: self.column(f"{key}.{column.name}", total) for column in item.columns
        }
        return ListTable(counts, columns)

    @cached_property
    def snapshots(self) -> list[Snapshot]:
        """Snapshots in event order."""
        try:
            pairs = unpack(self._payload[self._snapshots_at :])
            found = [Snapshot(self.meta.first_seq + index, dict(state)) for index, state in pairs]
        except (ValueError, TypeError) as error:
            raise ChunkError(f"the chunk at byte {self.offset}: its snapshots: {error}") from error
        places = range(self.meta.first_seq, self.meta.end_seq)
        if any(item.seq not in places for item in found):
            raise ChunkError(f"the chunk at byte {self.offset}: a snapshot of no event")
        return found

    def validate(self) -> None:
        """Decode everything once. Raises ChunkError where the content contradicts itself."""
        known = np.bincount(self.kind, minlength=256)
        for kind in self._vocabulary.kinds:
            if known[kind.code] != self.meta.counts.get(kind.name, 0):
                raise ChunkError(f"the chunk at byte {self.offset}: {kind.name} is miscounted")
            if known[kind.code]:
                self.table(kind)
        meta, time_ns, run = self.meta, self.time_ns, self.run
        claimed = (meta.min_time_ns, meta.max_time_ns, meta.first_run, meta.last_run)
        if claimed != (time_ns.min(), time_ns.max(), run.min(), run.max()):
            raise ChunkError(
                f"the chunk at byte {self.offset}: its range of times or runs is wrong"
            )
        _ = self.snapshots


def _decompress(payload: bytes | memoryview, codec: str, raw_size: int) -> bytes | memoryview:
    if not isinstance(raw_size, int) or not 0 <= raw_size <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"an uncompressed size of {raw_size!r} bytes")
    if codec == "":
        raw = payload
    elif codec == "zstd":
        raw = _decompress_zstd(payload, raw_size)
    else:
        raise ValueError(f"unknown compression {codec!r}")
    if len(raw) != raw_size:
        raise ValueError(f"{len(raw)} uncompressed bytes where {raw_size} were promised")
    return raw


def _decompress_zstd(payload: bytes | memoryview, raw_size: int) -> bytes:
    try:
        if zstandard.frame_content_size(payload) != raw_size:
            raise ValueError("the compressed size is not the promised one")
        return zstandard.ZstdDecompressor().decompress(payload)
    except zstandard.ZstdError as error:
        raise ValueError(f"it does not decompress: {error}") from error
