"""Where finished chunks go: a sink, by default the trace's own file.

A writer gathers events and cuts them into chunks; a sink encodes and stores them. `ChunkFile` is the
trace on disk. It writes `name.partial`: each chunk is handed to the operating system as it is taken,
`close` adds the footer, syncs and renames. So a killed process loses at most the chunk that its writer
had still open.

To encode and write chunks elsewhere than where they are recorded, give the recorder a sink of your own
and let the other end put what it took into a ChunkFile, in the same order; the bytes are those of a
recorder without a sink:

    recorder = Recorder(path, ..., sink=outbox)       # makes no file
    file = ChunkFile(path, recorder.header, compress=True)
    ...                                               # outbox.take(columns) hands them over
    file.take(columns)
    ...
    file.close()
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgpack

from nandtrace.errors import RecordError, StorageError
from nandtrace.trace.chunk import ChunkColumns, encode_chunk
from nandtrace.trace.frames import FrameType, check_plain, encode_end, encode_frame
from nandtrace.trace.header import Header, encode_header
from nandtrace.trace.index import ChunkEntry, Index, encode_footer

PARTIAL_SUFFIX = ".partial"


def partial_path(path: Path) -> Path:
    """Where a trace lies until it is complete."""
    return path.with_name(path.name + PARTIAL_SUFFIX)


def check_replaceable(path: Path) -> None:
    """Raise StorageError where a path can't be given to a file once it is complete."""
    if not path.name:
        raise StorageError(str(path), OSError(0, "it names no file"))
    if os.path.lexists(path) and not path.is_file():
        raise StorageError(str(path), OSError(0, "it is there, and no regular file"))


class ChunkSink(Protocol):
    """Takes a trace's chunks in order, then one of `close`, `leave_partial` and `discard`.

    A chunk stands alone: nothing that the writer does later changes it, so that it may be encoded at any
    time. What a sink raises goes through to whoever recorded the event that filled the chunk; the writer
    has forgotten that chunk then. A writer calls no other method of a sink that is no longer open but
    `take`, which must raise, and `discard`.
    """

    @property
    def is_open(self) -> bool:
        """Whether it still takes chunks. A sink may close itself, after a failure for instance."""

    def take(self, columns: ChunkColumns) -> object:
        """Here is the next chunk."""

    def close(self) -> None:
        """All chunks were taken, the trace is complete."""

    def leave_partial(self) -> None:
        """All chunks were taken, but the recording was cut short: it may not pass for complete."""

    def discard(self) -> None:
        """Nothing of the trace is wanted."""


class ChunkFile:
    """The file of one trace, chunk by chunk.

    `provenance` is any JSON-like map; it stays outside every digest. `index` is that of the chunks
    taken so far. Raises StorageError when the file can't be written; what was written before stays in
    the partial file. A partial file left by a killed writer is never overwritten. Raises RecordError for
    a header, provenance or chunk that no trace can hold.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header,
        *,
        compress: bool = False,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self.header = header
        self._compress = compress
        preamble = _encode_preamble(header, provenance)
        self.index = Index(header.digest())
        self._file: BinaryIO | None = self._create()
        self._offset = 0
        try:
            self._write(preamble)
            self._flush_file()
        except StorageError:
            self.discard()
            raise

    def _create(self) -> BinaryIO:
        check_replaceable(self.path)
        partial = partial_path(self.path)
        try:
            return partial.open("xb")
        except FileExistsError as error:
            raise StorageError(
                str(partial),
                OSError(0, "a writing that was cut short left it: recover or remove it first"),
            ) from error
        except OSError as error:
            raise StorageError(str(partial), error) from error

    @property
    def is_open(self) -> bool:
        """Whether it still takes chunks: not after a failed write, nor once it is closed."""
        return self._file is not None

    @property
    def size_bytes(self) -> int:
        """How far the file is written; up to here a reader of the partial file sees it."""
        return self._offset

    def take(self, columns: ChunkColumns) -> ChunkEntry:
        """Encode a chunk and hand it to the operating system; returns its place in the index."""
        index = self.index
        try:
            frame, meta, chain = encode_chunk(
                len(index.chunks), columns, self.header.vocabulary, index.chain, self._compress
            )
        except ValueError as error:
            raise RecordError(f"{self.path}: a chunk can't be written: {error}") from error
        offset = self._offset
        self._write(frame)
        self._flush_file()
        index.add(offset, len(frame), meta, chain)
        return index.chunks[-1]

    def close(self) -> None:
        """Write the footer, sync, and give the file its name."""
        if self._file is None:
            return
        footer_offset = self._offset
        self._write(encode_footer(self.index))
        self._write(encode_end(footer_offset))
        with self._storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._close_file()
        with self._storage_errors():
            partial_path(self.path).replace(self.path)

    def leave_partial(self) -> None:
        """Write no footer: the file keeps its partial name and reads as cut."""
        self._close_file()

    def discard(self) -> None:
        """Drop the file: nothing of it may be taken for a trace."""
        self._abandon()
        partial_path(self.path).unlink(missing_ok=True)

    def _write(self, raw: bytes) -> None:
        if self._file is None:
            raise RecordError(f"{self.path}: the trace is closed")
        with self._storage_errors():
            self._file.write(raw)
        self._offset += len(raw)

    def _flush_file(self) -> None:
        assert self._file is not None
        with self._storage_errors():
            self._file.flush()

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with self._storage_errors():
                file.close()

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._abandon()
            raise StorageError(str(partial_path(self.path)), error) from error

    def _abandon(self) -> None:
        """After a failed write nothing more is written, so that what lies in the file stays whole."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def _encode_preamble(header: Header, provenance: Mapping[str, Any] | None) -> bytes:
    """Header and provenance, before any file is there. Raises RecordError for what they can't hold."""
    try:
        preamble = encode_header(header)
        if provenance:
            check_plain(dict(provenance))
            preamble += encode_frame(FrameType.PROVENANCE, msgpack.packb(dict(provenance)))
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"the header or provenance can't be written: {error}") from error
    return preamble
