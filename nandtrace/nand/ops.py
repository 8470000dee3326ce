"""Ops as the scheduler uses them: a profile's names and bases, compiled once into what is asked often.

A set of bases is an int with one bit per base, in the order of the profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from nandtrace.nand.bus import Pattern
from nandtrace.nand.profile import OpBase, OpName, Profile
from nandtrace.vocab.nand import END, Axis, Role, Scope

_SUSPENDS = {Role.ERASE_SUSPEND: Axis.ERASE, Role.PROGRAM_SUSPEND: Axis.PROGRAM}
_RESUMES = {Role.ERASE_RESUME: Axis.ERASE, Role.PROGRAM_RESUME: Axis.PROGRAM}
_MAY_WAIT = (Role.ERASE, Role.PROGRAM, Role.LOAD, Role.READ)
_AXES = {Role.ERASE: Axis.ERASE, Role.PROGRAM: Axis.PROGRAM}


@dataclass(frozen=True, slots=True)
class OpState:
    """A state of an op: how long it takes, whether it holds the bus, and which bases it keeps out."""

    name: str
    duration_ns: int
    bus: bool
    key: str
    excludes: int


@dataclass(eq=False, slots=True)
class Op:
    """One op name with all that its base says of it."""

    index: int
    name: str
    base: str
    bit: int
    role: Role
    celltype: str
    multi: bool
    addressed: bool
    instant: bool
    holds_planes: bool
    """Whether it occupies planes that nothing else may use meanwhile."""

    die_wide: bool
    """Whether it concerns all planes of its die."""

    interleaves: bool
    states: tuple[OpState, ...]
    total_ns: int
    pattern: Pattern
    end_key: str
    end_excludes: int
    has_windows: bool
    fills: str | None
    frees: tuple[str, ...]
    enters: str | None
    leaves: tuple[str, ...]
    suspends: Axis | None
    resumes: Axis | None
    cuts: bool
    """Whether it ends what runs on its planes: a suspend or a reset."""

    switches: bool
    """Whether its start changes what is suspended or running: a suspend, resume or reset."""

    axis: Axis | None
    """On which axis it can be suspended. An op that leaves planes to others can't."""

    name_code: int = 0
    base_code: int = 0


