"""Recordings of the NAND scheduler, made smaller: a profile, its command, and the trace that it gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nandtrace.nand.job import Job, Recipe
from nandtrace.nand.recording import continued_job, run_job
from nandtrace.shrinking.judging import InvariantJudge, Judge, ReplayJudge
from nandtrace.shrinking.memory import Memory
from nandtrace.shrinking.nand_context import READABLE, Context
from nandtrace.shrinking.nand_recording import NandRecordings, RecipeKeys, arguments_of
from nandtrace.shrinking.nand_runs import splits
from nandtrace.shrinking.nand_script import as_script
from nandtrace.shrinking.nand_search import reduce_again, reduce_recording, reduce_undrained
from nandtrace.shrinking.profile_file import write_profile
from nandtrace.shrinking.search import Budget, Search
from nandtrace.shrinking.searching import run_to_end
from nandtrace.shrinking.sizes import Size
from nandtrace.shrinking.task import REPLAY, End, Shrunk, Task, Way, Written

_LAST_RUN = "last run: "
"""Before the keys of recipes of which the last run alone counts."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The best of a search; `goes_on` where it is the continuation of its runs but the last."""

    recipe: Recipe
    size: Size
    tried: int
    end: End
    goes_on: bool = False


def shrink_nand(task: Task, recipe: Recipe) -> Shrunk | None:
    """Search the smallest recording; None where the recipe, executed again, violates nothing.

    Where it can't be read at a glance, it need not be drained. If that is too long too, it is cut in two:
    what leads there, and a recording that goes on from there, of which the events are counted. Raises
    StorageError where something can't be written.
    """
    with (
        tempfile.TemporaryDirectory(prefix="nandtrace-") as name,
        task.memory(Way.RECORDING) as memory,
    ):
        folder = Path(name)
        recordings = NandRecordings(_judge(task), folder, recipe)
        search = Search(
            recipe,
            recordings.measure,
            RecipeKeys().key,
            budget=task.budget,
            memory=memory,
            told=task.told,
        )
        if not search.begin():
            memory.forget()
            return None
        before = search.size
        context = Context(search, recordings)
        end = run_to_end(lambda: reduce_recording(context))
        drained = search.best
        if end is End.COMPLETE and search.size.counted > READABLE:
            end = run_to_end(lambda: reduce_undrained(context))
        found = _Found(search.best, search.size, search.tried, end)
        if end is End.COMPLETE and search.size.counted > READABLE:
            found = _cut_in_two(task, found, drained, folder, memory) or found
        written = _write(task, found)
        if found.end is End.COMPLETE:
            memory.forget()
        return Shrunk(
            way=Way.RECORDING,
            invariant=task.invariant,
            trace=task.outputs.trace,
            before=before,
            after=found.size,
            tried=found.tried,
            known_before=memory.known_before,
            end=found.end,
            source=written.source,
            base=task.outputs.base if found.goes_on else None,
            commands=written.commands,
        )


def _judge(task: Task) -> Judge:
    return ReplayJudge() if task.invariant == REPLAY else InvariantJudge(task.invariant)


def _cut_in_two(
    task: Task, whole: _Found, drained: Recipe, folder: Path, memory: Memory
) -> _Found | None:
    """What leads to the violation, and the longest continuation of it that can be read at a glance.

    What is cut was drained: nothing goes on from what was dropped.
    Where there is none, the smallest one is reduced. None where no continuation is smaller than the whole.
    """
    recordings = NandRecordings(_judge(task), folder, drained, only_last=True)
    keys, most = RecipeKeys(), task.budget.candidates
    left = None if most is None else max(most - whole.tried, 0)
    best: Search[Recipe] | None = None
    for split in _splits(drained, recordings):
        search = Search(
            split,
            recordings.measure,
            lambda recipe: _LAST_RUN + keys.key(recipe),
            budget=Budget(left, task.budget.is_over),
            memory=memory,
            told=task.told,
        )
        if not search.begin():
            continue
        if search.size.counted <= READABLE:
            return _Found(split, search.size, whole.tried, End.COMPLETE, goes_on=True)
        if best is None or search.size < best.size:
            best = search
    if best is None or best.size.counted >= whole.size.counted:
        return None
    context = Context(best, recordings)
    end = run_to_end(lambda: reduce_again(context))
    return _Found(best.best, best.size, whole.tried + best.tried, end, goes_on=True)


def _splits(recipe: Recipe, recordings: NandRecordings) -> Iterator[Recipe]:
    yield from splits(recipe)
    seen = recordings.see(recipe)
    if seen is not None:
        yield from splits(as_script(recipe, seen))


def command_of(recipe: Recipe, profile: Path, trace: Path, scheduler: str | None) -> list[str]:
    """The command that records a recipe from a profile's file."""
    arguments = ["nandtrace", "record", "--profile", str(profile)]
    bare = replace(recipe, scheduler=None)
    return [*arguments, *arguments_of(bare), *_own(scheduler), "-o", str(trace)]


def _own(scheduler: str | None) -> list[str]:
    return [] if scheduler is None else ["--scheduler", scheduler]


def _write(task: Task, found: _Found) -> Written:
    """The profile, the recording, and what it goes on from where it does."""
    outputs, scheduler = task.outputs, task.scheduler_text
    comment = [f"{task.sought}. Shrunk by nandtrace shrink, from {task.trace.name}."]
    profile = write_profile(outputs.profile, found.recipe.profile, comment)
    recipe = replace(found.recipe, profile=profile)
    first = outputs.base if found.goes_on else outputs.trace
    commands = [tuple(command_of(recipe, outputs.profile, first, scheduler))]
    run_job(first, Job(recipe, range(recipe.options.runs)))
    if found.goes_on:
        run = recipe.options.runs - 2
        run_job(outputs.trace, continued_job(first, run, scheduler=recipe.scheduler))
        words = ["nandtrace", "record", "--from", str(first), "--run", str(run)]
        commands.append((*words, *_own(scheduler), "-o", str(outputs.trace)))
    return Written(outputs.profile, tuple(commands))
