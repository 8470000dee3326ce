"""Tiny traces, and ways to break one: cut, flipped, forged with the right checksums."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import msgpack

from nandtrace.trace import Header, Index, TraceReader, TraceWriter
from nandtrace.trace.chunk import CHAIN_START, Chunk, next_chain
from nandtrace.trace.frames import Frame, FrameType, encode_end, encode_frame, scan_frames
from nandtrace.trace.header import decode_header
from nandtrace.trace.index import encode_footer
from nandtrace.vocab import Column, ColumnType, Kind, Vocabulary

TINY = Vocabulary(
    "test",
    (
        Kind(0, "RUN_BEGIN"),
        Kind(1, "RUN_END"),
        Kind(2, "PING", (Column("hop"), Column("word", ColumnType.NAME))),
    ),
)


def write_tiny(path: Path, chunks: int = 3, **options: Any) -> bytes:
    """A trace of less than 2 KB with so many chunks of 5 events, a snapshot in each."""
    writer = TraceWriter(path, Header(TINY), chunk_events=5, **options)
    for run in range(chunks):
        writer.snapshot({"run": run})
        writer.append(0, run * 10, run, ())
        for hop in range(3):
            writer.append(2, run * 10 + hop, run, (hop * hop, writer.code(f"w{hop}")))
        writer.append(1, run * 10 + 9, run, ())
    writer.close()
    return path.read_bytes()


def extents(path: Path) -> list[tuple[int, int]]:
    """Offset and end of every chunk of a sound trace."""
    with TraceReader(path) as reader:
        return [(entry.offset, entry.offset + entry.size_bytes) for entry in reader.index.chunks]


def frames_of(raw: bytes) -> list[Frame]:
    """The frames of a sound trace, without its end mark."""
    items = scan_frames(io.BytesIO(raw), 0, len(raw))
    return [item for item in items if isinstance(item, Frame)]


def sealed(frames: list[tuple[int, bytes, bytes]]) -> bytes:
    """Frames (type, head, payload) and the end mark, all checksums right; points at the last footer."""
    out, footer_at = b"", 0
    for kind, head, payload in frames:
        if kind == FrameType.FOOTER:
            footer_at = len(out)
        out += encode_frame(kind, head, payload)
    return out + encode_end(footer_at)


def rechained(frames: list[tuple[int, bytes, bytes]]) -> list[tuple[int, bytes, bytes]]:
    """Uncompressed chunks with the digest chain that fits what they hold, where they are chunks at all."""
    chain, fitting = CHAIN_START, []
    for kind, head, payload in frames:
        plain = msgpack.unpackb(head, strict_map_key=False) if kind == FrameType.CHUNK else None
        if isinstance(plain, list) and len(plain) == 4 and isinstance(plain[0], bytes):
            chain = plain[1] = next_chain(chain, plain[0], payload)
            head = msgpack.packb(plain)  # noqa: PLW2901 - the same frame, made to fit
        fitting.append((kind, head, payload))
    return fitting


def with_frame(raw: bytes, place: int, frame: tuple[int, bytes, bytes]) -> bytes:
    """A sound trace with one more frame, and a footer that fits."""
    frames = [(item.type, item.head, item.payload) for item in frames_of(raw)[:-1]]
    frames.insert(place, frame)
    body = b"".join(encode_frame(*item) for item in frames)
    parsed = frames_of(body)
    header = decode_header(parsed[0])
    index = Index(header.digest())
    for item in parsed:
        if item.type == FrameType.CHUNK:
            index.add_chunk(Chunk(item, header.vocabulary))
    return body + encode_footer(index) + encode_end(len(body))


def forged_chunk(meta: dict[str, Any], payload: bytes, **head: Any) -> bytes:
    """A CHUNK frame with right checksums over whatever it claims."""
    plain = {
        "chunk": 0,
        "first_seq": 0,
        "events": 1,
        "runs": [0, 0],
        "time_ns": [0, 0],
        "counts": {"PING": 1},
        "strings": [],
        "columns": [
            ["time_ns", 0, 0, 1, 0, 0, None],
            ["run", 0, 0, 1, 0, 0, None],
            ["kind", 0, 0, 1, 2, 0, None],
        ],
        "snapshots_bytes": len(payload),
    }
    directory = msgpack.packb(plain | meta)
    chain = next_chain(CHAIN_START, directory, payload)
    parts = {"chain": chain, "codec": "", "size": len(payload)} | head
    return encode_frame(
        FrameType.CHUNK,
        msgpack.packb([directory, parts["chain"], parts["codec"], parts["size"]]),
        payload,
    )


WEIRD: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**63, 2**64 - 1, -(2**63), 1.5, float("nan"), "", "x", "RUN_BEGIN",
    b"", b"\xff" * 32, [], {}, [[]], [None] * 7, {"a": {}}, {1: 2}, msgpack.ExtType(5, b"x"),
    msgpack.Timestamp(1), "\u0000", [["PING", 1]],
]  # fmt: skip


def nest(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def _mutated(plain: Any, chance: random.Random) -> Any:
    """The value with one of its parts replaced, dropped or doubled."""
    if not isinstance(plain, dict | list) or not plain or chance.random() < 0.15:
        return nest(400) if chance.random() < 0.02 else chance.choice(WEIRD)
    if isinstance(plain, dict):
        key = chance.choice(list(plain))
        rest = {name: value for name, value in plain.items() if name != key}
        return rest if chance.random() < 0.1 else {**plain, key: _mutated(plain[key], chance)}
    at = chance.randrange(len(plain))
    change = chance.random()
    if change < 0.1:
        return plain[:at] + plain[at + 1 :]
    middle = [plain[at], plain[at]] if change < 0.2 else [_mutated(plain[at], chance)]
    return plain[:at] + middle + plain[at + 1 :]


def mutated_frame(frame: tuple[int, bytes, bytes], chance: random.Random) -> Any:
    kind, head, payload = frame
    if chance.random() < 0.2:
        noise = bytearray(payload or head)
        noise[chance.randrange(len(noise))] = chance.randrange(256)
        return (kind, head, bytes(noise)) if payload else (kind, bytes(noise), b"")
    if kind == FrameType.FOOTER:
        return kind, b"", msgpack.packb(_mutated(msgpack.unpackb(payload), chance))
    plain = msgpack.unpackb(head)
    if kind == FrameType.CHUNK and chance.random() < 0.7:
        plain[0] = msgpack.packb(_mutated(msgpack.unpackb(plain[0]), chance))
    else:
        plain = _mutated(plain, chance)
    return kind, msgpack.packb(plain), payload
