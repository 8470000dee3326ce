"""Shrinking: from a trace that violates an invariant to the smallest that violates it too.

    shrunk = shrink_trace("big.mpk", Path("small"), budget=Budget(candidates=500))
    print(" ".join(shrunk.command))

A trace whose header says how it was recorded is recorded anew, with less and less. Of any other one, and
of one that its recipe does not give, an excerpt is cut out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nandtrace.check.verdict import TraceVerdict, Verdict
from nandtrace.check.verify import Options, verify_trace
from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.job import Recipe, recipe_of
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.shrinking.excerpts import shrink_excerpt
from nandtrace.shrinking.judging import ReplayJudge
from nandtrace.shrinking.nand_shrinking import shrink_nand
from nandtrace.shrinking.scenario_shrinking import scenario_of, shrink_scenario
from nandtrace.shrinking.search import Budget
from nandtrace.shrinking.sizes import Size
from nandtrace.shrinking.task import REPLAY, Outputs, Shrunk, Task
from nandtrace.trace import TraceReader
from nandtrace.trace.header import Header


@dataclass(frozen=True, slots=True)
class Violated:
    """What a trace violates: the invariant that is sought, and all of them."""

    invariant: str
    all_of_them: tuple[str, ...]
    digest: str


def shrink_trace(
    trace: str | os.PathLike[str],
    stem: str | os.PathLike[str],
    *,
    invariant: str | None = None,
    scheduler: OwnScheduler | None = None,
    scheduler_text: str | None = None,
    budget: Budget | None = None,
    told: Callable[[int, Size], None] | None = None,
    record: bool = True,
) -> Shrunk:
    """Search the smallest trace that violates the same invariant: the one given, else the first violated.

    The invariant REPLAY stands for a run that differs when it alone is executed again.

    What is found goes to `stem` and a suffix: .mpk, and .yaml or .toml where it is a recording. `record`
    False asks for an excerpt. `scheduler` is the one that recorded the trace where that is the user's own,
    `scheduler_text` what a command names it by.

    Raises UsageError where nothing is violated, TraceError where the trace is not whole, StorageError
    where something can't be written.
    """
    path = Path(trace)
    violated = what_is_wrong(path, invariant, scheduler)
    label = scheduler_text or (scheduler.label if scheduler else None)
    task = Task(
        trace=path,
        digest=violated.digest,
        invariant=violated.invariant,
        outputs=Outputs(Path(stem)),
        budget=budget or Budget(),
        scheduler_text=label,
        told=told,
    )
    _refuse_same(task)
    shrunk = _recorded_anew(task, scheduler) if record else None
    if shrunk is None and invariant == REPLAY:
        raise UsageError(f"{path}: only a recording of nandtrace record can be executed again")
    return shrunk or shrink_excerpt(task, violated.all_of_them)


def shrink_recording(
    recipe: Recipe,
    invariant: str,
    stem: str | os.PathLike[str],
    *,
    budget: Budget | None = None,
    scheduler_text: str | None = None,
    told: Callable[[int, Size], None] | None = None,
) -> Shrunk | None:
    """The same for a recipe without a trace; None where it does not violate the invariant."""
    label = scheduler_text or (recipe.scheduler.label if recipe.scheduler else None)
    outputs = Outputs(Path(stem))
    task = Task(
        trace=outputs.trace,
        digest="",
        invariant=invariant,
        outputs=outputs,
        budget=budget or Budget(),
        scheduler_text=label,
        told=told,
    )
    return shrink_nand(task, recipe)


def what_is_wrong(path: Path, invariant: str | None, scheduler: OwnScheduler | None) -> Violated:
    """`what_differs` for REPLAY, `what_is_violated` for an invariant, or where none is given."""
    if invariant == REPLAY:
        return what_differs(path, scheduler)
    return what_is_violated(path, invariant)


def what_is_violated(path: Path, invariant: str | None) -> Violated:
    """Verify a trace for what it violates. Raises UsageError for nothing, TraceError for a damaged one."""
    verdict = verify_trace(path)
    _check_whole(verdict)
    found = {item.id: item.violations[0].seq for item in verdict.invariants if item.violations}
    if invariant is not None:
        verify_trace(path, Options(only=(invariant,)))
    if not found:
        raise UsageError(f"{path}: it violates nothing: there is nothing to shrink")
    if invariant is not None and invariant not in found:
        raise UsageError(f"{path}: it does not violate {invariant}, but {', '.join(found)}")
    first = invariant or min(found, key=lambda name: found[name])
    return Violated(first, tuple(found), verdict.digest or "")


def what_differs(path: Path, scheduler: OwnScheduler | None) -> Violated:
    """Look for a run that differs when it alone is executed again.

    Raises UsageError where none does or nothing can be executed again, TraceError for a damaged trace.
    """
    verdict = verify_trace(path)
    _check_whole(verdict)
    if ReplayJudge().first(path, scheduler) is None:
        raise UsageError(f"{path}: each run, executed again alone, is the same: nothing to shrink")
    return Violated(REPLAY, (), verdict.digest or "")


def _check_whole(verdict: TraceVerdict) -> None:
    if verdict.error is not None:
        raise TraceError(verdict.path, verdict.error.removeprefix(f"{verdict.path}: "))
    if verdict.damages or verdict.verdict is Verdict.UNKNOWN:
        raise TraceError(verdict.path, f"it is not whole: {verdict.damages[0]}")


def _recorded_anew(task: Task, scheduler: OwnScheduler | None) -> Shrunk | None:
    """The smallest recording; None for a trace that no recipe gives."""
    with TraceReader(task.trace) as reader:
        header = reader.header
    recipe = _recipe(task.trace, header, scheduler)
    if recipe is not None:
        return shrink_nand(task, recipe)
    scenario = scenario_of(header)
    return None if scenario is None else shrink_scenario(task, scenario)


def _recipe(path: Path, header: Header, scheduler: OwnScheduler | None) -> Recipe | None:
    """The recipe in a header, None where there is none. Raises UsageError where its scheduler is missing."""
    try:
        return recipe_of(str(path), header, scheduler)
    except UsageError:
        if scheduler is not None or "scheduler" in header.identity:
            raise
        return None


def _refuse_same(task: Task) -> None:
    if task.outputs.trace.exists() and task.outputs.trace.samefile(task.trace):
        raise UsageError(f"{task.trace}: the new trace would replace the one that is shrunk")
