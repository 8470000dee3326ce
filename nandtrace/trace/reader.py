"""The reader: chunks one after another, or by number and by run through the index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from nandtrace.errors import TraceError
from nandtrace.trace.chunk import CHAIN_START, Chunk, ChunkError
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.frames import (
    END_BYTES,
    Damage,
    EndMark,
    Frame,
    FrameType,
    decode_end,
    read_frame,
    scan_frames,
    unpack,
)
from nandtrace.trace.header import Header, HeaderError, decode_header
from nandtrace.trace.index import Gap, Index, decode_footer


class TraceReader:
    """Reads one trace; memory is bounded by the chunk.

    Raises TraceError when the file can't be opened or its header can't be read. Damage further on is
    no exception: `walk` yields it in its place.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file = _open(self.path)
        try:
            self.size_bytes = os.fstat(self._file.fileno()).st_size
            self.header, self._body_offset = self._read_header()
        except BaseException:
            self._file.close()
            raise
        self.provenance: dict[str, Any] = {}
        self._index: Index | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read_header(self) -> tuple[Header, int]:
        if self.size_bytes == 0:
            raise TraceError(str(self.path), "the file is empty")
        item = read_frame(self._file, 0, self.size_bytes)
        if not isinstance(item, Frame):
            reason = item.reason if isinstance(item, Damage) else "it begins with its end"
            raise TraceError(
                str(self.path), f"not a trace, or its header is damaged: {reason}", "byte 0"
            )
        if item.type != FrameType.HEADER:
            raise TraceError(str(self.path), "it does not begin with a header", "byte 0")
        try:
            return decode_header(item), item.end
        except HeaderError as error:
            raise TraceError(str(self.path), str(error), "byte 0") from error

    def walk(self) -> Iterator[Chunk | Damage | Gap]:
        """Every chunk in file order, with every damage and gap in its place.

        A trace is complete when nothing but chunks came. Chains and the index are checked on the way.
        """
        rebuilt = Index(self.header.digest())
        walk = _Walk(rebuilt)
        for start, stop in self._spans():
            for item in scan_frames(self._file, start, stop):
                yield from self._walk_item(walk, item)
        if not walk.sealed:
            yield Damage(
                self.size_bytes,
                self.size_bytes,
                "the trace has no end: it was cut or is still written",
            )
        self._index = rebuilt

    def _spans(self) -> Iterator[tuple[int, int]]:
        """The stretches of the file to walk, one after another; they begin and end between frames."""
        yield self._body_offset, self.size_bytes

    def _walk_item(
        self, walk: _Walk, item: Frame | Damage | EndMark
    ) -> Iterator[Chunk | Damage | Gap]:
        if walk.sealed:
            yield Damage(item.offset, self.size_bytes, "bytes after the end of the trace")
        elif isinstance(item, Damage):
            walk.broken = True
            yield item
        elif isinstance(item, EndMark):
            walk.sealed = True
            if item.footer_offset != walk.footer_offset:
                yield Damage(
                    item.offset, item.offset + END_BYTES, "the end mark points at no footer"
                )
        elif walk.footer_offset is not None or item.type == FrameType.HEADER:
            yield Damage(item.offset, item.end, "a frame where none of its type belongs")
        else:
            yield from self._walk_frame(walk, item)

    def _walk_frame(self, walk: _Walk, frame: Frame) -> Iterator[Chunk | Damage | Gap]:
        """A frame that may stand where it stands; one of an unknown type is stepped over."""
        if frame.type == FrameType.CHUNK:
            yield from walk.chunk(frame, self.header)
        elif frame.type == FrameType.GAP:
            yield walk.gap(frame)
        elif frame.type == FrameType.FOOTER:
            yield from walk.footer(frame)
        elif frame.type == FrameType.PROVENANCE:
            self.provenance = _provenance(frame)

    @property
    def index(self) -> Index:
        """The index: from the footer where there is a sound one, else rebuilt by scanning once."""
        if self._index is None:
            self._index = self._footer_index()
        if self._index is None:
            for _ in self.walk():
                pass
        assert self._index is not None
        return self._index

    def _footer_index(self) -> Index | None:
        if self.size_bytes < END_BYTES:
            return None
        self._file.seek(self.size_bytes - END_BYTES)
        footer_offset = decode_end(self._file.read(END_BYTES))
        if footer_offset is None or footer_offset >= self.size_bytes:
            return None
        item = read_frame(self._file, footer_offset, self.size_bytes)
        if not isinstance(item, Frame) or item.type != FrameType.FOOTER:
            return None
        try:
            index = decode_footer(item)
        except ValueError:
            return None
        return index if index.header_digest == self.header.digest() else None

    @property
    def has_footer(self) -> bool:
        """Whether the trace is sealed with a sound footer."""
        return self._footer_index() is not None

    def chunk(self, ordinal: int) -> Chunk:
        """Read the chunk at a place of the index. Raises TraceError when it is damaged."""
        return self.chunk_at(self.index.chunks[ordinal].offset)

    def chunk_at(self, offset: int) -> Chunk:
        """Read the chunk at an offset of the file. Raises TraceError when it is damaged or is none."""
        place = f"byte {offset}"
        item = read_frame(self._file, offset, self.size_bytes)
        if not isinstance(item, Frame) or item.type != FrameType.CHUNK:
            reason = item.reason if isinstance(item, Damage) else "there is no chunk"
            raise TraceError(str(self.path), reason, place)
        try:
            return Chunk(item, self.header.vocabulary)
        except ChunkError as error:
            raise TraceError(str(self.path), str(error), place) from error

    def chunks_of_run(self, run: int) -> Iterator[Chunk]:
        """The chunks that hold events of a run, in order; they may hold events of others too."""
        return self.chunks_of_runs(range(run, run + 1))

    def chunks_of_runs(self, runs: range) -> Iterator[Chunk]:
        """The chunks that hold events of consecutive runs, likewise."""
        for ordinal in self.index.chunks_of_runs(runs):
            yield self.chunk(ordinal)


