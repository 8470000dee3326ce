"""Does a profile describe a device? Topology, bases, names, sequences and exclusions must fit together.

What is checked here holds for every profile, however it was written: as YAML, as another generator's
configuration, or in the header of a trace.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from nandtrace.nand.profile import ANY_CELLTYPE, OpBase, OpName, Profile, Step
from nandtrace.nand.profiles.drain_checks import check_resumes
from nandtrace.nand.profiles.entries import ProfileError, check_state_key, check_time, quoted
from nandtrace.nand.profiles.policy_checks import check_policy
from nandtrace.nand.profiles.sequence_checks import first_illegal_step
from nandtrace.nand.profiles.step_checks import first_impossible_step
from nandtrace.nand.profiles.well_known import ADDRESSED_ROLES
from nandtrace.trace.recorder import Topology
from nandtrace.vocab.nand import END, InheritRule, Role, Scope

MAX_BLOCKS = 1 << 22
"""Bound on the blocks of a device: a recording keeps the state of each."""

_TOPOLOGY_MAX = {"dies": 256, "planes": 16, "blocks_per_die": 1 << 20, "pages_per_block": 1 << 16}
_WORD = re.compile(r"[A-Za-z0-9_]{1,64}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_SUSPEND_STATES = tuple(
    f"{sign}{axis}_SUSPENDED" for axis in ("ERASE", "PROGRAM") for sign in ("", "NOT_")
)
PROBABILITY_NOISE = 1e-9
"""What the probabilities of alternatives may sum to beside 1, and still be taken for it."""


def check_profile(profile: Profile) -> None:
    """Raise ProfileError for the first entry that makes no sense."""
    _check_topology(profile.topology)
    _check_celltypes(profile)
    for base in profile.op_bases.values():
        _check_base(base)
    for op in profile.op_names.values():
        _check_op(op, profile)
    _check_exclusions(profile)
    _check_sequences(profile)
    check_resumes(profile)
    check_policy(profile)


def _check_topology(topology: Topology) -> None:
    for name, most in _TOPOLOGY_MAX.items():
        value = getattr(topology, name)
        if not 1 <= value <= most:
            raise ProfileError(f"topology.{name}", f"{value} is not from 1 to {most}")
    if topology.blocks_per_die % topology.planes:
        raise ProfileError(
            "topology.blocks_per_die",
            f"{topology.blocks_per_die} blocks do not divide among {topology.planes} planes",
        )
    blocks = topology.dies * topology.blocks_per_die
    if blocks > MAX_BLOCKS:
        raise ProfileError("topology", f"{blocks} blocks are more than {MAX_BLOCKS}")


def _check_celltypes(profile: Profile) -> None:
    if not profile.celltypes:
        raise ProfileError("celltypes", "there is none")
    _check_unique("celltypes", profile.celltypes)
    for celltype in profile.celltypes:
        _check_word("celltypes", celltype)
    for mode, others in profile.celltype_compatible.items():
        for celltype in (mode, *others):
            _check_known_celltype(f"celltype_compatible.{mode}", celltype, profile)


def _check_known_celltype(place: str, celltype: str, profile: Profile) -> None:
    if celltype not in profile.celltypes:
        raise ProfileError(
            place, f"there is no cell type {celltype!r}, only {quoted(profile.celltypes)}"
        )


def _check_base(base: OpBase) -> None:
    place = f"op_bases.{base.name}"
    _check_word("op_bases", base.name)
    if not base.states:
        raise ProfileError(f"{place}.states", "there is none")
    _check_unique(f"{place}.states", [state.name for state in base.states])
    for word in [state.name for state in base.states]:
        _check_word(f"{place}.states", word)
        if word == END:
            raise ProfileError(f"{place}.states", "END is what follows a completed op, no state")
    for word in (*filter(None, (base.fills, base.enters)), *base.frees, *base.leaves):
        _check_word(place, word)
    if base.addressed != (base.role in ADDRESSED_ROLES):
        raise ProfileError(place, f"an op of role {base.role} does not address what it says")
    if base.addressed:
        _check_holds_planes(place, base)
    if base.role in (Role.ERASE_SUSPEND, Role.PROGRAM_SUSPEND) and not base.instant:
        raise ProfileError(
            f"{place}.instant", "a suspend must be instant: what it suspends holds the planes"
        )


def _check_holds_planes(place: str, base: OpBase) -> None:
    """Work on pages needs its planes for itself; a transfer needs the bus alone."""
    if base.instant:
        raise ProfileError(
            f"{place}.instant", f"an op of role {base.role} must wait until its planes are free"
        )
    if base.scope is Scope.NONE and base.role is not Role.DATA_OUT:
        raise ProfileError(
            f"{place}.scope",
            f"an op of role {base.role} must hold its planes: PLANE_SET or DIE_WIDE",
        )


def _check_op(op: OpName, profile: Profile) -> None:
    place = f"op_names.{op.name}"
    if not _NAME.fullmatch(op.name):
        raise ProfileError("op_names", f"{op.name[:100]!r} is no name of 1 to 100 characters")
    base = profile.op_bases.get(op.base)
    if base is None:
        raise ProfileError(f"{place}.base", f"there is no op base {op.base!r}")
    _check_durations(place, op, base)
    if op.celltype != ANY_CELLTYPE:
        _check_known_celltype(f"{place}.celltype", op.celltype, profile)
    elif base.role is Role.ERASE:
        raise ProfileError(f"{place}.celltype", "an erase must say the cell type of its block")
    if op.multi:
        _check_multi(place, base, profile)


def _check_durations(place: str, op: OpName, base: OpBase) -> None:
    if len(op.durations_ns) != len(base.states):
        raise ProfileError(
            place, f"{len(op.durations_ns)} durations for {len(base.states)} states of {op.base}"
        )
    for state, duration_ns in zip(base.states, op.durations_ns, strict=True):
        check_time(f"{place}.{state.name}", duration_ns)
    if not any(op.durations_ns):
        raise ProfileError(place, "it takes no time at all: every duration is 0")


def _check_multi(place: str, base: OpBase, profile: Profile) -> None:
    if profile.topology.planes == 1:
        raise ProfileError(f"{place}.multi", "a multi-plane op on a device with 1 plane")
    if profile.policies.max_planes == 1:
        raise ProfileError(f"{place}.multi", "a multi-plane op, but policies.max_planes is 1")
    if not base.addressed:
        raise ProfileError(f"{place}.multi", f"{base.name} addresses a die, not planes")


def _check_exclusions(profile: Profile) -> None:
    rules = profile.exclusions
    for name, group in rules.groups.items():
        for base in group:
            if base not in profile.op_bases:
                raise ProfileError(f"exclusions.groups.{name}", f"there is no op base {base!r}")
    bases = profile.op_bases.values()
    latches = [base.fills for base in bases if base.fills is not None]
    caches = [base.enters for base in bases if base.enters is not None]
    for key in rules.by_op_state:
        check_state_key(f"exclusions.by_op_state.{key}", key, profile)
    _check_keys("by_latch_state", rules.by_latch_state, latches, profile)
    _check_keys("by_cache_state", rules.by_cache_state, caches, profile)
    _check_keys("by_suspend_state", rules.by_suspend_state, _SUSPEND_STATES, profile)
    _check_keys("by_odt_state", rules.by_odt_state, ("ODT_DISABLE",), profile)
    _check_groups("by_op_state", rules.by_op_state, profile)


def _check_keys(
    table: str,
    rules: Mapping[str, tuple[str, ...]],
    known: Iterable[str],
    profile: Profile,
) -> None:
    states = list(dict.fromkeys(known))
    for key in rules:
        if key not in states:
            reason = f"only {quoted(states)}" if states else "no op ever brings one about"
            raise ProfileError(f"exclusions.{table}.{key}", f"there is no such state, {reason}")
    _check_groups(table, rules, profile)


def _check_groups(table: str, rules: Mapping[str, tuple[str, ...]], profile: Profile) -> None:
    for key, groups in rules.items():
        for group in groups:
            if group not in profile.exclusions.groups:
                raise ProfileError(
                    f"exclusions.{table}.{key}", f"there is no exclusion group {group!r}"
                )


def _check_sequences(profile: Profile) -> None:
    with_names = {op.base for op in profile.op_names.values()}
    for base, continuations in profile.sequences.items():
        place = f"sequences.{base}"
        if base not in profile.op_bases:
            raise ProfileError(place, f"there is no op base {base!r}")
        for at, item in enumerate(continuations):
            if not 0 <= item.probability <= 1:
                raise ProfileError(
                    f"{place}[{at}].probability", f"{item.probability} is not from 0 to 1"
                )
            for step_at, step in enumerate(item.steps):
                _check_step(f"{place}[{at}].steps[{step_at}]", step, with_names, profile)
            _check_legal(f"{place}[{at}]", base, item.steps, profile)
        total = math.fsum(item.probability for item in continuations)
        if abs(total - 1) > PROBABILITY_NOISE:
            raise ProfileError(place, f"the probabilities sum to {total:g}, not to 1")


def _check_step(place: str, step: Step, with_names: set[str], profile: Profile) -> None:
    if step.base not in profile.op_bases:
        raise ProfileError(f"{place}.base", f"there is no op base {step.base!r}")
    if step.base not in with_names:
        raise ProfileError(f"{place}.base", f"no op name is of base {step.base!r}")
    for rule in step.rules:
        if rule not in tuple(InheritRule):
            raise ProfileError(f"{place}.rules", f"there is no inherit rule {rule!r}")
    for name, weight in step.name_weights:
        op = profile.op_names.get(name)
        if op is None or op.base != step.base:
            raise ProfileError(f"{place}.names", f"{step.base} has no op name {name!r}")
        if not (math.isfinite(weight) and weight >= 0):
            raise ProfileError(f"{place}.names.{name}", f"{weight} is no weight")
    if step.name_weights and not any(weight for _, weight in step.name_weights):
        raise ProfileError(f"{place}.names", "the weights sum to 0")


def _check_legal(place: str, start: str, steps: tuple[Step, ...], profile: Profile) -> None:
    impossible = first_impossible_step(start, steps, profile.op_bases)
    if impossible is not None:
        at, reason = impossible
        raise ProfileError(f"{place}.steps[{at}]", reason)
    illegal = first_illegal_step(start, steps, profile.op_bases, profile.exclusions)
    if illegal is not None:
        at, state = illegal
        raise ProfileError(
            f"{place}.steps[{at}]",
            f"{steps[at].base} can never follow: the exclusions of {state} keep it out",
        )


def _check_unique(place: str, names: Iterable[str]) -> None:
    seen: dict[str, None] = {}
    for name in names:
        if name in seen:
            raise ProfileError(place, f"{name!r} is there twice")
        seen[name] = None


def _check_word(place: str, word: str) -> None:
    if not _WORD.fullmatch(word):
        raise ProfileError(
            place, f"{word[:100]!r} is no name of 1 to 64 letters, digits and underscores"
        )
