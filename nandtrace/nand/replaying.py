"""Replays: a recording executed again from its own header, and compared."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nandtrace.diff import Result, TraceDiff, compare
from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.job import Job, recipe_of
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.nand.recording import ReportProgress, boundary_state, run_job
from nandtrace.trace import TraceReader
from nandtrace.trace.event import events_of
from nandtrace.trace.excerpt import write_excerpt
from nandtrace.vocab import NAND
from nandtrace.vocab.nand import RunStop


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """Both digests (hex), over the runs executed again, and where the two first differ.

    `left_out` is the last run of a trace where somebody stopped it: nothing says at which tick.
    """

    runs: int
    expected_digest: str
    actual_digest: str
    divergence: TraceDiff | None
    left_out: int | None = None

    @property
    def same(self) -> bool:
        return self.divergence is None


def replay(
    path: str | os.PathLike[str],
    run: int | None = None,
    progress: ReportProgress | None = None,
    scheduler: OwnScheduler | None = None,
) -> ReplayResult:
    """Execute a trace again, or one run of it from the snapshot at its beginning, by the given scheduler.

    Raises UsageError as `recipe_of`, where the trace has no such run, or that run was stopped on request;
    TraceError where the trace can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder, TraceReader(path) as reader:
        again = Path(folder) / "again.mpk"
        stopped = _stopped_run(reader)
        job = _job(reader, run, stopped, scheduler)
        expected = Path(path)
        if run is not None or stopped is not None:
            expected = Path(folder) / "excerpt.mpk"
            write_excerpt(reader, job.runs, expected)
        run_job(again, job, progress=progress)
        labels = (str(path), "executed again")
        result = compare(expected, again, labels)
        return ReplayResult(
            runs=len(job.runs),
            expected_digest=_digest(expected),
            actual_digest=_digest(again),
            divergence=None if result.result is Result.SAME else result,
            left_out=stopped if run is None else None,
        )


def _stopped_run(reader: TraceReader) -> int | None:
    """The last run, where somebody stopped it."""
    chunks = reader.index.chunks
    if not chunks or reader.header.domain != NAND.domain:
        return None
    chunk = reader.chunk(len(chunks) - 1)
    (last,) = events_of(chunk, reader.header.vocabulary, chunk.meta.events - 1)
    return last.run if last.fields.get("stop") == RunStop.REQUEST else None


def _job(
    reader: TraceReader, run: int | None, stopped: int | None, scheduler: OwnScheduler | None
) -> Job:
    recipe = recipe_of(str(reader.path), reader.header, scheduler)
    first = _first_run(reader) if run is None else run
    last = recipe.options.runs - 1 if run is None else run
    if stopped is not None and first == stopped:
        raise UsageError(f"{reader.path}: run {stopped} was stopped on request: nothing says where")
    if stopped is not None and run is None:
        last = stopped - 1
    state = boundary_state(reader, first, "RUN_BEGIN") if first else None
    return Job(recipe, range(first, last + 1), state, str(reader.path), reader.header.identity)


def _first_run(reader: TraceReader) -> int:
    chunks = reader.index.chunks
    if not chunks:
        raise TraceError(str(reader.path), "it has no events to compare with")
    return chunks[0].first_run


def _digest(path: Path) -> str:
    with TraceReader(path) as reader:
        return reader.index.digest().hex()
