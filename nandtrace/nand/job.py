"""Jobs: what is to be recorded, and the scheduler and recorder that do it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.device_map import bases_of_role, device_rules
from nandtrace.nand.log import EventLog
from nandtrace.nand.options import Options, options_from_map
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.plain_map import profile_from_map, profile_to_map
from nandtrace.nand.restoring import restore
from nandtrace.nand.scheduler import Scheduler
from nandtrace.trace.chunk_file import ChunkSink
from nandtrace.trace.header import Header
from nandtrace.trace.recorder import Recorder
from nandtrace.vocab import NAND
from nandtrace.vocab.nand import Role

GENERATOR = "nandtrace.nand"
VERSION = 1
"""Of the scheduler: it grows when the same profile and seed give other events."""

_CLOCK = ("clock_ns",)
_LEFT_OVER = ("clock_ns", "pending", "hook_places", "segments", "planes", "bus")
"""What may change between runs; without a drain also what the next run does not take over."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides a recording's events; without a scheduler of the user's own it is by ours."""

    profile: Profile
    options: Options
    scheduler: OwnScheduler | None = None

    def identity(self) -> dict[str, Any]:
        """As it goes into the header."""
        identity = {
            "generator": GENERATOR,
            "version": VERSION,
            "profile": profile_to_map(self.profile),
            "options": self.options.to_map(),
        }
        return (
            identity if self.scheduler is None else identity | {"scheduler": self.scheduler.label}
        )


def recipe_of(path: str, header: Header, scheduler: OwnScheduler | None = None) -> Recipe:
    """The recipe in a trace's header, to be executed by ours or the given scheduler.

    Raises UsageError where `nandtrace record` did not write the trace, or did so with a scheduler of the
    user's own and none is given: a class that only a trace names is never imported.
    """
    if header.domain != NAND.domain:
        raise UsageError(f"{path}: of the domain {header.domain}; only nand is executed again")
    identity = header.identity
    if identity.get("generator") != GENERATOR:
        raise UsageError(f"{path}: not recorded by nandtrace record: its header has no recipe")
    if identity.get("version") != VERSION:
        raise UsageError(
            f"{path}: recorded by version {identity.get('version')!r} of the scheduler, this is {VERSION}"
        )
    if scheduler is None and "scheduler" in identity:
        named = identity["scheduler"]
        raise UsageError(f"{path}: recorded by the scheduler {named}: it takes --scheduler {named}")
    try:
        return replace(recipe_from_identity(identity), scheduler=scheduler)
    except ValueError as error:
        raise TraceError(path, f"its recipe makes no sense: {error}", "header") from error


def recipe_from_identity(identity: Mapping[str, Any]) -> Recipe:
    """Read a recipe back from what `Recipe.identity` gave. Raises ValueError where it makes no sense."""
    try:
        profile = profile_from_map(identity["profile"])
        options = options_from_map(identity["options"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return Recipe(profile, options)


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


def new_scheduler(job: Job, log: EventLog) -> Scheduler:
    """A scheduler about to begin the first run of a job. Raises TraceError for a wrong snapshot."""
    recipe = job.recipe
    kind = Scheduler if recipe.scheduler is None else recipe.scheduler.kind
    scheduler = kind(
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


def new_recorder(
    path: str | os.PathLike[str],
    job: Job,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    sink: ChunkSink | None = None,
) -> Recorder:
    """A recorder with the header of a job; with a sink it makes no file."""
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
        sink=sink,
    )
