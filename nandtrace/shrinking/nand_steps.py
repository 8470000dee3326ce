"""Scripts made shorter: fewer steps, plainer ones, and less time between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from nandtrace.nand.job import Recipe
from nandtrace.nand.profile import ScriptStep
from nandtrace.shrinking.ddmin import ddmin
from nandtrace.shrinking.nand_context import (
    Context,
    changed_options,
    changed_profile,
    durations_of,
    said_durations,
)
from nandtrace.shrinking.nand_runs import in_one_run
from nandtrace.shrinking.nand_script import bare_step
from nandtrace.units import QUANTUM_NS

_FEW, _VERY_FEW = 30, 12
"""Of so few steps each is worth a second try, of even fewer a third."""

_SEEDS = range(2)


def shorter_script(context: Context) -> None:
    """Only the steps that are needed: of which dies, op names and blocks, and then which of them."""
    for group_of in (_die, _op_name, _place, None):
        script = context.profile.script
        if len(script) > 1:
            _fewer_steps(context, script, group_of)


def _fewer_steps(
    context: Context,
    script: tuple[ScriptStep, ...],
    group_of: Callable[[ScriptStep], Hashable] | None,
) -> None:
    """Leave out groups of steps, each step its own group where nothing tells groups."""
    named = [number if group_of is None else group_of(step) for number, step in enumerate(script)]
    groups = tuple(dict.fromkeys(named))

    def holds(kept: tuple[Hashable, ...]) -> bool:
        wanted = frozenset(kept)
        steps = tuple(step for name, step in zip(named, script, strict=True) if name in wanted)
        return _try_steps(context, steps)

    ddmin(groups, holds)


def _try_steps(context: Context, steps: tuple[ScriptStep, ...]) -> bool:
    """Try a script; without some steps runs may begin earlier, and chance draws otherwise for the others."""
    recipe = changed_profile(context.recipe, script=steps)
    return any(context.search.attempt(one) for one in _variants(recipe, len(steps)))


def _variants(recipe: Recipe, steps: int) -> Iterator[Recipe]:
    yield recipe
    if 0 < steps <= _FEW:
        yield from in_one_run(recipe)
    if 0 < steps <= _VERY_FEW:
        for seed in _SEEDS:
            yield changed_options(recipe, seed=seed)


def without_pairs(context: Context) -> None:
    """Without two steps of which neither can go alone, as a suspend and its resume."""
    pair = next(combinations(range(len(context.profile.script)), 2), None)
    while pair is not None and len(context.profile.script) <= _VERY_FEW:
        script = context.profile.script
        pair = next(
            (two for two in combinations(range(len(script)), 2) if _try_without(context, two)), None
        )


def _try_without(context: Context, places: tuple[int, ...]) -> bool:
    script = context.profile.script
    kept = tuple(step for place, step in enumerate(script) if place not in places)
    return bool(kept) and context.with_profile(script=kept)


def _die(step: ScriptStep) -> Hashable:
    return step.die


def _op_name(step: ScriptStep) -> Hashable:
    return step.op_name


def _place(step: ScriptStep) -> Hashable:
    return step.die, step.plane, step.block


def plainer_steps(context: Context) -> None:
    """Steps without pages, blocks and planes, where the scheduler chooses as well."""
    for place in range(len(context.profile.script)):
        step = context.profile.script[place]
        for plainer in (
            bare_step(step),
            replace(step, page=None),
            replace(step, planes=()),
        ):
            if plainer != step and context.with_profile(
                script=with_step(context.profile.script, place, plainer)
            ):
                break


def sooner_steps(context: Context) -> None:
    """Less time between a step and the next, and between a step and the end of its run."""
    for place in range(len(context.profile.script)):
        for eighths in (8, 7, 4):
            if context.search.attempt(_sooner(context.recipe, place, eighths)):
                break


def _sooner(recipe: Recipe, place: int, eighths: int) -> Recipe:
    """With a part of the time cut out that lies before a step, whatever run it belongs to."""
    script = recipe.profile.script
    stop = script[place].at_ns
    start = script[place - 1].at_ns if place else 0
    by = (stop - start) * eighths // 8 // QUANTUM_NS * QUANTUM_NS
    moved = tuple(
        replace(step, at_ns=step.at_ns - by) if at >= place else step
        for at, step in enumerate(script)
    )
    durations, begin = durations_of(recipe.options), 0
    for run, duration in enumerate(durations):
        if start < begin + duration <= stop:
            durations[run] = max(duration - by, QUANTUM_NS)
            break
        begin += duration
    return changed_options(
        changed_profile(recipe, script=moved), run_for_ns=said_durations(durations)
    )


def with_step(script: Sequence[ScriptStep], place: int, step: ScriptStep) -> tuple[ScriptStep, ...]:
    """A script with another step at a place."""
    return (*script[:place], step, *script[place + 1 :])
