"""The writer: events in, chunks out.

A chunk is cut and handed to the sink, which writes it, when it holds `CHUNK_EVENTS` events, or at the
first end of a run with `RUN_END_EVENTS` or more, or before its snapshots or lists grow too large.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from nandtrace.errors import RecordError
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
from nandtrace.trace.chunk import CHUNK_EVENTS, Table
from nandtrace.trace.chunk_file import (
    ChunkFile,
    ChunkSink,
)
from nandtrace.trace.columns import Int64s
from nandtrace.trace.frames import check_plain
from nandtrace.trace.header import Header
from nandtrace.vocab import NULL

RUN_END_EVENTS = 16_384
CHUNK_SNAPSHOT_BYTES = 16 * 2**20
MAX_SNAPSHOT_BYTES = 64 * 2**20
"""A chunk ends before its snapshots grow past the first; one snapshot may be as large as the second."""

MAX_STRINGS = 65_536
"""Once more distinct strings than this are known, those of chunks already written are forgotten."""


class StringCodes(dict[str | None, int]):
    """The code of each string that NAME columns hold, given when it is first looked up; None is NULL."""

    def __init__(self) -> None:
        super().__init__({None: NULL})
        self.strings: list[str] = []
        self.pinned = 0

    def __missing__(self, text: object) -> int:
        if not isinstance(text, str):
            raise RecordError(f"{text!r} is not a string")
        code = self[text] = len(self.strings)
        self.strings.append(text)
        return code

    def pin(self, texts: Iterable[str]) -> None:
        """Give these strings codes that they keep for good. Only as long as no other string has one."""
        assert not self.strings
        for text in texts:
            _ = self[text]
        self.pinned = len(self.strings)

    def keep(self, strings: Sequence[str]) -> None:
        """Forget all strings but these, the pinned ones first, which get the codes 0, 1, 2, …"""
        self.clear()
        self[None] = NULL
        self.strings[:] = strings
        self.update({text: code for code, text in enumerate(strings)})


class TraceWriter:
    """Gathers the events of one trace and cuts them into chunks for a sink.

    `chunk_events` bounds a chunk (at most CHUNK_EVENTS). Without a `sink` the chunks go into a ChunkFile
    at `path`, made with `compress` and `provenance`, and what that raises goes through. With one no file
    is made: `path` only names the trace, and how it is written is the sink's business.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header,
        *,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        provenance: Mapping[str, Any] | None = None,
        sink: ChunkSink | None = None,
    ) -> None:
        if not 0 < chunk_events <= CHUNK_EVENTS:
            raise RecordError(f"chunk_events is {chunk_events}, not 1 to {CHUNK_EVENTS}")
        self.path = Path(path)
        self.header = header
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
        if sink is None:
            sink = ChunkFile(path, header, compress=compress, provenance=provenance)
        self._sink: ChunkSink = sink

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
            self.write_out()

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
            self.write_out()

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
        strings, pinned = self.codes.strings, self.codes.pinned
        if len(strings) <= self._strings_max:
            return
        self._take_rows()
        kept = strings[:pinned]
        if self._blocks:
            block = join_blocks(self._blocks, self.header.vocabulary)
            block, kept = localised(block, strings, self.header.vocabulary, pinned)
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
            self.write_out()

    def write_out(self) -> None:
        """Hand what is pending to the sink, between events: strings may lose their codes."""
        self.flush()
        self._bound_strings()

    def flush(self) -> None:
        """Hand what is pending to the sink, as one chunk if it fits."""
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
            self._hand_over(
                part, [(at - start, state) for at, state in snapshots if start <= at < stop]
            )
            start = stop

    def _hand_over(self, block: Block, snapshots: list[tuple[int, bytes]]) -> None:
        columns = block_to_chunk(block, self._first_seq, self.codes.strings, self.header.vocabulary)
        columns.snapshots = snapshots
        # Of a chunk that is refused the numbers stay: its loss shows.
        self._first_seq += len(block)
        self._sink.take(columns)

    def _take_rows(self) -> None:
        if len(self._rows):
            self._add_block(self._rows.take())

    def _add_block(self, block: Block) -> None:
        self._blocks.append(block)
        self._block_events += len(block)
        self._room -= len(block)

    def close(self) -> None:
        """Hand over what is pending and tell the sink that the trace is complete."""
        if self._sink.is_open:
            self.flush()
            self._sink.close()

    def leave_partial(self) -> None:
        """Hand over what is pending, and tell the sink that the trace is cut."""
        if self._sink.is_open:
            try:
                self.flush()
            finally:
                self._sink.leave_partial()

    def discard(self) -> None:
        """Drop what is pending, and tell the sink that nothing of the trace is wanted."""
        self._sink.discard()


def run_column(run: int, count: int) -> Int64s:
    """The `run` column of `count` events of one run."""
    return np.full(count, run, np.int64)
