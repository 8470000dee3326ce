"""A reader written from docs/trace-format.md alone, compared with TraceReader."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard

from nandtrace import NAND, TraceReader
from nandtrace.trace import Chunk, recover
from tests.strategies import every_kind

PAGE_NULL = -(2**63)


def _frames(raw: bytes) -> Iterator[tuple[int, int, int, bytes, bytes]]:
    """Offset, size, type, head and payload of each frame, up to the end mark."""
    at = 0
    while raw[at : at + 6] == b"\x98\xa4NTF1":
        kind, head_size = raw[at + 6], struct.unpack(">xI", raw[at + 7 : at + 12])[0]
        payload_size, crc = struct.unpack(">xIxI", raw[at + 12 : at + 22])
        assert crc == zlib.crc32(raw[at : at + 17])
        size = 37 + head_size + payload_size
        assert struct.unpack(">xI", raw[at + size - 5 : at + size])[0] == zlib.crc32(
            raw[at : at + size - 5]
        )
        head = raw[at + 27 : at + 27 + head_size]
        payload = raw[at + 32 + head_size : at + 32 + head_size + payload_size]
        yield at, size, kind, head, payload
        # The very same bytes are one msgpack object.
        assert msgpack.unpackb(raw[at : at + size]) == [
            "NTF1", kind, head_size, payload_size, crc, head, payload, zlib.crc32(raw[at : at + size - 5]),
        ]  # fmt: skip
        at += size
    assert len(raw) - at == 20
    assert msgpack.unpackb(raw[at:])[::2] == ["NTE1", zlib.crc32(raw[at : at + 15])]


def _column(row: list[Any], raw: bytes) -> list[int]:
    _, encoding, width, count, base, first, null = row
    if encoding == 0:
        return [base] * count
    stored = count if encoding == 1 else count - 1
    letter = {0: "", 1: "B", 2: "H", 4: "I", 8: "q"}[width]
    numbers = struct.unpack(f"<{stored}{letter}", raw) if width else (0,) * stored
    values = [_int64(number + base) for number in numbers]
    if encoding == 2:
        sums = [first]
        for step in values:
            sums.append(_int64(sums[-1] + step))
        values = sums
    return [PAGE_NULL if value == null else value for value in values]


_NULL = -(2**63)


def _int64(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def _size(row: list[Any]) -> int:
    _, encoding, width, count, *_ = row
    return {0: 0, 1: count * width, 2: (count - 1) * width}[encoding]


def _read(raw: bytes) -> dict[str, Any]:
    """Everything the page says is in a trace."""
    found: dict[str, Any] = {"chunks": [], "gaps": [], "provenance": {}}
    chain = bytes(32)
    for offset, size, kind, head, payload in _frames(raw):
        if kind == 0:
            found["header"], header_digest = msgpack.unpackb(head), hashlib.sha256(head).digest()
        elif kind == 1:
            directory, chain_here, compression, length = msgpack.unpackb(head)
            plain = zstandard.decompress(payload) if compression == "zstd" else payload
            assert len(plain) == length
            content = hashlib.sha256(directory + plain).digest()
            chain = hashlib.sha256(chain + content).digest()
            found["whole"] = found.get("whole", True) and chain == chain_here
            chain = chain_here
            found["chunks"].append((offset, size, *_chunk(msgpack.unpackb(directory), plain)))
        elif kind == 2:
            found["footer"] = msgpack.unpackb(payload)
        elif kind == 3:
            found["provenance"] = msgpack.unpackb(head)
        elif kind == 4:
            found["gaps"].append(msgpack.unpackb(head)["reason"])
    events = sum(directory["events"] for _, _, directory, *_ in found["chunks"])
    seed = header_digest + chain + struct.pack("<Q", events)
    found["digest"] = hashlib.sha256(seed).digest()
    return found


def _chunk(directory: dict[str, Any], payload: bytes) -> tuple[Any, Any, Any]:
    at, columns = 0, {}
    for row in directory["columns"]:
        columns[row[0]] = _column(row, payload[at : at + _size(row)])
        at += _size(row)
    assert len(payload) - at == directory["snapshots_bytes"]
    return directory, columns, msgpack.unpackb(payload[at:])


def _compare(chunk: Chunk, directory: dict[str, Any], columns: dict[str, Any], states: Any) -> None:
    assert chunk.meta.strings == directory["strings"]
    assert chunk.meta.counts == directory["counts"]
    assert chunk.time_ns.tolist() == columns.pop("time_ns")
    assert chunk.run.tolist() == columns.pop("run")
    assert chunk.kind.tolist() == columns.pop("kind")
    assert [(item.seq, item.state) for item in chunk.snapshots] == [
        (directory["first_seq"] + index, state) for index, state in states
    ]
    for kind in NAND.kinds:
        if kind.name not in directory["counts"]:
            continue
        table = chunk.table(kind)
        for name, values in table.columns.items():
            absent = [_NULL] * len(values)
            assert values.tolist() == columns.pop(f"{kind.name}.{name}", absent)
        for name, items in table.lists.items():
            none = [0] * len(items.counts)
            assert items.counts.tolist() == columns.pop(f"{kind.name}.{name}#", none)
            for column, values in items.columns.items():
                absent = [_NULL] * len(values)
                assert values.tolist() == columns.pop(f"{kind.name}.{name}.{column}", absent)
    assert columns == {}


@pytest.mark.parametrize("compress", [False, True])
def test_the_page_reads_what_the_reader_reads(record: Callable[..., Path], compress: bool) -> None:
    path = record(
        "a.mpk", every_kind(), chunk_events=26, compress=compress, provenance={"host": "lab"}
    )
    found = _read(path.read_bytes())
    assert found["header"]["vocabulary"]["kinds"][1]["name"] == "RUN_END"
    assert found["provenance"] == {"host": "lab"}
    assert found["whole"]
    assert len(found["chunks"]) == 3
    with TraceReader(path) as reader:
        for chunk, (offset, size, *parts) in zip(reader.walk(), found["chunks"], strict=True):
            assert isinstance(chunk, Chunk)
            assert (chunk.offset, chunk.size_bytes) == (offset, size)
            _compare(chunk, *parts)
        index, footer = reader.index, found["footer"]
    assert footer["digest"] == found["digest"] == index.digest()
    assert (footer["events"], footer["runs"], footer["gaps"]) == (63, 3, [])
    assert [(row[0], row[1]) for row in footer["chunks"]] == [
        (offset, size) for offset, size, *_ in found["chunks"]
    ]


def test_the_page_reads_a_recovered_trace(record: Callable[..., Path], tmp_path: Path) -> None:
    path = record("a.mpk", every_kind(), chunk_events=26)
    with TraceReader(path) as reader:
        middle = reader.index.chunks[1]
    raw = bytearray(path.read_bytes())
    raw[middle.offset + 60] ^= 1
    path.write_bytes(raw)
    recover(path, tmp_path / "b.mpk")
    found = _read((tmp_path / "b.mpk").read_bytes())
    assert [directory["chunk"] for _, _, directory, *_ in found["chunks"]] == [0, 2]
    assert found["footer"]["gaps"] == [[1, found["gaps"][0]], [2, found["gaps"][1]]]
    assert found["gaps"][0] == "the checksum of the frame does not match its bytes"
