"""What recorders of every domain share: the brackets of runs, the ways in, closing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from nandtrace.errors import RecordError
from nandtrace.trace.bulk import BulkTable, to_int64s, to_table
from nandtrace.trace.chunk import CHUNK_EVENTS, Chunk
from nandtrace.trace.chunk_file import ChunkSink
from nandtrace.trace.excerpt import copy_chunk
from nandtrace.trace.header import Header
from nandtrace.trace.writer import TraceWriter, run_column
from nandtrace.vocab import NULL, RUN_BRACKETS

CheckState = Callable[[dict[str, Any]], None]
"""Raises ValueError, which names the field, for a snapshot that is none of the domain."""


class RunRecorder:
    """Records runs of one domain: a subclass has a call for every kind of event.

    Runs are numbered from `first_run`. `pinned` are names that keep their codes through the trace. With
    a `sink` no file is made: chunks go there (see nandtrace.trace.chunk_file), `path` only names the
    trace, and `compress` and `provenance` are up to whoever writes it.

    Raises RecordError for a value that is not of its column or a call out of order, StorageError when
    the file can't be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header,
        check_state: CheckState,
        *,
        provenance: Mapping[str, Any] | None = None,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        first_run: int = 0,
        sink: ChunkSink | None = None,
        pinned: Iterable[str] = (),
    ) -> None:
        self._writer = TraceWriter(
            path,
            header,
            compress=compress,
            chunk_events=chunk_events,
            provenance=provenance,
            sink=sink,
        )
        self._vocabulary = header.vocabulary
        self._check_state = check_state
        self._names = self._writer.codes
        self._names.pin(pinned)
        self._is_open = False
        self._run = first_run  # the open one, else the next
        self._append: Callable[..., None] = self._outside_run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.leave_partial()

    def close(self) -> None:
        """Seal the trace and give it its name. Raises RecordError while a run is open."""
        if self._is_open:
            self._writer.leave_partial()
            raise RecordError(
                f"run {self._run} was never ended; its events are in the partial file"
            )
        self._writer.close()

    def discard(self) -> None:
        """Drop what was recorded; no file is left."""
        self._writer.discard()

    def flush(self) -> None:
        """Write what is pending as a chunk now, at the price of a smaller chunk."""
        self._writer.write_out()

    @property
    def events(self) -> int:
        """How many events were recorded."""
        return self._writer.next_seq

    @property
    def header(self) -> Header:
        """The trace's header, for who writes its file."""
        return self._writer.header

    # ---- from another trace

    def take_over(self, chunk: Chunk) -> None:
        """Append the events and snapshots of the next chunk of a trace with the same header.

        Chunks come in order, from the first, before anything else is recorded. Where the last one leaves a
        run open, recording goes on in it.
        """
        last_run = int(chunk.run[-1])
        copy_chunk(self._writer, chunk, range(last_run + 1))
        self._is_open = int(chunk.kind[-1]) != self._vocabulary.by_name["RUN_END"].code
        self._append = self._writer.append if self._is_open else self._outside_run
        self._run = last_run if self._is_open else last_run + 1
        self._writer.begin_rows(self._run)

    # ---- in bulk

    def bulk(
        self,
        time_ns: npt.ArrayLike,
        kind: npt.ArrayLike,
        tables: Mapping[str, BulkTable],
    ) -> None:
        """Append many events of the open run as columns.

        `kind` holds the codes of the vocabulary's kinds; `tables` has, per kind, one array a column
        with one value per event of that kind, in event order. A column left out is null throughout.
        Raises RecordError, and appends nothing, when the columns do not fit.
        """
        if not self._is_open:
            raise RecordError("no run is open")
        times, kinds = to_int64s("time_ns", time_ns), to_int64s("kind", kind)
        built = {}
        for name, columns in tables.items():
            if name not in self._vocabulary.by_name or name in RUN_BRACKETS:
                raise RecordError(f"{name!r} is no kind for bulk columns")
            entry = self._vocabulary.by_name[name]
            count = int((kinds == entry.code).sum())
            built[name] = to_table(entry, columns, count, self._name)
        self._writer.append_columns(times, run_column(self._run, len(times)), kinds, built)

    # ---- in an inner loop

    def appender(
        self, kind: str, columns: int | None = None, *, lists: bool = True
    ) -> Callable[..., None]:
        """The quick way to record events of one kind, for a scheduler that records millions.

        What it returns takes the time, then (of a kind with a list, and with `lists`) the list's items,
        then the kind's columns in order, names as codes of `names`: all of them, or the first `columns`,
        and the others are null. `nandtrace.vocab.NULL` stands for what is absent. Call `breathe` now and
        then. Nothing is checked but that values are integers, and that not before then.
        """
        return self._writer.appender(self._vocabulary.by_name[kind].code, columns, lists=lists)

    @property
    def names(self) -> Mapping[str | None, int]:
        """The code of each name, for an appender.

        Pinned names keep theirs for good; others, once a trace has had 65 536 distinct names, only until
        `breathe` or `flush`.
        """
        return self._names

    def breathe(self) -> None:
        """Write out what appenders have recorded, once it fills a chunk."""
        self._writer.breathe()

    # ---- for subclasses

    def _begin_run(self, time_ns: int, values: Sequence[int], snapshot: Mapping[str, Any]) -> int:
        """Append RUN_BEGIN and its snapshot; returns the run's index."""
        if self._is_open:
            raise RecordError(f"run {self._run} has not ended")
        self._boundary("RUN_BEGIN", time_ns, values, snapshot)
        self._is_open, self._append = True, self._writer.append
        self._writer.begin_rows(self._run)
        return self._run

    def _end_run(self, time_ns: int, values: Sequence[int], snapshot: Mapping[str, Any]) -> None:
        """Append RUN_END and its snapshot."""
        if not self._is_open:
            raise RecordError("no run is open")
        self._boundary("RUN_END", time_ns, values, snapshot)
        self._is_open, self._append = False, self._outside_run
        self._run += 1
        self._writer.end_run()

    def _boundary(
        self, kind: str, time_ns: int, values: Sequence[int], snapshot: Mapping[str, Any]
    ) -> None:
        """Append a run's begin or end with its snapshot, or neither."""
        try:
            state = dict(snapshot)
            self._check_state(state)
        except (TypeError, ValueError) as error:
            raise RecordError(f"{kind}: {error}") from error
        self._writer.snapshot(state)
        try:
            self._writer.append(self._vocabulary.by_name[kind].code, time_ns, self._run, values)
        except RecordError:
            self._writer.withdraw_snapshot()
            raise

    def _name(self, text: str | None) -> int:
        try:
            return self._names[text]
        except TypeError as error:
            raise RecordError(f"{text!r} is not a string") from error

    def _outside_run(self, code: int, *_: object) -> None:
        """What `_append` is while no run is open."""
        raise RecordError(f"{self._vocabulary.by_code[code].name} outside a run")


def or_null(value: int | None) -> int:
    """How an integer, or none, stands in a column."""
    return NULL if value is None else value
