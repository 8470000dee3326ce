"""What the planner hands to the reserver: which op goes where and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nandtrace.nand.bus import Pattern
from nandtrace.nand.ops import Op, OpState, bus_pattern
from nandtrace.nand.state import Suspended
from nandtrace.trace.recorder import Target


class Refusal(StrEnum):
    """Why nothing came of a proposal."""

    NO_CANDIDATE = "no candidate"
    NO_ADDRESS = "no legal address"
    NO_ROOM = "the planes are reserved"
    NO_TARGET = "nothing to suspend or resume"
    NO_BUS = "the bus is not free within the admission window"
    NO_CHAIN = "the bus is not free for the resumed op"
    EXCLUDED = "excluded by a state of the planes"
    UNSTEADY = "a state changes before it could start"
    WAITS = "waits for a resume"


@dataclass(frozen=True, slots=True)
class Reservation:
    """An op to be committed: where, and when it starts."""

    op: Op
    targets: tuple[Target, ...]
    start_ns: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Ops to commit, the first at once. They hold the planes `held`; `resumed` is what a resume resumes."""

    items: list[Reservation]
    held: int
    interleaves: bool = False
    resumed: Suspended | None = None


def targets_on(die: int, planes: tuple[int, ...], block: int, page: int) -> tuple[Target, ...]:
    """The targets of an op on planes that share a block row; `block` lies on the first of them."""
    first = block - planes[0]
    return tuple((die, plane, first + plane, page) for plane in planes)


def die_target(die: int, plane: int) -> tuple[Target, ...]:
    """The target of an op that addresses a die: block and page say nothing."""
    return ((die, plane, 0, None),)


def remaining_pattern(states: tuple[OpState, ...]) -> Pattern:
    """When what remains of an op holds the bus, in ns after its restart."""
    return bus_pattern([(state.duration_ns, state.bus) for state in states])
