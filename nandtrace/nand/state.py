"""What is going on in the device: segments, planes and dies. State; who changes it, the scheduler says."""

from __future__ import annotations

from dataclasses import dataclass, field

from nandtrace.nand.ops import Op, OpState
from nandtrace.trace.recorder import Target
from nandtrace.vocab.nand import Axis, Source


@dataclass(eq=False, slots=True)
class Suspended:
    """An op that a suspend cut at `cut_ns`: what remains of it, and its last segment."""

    op_id: int
    op: Op
    targets: tuple[Target, ...]
    seg: int
    source: Source
    start_ns: int
    cut_ns: int
    remaining: tuple[OpState, ...]
    remaining_ns: int


@dataclass(eq=False, slots=True)
class Segment:
    """One uninterrupted execution of an op, from its reservation to its end.

    `touched` and `held` are sets of planes, as bits: those that it addresses, and those that nobody else
    may use while it runs. `resumed` is what a resume op will resume, whose way is reserved with it.
    """

    seg: int
    op_id: int
    op: Op
    source: Source
    start_ns: int
    end_ns: int
    states: tuple[OpState, ...]
    targets: tuple[Target, ...]
    die: int
    touched: int
    held: int
    ends_batch: bool
    resumed: Suspended | None = None
    started: bool = False
    start_id: int = -1
    end_id: int = -1
    is_cut: bool = False
    """Whether a suspend or a reset ended it; its hooks then mean nothing."""

    def state_at(self, time_ns: int) -> OpState | None:
        """The state that it is in, None before its start and from its end on."""
        at = self.start_ns
        if time_ns < at:
            return None
        for state in self.states:
            at += state.duration_ns
            if time_ns < at:
                return state
        return None

    def remaining_at(self, time_ns: int) -> tuple[OpState, ...]:
        """What is left of its states at a time, the first one shortened."""
        left = []
        at = self.start_ns
        for state in self.states:
            begin, at = at, at + state.duration_ns
            if at > time_ns:
                cut_ns = at - max(begin, time_ns)
                left.append(OpState(state.name, cut_ns, state.bus, state.key, state.excludes))
        return tuple(left)


Place = tuple[int, int, int | None, Segment | None]
"""Where a hook is: die, plane, and of what: a step of the script, or the segment whose state it marks."""


@dataclass(eq=False, slots=True)
class Plane:
    """A plane: until when it is reserved, and what its last op left behind.

    `tail_ns` is the end of the last reservation, `interleaves` whether that one lets other planes work.
    `holder` is the op that holds it or held it last, for its phase key; `phase_key` the key that a
    snapshot restored. `latches` and `caches` keep out the bases `marked`, the end of the last op those
    `left`; both together are `excludes`.
    """

    tail_ns: int = 0
    interleaves: bool = True
    holder: Segment | None = None
    phase_key: str = "DEFAULT"
    latches: list[str] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)
    left: int = 0
    marked: int = 0
    excludes: int = 0


@dataclass(eq=False, slots=True)
class Waiting:
    """An op in the backlog, and how often it was tried."""

    op_id: int
    op: Op
    plane: int
    tries: int = 0


@dataclass(eq=False, slots=True)
class Die:
    """A die: its planes, its open segments in order of commit, and what is suspended on it.

    `ongoing` are the ids of ops that run; after an undrained run also of some that nobody will end.
    `waiting_instants` counts instant ops reserved and not yet started; `switching` is a suspend, resume or
    reset among what is reserved and not yet started. A reset keeps the die until `reset_until_ns`.
    `backlog_queued` says whether a refill or retry of the backlog is queued. `excludes` are bases that
    its suspends and its termination keep out.
    """

    number: int
    planes: list[Plane]
    open: list[Segment] = field(default_factory=list)
    ongoing: list[int] = field(default_factory=list)
    suspended: dict[Axis, list[Suspended]] = field(
        default_factory=lambda: {axis: [] for axis in Axis}
    )
    running: dict[Axis, Segment | None] = field(default_factory=lambda: dict.fromkeys(Axis))
    odt_disabled: bool = False
    waiting_instants: int = 0
    switching: Segment | None = None
    reset_until_ns: int = 0
    backlog_queued: bool = False
    excludes: int = 0
    waits_for_resume: int = 0
    """Those of `excludes` that only a suspend keeps out."""

    backlog: list[Waiting] = field(default_factory=list)

    @property
    def is_suspended(self) -> bool:
        return any(self.suspended.values())

    def tail_ns(self) -> int:
        """Until when any of its planes is reserved."""
        return max(plane.tail_ns for plane in self.planes)
