"""Cut anywhere, flipped anywhere, forged: what is whole comes back, the rest is reported."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest
import zstandard

from nandtrace.check import verify_trace
from nandtrace.check.verdict import Verdict
from nandtrace.errors import TraceError
from nandtrace.trace import Chunk, ChunkError, Damage, Gap, Header, TraceReader
from nandtrace.trace.event import events_of
from nandtrace.trace.frames import MARKER, FrameType, encode_end, encode_frame, scan_frames
from nandtrace.trace.header import encode_header
from nandtrace.vocab import NAND
from tests.strategies import every_kind
from tests.trace.damage import (
    TINY,
    extents,
    forged_chunk,
    frames_of,
    mutated_frame,
    rechained,
    sealed,
    with_frame,
    write_tiny,
)

Items = list[Chunk | Damage | Gap]


def _walk(path: Path) -> Items:
    with TraceReader(path) as reader:
        return list(reader.walk())


def _chunks(items: Items) -> list[int]:
    return [item.meta.ordinal for item in items if isinstance(item, Chunk)]


def test_a_cut_at_any_byte_gives_exactly_the_complete_chunks(tmp_path: Path) -> None:
    raw = write_tiny(tmp_path / "a.mpk")
    ends = [end for _, end in extents(tmp_path / "a.mpk")]
    header_end = extents(tmp_path / "a.mpk")[0][0]
    path = tmp_path / "cut.mpk"
    for cut in range(len(raw)):
        path.write_bytes(raw[:cut])
        if cut < header_end:
            with pytest.raises(TraceError, match=r"cut|empty"):
                TraceReader(path)
            continue
        items = _walk(path)
        assert _chunks(items) == list(range(sum(end <= cut for end in ends)))
        assert isinstance(items[-1], Damage)
        with TraceReader(path) as reader:
            assert len(reader.index.chunks) == len(_chunks(items))
            assert not reader.has_footer


@pytest.mark.parametrize("compress", [False, True])
def test_any_flipped_bit_is_reported_and_costs_one_chunk_at_most(
    tmp_path: Path, compress: bool
) -> None:
    raw = write_tiny(tmp_path / "a.mpk", 2, compress=compress, provenance={"host": "lab"})
    spans = extents(tmp_path / "a.mpk")
    header_end = frames_of(raw)[0].end
    path = tmp_path / "flipped.mpk"
    # Every bit of the plain trace; of the compressed one, whose frames are the same, one in seven.
    for bit in range(0, 8 * len(raw), 7 if compress else 1):
        at = bit // 8
        flipped = bytearray(raw)
        flipped[at] ^= 1 << bit % 8
        path.write_bytes(flipped)
        if at < header_end:
            with pytest.raises(TraceError):
                TraceReader(path)
            continue
        items = _walk(path)
        hit = [ordinal for ordinal, (start, end) in enumerate(spans) if start <= at < end]
        assert _chunks(items) == [ordinal for ordinal in range(2) if ordinal not in hit]
        assert any(isinstance(item, Damage) for item in items)


def test_no_flip_and_no_cut_verifies(record: Callable[..., Path], tmp_path: Path) -> None:
    raw = record("a.mpk", every_kind(), chunk_events=26).read_bytes()
    path = tmp_path / "bad.mpk"
    chance = random.Random(2)  # noqa: S311 - seeded on purpose
    for _ in range(60):
        bad = bytearray(raw)
        bad[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(bad if chance.random() < 0.7 else raw[: chance.randrange(len(raw))])
        verdict = verify_trace(path)
        assert verdict.verdict != Verdict.OK
        assert verdict.damages or verdict.error


def _forge(path: Path, *frames: bytes) -> Path:
    """A file of a good header and these frames."""
    path.write_bytes(encode_header(Header(TINY)) + b"".join(frames))
    return path


def _peak_of(path: Path) -> tuple[list[str], int]:
    """Reasons of all damage, and the most bytes allocated while everything is decoded."""
    reasons = []
    tracemalloc.start()
    for item in _walk(path):
        if isinstance(item, Chunk):
            try:
                item.validate()
            except ChunkError as error:
                reasons.append(str(error))
        elif isinstance(item, Damage):
            reasons.append(item.reason)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return reasons, peak


def _prefix(head_bytes: int, payload_bytes: int) -> bytes:
    lead = struct.pack(">6sBBIBI", MARKER, 1, 0xCE, head_bytes, 0xCE, payload_bytes)
    return lead + struct.pack(">BI", 0xCE, zlib.crc32(lead))


ROWS = 65_536
PINGS = {"events": ROWS, "counts": {"PING": ROWS}}
KINDS = ["kind", 0, 0, ROWS, 2, 0, None]
BOMB = zstandard.ZstdCompressor().compress(bytes(2**24))
FORGED: list[tuple[bytes, str]] = [
    (_prefix(2**26, 2**28), "ends inside a frame"),
    (_prefix(2**32 - 1, 2**32 - 1), "no intact frame"),
    (forged_chunk({"columns": [["kind", 0, 0, 2**40, 2, 0, None]]}, b"\x90"), "claims"),
    (
        forged_chunk(
            {"columns": [[f"A.{n}", 0, 0, 2**22, 2, 0, None] for n in range(99)]}, b"\x90"
        ),
        "more than 67108864 values",
    ),
    (forged_chunk({}, b"\x90", size=2**40), "an uncompressed size of 1099511627776"),
    (forged_chunk({}, BOMB, codec="zstd", size=2**20), "not the promised one"),
    (forged_chunk({}, BOMB[:-9], codec="zstd", size=2**24), "does not decompress"),
    (forged_chunk({}, b"\xdd\xff\xff\xff\xff"), "its snapshots"),
    (forged_chunk({}, b"\x91" * 2_000), "its snapshots"),
    (forged_chunk({**PINGS, "columns": [KINDS]}, b"\x90"), ""),
]


@pytest.mark.parametrize(("frame", "reason"), FORGED)
def test_forged_claims_allocate_nothing_of_the_kind(
    tmp_path: Path, frame: bytes, reason: str
) -> None:
    reasons, peak = _peak_of(_forge(tmp_path / "a.mpk", frame))
    assert reason in "; ".join(reasons)
    assert peak < 24 * 2**20


def test_forged_list_lengths_are_refused_before_they_are_allocated(tmp_path: Path) -> None:
    columns = [["kind", 0, 0, ROWS, 4, 0, None], ["COMMIT.targets#", 0, 0, ROWS, 2**22, 0, None]]
    meta = {"events": ROWS, "counts": {"COMMIT": ROWS}, "columns": columns}
    path = tmp_path / "a.mpk"
    path.write_bytes(encode_header(Header(NAND)) + forged_chunk(meta, b"\x90"))
    reasons, peak = _peak_of(path)
    assert "has 274877906944 items" in reasons[0] + reasons[1]
    assert peak < 24 * 2**20


def test_a_frame_of_an_unknown_type_is_stepped_over(tmp_path: Path) -> None:
    raw = write_tiny(tmp_path / "a.mpk")
    for place in (1, 2, 4):
        path = tmp_path / "b.mpk"
        path.write_bytes(with_frame(raw, place, (99, b"from", b"a later version")))
        items = _walk(path)
        assert [type(item) for item in items] == [Chunk, Chunk, Chunk]


def test_a_header_of_a_later_version_keeps_its_digest(tmp_path: Path) -> None:
    frames = frames_of(write_tiny(tmp_path / "a.mpk"))
    later = {**msgpack.unpackb(frames[0].head), "format": 2, "colour": "blue"}
    raw = with_frame(
        sealed(
            [(0, msgpack.packb(later), b"")] + [(f.type, f.head, f.payload) for f in frames[1:]]
        ),
        1,
        (99, b"", b""),
    )
    (tmp_path / "b.mpk").write_bytes(raw)
    assert [type(item) for item in _walk(tmp_path / "b.mpk")] == [Chunk, Chunk, Chunk]
    later["reader"] = 2
    (tmp_path / "c.mpk").write_bytes(encode_frame(FrameType.HEADER, msgpack.packb(later)))
    with pytest.raises(TraceError, match=r"needs a reader of version 2; .* install a newer"):
        TraceReader(tmp_path / "c.mpk")


@pytest.mark.parametrize("place", [0, 1, 3])
def test_frames_out_of_place_are_reported(tmp_path: Path, place: int) -> None:
    frames = [(f.type, f.head, f.payload) for f in frames_of(write_tiny(tmp_path / "a.mpk"))]
    for bad in (
        [*frames, frames[place]],
        [*frames[:3], frames[place], *frames[3:]],
        [*frames[:3], *frames[4:]],
        frames[:-1],
    ):
        (tmp_path / "b.mpk").write_bytes(sealed(bad))
        assert any(isinstance(item, Damage) for item in _walk(tmp_path / "b.mpk"))


def test_bytes_after_the_end_are_reported(tmp_path: Path) -> None:
    raw = write_tiny(tmp_path / "a.mpk")
    for tail in (b"\0", raw, encode_end(0)):
        (tmp_path / "b.mpk").write_bytes(raw + tail)
        items = _walk(tmp_path / "b.mpk")
        assert _chunks(items) == [0, 1, 2]
        assert isinstance(items[-1], Damage)


class _CountingFile(io.BytesIO):
    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        raw = super().read(size)
        self.bytes_read += len(raw)
        return raw


JUNK = {
    "zeros": bytes(300_000),
    "markers": MARKER * 50_000,
    "end marks": b"\x93\xa4NTE1" * 50_000,
    "prefixes that claim the rest": b"".join(
        _prefix(0, 300_000 - 22 * (n + 1) - 15) for n in range(12_000)
    ).ljust(300_000, b"\0"),
}


@pytest.mark.parametrize("name", list(JUNK))
def test_junk_is_searched_in_linear_time(name: str) -> None:
    file = _CountingFile(JUNK[name])
    items = list(scan_frames(file, 0, 300_000))
    assert all(isinstance(item, Damage) for item in items)
    assert [item.offset for item in items[1:]] == [item.end for item in items[:-1]]
    assert (items[0].offset, items[-1].end) == (0, 300_000)
    assert file.bytes_read < 25 * 300_000


def _read_everything(path: Path) -> None:
    """All that a reader offers; only its own errors may come."""
    try:
        with TraceReader(path) as reader:
            for item in [*reader.walk()]:
                if isinstance(item, Chunk):
                    _decode(item, reader)
            reader.index.counts()
            reader.index.digest()
        with TraceReader(path) as reader:
            for ordinal in range(len(reader.index.chunks)):
                _decode(reader.chunk(ordinal), reader)
            list(reader.chunks_of_run(1))
    except TraceError:
        return


def _decode(chunk: Chunk, reader: TraceReader) -> None:
    for action in (chunk.validate, lambda: list(events_of(chunk, reader.header.vocabulary))):
        try:
            action()
        except ChunkError:
            continue


@pytest.mark.parametrize("seed", range(4))
def test_forged_frames_raise_nothing_but_the_reader_s_own_errors(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    raw = write_tiny(tmp_path / "a.mpk", 2, provenance={"host": "lab"})
    frames = [(frame.type, frame.head, frame.payload) for frame in frames_of(raw)]
    path = tmp_path / "b.mpk"
    for _ in range(400):
        bad = list(frames)
        for _ in range(chance.randint(1, 2)):
            at = chance.randrange(len(bad))
            bad[at] = mutated_frame(frames[at], chance)
        path.write_bytes(sealed(rechained(bad) if chance.random() < 0.8 else bad))
        _read_everything(path)


@pytest.mark.parametrize("seed", range(2))
def test_random_bytes_raise_nothing_but_the_reader_s_own_errors(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    raw = write_tiny(tmp_path / "a.mpk")
    path = tmp_path / "b.mpk"
    for _ in range(300):
        bad = bytearray(raw)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(bad))
            stop = start + chance.randrange(40)
            bad[start:stop] = chance.choice(
                [b"", chance.randbytes(9), bad[: chance.randrange(300)]]
            )
        path.write_bytes(bad)
        _read_everything(path)
