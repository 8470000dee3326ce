"""Clocks: where a graph has its time from, as nanoseconds since it began."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from nandtrace.errors import GraphError
from nandtrace.graph.values import LONGEST_NS

TURN_NS = 1_000


class Clock(ABC):
    """A clock that never goes back."""

    is_virtual: bool

    @abstractmethod
    def now_ns(self) -> int:
        """The time."""

    @abstractmethod
    def spend_turn(self) -> None:
        """A turn is over."""

    @abstractmethod
    def idle_until(self, until_ns: int) -> int:
        """Nothing is to be done before that time; returns how long there is to wait, ns."""

    @abstractmethod
    def sleep(self, wait_ns: int) -> None:
        """Wait."""


class VirtualClock(Clock):
    """A clock that moves when it is told to: a run by it is deterministic and takes no time.

    A turn costs `turn_ns`; nodes may `advance` it to stand for their work.
    """

    is_virtual = True

    def __init__(self, turn_ns: int = TURN_NS) -> None:
        self._turn_ns = _whole(turn_ns, "turn_ns")
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, by_ns: int) -> None:
        """Let time pass. Raises GraphError where it would go back, or is no whole number of ns."""
        self._now_ns = _whole(self._now_ns + _whole(by_ns, "a step of the clock"), "the time")

    def spend_turn(self) -> None:
        self._now_ns += self._turn_ns

    def idle_until(self, until_ns: int) -> int:
        self._now_ns = max(self._now_ns, until_ns)
        return 0

    def sleep(self, wait_ns: int) -> None:
        self._now_ns += wait_ns


class RealClock(Clock):
    """The system's monotonic clock, from 0 when it was made."""

    is_virtual = False

    def __init__(self) -> None:
        self._begin_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._begin_ns

    def spend_turn(self) -> None:
        """Turns take the time that they take."""

    def idle_until(self, until_ns: int) -> int:
        return max(until_ns - self.now_ns(), 0)

    def sleep(self, wait_ns: int) -> None:
        time.sleep(wait_ns / 1e9)


def _whole(value: int, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LONGEST_NS:
        return value
    raise GraphError(f"{what} is {value!r}, not a whole number of ns from 0 on")
