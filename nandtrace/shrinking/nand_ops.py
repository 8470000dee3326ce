"""Fewer and plainer ops: families that chance may draw, sequences, states, and ops that mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from nandtrace.nand.profile import Continuation, OpName, Profile, Weights
from nandtrace.shrinking.ddmin import ddmin
from nandtrace.shrinking.nand_context import (
    READABLE,
    Context,
    changed_options,
    changed_profile,
)
from nandtrace.shrinking.nand_steps import with_step
from nandtrace.shrinking.profile_subset import with_bases
from nandtrace.vocab.nand import Role, Source

_LATER = (Source.SEQUENCE, Source.RESUME_CHAIN, Source.DRAIN)
_SEEDS_EACH = 4
_ENOUGH = 1.0
"""A weight that leaves nothing to ops that nobody named."""


def fewer_families(context: Context) -> None:
    """Chance draws only what the recording begins batches with, and less of that."""
    if context.is_scripted:
        return
    used = _used_names(context, first=True)
    if used and _try_names(context, used):
        ddmin(used, lambda names: _try_names(context, names))


def fewer_tries(context: Context) -> None:
    """Policies under which less is tried."""
    if not context.is_scripted:
        context.with_policies(max_tries=1)
        any(context.with_policies(busy_hooks=hooks) for hooks in (0, 1))


def plainer_sequences(context: Context) -> None:
    """One alternative of each sequence, or none."""
    for base in list(dict.fromkeys(_bases(context))):
        for items in _plainer(context.profile.sequences.get(base, ())):
            if context.with_profile(sequences={**context.profile.sequences, base: items}):
                break


def plainer_ops(context: Context) -> None:
    """Of ops with the same role, those that do the least; all steps of a script at once, then one by one."""
    if not context.is_scripted:
        return
    for celltype in context.profile.celltypes:
        for multi in (False, True):
            _try_all_steps(context, _plainest(context.profile, celltype, multi))
    for place in range(len(context.profile.script)):
        _try_ops(context, place)


def skipped_states(context: Context) -> None:
    """States that take no time, while the recording is too long to be read."""
    states = dict.fromkeys(
        state.name for base in _bases(context) for state in context.profile.op_bases[base].states
    )
    for state in states:
        _try_skipping(context, _used_names(context), state)
    for name in _used_names(context):
        for state in states:
            _try_skipping(context, (name,), state)


def only_used_families(context: Context) -> None:
    """A profile without the families that do nothing, where that makes it shorter."""
    used = frozenset(_bases(context))
    kept = {
        name
        for name, base in context.profile.op_bases.items()
        if name in used or base.role.value.endswith("_RESUME")
    }
    context.search.attempt(replace(context.recipe, profile=with_bases(context.profile, kept)))


# ---- what is used


def _used_names(context: Context, *, first: bool = False) -> tuple[str, ...]:
    """Names of the ops that were committed, in their order; or of those alone that began a batch."""
    events = context.seen().tape.events
    return tuple(
        dict.fromkeys(
            event.get("op_name")
            for event in events
            if event.kind == "COMMIT" and not (first and event.get("source") in _LATER)
        )
    )


def _bases(context: Context) -> Iterator[str]:
    for name in _used_names(context):
        yield context.profile.op_names[name].base


# ---- chance


def _try_names(context: Context, names: tuple[str, ...]) -> bool:
    """Draw only these, by any of a few seeds."""
    weights = Weights(overall=dict.fromkeys(names, _ENOUGH))
    recipe = changed_profile(context.recipe, weights=weights)
    seeds = dict.fromkeys((context.options.seed, *range(_SEEDS_EACH)))
    return any(context.search.attempt(changed_options(recipe, seed=seed)) for seed in seeds)


# ---- sequences


def _plainer(items: tuple[Continuation, ...]) -> Iterator[tuple[Continuation, ...]]:
    """One alternative alone, the shortest first. What a profile lets follow is not cut."""
    for item in sorted(items, key=lambda item: len(item.steps)):
        if len(items) > 1 and item.probability:
            yield (replace(item, probability=1.0),)


# ---- ops that mean the same


def _plainest(profile: Profile, celltype: str, multi: bool) -> Callable[[OpName], str]:
    """What replaces an op: of its role the plainest of a cell type, if there is one."""

    def of(op: OpName) -> str:
        found = [
            other
            for other in _alike(profile, op)
            if other.celltype in (celltype, op.celltype) and other.multi == (multi and op.multi)
        ]
        by_type = sorted(found, key=lambda other: other.celltype != celltype)
        return by_type[0].name if by_type else op.name

    return of


def _alike(profile: Profile, op: OpName) -> list[OpName]:
    """Ops that can stand in its place and bring no more with them, the plainest first."""
    role = profile.op_bases[op.base].role
    roles = (Role.LOAD, Role.PROGRAM) if role is Role.LOAD else (role,)
    alike = [
        item for item in profile.op_names.values() if profile.op_bases[item.base].role in roles
    ]
    most = _work(profile, op)
    found = [item for item in alike if _work(profile, item) <= most]
    return sorted(found, key=lambda item: _work(profile, item))


def _work(profile: Profile, op: OpName) -> tuple[int, bool, int]:
    """How much an op brings with it."""
    follows = [len(item.steps) for item in profile.sequences.get(op.base, ())]
    return max(follows, default=0), op.multi, sum(1 for time in op.durations_ns if time)


def _try_all_steps(context: Context, name_of: Callable[[OpName], str]) -> None:
    ops = context.profile.op_names
    script = []
    for step in context.profile.script:
        name = name_of(ops[step.op_name])
        planes = step.planes if ops[name].multi else ()
        script.append(replace(step, op_name=name, planes=planes))
    context.with_profile(script=tuple(script))


def _try_ops(context: Context, place: int) -> None:
    script, ops = context.profile.script, context.profile.op_names
    step = script[place]
    for op in _alike(context.profile, ops[step.op_name]):
        planes = step.planes if op.multi else ()
        other = replace(step, op_name=op.name, planes=planes)
        if other != step and context.with_profile(script=with_step(script, place, other)):
            return


# ---- states


def _try_skipping(context: Context, names: tuple[str, ...], state: str) -> None:
    if context.search.size.counted <= READABLE:
        return
    ops = dict(context.profile.op_names)
    for name in names:
        states = context.profile.op_bases[ops[name].base].states
        times = zip(states, ops[name].durations_ns, strict=True)
        ops[name] = replace(
            ops[name], durations_ns=tuple(0 if item.name == state else time for item, time in times)
        )
    context.with_profile(op_names=ops)
