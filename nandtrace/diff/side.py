"""One side of a comparison: a trace, its index, and what of it can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from nandtrace.diff.decoded import DecodedChunk, decode_chunk
from nandtrace.diff.model import SideFacts
from nandtrace.errors import TraceError
from nandtrace.trace import Chunk, ChunkEntry, ChunkError, Damage, Gap, TraceReader
from nandtrace.trace.event import Event, events_of

_KEPT_CHUNKS = 3


@dataclass(frozen=True, slots=True)
class Extent:
    """Events `start` to before `stop` lie in the chunk at a place of the index."""

    start: int
    stop: int
    ordinal: int


class Side:
    """Reads a trace for comparing. Damage is no exception here: it is listed in `problems`.

    `label` is how the trace is named to the user. Raises TraceError when the file is no trace.
    """

    def __init__(self, path: Path, label: str) -> None:
        self.label = label
        try:
            self.reader = TraceReader(path)
        except TraceError as error:
            raise TraceError(label, error.reason, error.place) from error
        self.vocabulary = self.reader.header.vocabulary
        self.problems = list_problems(self.reader)
        self.index = self.reader.index
        self.extents = self._extents()
        self._decoded: dict[int, DecodedChunk | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.reader.__exit__(kind, error, traceback)

    def _extents(self) -> list[Extent]:
        """The chunks by what they hold, in rising order; one that goes back is a problem."""
        extents: list[Extent] = []
        covered = 0
        for ordinal, entry in enumerate(self.index.chunks):
            if entry.first_seq < covered:
                self._add_problem(f"chunk {ordinal} goes back to event {entry.first_seq}")
                continue
            covered = entry.first_seq + entry.events
            extents.append(Extent(entry.first_seq, covered, ordinal))
        return extents

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing or damaged."""
        return not self.problems

    def facts(self) -> SideFacts:
        return SideFacts(
            label=self.label,
            digest=self.index.digest().hex(),
            events=self.index.events,
            runs=self.index.runs,
            counts=self.index.counts(),
            problems=list(self.problems),
        )

    def decoded(self, ordinal: int) -> DecodedChunk | None:
        """The chunk at a place of the index; None, and a problem more, when it is damaged."""
        if ordinal not in self._decoded:
            while len(self._decoded) >= _KEPT_CHUNKS:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[ordinal] = self._decode(ordinal)
        return self._decoded[ordinal]

    def _decode(self, ordinal: int) -> DecodedChunk | None:
        try:
            chunk = self.reader.chunk(ordinal)
            if _is_entry(chunk, self.index.chunks[ordinal]):
                return decode_chunk(chunk, self.vocabulary)
            self._add_problem(f"the chunk at byte {chunk.offset} is not the one of the index")
        except TraceError as error:
            self._add_problem(f"{error.place}: {error.reason}")
        except ChunkError as error:
            self._add_problem(str(error))
        return None

    def _add_problem(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def chunks_from(self, seq: int) -> Iterator[DecodedChunk]:
        """The chunk that holds event `seq` and those after it, up to a loss or the end."""
        expected = seq
        for extent in self.extents:
            if extent.stop <= seq:
                continue
            decoded = self.decoded(extent.ordinal)
            if decoded is None or extent.start > expected:
                return
            yield decoded
            expected = extent.stop

    def events(self, start: int, stop: int) -> list[Event]:
        """The events `start` to before `stop` that can be read."""
        found: list[Event] = []
        for extent in self.extents:
            if extent.start >= stop or extent.stop <= start:
                continue
            decoded = self.decoded(extent.ordinal)
            if decoded is not None:
                first = max(start - decoded.first_seq, 0)
                last = stop - decoded.first_seq
                found.extend(events_of(decoded.chunk, self.vocabulary, first, last))
        return found

    def snapshot(self, seq: int) -> dict[str, object] | None:
        """The snapshot taken with event `seq`, if there is one."""
        decoded = next(self.chunks_from(seq), None)
        return None if decoded is None else decoded.snapshots.get(seq)


def list_problems(reader: TraceReader) -> list[str]:
    """What is missing, as far as it shows without decoding: the footer says it, else a scan."""
    if reader.has_footer:
        return [problem_text(gap) for gap in reader.index.gaps]
    return [problem_text(item) for item in reader.walk() if not isinstance(item, Chunk)]


def problem_text(problem: Damage | Gap) -> str:
    """A damage or gap in one line."""
    if isinstance(problem, Gap):
        return f"a gap before chunk {problem.before_chunk}: {problem.reason}"
    return str(problem)


def _is_entry(chunk: Chunk, entry: ChunkEntry) -> bool:
    meta = chunk.meta
    return (meta.first_seq, meta.events, chunk.chain) == (
        entry.first_seq,
        entry.events,
        entry.chain,
    )