class _Walk:
    """What a walk knows so far."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.chain = CHAIN_START
        self.next_ordinal = 0
        self.broken = False
        self.sealed = False
        self.footer_offset: int | None = None

    def chunk(self, frame: Frame, header: Header) -> Iterator[Chunk | Damage]:
        try:
            chunk = Chunk(frame, header.vocabulary)
        except ChunkError as error:
            self.broken = True
            yield Damage(frame.offset, frame.end, str(error))
            return
        follows = chunk.meta.ordinal == self.next_ordinal
        if follows and not self.broken and chunk.chain_after(self.chain) != chunk.chain:
            yield Damage(frame.offset, frame.end, "the digest chain does not fit its chunk")
        elif chunk.meta.ordinal < self.next_ordinal or not (follows or self.broken):
            yield Damage(
                frame.offset,
                frame.end,
                f"chunk {chunk.meta.ordinal} where chunk {self.next_ordinal} belongs",
            )
        else:
            self.index.add_chunk(chunk)
            self.chain, self.broken = chunk.chain, False
            self.next_ordinal = chunk.meta.ordinal + 1
            yield chunk
            return
        self.broken = True

    def gap(self, frame: Frame) -> Gap:
        self.broken = True
        try:
            reason = str(unpack(frame.head)["reason"])
        except (ValueError, TypeError, KeyError):
            reason = "a gap without a reason"
        gap = Gap(len(self.index.chunks), reason)
        self.index.gaps.append(gap)
        return gap

    def footer(self, frame: Frame) -> Iterator[Damage]:
        self.footer_offset = frame.offset
        try:
            sound = decode_footer(frame) == self.index
        except ValueError as error:
            yield Damage(frame.offset, frame.end, str(error))
            return
        if not sound:
            yield Damage(frame.offset, frame.end, "the footer is not that of the chunks before it")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        left = partial_path(path)
        hint = f"; {left.name} lies beside it: recover it" if left.exists() else ""
        raise TraceError(str(path), f"no such file{hint}") from error
    except OSError as error:
        raise TraceError(str(path), f"cannot read: {error.strerror}") from error


def _provenance(frame: Frame) -> dict[str, Any]:
    try:
        return dict(unpack(frame.head))
    except (ValueError, TypeError):
        return {}
