"""Fewer runs, shorter windows, fewer hooks, other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from nandtrace.nand.job import Recipe
from nandtrace.shrinking.nand_context import (
    Context,
    changed_options,
    changed_profile,
    durations_of,
    said_durations,
)
from nandtrace.units import QUANTUM_NS

_WINDOWS_NS = (10_000, 100_000, 400_000, 1_000_000, 3_000_000)
_LONG_NS = 10_000_000
_HOOKS_BESIDE = 8
"""So many hooks, or less, serve the backlog between the steps of a short script."""

_SCRATCH_SEEDS = 5
_SIXTEENTHS = (1, 4, 8, 12, 14)
_HOOKS = (1, 2, 4, 8, 16, 32)
_SEEDS, _SCRIPTED_SEEDS = range(24), range(4)


def small_from_scratch(context: Context) -> None:
    """Recordings so short that many can be tried: by a few seeds, with the bootstrap and without.

    Most faults do not need the history that showed them first.
    """
    if context.is_scripted:
        return
    recipe, most = context.recipe, sum(durations_of(context.options))
    bare = changed_profile(
        recipe, bootstrap=replace(recipe.profile.bootstrap, enabled=False), bad_blocks=()
    )
    for duration in _WINDOWS_NS:
        for runs, start in product((1, 2), (bare, recipe)):
            if runs * duration < most and _try_seeds(context, start, runs, duration):
                return


def _try_seeds(context: Context, start: Recipe, runs: int, duration: int) -> bool:
    if runs > context.options.runs:
        return False
    seeds = dict.fromkeys((start.options.seed, *range(_SCRATCH_SEEDS)))
    return any(
        context.search.attempt(changed_options(start, runs=runs, run_for_ns=(duration,), seed=seed))
        for seed in seeds
    )


def cut_behind(context: Context) -> None:
    """End with the run that is violated, soon after the violation."""
    run = context.seen().sight.run
    _try_durations(context, durations_of(context.options)[: run + 1])
    durations = until_sight(context)
    _try_durations(context, [*durations[:-1], durations[-1] + QUANTUM_NS])
    _try_durations(context, durations)


def until_sight(context: Context) -> list[int]:
    """How long each run lasts whose last tick is that of the violation, or that lies before it."""
    sight = context.seen().sight
    durations = durations_of(context.options)[: sight.run + 1]
    begin = next(
        event.time_ns
        for event in context.seen().tape.events
        if event.kind == "RUN_BEGIN" and event.run == sight.run
    )
    durations[-1] = min(durations[-1], _on_grid(sight.time_ns - begin))
    return durations


def fewer_runs(context: Context) -> None:
    """As many runs less as can be: from the front, from the back, or two made one."""
    if context.profile.script:
        any(context.search.attempt(recipe) for recipe in in_one_run(context.recipe))
    runs = 1
    while runs < context.options.runs:
        durations = durations_of(context.options)
        if _try_durations(context, durations[-runs:]) or _try_durations(context, durations[:runs]):
            return
        runs += 1
    for run in range(context.options.runs - 1):
        durations = durations_of(context.options)
        if run + 1 < len(durations):
            both = durations[run] + durations[run + 1]
            _try_durations(context, [*durations[:run], both, *durations[run + 2 :]])


def shorter_windows(context: Context) -> None:
    """Each run as short as can be, the last one first."""
    for run in reversed(range(context.options.runs)):
        while _shorten(context, run):
            pass


def fewer_hooks(context: Context) -> None:
    """A budget of hooks, or none."""
    if context.options.max_hooks is not None:
        context.with_options(max_hooks=None)
    elif not context.is_scripted:
        any(context.with_options(max_hooks=hooks) for hooks in _HOOKS)


def in_one_run(recipe: Recipe) -> Iterator[Recipe]:
    """A scripted recipe in one run, which ends with the last step or long after it."""
    last_ns = recipe.profile.script[-1].at_ns
    for after_ns in (QUANTUM_NS, _LONG_NS):
        yield changed_options(recipe, runs=1, run_for_ns=(last_ns + after_ns,))


def splits(recipe: Recipe) -> Iterator[Recipe]:
    """The recipe with a run more, into which the last one is cut, after ever more hooks."""
    script, durations = recipe.profile.script, durations_of(recipe.options)
    last_ns = script[-1].at_ns + QUANTUM_NS if script else 0
    for most in range(1, len(script) + _HOOKS_BESIDE) if script else _HOOKS:
        for lengths in ([max(last_ns, sum(durations))] * 2, [*durations, durations[-1]]):
            yield changed_options(
                recipe, runs=len(lengths), run_for_ns=said_durations(lengths), max_hooks=most
            )


def other_seeds(context: Context) -> None:
    """The seed that chance makes the least of."""
    for seed in _SCRIPTED_SEEDS if context.is_scripted else _SEEDS:
        context.with_options(seed=seed)


def _shorten(context: Context, run: int) -> bool:
    for part in _SIXTEENTHS:
        durations = durations_of(context.options)
        shorter = _on_grid(durations[run] * part // 16)
        if shorter >= durations[run]:
            break
        durations[run] = shorter
        if _try_durations(context, durations):
            return True
    return False


def _try_durations(context: Context, durations: list[int]) -> bool:
    return context.with_options(runs=len(durations), run_for_ns=said_durations(durations))


def _on_grid(time_ns: int) -> int:
    return max(time_ns // QUANTUM_NS, 1) * QUANTUM_NS