@dataclass(frozen=True, slots=True)
class Masks:
    """Sets of bases that a state of the device keeps out."""

    latch: dict[str, int]
    cache: dict[str, int]
    suspended: dict[Axis, int]
    not_suspended: dict[Axis, int]
    odt_disabled: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All ops of a profile, by index and by base."""

    ops: tuple[Op, ...]
    by_name: dict[str, Op]
    by_base: dict[str, tuple[Op, ...]]
    bits: dict[str, int]
    masks: Masks
    suspend_bits: dict[Axis, int]
    resume_bits: dict[Axis, int]
    backlog_bits: int
    """Bases whose ops may wait for a resume."""

    end_excludes: dict[str, int]
    """By BASE.END, what an op of the base keeps out when it is over."""

    resume_ops: dict[Axis, Op] = field(default_factory=dict)
    """Per axis the op with which a drain resumes."""


def compile_ops(profile: Profile) -> Catalogue:
    """Compile the ops of a profile."""
    bits = {base: 1 << at for at, base in enumerate(profile.op_bases)}
    excluded = _group_masks(profile, bits)
    ops = tuple(
        _compile_op(index, op, profile, bits, excluded)
        for index, op in enumerate(profile.op_names.values())
    )
    by_base = {base: tuple(op for op in ops if op.base == base) for base in bits}
    return Catalogue(
        ops=ops,
        by_name={op.name: op for op in ops},
        by_base=by_base,
        bits=bits,
        masks=_state_masks(profile, excluded),
        suspend_bits={axis: _bits(op for op in ops if op.suspends is axis) for axis in Axis},
        resume_bits={axis: _bits(op for op in ops if op.resumes is axis) for axis in Axis},
        backlog_bits=_bits(op for op in ops if op.role in _MAY_WAIT and not op.instant),
        end_excludes={op.end_key: op.end_excludes for op in ops},
        resume_ops={
            axis: next(op for op in ops if op.resumes is axis)
            for axis in Axis
            if any(op.resumes is axis for op in ops)
        },
    )


def _bits(ops: Iterable[Op]) -> int:
    mask = 0
    for op in ops:
        mask |= op.bit
    return mask


def _group_masks(profile: Profile, bits: dict[str, int]) -> Callable[[Iterable[str]], int]:
    groups = {
        name: sum(bits[base] for base in dict.fromkeys(bases))
        for name, bases in profile.exclusions.groups.items()
    }

    def excluded(names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= groups[name]
        return mask

    return excluded


def _state_masks(profile: Profile, excluded: Callable[[Iterable[str]], int]) -> Masks:
    rules = profile.exclusions
    return Masks(
        latch={name: excluded(groups) for name, groups in rules.by_latch_state.items()},
        cache={name: excluded(groups) for name, groups in rules.by_cache_state.items()},
        suspended={
            axis: excluded(rules.by_suspend_state.get(f"{axis}_SUSPENDED", ())) for axis in Axis
        },
        not_suspended={
            axis: excluded(rules.by_suspend_state.get(f"NOT_{axis}_SUSPENDED", ())) for axis in Axis
        },
        odt_disabled=excluded(rules.by_odt_state.get("ODT_DISABLE", ())),
    )


def _compile_op(
    index: int,
    op: OpName,
    profile: Profile,
    bits: dict[str, int],
    excluded: Callable[[Iterable[str]], int],
) -> Op:
    base = profile.op_bases[op.base]
    states = _compile_states(op, base, profile, excluded)
    end_key = f"{base.name}.{END}"
    return Op(
        index=index,
        name=op.name,
        base=base.name,
        bit=bits[base.name],
        role=base.role,
        celltype=op.celltype,
        multi=op.multi,
        addressed=base.addressed,
        instant=base.instant,
        holds_planes=base.scope is not Scope.NONE and not base.instant,
        die_wide=base.scope is Scope.DIE_WIDE or not base.addressed,
        interleaves=base.name in profile.interleaving_bases and not op.multi,
        states=states,
        total_ns=sum(state.duration_ns for state in states),
        pattern=bus_pattern([(state.duration_ns, state.bus) for state in states]),
        end_key=end_key,
        end_excludes=excluded(profile.exclusions.by_op_state.get(end_key, ())),
        has_windows=any(state.excludes for state in states),
        fills=base.fills,
        frees=base.frees,
        enters=base.enters,
        leaves=base.leaves,
        suspends=_SUSPENDS.get(base.role),
        resumes=_RESUMES.get(base.role),
        cuts=base.role in _SUSPENDS or base.role in (Role.RESET, Role.RESET_LUN),
        switches=base.role in (*_SUSPENDS, *_RESUMES, Role.RESET, Role.RESET_LUN),
        axis=_AXES.get(base.role) if base.scope is Scope.DIE_WIDE else None,
    )


def _compile_states(
    op: OpName, base: OpBase, profile: Profile, excluded: Callable[[Iterable[str]], int]
) -> tuple[OpState, ...]:
    states = []
    for state, duration_ns in zip(base.states, op.durations_ns, strict=True):
        if duration_ns:
            key = f"{base.name}.{state.name}"
            groups = profile.exclusions.by_op_state.get(key, ())
            states.append(OpState(state.name, duration_ns, state.bus, key, excluded(groups)))
    return tuple(states)


def bus_pattern(states: Iterable[tuple[int, bool]]) -> Pattern:
    """When states of these durations, in ns, hold the bus; those that follow each other are one slot."""
    slots: list[tuple[int, int]] = []
    at = 0
    for duration_ns, bus in states:
        if bus and slots and slots[-1][1] == at:
            slots[-1] = (slots[-1][0], at + duration_ns)
        elif bus:
            slots.append((at, at + duration_ns))
        at += duration_ns
    return tuple(slots)
