"""Can a profile be scheduled? Policies, weights, bootstrap, bad blocks and script must be possible."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from nandtrace.nand.profile import OpName, Policies, Profile, Proposals, ScriptStep, Weights
from nandtrace.nand.profiles.entries import ProfileError, check_range, check_state_key, check_time
from nandtrace.units import QUANTUM_NS, ns_to_us_text
from nandtrace.vocab.nand import Role

DEFAULT_KEY = "DEFAULT"
"""Phase key of a plane on which nothing ran yet."""

_COUNTS = {
    "max_tries": (1, 1_000),
    "busy_hooks": (0, 100),
    "backlog_depth": (0, 1_000),
    "backlog_tries": (1, 1_000),
}
_TIMES = {
    "admission_window_ns": 0,
    "queue_refill_period_ns": QUANTUM_NS,
    "sequence_gap_ns": 0,
    "backlog_retry_ns": QUANTUM_NS,
}
"""Lowest value of each: a period of 0 would never let time pass."""


def check_policy(profile: Profile) -> None:
    """Raise ProfileError for the first entry that makes no sense."""
    _check_policies(profile.policies, profile)
    _check_names("interleaving_bases", profile.interleaving_bases, profile.op_bases)
    _check_bad_blocks(profile)
    _check_weights(profile)
    _check_bootstrap(profile)
    _check_script(profile)


def good_blocks(profile: Profile) -> int:
    """Blocks of the device that are not bad."""
    topology = profile.topology
    return topology.dies * topology.blocks_per_die - len(profile.bad_blocks)


def _check_policies(policies: Policies, profile: Profile) -> None:
    for name, (least, most) in _COUNTS.items():
        check_range(f"policies.{name}", getattr(policies, name), least, most)
    for name, least_ns in _TIMES.items():
        check_time(f"policies.{name.removesuffix('_ns')}", getattr(policies, name), least_ns)
    check_range("policies.max_planes", policies.max_planes, 1, profile.topology.planes)
    check_range(
        "policies.read_offset_guard",
        policies.read_offset_guard,
        0,
        profile.topology.pages_per_block - 1,
    )


def _check_names(place: str, names: Iterable[str], known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            raise ProfileError(place, f"there is no op base {name!r}")


def _check_bad_blocks(profile: Profile) -> None:
    topology = profile.topology
    seen: set[tuple[int, int]] = set()
    for at, (die, block) in enumerate(profile.bad_blocks):
        check_range(f"bad_blocks[{at}]: die", die, 0, topology.dies - 1)
        check_range(f"bad_blocks[{at}]: block", block, 0, topology.blocks_per_die - 1)
        if (die, block) in seen:
            raise ProfileError(f"bad_blocks[{at}]", f"block {block} of die {die} is there twice")
        seen.add((die, block))
    bad: dict[tuple[int, int], int] = {}
    for die, block in profile.bad_blocks:
        plane = block % topology.planes
        bad[die, plane] = bad.get((die, plane), 0) + 1
        if bad[die, plane] == topology.blocks_per_die // topology.planes:
            raise ProfileError("bad_blocks", f"every block of die {die}, plane {plane} is bad")


def _check_weights(profile: Profile) -> None:
    for key, weights in profile.weights.by_state.items():
        place = f"weights.by_state.{key}"
        if key != DEFAULT_KEY:
            check_state_key(place, key, profile)
        _check_weight_map(place, weights, profile)
    _check_weight_map("weights.overall", profile.weights.overall, profile)
    if profile.policies.proposals is not Proposals.SCRIPT and not _proposes(profile):
        raise ProfileError("weights.overall", "the weights sum to 0: nothing is ever proposed")


def _check_weight_map(place: str, weights: Mapping[str, float], profile: Profile) -> None:
    for name, weight in weights.items():
        if name not in profile.op_names and name not in profile.op_bases:
            raise ProfileError(f"{place}.{name}", "there is no such op name or op base")
        if not math.isfinite(weight):
            raise ProfileError(f"{place}.{name}", f"{weight} is no weight")
        if weight < 0:
            raise ProfileError(f"{place}.{name}", f"a negative weight: {weight}")


def _proposes(profile: Profile) -> bool:
    """Whether any op has a chance, by the weights of all states or of one."""
    weights: Weights = profile.weights
    levels = [(weights.overall,), *((item, weights.overall) for item in weights.by_state.values())]
    return any(_leaves_an_op(maps, profile) for maps in levels)


def _leaves_an_op(maps: Sequence[Mapping[str, float]], profile: Profile) -> bool:
    """Whether an op has a weight of its own or of its base, or shares what is left to 1."""
    said = [_said(maps, op) for op in profile.op_names.values()]
    if any(weight is not None and weight > 0 for weight in said):
        return True
    return None in said


def _said(maps: Sequence[Mapping[str, float]], op: OpName) -> float | None:
    for weights in maps:
        for key in (op.name, op.base):
            if key in weights:
                return weights[key]
    return None


def _check_bootstrap(profile: Profile) -> None:
    bootstrap = profile.bootstrap
    most = good_blocks(profile)
    check_range("bootstrap.erase_volume", bootstrap.erase_volume, 0, most)
    check_range("bootstrap.program_volume", bootstrap.program_volume, 0, most)
    check_range("bootstrap.read_volume", bootstrap.read_volume, 0, most)
    if not 0 <= bootstrap.read_coverage <= 1:
        raise ProfileError(
            "bootstrap.read_coverage", f"{bootstrap.read_coverage} is not from 0 to 1"
        )
    if bootstrap.enabled:
        roles = {profile.op_bases[op.base].role for op in profile.op_names.values()}
        for role in (Role.ERASE, Role.PROGRAM, Role.READ):
            if role not in roles:
                raise ProfileError("bootstrap.enabled", f"there is no op of role {role}")
        _check_bootstrap_order(profile)


def _check_bootstrap_order(profile: Profile) -> None:
    bootstrap = profile.bootstrap
    reads = max(bootstrap.read_volume, math.ceil(bootstrap.read_coverage * good_blocks(profile)))
    if bootstrap.program_volume > bootstrap.erase_volume:
        raise ProfileError(
            "bootstrap.program_volume",
            f"{bootstrap.program_volume} blocks to program, but only "
            f"{bootstrap.erase_volume} to erase",
        )
    if reads > bootstrap.program_volume:
        raise ProfileError(
            "bootstrap.read_volume",
            f"{reads} blocks to read, but only {bootstrap.program_volume} to program",
        )


def _check_script(profile: Profile) -> None:
    if profile.policies.proposals is Proposals.SCRIPT and not profile.script:
        raise ProfileError("script", "there is none, but policies.proposals is 'script'")
    if profile.policies.proposals is Proposals.RANDOM and profile.script:
        raise ProfileError("script", "there is one, but policies.proposals is 'random'")
    before_ns = 0
    for at, step in enumerate(profile.script):
        place = f"script[{at}]"
        check_time(f"{place}.at", step.at_ns, 0)
        if step.at_ns < before_ns:
            raise ProfileError(
                f"{place}.at",
                f"{ns_to_us_text(step.at_ns)} µs is before {ns_to_us_text(before_ns)} µs, "
                "the step before it",
            )
        before_ns = step.at_ns
        _check_script_step(place, step, profile)


def _check_script_step(place: str, step: ScriptStep, profile: Profile) -> None:
    op = profile.op_names.get(step.op_name)
    if op is None:
        raise ProfileError(f"{place}.op_name", f"there is no op name {step.op_name!r}")
    topology = profile.topology
    check_range(f"{place}.die", step.die, 0, topology.dies - 1)
    check_range(f"{place}.plane", step.plane, 0, topology.planes - 1)
    if step.page is not None:
        check_range(f"{place}.page", step.page, 0, topology.pages_per_block - 1)
        if step.block is None:
            raise ProfileError(f"{place}.page", "a page without a block")
    if step.block is not None:
        check_range(f"{place}.block", step.block, 0, topology.blocks_per_die - 1)
        if step.block % topology.planes != step.plane:
            raise ProfileError(
                f"{place}.block",
                f"block {step.block} lies in plane {step.block % topology.planes}, "
                f"not in {step.plane}",
            )
    if step.planes:
        _check_script_planes(f"{place}.planes", step, op.multi, topology.planes)


def _check_script_planes(place: str, step: ScriptStep, multi: bool, planes: int) -> None:
    if not multi:
        raise ProfileError(place, f"{step.op_name!r} addresses one plane")
    for plane in step.planes:
        check_range(place, plane, 0, planes - 1)
    if len(step.planes) < 2 or list(step.planes) != sorted(set(step.planes)):
        raise ProfileError(place, f"{list(step.planes)} are not two ascending planes or more")
    if step.plane not in step.planes:
        raise ProfileError(place, f"plane {step.plane} is not among {list(step.planes)}")
