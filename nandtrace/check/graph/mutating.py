"""Changes while running: what is set takes effect at once, and evicts nothing."""

from __future__ import annotations

from nandtrace.check.graph.flushing import Flushing
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import NEVER, Edge
from nandtrace.check.ledger import number
from nandtrace.vocab.graph import Band, Mutable

MutateRow = tuple[Edge | None, Mutable | None, int, int, int]
"""Edge, what, old value, new value, depth."""


class Mutating:
    """MUTATE."""

    def __init__(self, scene: Scene, flushing: Flushing) -> None:
        self._scene = scene
        self._state = scene.state
        self._ledger = scene.ledger
        self._flushing = flushing

    def mutate(self, at: int, _time_ns: int, row: MutateRow) -> None:
        edge, what, old, new, depth = row
        self._ledger.count("mutator-effect")
        self._scene.course.mutated_at = at
        if edge is None:
            return
        if depth - len(edge.queued) != edge.skew:
            self._scene.off_depth("mutator-effect", at, edge, depth, None)
        if what is None:
            self._offend(at, edge, "PRIORITY or CAPACITY changed", "something unknown")
            return
        is_priority = what is Mutable.PRIORITY
        was = edge.priority if is_priority else edge.capacity
        if old != was:
            self._offend(at, edge, f"{what} {was} before", number(old))
        if new < 1 or (is_priority and new > Band.CONTROL):
            legal = "1, 2 or 3" if is_priority else "at least 1"
            self._offend(at, edge, f"{what} of {legal}", number(new))
        elif is_priority:
            self._set_priority(at, edge, new)
        else:
            edge.capacity = new
            self._flushing.owe_flush(edge)

    def _set_priority(self, at: int, edge: Edge, priority: int) -> None:
        """The edge goes to the end of its new lane: what it had read before was of another."""
        has_any = edge in edge.target.lanes[edge.priority]
        if has_any:
            self._state.leave(edge)
        edge.priority = priority
        edge.last_read = NEVER
        if has_any:
            self._state.arrive(edge, at)

    def _offend(self, at: int, edge: Edge, expected: str, actual: str) -> None:
        self._ledger.offend("mutator-effect", at, expected, actual, edge=edge)
