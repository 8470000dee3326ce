"""The rules of a device, as the trace's own header tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nandtrace.check.rule_entries import (
    Plain,
    excluded,
    name_lists,
    names,
    natural,
    not_negative,
    pair,
    typed,
    word,
)
from nandtrace.vocab.nand import DEFAULT_ERASE_BASES, ApplyPolicy, Role, Scope, SuspendCloses

SUSPEND_STATES = (
    "ERASE_SUSPENDED",
    "NOT_ERASE_SUSPENDED",
    "PROGRAM_SUSPENDED",
    "NOT_PROGRAM_SUSPENDED",
)
ODT_STATES = ("ODT_DISABLE",)


@dataclass(frozen=True, slots=True)
class BaseRules:
    """What ops of a base hold and do.

    A completed op `fills` a latch of its planes and `frees` others; it `enters` a cache state and
    `leaves` others. An op that is not `addressed` addresses a die, whatever its target says.
    """

    scope: Scope
    role: Role = Role.OTHER
    instant: bool = False
    addressed: bool = True
    fills: str | None = None
    frees: tuple[str, ...] = ()
    enters: str | None = None
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """One op of what follows another: its base, and the rules by which it inherits its address."""

    base: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpState:
    """A state of an op: how long it lasts, and whether it holds the bus."""

    name: str
    duration_ns: int
    bus: bool


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The bases that may not start in a state, by state.

    Keys of `by_op_state` are a base and one of its states, or END for the time from its completion to
    the next op on the plane.
    """

    by_op_state: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    by_latch_state: dict[str, frozenset[str]] = field(default_factory=dict)
    by_suspend_state: dict[str, frozenset[str]] = field(default_factory=dict)
    by_odt_state: dict[str, frozenset[str]] = field(default_factory=dict)
    by_cache_state: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """What the checker must know of a NAND device.

    A rule that the header does not tell is None or empty, and what needs it is not evaluated.
    `sequences` has, by base, the alternatives of what follows an op of it; an empty one among them
    means that nothing may follow. `op_states` has, by op name, the states that an op goes through.
    """

    dies: int | None = None
    planes: int | None = None
    blocks_per_die: int | None = None
    pages_per_block: int | None = None
    program_bases: tuple[str, ...] | None = None
    erase_bases: tuple[str, ...] = DEFAULT_ERASE_BASES
    celltype_compatible: dict[str, tuple[str, ...]] | None = None
    chain_op_start: bool = True
    suspend_closes: SuspendCloses = SuspendCloses.OP_END
    apply_policy: ApplyPolicy = ApplyPolicy.PER_OP
    bad_blocks: tuple[tuple[int, int], ...] = ()
    may_change_between_runs: frozenset[str] = field(default_factory=lambda: frozenset({"pending"}))
    read_offset_guard: int | None = None
    queue_refill_period_ns: int | None = None
    bases: dict[str, BaseRules] = field(default_factory=dict)
    interleaving_bases: tuple[str, ...] | None = None
    exclusions: Exclusions = field(default_factory=Exclusions)
    sequences: dict[str, tuple[tuple[SequenceStep, ...], ...]] | None = None
    op_states: dict[str, tuple[OpState, ...]] = field(default_factory=dict)

    @property
    def has_topology(self) -> bool:
        return None not in (self.dies, self.planes, self.blocks_per_die, self.pages_per_block)


def rules_from_device(device: Plain) -> DeviceRules:
    """Read the header's `device` map. Raises ValueError that names the entry that makes no sense."""
    topology = typed(device, "topology", dict, {})
    defaults = DeviceRules()
    changing = names(device, "may_change_between_runs", tuple(defaults.may_change_between_runs))
    return DeviceRules(
        **{name: natural(topology, name, "device.topology") for name in _TOPOLOGY},
        program_bases=names(device, "program_bases", None),
        erase_bases=names(device, "erase_bases", defaults.erase_bases) or (),
        celltype_compatible=name_lists(device, "celltype_compatible"),
        chain_op_start=bool(device.get("chain_op_start", True)),
        suspend_closes=word(
            device, "suspend_closes", SuspendCloses, defaults.suspend_closes, "device"
        ),
        apply_policy=word(device, "apply_policy", ApplyPolicy, defaults.apply_policy, "device"),
        bad_blocks=tuple(
            pair(item, "device.bad_blocks") for item in typed(device, "bad_blocks", list, [])
        ),
        may_change_between_runs=frozenset(changing or ()),
        read_offset_guard=not_negative(device, "read_offset_guard"),
        queue_refill_period_ns=not_negative(device, "queue_refill_period_ns"),
        bases=_bases(device),
        interleaving_bases=names(device, "interleaving_bases", None),
        exclusions=_exclusions(device),
        sequences=_sequences(device),
        op_states=_op_states(device),
    )


