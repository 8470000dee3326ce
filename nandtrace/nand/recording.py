"""Recordings: a profile, a seed and options become a trace, or the rest of one.

    summary = record("trace.mpk", load_profile("default").profile, Options(seed=1, runs=3))
    continue_recording("rest.mpk", "trace.mpk", run=0)

What is recorded, the header says, so that a trace alone is enough to record it again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.job import Job, Recipe, new_recorder, new_scheduler, recipe_of
from nandtrace.nand.log import NullLog, TraceLog
from nandtrace.nand.options import Options
from nandtrace.nand.own_scheduler import OwnScheduler, own_scheduler
from nandtrace.nand.profile import Profile
from nandtrace.nand.scheduler import Scheduler
from nandtrace.trace import TraceReader
from nandtrace.trace.recorder import Recorder
from nandtrace.vocab.nand import RunEnd, RunStop


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recording has come, after a run."""

    runs_done: int
    runs: int
    time_ns: int
    ops: int
    events: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What was recorded."""

    runs: int
    ops: int
    segments: int
    hooks: int
    events: int
    time_ns: int
    bytes: int
    digest: str
    ops_by_base: dict[str, int]


ReportProgress = Callable[[Progress], None]


def record(
    path: str | os.PathLike[str],
    profile: Profile,
    options: Options,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
    scheduler: type[Scheduler] | None = None,
) -> Summary:
    """Record all runs, by our scheduler or a subclass of it. Raises StorageError when the trace can't be
    written."""
    own = None if scheduler is None else own_scheduler(scheduler)
    job = Job(Recipe(profile, options, own), range(options.runs))
    return run_job(path, job, compress=compress, provenance=provenance, progress=progress)


def continue_recording(
    path: str | os.PathLike[str],
    source: str | os.PathLike[str],
    run: int,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
    runs: int | None = None,
    scheduler: type[Scheduler] | None = None,
) -> Summary:
    """Record what follows run `run` of a trace: `continued_job`."""
    own = None if scheduler is None else own_scheduler(scheduler)
    job = continued_job(source, run, runs, own)
    return run_job(path, job, compress=compress, provenance=provenance, progress=progress)


def continued_job(
    source: str | os.PathLike[str],
    run: int,
    runs: int | None = None,
    scheduler: OwnScheduler | None = None,
) -> Job:
    """The job of what follows run `run` of a trace, from the snapshot at its end.

    `runs` is how many runs to record, if not given all that the trace was to have: their events are
    those of the recording had it not been interrupted, if it goes on by the same scheduler. Raises
    UsageError for a run that is not there, or after which nothing follows, and as `recipe_of`.
    """
    with TraceReader(source) as reader:
        recipe = recipe_of(str(source), reader.header, scheduler)
        state = boundary_state(reader, run, "RUN_END")
    if runs is not None:
        recipe = replace(recipe, options=replace(recipe.options, runs=run + 1 + runs))
    wanted = range(run + 1, recipe.options.runs)
    if not wanted:
        raise UsageError(f"{source}: run {run} is the last one; nothing follows it")
    identity = recipe.identity() | {"first_run": run + 1}
    return Job(recipe, wanted, state, str(source), identity)


def boundary_state(reader: TraceReader, run: int, boundary: str) -> dict[str, Any]:
    """The snapshot at a run's RUN_BEGIN or RUN_END.

    Raises UsageError where the trace has no such run, TraceError where it may have been cut off.
    """
    code = reader.header.vocabulary.by_name[boundary].code
    for chunk in reader.chunks_of_run(run):
        for snapshot in chunk.snapshots:
            at = snapshot.seq - chunk.meta.first_seq
            if chunk.run[at] == run and chunk.kind[at] == code:
                return snapshot.state
    reason = f"it has no {boundary} of a run {run}"
    if not reader.has_footer:
        raise TraceError(str(reader.path), f"incomplete: {reason}")
    raise UsageError(f"{reader.path}: {reason}")


def run_job(
    path: str | os.PathLike[str],
    job: Job,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Summary:
    """Record the runs of a job. Raises TraceError, before anything is written, for a wrong snapshot."""
    check_state(job)
    recorder = new_recorder(path, job, compress=compress, provenance=provenance)
    try:
        with recorder:
            work = JobWork(job, recorder)
            for _ in work.steps(progress):
                pass
    except KeyboardInterrupt:
        # The same can be recorded again at any time, and a partial file would be in the way.
        recorder.discard()
        raise
    return work.summary(Path(path))


def check_state(job: Job) -> None:
    """Raise TraceError where a job is to begin from a snapshot that no scheduler can begin from."""
    if job.state is not None:
        new_scheduler(job, NullLog())


class JobWork:
    """The work of a job, step by step, into a recorder."""

    def __init__(self, job: Job, recorder: Recorder) -> None:
        self._job = job
        self._recorder = recorder
        self._scheduler = new_scheduler(job, TraceLog(recorder))
        model = self._scheduler.model
        self._first_op, self._first_seg = model.next_op, model.next_seg
        self._begun_by_base = Counter(model.ops_by_base)
        self._runs_done = 0
        self._hooks = 0
        self._is_stopping = False

    def steps(self, progress: ReportProgress | None = None) -> Iterator[None]:
        """Run all runs, or until `stop`; yields every few ticks, and between runs."""
        scheduler, options = self._scheduler, self._job.recipe.options
        for run in self._job.runs:
            until_ns = scheduler.next_begin_ns + options.duration_ns(run)
            is_last = run == options.runs - 1
            end = yield from scheduler.run_in_steps(until_ns, options.max_hooks, is_last=is_last)
            self._hooks += scheduler.run_hooks
            self._runs_done += 1
            if progress is not None:
                progress(self.progress())
            # What a run carries over, another one has to end.
            if self._is_stopping and end is not RunEnd.CARRIED:
                break
            yield
        scheduler.close()

    def stop(self) -> None:
        """End with the run that is open, soon and in order."""
        self._is_stopping = True
        self._scheduler.request_stop()

    @property
    def was_cut_short(self) -> bool:
        """Whether `stop` left something out: runs, or the rest of the last one."""
        runs = len(self._job.runs)
        return self._runs_done < runs or self._scheduler.last_stop is RunStop.REQUEST

    def progress(self) -> Progress:
        """How far it is."""
        model = self._scheduler.model
        return Progress(
            self._runs_done,
            len(self._job.runs),
            model.clock_ns,
            model.next_op - self._first_op,
            self._recorder.events,
        )

    def ops_by_base(self) -> dict[str, int]:
        """How many ops of each base were committed so far, bases without any left out."""
        return dict(Counter(self._scheduler.model.ops_by_base) - self._begun_by_base)

    def summary(self, path: Path) -> Summary:
        """What was recorded, once the trace is there."""
        model = self._scheduler.model
        with TraceReader(path) as reader:
            index = reader.index
            return Summary(
                runs=self._runs_done,
                ops=model.next_op - self._first_op,
                segments=model.next_seg - self._first_seg,
                hooks=self._hooks,
                events=index.events,
                time_ns=model.clock_ns,
                bytes=path.stat().st_size,
                digest=index.digest().hex(),
                ops_by_base=self.ops_by_base(),
            )
