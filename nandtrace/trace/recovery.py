"""Recovery: save the intact chunks of a damaged or cut trace, and mark what is missing.

Intact chunks are copied byte for byte, so their checksums stay those of the first writer; a bad one is
never sealed anew. In the place of each loss stands a GAP frame, so what is written is never taken for
whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import msgpack

from nandtrace.errors import StorageError, UsageError
from nandtrace.trace.chunk import Chunk
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.frames import Damage, FrameType, encode_end, encode_frame
from nandtrace.trace.header import encode_header
from nandtrace.trace.index import Gap, Index, encode_footer
from nandtrace.trace.reader import TraceReader


@dataclass(slots=True)
class Recovery:
    """What a recovery saved and what it could not."""

    chunks: int = 0
    events: int = 0
    damages: list[Damage] = field(default_factory=list)


def recover(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Recovery:
    """Copy the intact chunks of `source` into a new trace at `target`.

    Raises TraceError when the header of the source can't be read, UsageError when the target exists,
    StorageError when it can't be written.
    """
    target_path = Path(target)
    if os.path.lexists(target_path):
        raise UsageError(f"{target_path}: exists already; recovery overwrites nothing")
    with TraceReader(source) as reader:
        partial = partial_path(target_path)
        if partial == reader.path:
            partial = target_path.with_name(f"{target_path.name}.recovering")
        try:
            with partial.open("xb") as file, _unlink_on_error(partial):
                recovery = _copy(reader, _Sink(file.write))
                file.flush()
                os.fsync(file.fileno())
            partial.rename(target_path)
        except OSError as error:
            raise StorageError(str(partial), error) from error
    return recovery


@contextlib.contextmanager
def _unlink_on_error(partial: Path) -> Iterator[None]:
    """Half a copy is of no use: the source is still there."""
    try:
        yield
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


class _Sink:
    """A file's write, counting offsets."""

    def __init__(self, write: object) -> None:
        assert callable(write)
        self._write = write
        self.offset = 0

    def write(self, raw: bytes) -> None:
        self._write(raw)
        self.offset += len(raw)


def _copy(reader: TraceReader, sink: _Sink) -> Recovery:
    recovery = Recovery()
    index = Index(reader.header.digest())
    sink.write(encode_header(reader.header))
    walk = reader.walk()
    first = next(walk, None)  # the provenance stands before it
    if reader.provenance:
        sink.write(encode_frame(FrameType.PROVENANCE, msgpack.packb(reader.provenance)))
    with reader.path.open("rb") as raw:
        for item in chain(() if first is None else (first,), walk):
            if isinstance(item, Chunk):
                raw.seek(item.offset)
                index.add(sink.offset, item.size_bytes, item.meta, item.chain)
                sink.write(raw.read(item.size_bytes))
                recovery.chunks += 1
                recovery.events += item.meta.events
            else:
                _write_gap(index, sink, item.reason)
                if isinstance(item, Damage):
                    recovery.damages.append(item)
    footer_offset = sink.offset
    sink.write(encode_footer(index))
    sink.write(encode_end(footer_offset))
    return recovery


def _write_gap(index: Index, sink: _Sink, reason: str) -> None:
    index.gaps.append(Gap(len(index.chunks), reason))
    sink.write(encode_frame(FrameType.GAP, msgpack.packb({"reason": reason})))
