"""What a trace's header tells the checker of a profile's device, beside what a Recorder asks for."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.profile import OpBase, OpName, Profile, Proposals, Step
from nandtrace.vocab.nand import Role


def bases_of_role(profile: Profile, role: Role) -> tuple[str, ...]:
    """The op bases that mean this to the device."""
    return tuple(base.name for base in profile.op_bases.values() if base.role is role)


def device_rules(profile: Profile) -> dict[str, Any]:
    """The rules that the checker holds a recording of the profile to."""
    exclusions, policies = profile.exclusions, profile.policies
    rules = {
        "read_offset_guard": policies.read_offset_guard,
        "bases": {name: _base(base) for name, base in profile.op_bases.items()},
        "interleaving_bases": list(profile.interleaving_bases),
        "exclusion_groups": _lists(exclusions.groups),
        "exclusions_by_op_state": _lists(exclusions.by_op_state),
        "exclusions_by_latch_state": _lists(exclusions.by_latch_state),
        "exclusions_by_suspend_state": _lists(exclusions.by_suspend_state),
        "exclusions_by_odt_state": _lists(exclusions.by_odt_state),
        "exclusions_by_cache_state": _lists(exclusions.by_cache_state),
        "sequences": {
            base: [
                [_step(step) for step in each.steps] for each in continuations if each.probability
            ]
            for base, continuations in profile.sequences.items()
        },
        "op_states": {name: _states(op, profile) for name, op in profile.op_names.items()},
    }
    if policies.proposals is not Proposals.SCRIPT:
        rules["queue_refill_period_ns"] = policies.queue_refill_period_ns
    return rules


def _base(base: OpBase) -> dict[str, Any]:
    return {
        "scope": base.scope.value,
        "role": base.role.value,
        "instant": base.instant,
        "addressed": base.addressed,
        "fills": base.fills,
        "frees": list(base.frees),
        "enters": base.enters,
        "leaves": list(base.leaves),
    }


def _states(op: OpName, profile: Profile) -> list[list[Any]]:
    """The states that an op goes through, with their times and whether they hold the bus."""
    states = profile.op_bases[op.base].states
    return [
        [state.name, duration_ns, state.bus]
        for state, duration_ns in zip(states, op.durations_ns, strict=True)
        if duration_ns
    ]


def _step(step: Step) -> dict[str, Any]:
    return {"base": step.base, "rules": list(step.rules)}


def _lists(groups: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in groups.items()}
