"""What listeners are told."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.vocab.workorder import Gate, OrderState, Pressure
from nandtrace.workorder.order import Outcome
from nandtrace.workorder.probe import Reading


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The resources at the moment of the report.

    `pressure` is the level that was told last, `cpu` the share of all cores in use since the report before.
    """

    healthy: bool
    slots: int
    slots_free: int
    reading: Reading
    pressure: Pressure
    cpu: float


@dataclass(frozen=True, slots=True)
class SlotAvailable:
    """A slot was released."""

    slot: int


@dataclass(frozen=True, slots=True)
class MemoryPressure:
    """The pressure has another level."""

    level: Pressure
    reading: Reading


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The scheduler became healthy, or is no longer."""

    report: HealthReport


@dataclass(frozen=True, slots=True)
class WorkClaimed:
    """An attempt begins."""

    id: str
    attempt: int
    slot: int


@dataclass(frozen=True, slots=True)
class QueueEmpty:
    """The pump found no order that waits for a claim."""


@dataclass(frozen=True, slots=True)
class Backpressure:
    """An order was refused: so many are in the queue."""

    depth: int


@dataclass(frozen=True, slots=True)
class StaggerWait:
    """An order would be claimed, but not before this delay."""

    id: str
    delay_ns: int


@dataclass(frozen=True, slots=True)
class MemoryWait:
    """An order would be claimed, but the memory does not allow it; the gate says why."""

    id: str
    gate: Gate
    reading: Reading


@dataclass(frozen=True, slots=True)
class StateChanged:
    """An order's state; `old` is None for an order that was just accepted."""

    id: str
    old: OrderState | None
    new: OrderState


@dataclass(frozen=True, slots=True)
class TerminalReached:
    """An order has ended."""

    id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StrayRelease:
    """A handler that had been abandoned gave back a slot that it no longer had."""

    id: str
    slot: int


SchedulerEvent = (
    SlotAvailable
    | MemoryPressure
    | HealthChanged
    | WorkClaimed
    | QueueEmpty
    | Backpressure
    | StaggerWait
    | MemoryWait
    | StateChanged
    | TerminalReached
    | StrayRelease
)