_TOPOLOGY = ("dies", "planes", "blocks_per_die", "pages_per_block")


def _bases(device: Plain) -> dict[str, BaseRules]:
    bases = typed(device, "bases", dict, {})
    return {str(name): _base(bases, name) for name in bases}


def _base(bases: Plain, name: str) -> BaseRules:
    entry = typed(bases, name, dict, {}, "device.bases")
    within = f"device.bases.{name}"
    return BaseRules(
        # A base of no known scope holds nothing that could be contended.
        scope=word(entry, "scope", Scope, Scope.NONE, within),
        role=word(entry, "role", Role, Role.OTHER, within),
        instant=typed(entry, "instant", bool, False, within),
        addressed=typed(entry, "addressed", bool, True, within),
        fills=typed(entry, "fills", str, None, within),
        frees=names(entry, "frees", (), within) or (),
        enters=typed(entry, "enters", str, None, within),
        leaves=names(entry, "leaves", (), within) or (),
    )


def _exclusions(device: Plain) -> Exclusions:
    groups = name_lists(device, "exclusion_groups") or {}
    return Exclusions(
        by_op_state={
            _op_state(key): bases
            for key, bases in excluded(device, "exclusions_by_op_state", groups).items()
        },
        by_latch_state=excluded(device, "exclusions_by_latch_state", groups),
        by_suspend_state=excluded(device, "exclusions_by_suspend_state", groups, SUSPEND_STATES),
        by_odt_state=excluded(device, "exclusions_by_odt_state", groups, ODT_STATES),
        by_cache_state=excluded(device, "exclusions_by_cache_state", groups),
    )


def _op_state(key: str) -> tuple[str, str]:
    base, dot, state = key.rpartition(".")
    if not (base and dot and state):
        raise ValueError(f"device.exclusions_by_op_state.{key} is not of the form BASE.STATE")
    return base, state


def _sequences(device: Plain) -> dict[str, tuple[tuple[SequenceStep, ...], ...]] | None:
    sequences = typed(device, "sequences", dict, None)
    if sequences is None:
        return None
    found = {}
    for base in sequences:
        within = f"device.sequences.{base}"
        alternatives = typed(sequences, base, list, [], "device.sequences")
        found[str(base)] = tuple(_steps(steps, within) for steps in alternatives)
    return found


def _steps(steps: Any, within: str) -> tuple[SequenceStep, ...]:
    if isinstance(steps, list):
        return tuple(_step(step, within) for step in steps)
    raise ValueError(f"{within} holds {steps!r}, not a list of steps")


def _step(step: Any, within: str) -> SequenceStep:
    if isinstance(step, dict) and isinstance(step.get("base"), str):
        return SequenceStep(step["base"], names(step, "rules", (), within) or ())
    raise ValueError(f"{within} holds {step!r}, not a map with a base")


def _op_states(device: Plain) -> dict[str, tuple[OpState, ...]]:
    told = typed(device, "op_states", dict, {})
    found = {}
    for name in told:
        states = typed(told, name, list, [], "device.op_states")
        found[str(name)] = tuple(_timed(state, f"device.op_states.{name}") for state in states)
    return found


def _timed(state: Any, within: str) -> OpState:
    if isinstance(state, list) and len(state) == 3:
        name, duration_ns, bus = state
        is_time = type(duration_ns) is int and 0 < duration_ns < 2**53
        if isinstance(name, str) and is_time and isinstance(bus, bool):
            return OpState(name, duration_ns, bus)
    raise ValueError(
        f"{within} holds {state!r}, not a state, its time in ns and whether it holds the bus"
    )
