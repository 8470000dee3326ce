"""A resolved profile: the device and the policy that a recording runs with. Data only, times in ns.

How a profile is read from YAML, `profiles.loading` says; how it goes into a trace's header and comes back
from it, `profiles.plain_map`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nandtrace.trace.recorder import Topology
from nandtrace.vocab.nand import Role, Scope

ANY_CELLTYPE = "NONE"
"""The cell type of an op that takes blocks of any."""


class Proposals(StrEnum):
    """Who decides what is proposed: weighted chance, the profile's script, or both."""

    RANDOM = "random"
    SCRIPT = "script"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class BaseState:
    """A state that ops of a base go through, in order; `bus` whether it holds the shared I/O bus."""

    name: str
    bus: bool


@dataclass(frozen=True, slots=True)
class OpBase:
    """A family of op names that behave alike.

    `instant` ops are reserved at once, beside whatever holds the planes. A completed op `fills` a latch
    of its planes and `frees` others; it `enters` a cache state of its planes and `leaves` others.
    """

    name: str
    scope: Scope
    role: Role
    instant: bool
    states: tuple[BaseState, ...]
    fills: str | None = None
    frees: tuple[str, ...] = ()
    enters: str | None = None
    leaves: tuple[str, ...] = ()
    addressed: bool = True
    """Whether its targets are pages; otherwise it addresses a die."""


@dataclass(frozen=True, slots=True)
class OpName:
    """One operation of the device: its base, cell type, and how long it stays in each state.

    `durations_ns` are in the order of the base's states; a state that the op skips has 0. `celltype`
    ANY_CELLTYPE means any. `multi` ops address two planes or more.
    """

    name: str
    base: str
    multi: bool
    celltype: str
    durations_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One op of a sequence: its base, and the rules by which it inherits its address."""

    base: str
    rules: tuple[str, ...]
    name_weights: tuple[tuple[str, float], ...] = ()
    """Weights of op names for this step; without any, those of the base are equally likely."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What follows an op, with its probability; no steps means nothing."""

    probability: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """How the scheduler decides.

    An op is admitted when it can start within `admission_window_ns` of its hook. At a hook `max_tries`
    candidates are tried. `busy_hooks` PHASE_HOOKs fall at random into every CORE_BUSY.
    """

    admission_window_ns: int = 500
    queue_refill_period_ns: int = 100_000
    sequence_gap_ns: int = 1_000
    max_tries: int = 4
    max_planes: int = 4
    busy_hooks: int = 1
    backlog_depth: int = 4
    backlog_retry_ns: int = 10_000
    backlog_tries: int = 8
    read_offset_guard: int = 0
    proposals: Proposals = Proposals.RANDOM


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Stages that fill a new device before the mix begins: erase, then program, then read.

    A stage is over when so many blocks were erased, or programmed, or when `read_coverage` of the good
    blocks and at least `read_volume` were read.
    """

    enabled: bool = False
    erase_volume: int = 0
    program_volume: int = 0
    read_coverage: float = 0.0
    read_volume: int = 0


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Which bases may not start in which state: names of groups by state. What the checker gets too.

    Keys of `by_op_state` are BASE.STATE, or BASE.END for the time until the next op on the plane.
    """

    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_op_state: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_latch_state: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_suspend_state: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_odt_state: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_cache_state: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weights:
    """How likely ops are at a hook, by op name or op base.

    A name has its weight; a base shares its weight among its names that have none of their own. What no
    weight names shares what is left to 1, each base alike, then each name. `by_state` (keys as in
    Exclusions, or DEFAULT for a plane on which nothing ran yet) goes before `overall`.
    """

    overall: dict[str, float] = field(default_factory=dict)
    by_state: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """At `at_ns` after the recording's begin, `op_name` is proposed on a plane, and nothing else.

    Without a block the scheduler chooses the address. `planes` are those of a multi-plane op.
    """

    at_ns: int
    op_name: str
    die: int = 0
    plane: int = 0
    block: int | None = None
    page: int | None = None
    planes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """All that decides a recording, beside its seed and options."""

    name: str
    topology: Topology
    celltypes: tuple[str, ...]
    celltype_compatible: dict[str, tuple[str, ...]]
    op_bases: dict[str, OpBase]
    op_names: dict[str, OpName]
    sequences: dict[str, tuple[Continuation, ...]]
    """By initiating base, what may follow an op of it; probabilities sum to 1."""

    policies: Policies = field(default_factory=Policies)
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    exclusions: Exclusions = field(default_factory=Exclusions)
    weights: Weights = field(default_factory=Weights)
    interleaving_bases: tuple[str, ...] = ()
    bad_blocks: tuple[tuple[int, int], ...] = ()
    script: tuple[ScriptStep, ...] = ()
