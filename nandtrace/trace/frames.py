"""Frames: how a trace lies in a file.

A frame is one msgpack array of eight elements: marker, type, length of the head, length of the
payload, CRC of these, head, payload, CRC of all of it. The first five have a fixed width, so a reader
checks the lengths before it allocates, and steps over a damaged body to the next frame.
See docs/trace-format.md.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

import msgpack

MARKER = b"\x98\xa4NTF1"
END_MARKER = b"\x93\xa4NTE1"
MAX_HEAD_BYTES = 64 * 2**20
MAX_PAYLOAD_BYTES = 256 * 2**20
"""No frame may claim more; a reader allocates at most this for one."""

_PREFIX = struct.Struct(">6sBBIBI")
_PREFIX_CRC = struct.Struct(">BI")
_BIN32 = struct.Struct(">BI")
_END = struct.Struct(">6sBQ")
PREFIX_BYTES = _PREFIX.size + _PREFIX_CRC.size
END_BYTES = _END.size + _PREFIX_CRC.size
_UINT32, _UINT64, _BIN = 0xCE, 0xCF, 0xC6
_SCAN_BYTES = 2**20
_SEARCH_FACTOR = 8
_MAX_DEPTH = 64


class FrameType(IntEnum):
    """What a frame holds. Readers step over types they do not know."""

    HEADER = 0
    CHUNK = 1
    FOOTER = 2
    PROVENANCE = 3
    GAP = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One intact frame. `type` is an int: a later version may write types unknown here."""

    offset: int
    end: int
    type: int
    head: bytes
    payload: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of the file that holds no intact frame."""

    offset: int
    end: int
    reason: str

    def __str__(self) -> str:
        return f"bytes {self.offset} to {self.end}: {self.reason}"


@dataclass(frozen=True, slots=True)
class EndMark:
    """The fixed-width object that closes a sealed trace and points at its footer."""

    offset: int
    footer_offset: int


@dataclass(frozen=True, slots=True)
class _Prefix:
    type: int
    head_bytes: int
    payload_bytes: int
    raw: bytes

    @property
    def body_bytes(self) -> int:
        return 2 * _BIN32.size + self.head_bytes + self.payload_bytes + _PREFIX_CRC.size


def encode_frame(frame_type: FrameType, head: bytes, payload: bytes = b"") -> bytes:
    """Seal head and payload as one frame. Raises ValueError when they are too long for one."""
    if len(head) > MAX_HEAD_BYTES or len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(
            f"a head of {len(head)} and a payload of {len(payload)} bytes; "
            f"a frame takes {MAX_HEAD_BYTES} and {MAX_PAYLOAD_BYTES}"
        )
    lead = _PREFIX.pack(MARKER, frame_type, _UINT32, len(head), _UINT32, len(payload))
    lead += _PREFIX_CRC.pack(_UINT32, zlib.crc32(lead))
    head_lead = _BIN32.pack(_BIN, len(head))
    payload_lead = _BIN32.pack(_BIN, len(payload))
    crc = zlib.crc32(lead)
    for part in (head_lead, head, payload_lead, payload):
        crc = zlib.crc32(part, crc)
    return b"".join((lead, head_lead, head, payload_lead, payload, _PREFIX_CRC.pack(_UINT32, crc)))


def encode_end(footer_offset: int) -> bytes:
    """The last object of a sealed trace."""
    lead = _END.pack(END_MARKER, _UINT64, footer_offset)
    return lead + _PREFIX_CRC.pack(_UINT32, zlib.crc32(lead))


def decode_end(raw: bytes) -> int | None:
    """The footer's offset, or None when `raw` is no intact end mark."""
    if len(raw) != END_BYTES or not raw.startswith(END_MARKER):
        return None
    _, width, footer_offset = _END.unpack_from(raw)
    tag, crc = _PREFIX_CRC.unpack_from(raw, _END.size)
    intact = width == _UINT64 and tag == _UINT32 and crc == zlib.crc32(raw[: _END.size])
    return int(footer_offset) if intact else None


def scan_frames(file: BinaryIO, start: int, size: int) -> Iterator[Frame | Damage | EndMark]:
    """Walk a file from `start` to `size`: every intact frame, and what lies between them.

    A frame with a damaged body costs its own extent; where the extent itself is damaged, the next
    marker that begins an intact prefix is searched for. Never raises for what the bytes say, and reads
    at most a fixed multiple of the file: damage nested in damage beyond that ends the search.
    """
    offset, searched = start, 0
    while offset < size:
        item = read_frame(file, offset, size)
        if isinstance(item, Damage):
            claimed = item.end - item.offset
            item = _widen(file, item, size)
            searched += max(claimed - (item.end - item.offset), 0)
            if searched > _SEARCH_FACTOR * size:
                item = Damage(item.offset, size, "too much damage to search any further")
        yield item
        offset = item.offset + END_BYTES if isinstance(item, EndMark) else item.end


