"""The header: what a trace is of, and what its checker must know of the device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgpack

from nandtrace.trace.frames import Frame, FrameType, check_plain, encode_frame, unpack
from nandtrace.vocab import Vocabulary, vocabulary_from_map, vocabulary_to_map

MAGIC = "nandtrace"
FORMAT_VERSION = 1
READER_VERSION = 1
"""The lowest version of a reader that understands what this version writes."""

MAX_COLUMNS = 256
"""Bound on the columns of a kind, those of its lists among them."""


class HeaderError(ValueError):
    """The header does not make sense, or asks for a newer reader."""


@dataclass(frozen=True, slots=True)
class Header:
    """Header of a trace.

    `identity` names the run: resolved profile, seed, options. `device` holds what the checker needs:
    topology, timing, rules, policies. Both are plain maps of JSON-like values.
    """

    vocabulary: Vocabulary
    identity: dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)
    _read: bytes | None = field(init=False, default=None, repr=False, compare=False)
    """The bytes it was read from: they may hold what only a later version knows, and are digested."""

    @property
    def domain(self) -> str:
        return self.vocabulary.domain

    def digest(self) -> bytes:
        """SHA-256 over the header's canonical bytes."""
        return hashlib.sha256(header_to_bytes(self)).digest()


def header_to_bytes(header: Header) -> bytes:
    """The header's own bytes when it was read, else msgpack of a map in fixed key order.

    Raises ValueError or OverflowError for a value that is not JSON-like or a number beyond 64 bits.
    """
    if header._read is not None:
        return header._read
    check_plain(header.identity)
    check_plain(header.device)
    packed: bytes = msgpack.packb(
        {
            "magic": MAGIC,
            "format": FORMAT_VERSION,
            "reader": READER_VERSION,
            "domain": header.domain,
            "vocabulary": vocabulary_to_map(header.vocabulary),
            "identity": _sorted(header.identity),
            "device": _sorted(header.device),
        }
    )
    return packed


def _sorted(value: Any) -> Any:
    """Maps in key order, so that equal headers have equal bytes however they were put together."""
    if isinstance(value, dict):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def encode_header(header: Header) -> bytes:
    """The first frame of a trace. Raises like header_to_bytes."""
    _check_columns(header.vocabulary)
    return encode_frame(FrameType.HEADER, header_to_bytes(header))


def decode_header(frame: Frame) -> Header:
    """Read the header frame. Raises HeaderError with the reason."""
    try:
        plain = unpack(frame.head)
        _check_version(plain)
        vocabulary = vocabulary_from_map(str(plain["domain"]), plain["vocabulary"])
        _check_columns(vocabulary)
        header = Header(vocabulary, dict(plain["identity"]), dict(plain["device"]))
    except HeaderError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise HeaderError(f"its header does not make sense: {error!r}") from error
    object.__setattr__(header, "_read", frame.head)
    return header


def _check_columns(vocabulary: Vocabulary) -> None:
    """Raise ValueError where two columns share a key, or a kind has more than MAX_COLUMNS."""
    for kind in vocabulary.kinds:
        names = [column.name for column in kind.columns] + [item.name for item in kind.lists]
        nested = [column.name for item in kind.lists for column in item.columns]
        if len(names) + len(nested) > MAX_COLUMNS:
            raise ValueError(f"{kind.name} has more than {MAX_COLUMNS} columns")
        if len(set(names)) != len(names):
            raise ValueError(f"{kind.name} names a column twice")
        if any(mark in name for name in (kind.name, *names, *nested) for mark in ".#"):
            raise ValueError(f"{kind.name}: a name with a dot or a number sign")


def _check_version(plain: dict[str, Any]) -> None:
    if plain["magic"] != MAGIC:
        raise HeaderError(f"its magic is {plain['magic']!r}, not {MAGIC!r}")
    for name in ("format", "reader"):
        if type(plain[name]) is not int:
            raise HeaderError(f"its {name} version is {plain[name]!r}, not a number")
    if plain["reader"] > FORMAT_VERSION:
        raise HeaderError(
            f"format {plain['format']} needs a reader of version {plain['reader']}; "
            f"this is version {FORMAT_VERSION}: install a newer nandtrace"
        )
