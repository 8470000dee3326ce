"""From chance to a script: what was proposed with success becomes the steps of a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.nand.job import Recipe
from nandtrace.nand.profile import Continuation, Profile, Proposals, ScriptStep
from nandtrace.shrinking.nand_context import (
    Context,
    changed_options,
    changed_profile,
)
from nandtrace.shrinking.nand_recording import Seen
from nandtrace.shrinking.nand_runs import in_one_run
from nandtrace.trace.recorder import Target
from nandtrace.vocab.nand import Role, Source

_LATEST = (4, 8, 16, 32, 64, 128, 256)
"""So few steps may be all that a violation needs."""

_LONG_NS = 10_000_000

_FIRST = (Source.PROPOSAL, Source.BOOTSTRAP, Source.BACKLOG)
_READS = (Role.READ, Role.CACHE_READ, Role.CACHE_READ_END, Role.DATA_OUT)

Sequences = dict[str, tuple[Continuation, ...]]


def script_instead(context: Context) -> None:
    """A script in place of chance: with addresses or without, with the sequences that were drawn or all."""
    if context.is_scripted:
        return
    recipe, seen = context.recipe, context.seen()
    if _latest_steps(context, recipe, seen):
        return
    for events in (_until_sight(seen), seen.tape.events):
        steps = tuple(_steps(events, recipe.profile))
        bare = tuple(map(bare_step, steps))
        for sequences in (_drawn(events, recipe.profile), recipe.profile.sequences):
            # With addresses a step does the same whatever becomes of those before it.
            if not _try_script(context, recipe, steps, sequences):
                _try_script(context, recipe, bare, sequences)


def _latest_steps(context: Context, recipe: Recipe, seen: Seen) -> bool:
    """Only what came last before the violation: wherever it goes, or where it went, on the same cells."""
    events = _until_sight(seen)
    steps = tuple(_steps(events, recipe.profile, drained=True))
    sequences = _drawn(events, recipe.profile)
    for count in takewhile(lambda count: count < len(steps), _LATEST):
        for few in (_from_begin(steps[-count:]), _on_same_cells(steps, count, recipe.profile)):
            script = _with_script(recipe, few, sequences, has_bootstrap=False)
            if any(context.search.attempt(one) for one in in_one_run(script)):
                return True
    return False


def _from_begin(steps: tuple[ScriptStep, ...]) -> tuple[ScriptStep, ...]:
    begin_ns = steps[0].at_ns
    return tuple(replace(bare_step(step), at_ns=step.at_ns - begin_ns) for step in steps)


def _on_same_cells(
    steps: tuple[ScriptStep, ...], count: int, profile: Profile
) -> tuple[ScriptStep, ...]:
    """The latest steps, and those before that go to the same blocks."""
    planes = profile.topology.planes

    def rows(step: ScriptStep) -> tuple[int, int | None]:
        return step.die, None if step.block is None else step.block // planes

    wanted = {rows(step) for step in steps[-count:] if step.block is not None}
    return (*(step for step in steps[:-count] if rows(step) in wanted), *steps[-count:])


def bare_step(step: ScriptStep) -> ScriptStep:
    """A step that leaves it to the scheduler where."""
    return replace(step, block=None, page=None, planes=())


def as_script(recipe: Recipe, seen: Seen) -> Recipe:
    """One run of a script that leads to the violation, with what nobody but the drain proposed."""
    steps = tuple(_steps(_until_sight(seen), recipe.profile, drained=True))
    policies = replace(recipe.profile.policies, proposals=Proposals.SCRIPT)
    scripted = changed_profile(recipe, script=steps, policies=policies)
    return changed_options(scripted, runs=1, run_for_ns=(_LONG_NS,), max_hooks=None)


def _try_script(
    context: Context, recipe: Recipe, script: tuple[ScriptStep, ...], sequences: Sequences
) -> bool:
    scripts = [
        _with_script(recipe, script, sequences, has_bootstrap=has_bootstrap)
        for has_bootstrap in (False, recipe.profile.bootstrap.enabled)
    ]
    return any(context.search.attempt(one) for one in scripts)


def _with_script(
    recipe: Recipe, script: tuple[ScriptStep, ...], sequences: Sequences, *, has_bootstrap: bool
) -> Recipe:
    return changed_profile(
        recipe,
        script=script,
        policies=replace(recipe.profile.policies, proposals=Proposals.SCRIPT),
        sequences=sequences,
        bootstrap=replace(recipe.profile.bootstrap, enabled=has_bootstrap),
    )


# ---- what was proposed


def _steps(
    events: Sequence[TapeEvent], profile: Profile, *, drained: bool = False
) -> Iterator[ScriptStep]:
    """A step for each op that was committed or began to wait, in their order; the drain's if asked for."""
    step: ScriptStep | None = None
    waiting: set[int] = set()
    for event in events:
        if event.kind == "PROPOSE" and event.get("op_name") is not None:
            get = event.get
            step = ScriptStep(event.time_ns, get("op_name"), get("die"), get("plane"))
        elif drained and event.kind == "COMMIT" and event.get("source") == Source.DRAIN:
            (die, plane, *_), *_ = event.get("targets")
            yield ScriptStep(event.time_ns, event.get("op_name"), die, plane)
        elif step is None:
            continue
        elif event.kind == "BACKLOG" and event.get("on"):
            waiting.add(event.get("op"))
            yield step
        elif _begins_batch(event) and event.get("op") not in waiting:
            yield _placed(step, event.get("targets"), profile)


def _begins_batch(event: TapeEvent) -> bool:
    return event.kind == "COMMIT" and event.get("source") in _FIRST


def _placed(step: ScriptStep, targets: Sequence[Target], profile: Profile) -> ScriptStep:
    """A step that proposes its op where it was committed."""
    base = profile.op_bases[profile.op_names[step.op_name].base]
    if not base.addressed:
        return step
    _, _, block, page = next((item for item in targets if item[1] == step.plane), targets[0])
    return replace(
        step,
        plane=block % profile.topology.planes,
        block=block,
        page=page if base.role in _READS else None,
        planes=tuple(item[1] for item in targets) if len(targets) > 1 else (),
    )


def _until_sight(seen: Seen) -> Sequence[TapeEvent]:
    """The events up to the violation, and those of its time."""
    time_ns = seen.sight.time_ns
    return [event for event in seen.tape.events if event.time_ns <= time_ns]


def _drawn(events: Sequence[TapeEvent], profile: Profile) -> Sequences:
    """Sequences as they were drawn last, one for each base that had one; else as they are."""
    drawn = dict(profile.sequences)
    for first, following in _batches(events):
        for item in profile.sequences.get(first, ()):
            if tuple(step.base for step in item.steps) == following:
                drawn[first] = (Continuation(1.0, item.steps),)
    return drawn


def _batches(events: Sequence[TapeEvent]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The base of each op that was proposed, and those of what was committed with it."""
    batch: list[str] = []
    for event in events:
        if event.kind == "COMMIT" and event.get("source") == Source.SEQUENCE:
            batch.append(event.get("base"))
        elif _begins_batch(event):
            if batch:
                yield batch[0], tuple(batch[1:])
            batch = [event.get("base")]
    if batch:
        yield batch[0], tuple(batch[1:])
