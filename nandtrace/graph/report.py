"""What a run of a graph came to."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.graph.failures import NodeError
from nandtrace.vocab.graph import Place, ShutdownReason


@dataclass(frozen=True, slots=True)
class Leftover:
    """Messages of one edge that nobody read."""

    edge: str
    place: Place
    msgs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """Why a graph shut down, what it did, and what it left undone.

    `errors` are the first exceptions of callbacks, `error_count` how many there were. `disabled` maps nodes
    that could not start, or stopped the graph, to their inputs, which nobody read any more.
    """

    reason: ShutdownReason
    time_ns: int
    turns: int
    ticks: int
    deliveries: int
    error_count: int
    errors: tuple[NodeError, ...]
    leftovers: tuple[Leftover, ...]
    disabled: dict[str, tuple[str, ...]]

    @property
    def leftover_count(self) -> int:
        """How many messages were left over."""
        return sum(len(item.msgs) for item in self.leftovers)
