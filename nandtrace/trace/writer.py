"""The writer: events in, chunks out, sealed and renamed at the end.

It writes `name.partial`. A chunk is written and handed to the operating system when it holds
`CHUNK_EVENTS` events, or at the first end of a run with `RUN_END_EVENTS` or more, or before its
snapshots or lists grow too large; `close` adds the footer, syncs and renames. So a killed process
loses at most the chunk that was still open.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgpack
import numpy as np

from nandtrace.errors import RecordError, StorageError
from nandtrace.trace.buffer import (
    Block,
    Item,
    RowBuffer,
    block_to_chunk,
    check_bulk,
    halved,
    join_blocks,
    localised,
    slice_block,
)
from nandtrace.trace.chunk import CHAIN_START, CHUNK_EVENTS, Table, encode_chunk
from nandtrace.trace.columns import Int64s
from nandtrace.trace.frames import FrameType, check_plain, encode_end, encode_frame
from nandtrace.trace.header import Header, encode_header
from nandtrace.trace.index import Index, encode_footer
from nandtrace.vocab import NULL

RUN_END_EVENTS = 16_384
CHUNK_SNAPSHOT_BYTES = 16 * 2**20
MAX_SNAPSHOT_BYTES = 64 * 2**20
"""A chunk ends before its snapshots grow past the first; one snapshot may be as large as the second."""

MAX_STRINGS = 65_536
"""Once more distinct strings than this are known, those of chunks already written are forgotten."""

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


class StringCodes(dict[str | None, int]):
    """The code of each string that NAME columns hold, given when it is first looked up; None is NULL."""

    def __init__(self) -> None:
        super().__init__({None: NULL})
        self.strings: list[str] = []

    def __missing__(self, text: object) -> int:
        if not isinstance(text, str):
            raise RecordError(f"{text!r} is not a string")
        code = self[text] = len(self.strings)
        self.strings.append(text)
        return code

    def keep(self, strings: Sequence[str]) -> None:
        """Forget all strings but these, which get the codes 0, 1, 2, …"""
        self.clear()
        self[None] = NULL
        self.strings[:] = strings
        self.update({text: code for code, text in enumerate(strings)})


class TraceWriter:
    """Writes one trace.

    `chunk_events` bounds a chunk (at most CHUNK_EVENTS). `provenance` is any JSON-like map; it stays
    outside every digest. Raises StorageError when the file can't be written; what was written before
    stays in the partial file. A partial file left by a killed writer is never overwritten.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header,
        *,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0 < chunk_events <= CHUNK_EVENTS:
            raise RecordError(f"chunk_events is {chunk_events}, not 1 to {CHUNK_EVENTS}")
        self.path = Path(path)
        self.header = header
        self._compress = compress
        self._chunk_events = chunk_events
        self._rows = RowBuffer(header.vocabulary)
        self._blocks: list[Block] = []
        self._block_events = 0
        self._room = chunk_events
        self._snapshots: list[tuple[int, bytes]] = []
        self._snapshot_bytes = 0
        self.codes = StringCodes()
        self._strings_max = MAX_STRINGS
        self._first_seq = 0
        self._chain = CHAIN_START
        preamble = _encode_preamble(header, provenance)
        self._index = Index(header.digest())
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
    def pending_events(self) -> int:
        """Events not yet written out as a chunk."""
        return self._block_events + len(self._rows)

    @property
    def next_seq(self) -> int:
        """The sequence number of the next event."""
        return self._first_seq + self.pending_events

    def code(self, text: str) -> int:
        """The code that stands for a string in a NAME column.

        It is good until a chunk is written or columns are appended: ask again after either.
        """
        return self.codes[text]

    def append(
        self, code: int, time_ns: int, run: int, values: Sequence[int], items: Sequence[Item] = ()
    ) -> None:
        """Append one event. `values` in the vocabulary's column order; NULL where there is none."""
        if self._rows.append(code, time_ns, run, values, items) >= self._room:
            self.flush()
            self._bound_strings()

    def appender(
        self, code: int, columns: int | None = None, *, lists: bool = True
    ) -> Callable[..., None]:
        """`RowBuffer.appender`; call `breathe` between events, which `append` does by itself."""
        return self._rows.appender(code, columns, lists=lists)

    def begin_rows(self, run: int) -> None:
        """The run of what appenders append from now on."""
        self._rows.begin_run(run)

    def breathe(self) -> None:
        """Write a chunk if appenders have nearly filled one: what comes next may be a burst."""
        if self._rows.breathe() >= self._room - self._chunk_events // 32:
            self.flush()
            self._bound_strings()

    def append_columns(
        self, time_ns: Int64s, run: Int64s, kind: Int64s, tables: Mapping[str, Table]
    ) -> None:
        """Append many events as columns. Raises RecordError, and appends nothing, where they misfit."""
        if not len(time_ns) == len(run) == len(kind):
            raise RecordError(f"{len(time_ns)} times, {len(run)} runs, {len(kind)} kinds")
        if len(kind) and not 0 <= int(kind.min()) <= int(kind.max()) <= 255:
            raise RecordError("a kind's code is not between 0 and 255")
        check_bulk(tables, kind, self.header.vocabulary)
        block = Block(time_ns, run, kind, dict(tables))
        start = 0
        while start < len(block):
            stop = min(start + self._chunk_events - self.pending_events, len(block))
            self._take_rows()
            self._add_block(slice_block(block, start, stop, self.header.vocabulary))
            start = stop
            if self._block_events >= self._chunk_events:
                self.flush()
        self._bound_strings()

    def _bound_strings(self) -> None:
        """Forget the strings of chunks already written, so that memory stays bounded by the chunk."""
        if len(self.codes.strings) <= self._strings_max:
            return
        self._take_rows()
        kept: list[str] = []
        if self._blocks:
            block = join_blocks(self._blocks, self.header.vocabulary)
            block, kept = localised(block, self.codes.strings, self.header.vocabulary)
            self._blocks = [block]
        self.codes.keep(kept)
        self._strings_max = max(MAX_STRINGS, 2 * len(kept))

    def snapshot(self, state: dict[str, Any]) -> None:
        """Attach the scheduler's state to the event appended next."""
        try:
            check_plain(state)
            packed = msgpack.packb(state)
        except (TypeError, ValueError, OverflowError) as error:
            raise RecordError(f"the snapshot can't be written: {error}") from error
        if len(packed) > MAX_SNAPSHOT_BYTES:
            raise RecordError(
                f"a snapshot of {len(packed)} bytes; a trace takes {MAX_SNAPSHOT_BYTES}"
            )
        if self._snapshot_bytes + len(packed) > CHUNK_SNAPSHOT_BYTES:
            self.flush()
        self._snapshots.append((self.pending_events, packed))
        self._snapshot_bytes += len(packed)

    def withdraw_snapshot(self) -> None:
        """Take back the snapshot attached last: its event was refused."""
        _, packed = self._snapshots.pop()
        self._snapshot_bytes -= len(packed)

    def end_run(self) -> None:
        """Tell the writer that a run is over: a good place to write out what is pending."""
        if self.pending_events >= min(RUN_END_EVENTS, self._chunk_events):
            self.flush()
            self._bound_strings()

    def flush(self) -> None:
        """Write what is pending as one chunk and hand it to the operating system."""
        self._take_rows()
        if not self._blocks:
            return
        block = join_blocks(self._blocks, self.header.vocabulary)
        snapshots = self._snapshots
        self._blocks, self._block_events, self._room = [], 0, self._chunk_events
        self._snapshots, self._snapshot_bytes = [], 0
        start = 0
        for part in halved(block, self._chunk_events, self.header.vocabulary):
            stop = start + len(part)
            self._write_chunk(
                part, [(at - start, state) for at, state in snapshots if start <= at < stop]
            )
            start = stop

    def _write_chunk(self, block: Block, snapshots: list[tuple[int, bytes]]) -> None:
        vocabulary = self.header.vocabulary
        columns = block_to_chunk(block, self._first_seq, self.codes.strings, vocabulary)
        columns.snapshots = snapshots
        try:
            frame, meta, self._chain = encode_chunk(
                len(self._index.chunks), columns, vocabulary, self._chain, self._compress
            )
        except ValueError as error:
            raise RecordError(f"{self.path}: a chunk too large to write: {error}") from error
        self._first_seq += meta.events
        offset = self._offset
        self._write(frame)
        self._flush_file()
        self._index.add(offset, len(frame), meta, self._chain)

    def _take_rows(self) -> None:
        if len(self._rows):
            self._add_block(self._rows.take())

    def _add_block(self, block: Block) -> None:
        self._blocks.append(block)
        self._block_events += len(block)
        self._room -= len(block)

    def close(self) -> None:
        """Write what is pending and the footer, sync, and give the file its name."""
        if self._file is None:
            return
        self.flush()
        footer_offset = self._offset
        self._write(encode_footer(self._index))
        self._write(encode_end(footer_offset))
        with self._storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._close_file()
        with self._storage_errors():
            partial_path(self.path).replace(self.path)

    def leave_partial(self) -> None:
        """Write what is pending but no footer: the file keeps its partial name and reads as cut."""
        if self._file is not None:
            try:
                self.flush()
            finally:
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


def run_column(run: int, count: int) -> Int64s:
    """The `run` column of `count` events of one run."""
    return np.full(count, run, np.int64)
