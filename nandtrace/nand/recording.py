"""Recordings: a profile, a seed and options become a trace, or the rest of one.

    summary = record("trace.mpk", load_profile("default").profile, Options(seed=1, runs=3))
    continue_recording("rest.mpk", "trace.mpk", run=0)

What is recorded, the header says, so that a trace alone is enough to record it again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.device_map import bases_of_role, device_rules
from nandtrace.nand.log import EventLog, NullLog, TraceLog
from nandtrace.nand.options import Options, options_from_map
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.plain_map import profile_from_map, profile_to_map
from nandtrace.nand.restoring import restore
from nandtrace.nand.scheduler import Scheduler
from nandtrace.trace import TraceReader
from nandtrace.trace.header import Header
from nandtrace.trace.recorder import Recorder
from nandtrace.vocab.nand import Role

GENERATOR = "nandtrace.nand"
VERSION = 1
"""Of the scheduler: it grows when the same profile and seed give other events."""

_CLOCK = ("clock_ns",)
_LEFT_OVER = ("clock_ns", "pending", "hook_places", "segments", "planes", "bus")
"""What may change between runs; without a drain also what the next run does not take over."""


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


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides a recording's events."""

    profile: Profile
    options: Options

    def identity(self) -> dict[str, Any]:
        """As it goes into the header."""
        return {
            "generator": GENERATOR,
            "version": VERSION,
            "profile": profile_to_map(self.profile),
            "options": self.options.to_map(),
        }


def recipe_of(path: str, header: Header) -> Recipe:
    """The recipe in a trace's header. Raises UsageError where this scheduler did not write the trace."""
    identity = header.identity
    if identity.get("generator") != GENERATOR:
        raise UsageError(f"{path}: not recorded by nandtrace record: its header has no recipe")
    if identity.get("version") != VERSION:
        raise UsageError(
            f"{path}: recorded by version {identity.get('version')!r} of the scheduler, this is {VERSION}"
        )
    try:
        profile = profile_from_map(identity["profile"])
        options = options_from_map(identity["options"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TraceError(path, f"its recipe makes no sense: {error}", "header") from error
    return Recipe(profile, options)


def record(
    path: str | os.PathLike[str],
    profile: Profile,
    options: Options,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Summary:
    """Record all runs. Raises StorageError when the trace can't be written."""
    job = Job(Recipe(profile, options), range(options.runs))
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
) -> Summary:
    """Record what follows run `run` of a trace, from the snapshot at its end.

    `runs` is how many runs to record, if not given all that the trace was to have: their events are
    those of the recording had it not been interrupted. Raises UsageError for a run that is not there,
    or after which nothing follows.
    """
    with TraceReader(source) as reader:
        recipe = recipe_of(str(source), reader.header)
        state = boundary_state(reader, run, "RUN_END")
    if runs is not None:
        recipe = replace(recipe, options=replace(recipe.options, runs=run + 1 + runs))
    wanted = range(run + 1, recipe.options.runs)
    if not wanted:
        raise UsageError(f"{source}: run {run} is the last one; nothing follows it")
    identity = recipe.identity() | {"first_run": run + 1}
    job = Job(recipe, wanted, state, str(source), identity)
    return run_job(path, job, compress=compress, provenance=provenance, progress=progress)


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


@dataclass(frozen=True, slots=True)
class Job:
    """Runs to record: all of a recipe, or some of them from the snapshot before the first.

    `source` is the trace that the snapshot is from, `identity` what its header says of the recipe.
    """

    recipe: Recipe
    runs: range
    state: Mapping[str, Any] | None = None
    source: str = ""
    identity: Mapping[str, Any] | None = None


def run_job(
    path: str | os.PathLike[str],
    job: Job,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    progress: ReportProgress | None = None,
) -> Summary:
    """Record the runs of a job. Raises TraceError, before anything is written, for a wrong snapshot."""
    if job.state is not None:
        new_scheduler(job, NullLog())
    recorder = _new_recorder(path, job, compress, provenance)
    try:
        with recorder:
            scheduler = new_scheduler(job, TraceLog(recorder))
            begun = _Counts.of(scheduler)
            hooks = _run_all(scheduler, job, recorder, progress)
    except KeyboardInterrupt:
        # The same can be recorded again at any time, and a partial file would be in the way.
        recorder.discard()
        raise
    return _summary(Path(path), job, scheduler, begun, hooks)


def _run_all(
    scheduler: Scheduler, job: Job, recorder: Recorder, progress: ReportProgress | None
) -> int:
    """Run all runs; returns how many hooks were dispatched."""
    options = job.recipe.options
    hooks, first_op = 0, scheduler.model.next_op
    for run in job.runs:
        until_ns = scheduler.next_begin_ns + options.duration_ns(run)
        scheduler.run_to(until_ns, options.max_hooks, is_last=run == options.runs - 1)
        hooks += scheduler.run_hooks
        if progress is not None:
            done = run + 1 - job.runs.start
            ops = scheduler.model.next_op - first_op
            now_ns = scheduler.model.clock_ns
            progress(Progress(done, len(job.runs), now_ns, ops, recorder.events))
    scheduler.close()
    return hooks


def new_scheduler(job: Job, log: EventLog) -> Scheduler:
    """A scheduler about to begin the first run of a job."""
    recipe = job.recipe
    scheduler = Scheduler(
        recipe.profile,
        seed=recipe.options.seed,
        log=log,
        drain_on_exit=recipe.options.drain,
        apply_policy=recipe.options.apply_policy,
    )
    if job.state is not None:
        try:
            restore(scheduler.model, job.state, recipe.options.seed)
        except ValueError as error:
            raise TraceError(job.source, str(error), f"before run {job.runs.start}") from error
        if not recipe.options.drain:
            scheduler.model.drop_reservations()
    return scheduler


def _new_recorder(
    path: str | os.PathLike[str], job: Job, compress: bool, provenance: Mapping[str, Any] | None
) -> Recorder:
    profile, options = job.recipe.profile, job.recipe.options
    return Recorder(
        path,
        topology=profile.topology,
        program_bases=bases_of_role(profile, Role.PROGRAM),
        erase_bases=bases_of_role(profile, Role.ERASE),
        celltype_compatible=profile.celltype_compatible,
        apply_policy=options.apply_policy,
        bad_blocks=profile.bad_blocks,
        may_change_between_runs=_CLOCK if options.drain else _LEFT_OVER,
        rules=device_rules(profile),
        identity=job.recipe.identity() if job.identity is None else job.identity,
        provenance=provenance,
        compress=compress,
        first_run=job.runs.start,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a scheduler has counted since the recording's beginning."""

    ops: int
    segments: int
    by_base: dict[str, int]

    @classmethod
    def of(cls, scheduler: Scheduler) -> Self:
        model = scheduler.model
        return cls(model.next_op, model.next_seg, dict(model.ops_by_base))


def _summary(path: Path, job: Job, scheduler: Scheduler, begun: _Counts, hooks: int) -> Summary:
    ended = _Counts.of(scheduler)
    by_base = {base: count - begun.by_base[base] for base, count in ended.by_base.items()}
    with TraceReader(path) as reader:
        index = reader.index
        return Summary(
            runs=len(job.runs),
            ops=ended.ops - begun.ops,
            segments=ended.segments - begun.segments,
            hooks=hooks,
            events=index.events,
            time_ns=scheduler.model.clock_ns,
            bytes=path.stat().st_size,
            digest=index.digest().hex(),
            ops_by_base={base: count for base, count in by_base.items() if count},
        )