def read_frame(file: BinaryIO, offset: int, size: int) -> Frame | Damage | EndMark:
    """Read the object at `offset`; a Damage spans what its own lengths claim, or one byte."""
    file.seek(offset)
    raw = file.read(PREFIX_BYTES)
    if raw.startswith(END_MARKER):
        footer_offset = decode_end(raw[:END_BYTES])
        if footer_offset is not None:
            return EndMark(offset, footer_offset)
        return Damage(offset, offset + 1, "the end mark is damaged")
    prefix = _decode_prefix(raw)
    if prefix is None:
        cut = len(raw) < PREFIX_BYTES and MARKER.startswith(raw[: len(MARKER)])
        reason = "the file ends inside a frame" if cut else "no intact frame begins here"
        return Damage(offset, offset + 1, reason)
    end = offset + PREFIX_BYTES + prefix.body_bytes
    if end > size:
        return Damage(offset, offset + PREFIX_BYTES, "the file ends inside a frame")
    return _read_body(file, offset, end, prefix)


def _decode_prefix(raw: bytes) -> _Prefix | None:
    if len(raw) != PREFIX_BYTES or not raw.startswith(MARKER):
        return None
    _, frame_type, head_tag, head_bytes, payload_tag, payload_bytes = _PREFIX.unpack_from(raw)
    tag, crc = _PREFIX_CRC.unpack_from(raw, _PREFIX.size)
    if (head_tag, payload_tag, tag) != (_UINT32, _UINT32, _UINT32) or frame_type > 0x7F:
        return None
    if crc != zlib.crc32(raw[: _PREFIX.size]):
        return None
    if head_bytes > MAX_HEAD_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        return None
    return _Prefix(frame_type, head_bytes, payload_bytes, raw)


def _read_body(file: BinaryIO, offset: int, end: int, prefix: _Prefix) -> Frame | Damage:
    body = memoryview(file.read(prefix.body_bytes))
    if len(body) != prefix.body_bytes:
        return Damage(offset, end, "the file shrank while it was read")
    head_at = _BIN32.size
    payload_at = head_at + prefix.head_bytes + _BIN32.size
    crc_at = payload_at + prefix.payload_bytes
    leads = (_BIN, prefix.head_bytes) == _BIN32.unpack_from(body) and (
        _BIN,
        prefix.payload_bytes,
    ) == _BIN32.unpack_from(body, payload_at - _BIN32.size)
    tag, crc = _PREFIX_CRC.unpack_from(body, crc_at)
    actual = zlib.crc32(body[:crc_at], zlib.crc32(prefix.raw))
    if not leads or tag != _UINT32 or crc != actual:
        return Damage(offset, end, "the checksum of the frame does not match its bytes")
    head = bytes(body[head_at : head_at + prefix.head_bytes])
    return Frame(offset, end, prefix.type, head, body[payload_at:crc_at])


def _widen(file: BinaryIO, damage: Damage, size: int) -> Damage:
    """Extend a damage up to the next intact prefix or end mark, or to the end of the file."""
    if _begins_object(file, damage.end, size):
        return damage
    for position in range(damage.offset + 1, size, _SCAN_BYTES):
        file.seek(position)
        block = file.read(_SCAN_BYTES + PREFIX_BYTES - 1)
        for found in _MARKERS.finditer(block):
            if found.start() < _SCAN_BYTES and _is_lead(block[found.start() :][:PREFIX_BYTES]):
                return Damage(damage.offset, position + found.start(), damage.reason)
    return Damage(damage.offset, size, damage.reason)


_MARKERS = re.compile(b"(?=" + re.escape(MARKER) + b"|" + re.escape(END_MARKER) + b")")


def _begins_object(file: BinaryIO, offset: int, size: int) -> bool:
    if offset == size:
        return True
    file.seek(offset)
    return _is_lead(file.read(PREFIX_BYTES))


def _is_lead(raw: bytes) -> bool:
    """Whether the bytes begin a frame or are an end mark; a body is not looked at."""
    return _decode_prefix(raw) is not None or decode_end(raw[:END_BYTES]) is not None


def unpack(raw: bytes | memoryview) -> Any:
    """Read one msgpack object that is JSON-like but may hold bytes: the parts of a frame.

    Raises ValueError for anything else: text that is no UTF-8, keys that are no strings, extension
    types, nesting beyond 64 levels, bytes left over.
    """
    plain = unpack_unchecked(raw)
    check_plain(plain)
    return plain


def unpack_unchecked(raw: bytes | memoryview) -> Any:
    """The same for a caller that checks the type of everything it takes."""
    try:
        return msgpack.unpackb(raw, ext_hook=_refuse_extension)
    except (TypeError, MemoryError, msgpack.UnpackException) as error:
        raise ValueError(f"no msgpack object: {error!r}") from error


def _refuse_extension(code: int, _: bytes) -> None:
    raise ValueError(f"an extension type, {code}")


_SCALARS = frozenset({int, str, bytes, float, bool, type(None)})
_LISTS = frozenset({list, tuple})
_MAPS = frozenset({dict})


def check_plain(value: Any) -> None:
    """Raise ValueError where a value is not made of maps with string keys, lists and scalars."""
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        level = [item for container in level for item in _containers_in(container)]
        if not level:
            return
    raise ValueError(f"nested more than {_MAX_DEPTH} deep")


def _containers_in(value: Any) -> list[Any]:
    """The maps and lists in a map or list; checks its other items, and a scalar itself."""
    if type(value) is dict:
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a map with a key that is no string")
        value = value.values()
    elif type(value) not in _LISTS:
        value = (value,)
    kinds = set(map(type, value))
    if kinds <= _SCALARS:
        return []
    if not kinds <= _SCALARS | _LISTS | _MAPS:
        raise ValueError("a value of no type that a trace holds")
    return [item for item in value if type(item) not in _SCALARS]
