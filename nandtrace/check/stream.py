"""The stream: a trace's chunks, cut into pieces of whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from nandtrace.check.event_batch import Piece
from nandtrace.errors import TraceError
from nandtrace.trace import Chunk, ChunkError, Damage, TraceReader

BATCH_EVENTS = 500_000
"""A batch is judged once it has this many events of whole runs; a longer run is a batch of its own."""

BATCH_SNAPSHOT_BYTES = 32 * 2**20
"""Or once its snapshots are this large."""


@dataclass(slots=True)
class PieceBatch:
    """Pieces of whole runs. `follows` is false after the start of a damage: nothing is known of before."""

    pieces: list[Piece] = field(default_factory=list)
    follows: bool = True

    @property
    def events(self) -> int:
        return sum(piece.stop - piece.start for piece in self.pieces)

    @property
    def snapshot_bytes(self) -> int:
        return sum(piece.chunk.meta.snapshots_bytes for piece in self.pieces)


@dataclass(slots=True)
class StreamReport:
    """What the walk met on its way."""

    events: int = 0
    runs: int = 0
    broken_runs: int = 0
    damages: list[str] = field(default_factory=list)


class RunStream:
    """Cuts a trace into batches of whole runs.

    Runs with a gap are left out and counted in `report.broken_runs`. In an intact trace every event is
    in some batch, also those outside any run: the invariants of the log report them.
    """

    def __init__(self, reader: TraceReader, batch_events: int) -> None:
        self.report = StreamReport()
        self._reader = reader
        self._batch_events = batch_events
        codes = reader.header.vocabulary.by_name
        if not {"RUN_BEGIN", "RUN_END"} <= codes.keys():
            reason = "its vocabulary has no RUN_BEGIN and RUN_END, and so no runs to judge"
            raise TraceError(str(reader.path), reason, "header")
        self._begin, self._end = codes["RUN_BEGIN"].code, codes["RUN_END"].code
        self._done = PieceBatch()
        self._open: list[Piece] = []
        self._lost = False

    def batches(self) -> Iterator[PieceBatch]:
        """Yield the batches in order; `report` is complete when they are exhausted."""
        for item in self._reader.walk():
            if isinstance(item, Chunk):
                try:
                    self._take(item)
                except ChunkError as error:
                    yield from self._break(str(error))
            else:
                yield from self._break(str(item) if isinstance(item, Damage) else item.reason)
            if self._is_full():
                yield self._hand_out()
        if not self.report.damages:
            self._done.pieces += self._open
        if self._done.pieces:
            yield self._hand_out()

    def _take(self, chunk: Chunk) -> None:
        kinds = chunk.kind
        self._check_counts(chunk)
        self.report.events += chunk.meta.events
        self.report.runs += chunk.meta.counts.get("RUN_BEGIN", 0)
        start = 0
        if self._lost:
            begins = np.flatnonzero(kinds == self._begin)
            if not len(begins):
                return
            start, self._lost = int(begins[0]), False
        ends = np.flatnonzero(kinds == self._end)
        stop = int(ends[-1]) + 1 if len(ends) else 0
        if stop > start:
            self._done.pieces += [*self._open, Piece(chunk, start, stop)]
            self._open, start = [], stop
        if start < chunk.meta.events:
            self._open.append(Piece(chunk, start, chunk.meta.events))

    def _check_counts(self, chunk: Chunk) -> None:
        """The directory must count the kinds as they are: every table's length follows from it."""
        counted = np.bincount(chunk.kind, minlength=256)
        for kind in self._reader.header.vocabulary.kinds:
            if counted[kind.code] != chunk.meta.counts.get(kind.name, 0):
                raise ChunkError(f"the chunk at byte {chunk.offset}: {kind.name} is miscounted")

    def _break(self, reason: str) -> Iterator[PieceBatch]:
        """A loss: the run in the middle of it can't be judged, and nothing is known of before."""
        self.report.damages.append(reason)
        self.report.broken_runs += bool(self._open)
        self._open, self._lost = [], True
        if self._done.pieces:
            yield self._hand_out()
        self._done.follows = False

    def _is_full(self) -> bool:
        done = self._done
        return done.events >= self._batch_events or done.snapshot_bytes >= BATCH_SNAPSHOT_BYTES

    def _hand_out(self) -> PieceBatch:
        done, self._done = self._done, PieceBatch()
        return done
