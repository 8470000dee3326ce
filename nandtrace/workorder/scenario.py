"""Scenarios: what happens to a scheduler by a virtual clock, written down. Data only.

schemas/scenario.schema.json describes the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nandtrace.vocab.workorder import OrderState
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.probe import Reading


class Ending(StrEnum):
    """How an attempt ends."""

    COMPLETE = "complete"
    RAISE = "raise"
    UNREADY = "unready"
    """It raises where it would be ready."""

    HANG = "hang"
    """It does not end until it is told to."""

    DEAF = "deaf"
    """It ignores being told to end."""


class Deed(StrEnum):
    """What a step does."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"
    DEQUEUE = "dequeue"
    HANDLER = "handler"
    NO_HANDLER = "no-handler"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class ScriptedOrder:
    """An order that comes at a time, and how the handler fares with each attempt; the last repeats."""

    id: str
    at_ns: int
    priority: int
    max_retries: int | None
    prepare_ns: int
    takes_ns: int
    endings: tuple[Ending, ...]

    def ending(self, attempt: int) -> Ending:
        """How an attempt ends; the first is 1."""
        return self.endings[min(attempt, len(self.endings)) - 1]


@dataclass(frozen=True, slots=True)
class Step:
    """Something else that happens at a time."""

    at_ns: int
    do: Deed
    order: str | None = None
    grace_s: float | None = None
    known: Mapping[str, OrderState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that happens. `readings` are the memory from each time on; `plain` is the file's content."""

    name: str
    config: SchedulerConfig
    until_ns: int | None
    readings: tuple[tuple[int, Reading], ...]
    orders: tuple[ScriptedOrder, ...]
    steps: tuple[Step, ...]
    plain: Mapping[str, Any]

    @property
    def starts_itself(self) -> bool:
        """Whether the scheduler starts without being told to."""
        return all(step.do is not Deed.START for step in self.steps)
