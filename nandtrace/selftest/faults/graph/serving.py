"""Faults in who is served: bands, readiness, inputs."""

from __future__ import annotations

from nandtrace.graph.bands import Bands
from nandtrace.graph.state import EdgeState, NodeRecord


class StrictPriority(Bands):
    """The highest band is served as long as it has a ready node."""

    def choose(self) -> tuple[NodeRecord, int] | None:
        self.credits.update(dict.fromkeys(self.credits, 1))
        chosen = super().choose()
        self.credits.update(self._ratio)
        return chosen


class LowestBandFirst(Bands):
    """Bands have the right shares, in the wrong order."""

    def choose(self) -> tuple[NodeRecord, int] | None:
        self._order = (1, 2, 3)
        return super().choose()


class LastInFirstServed(Bands):
    """A node that becomes ready goes before those that were."""

    def settle(self) -> None:
        before = {band: len(ready) for band, ready in self.ready.items()}
        super().settle()
        for band, ready in self.ready.items():
            ready.rotate(max(len(ready) - before[band], 0))


class SleepsThrough(Bands):
    """Every tenth time nobody is chosen, ready or not."""

    calls = 0

    def choose(self) -> tuple[NodeRecord, int] | None:
        self.calls += 1
        return None if self.calls % 10 == 0 else super().choose()


class WakesTheWrongNode(Bands):
    """Once in a while a node has a turn that is not ready."""

    seen: tuple[NodeRecord, ...] = ()
    turns = 0

    def choose(self) -> tuple[NodeRecord, int] | None:
        self.turns += 1
        idle = next((node for node in self.seen if node.queued == 0), None)
        if self.turns % 3 == 0 and idle is not None:
            return idle, 1
        chosen = super().choose()
        if chosen is not None:
            self.seen = (*self.seen[-5:], chosen[0])
        return chosen


class BandIgnoresOverride(NodeRecord):
    """A node's band is that of its inputs, whatever its override says."""

    __slots__ = ()

    def ready_band(self) -> int:
        override, self.override = self.override, 0
        band = super().ready_band()
        self.override = override
        return band


class BlockedTakesData(NodeRecord):
    """A blocked node takes messages from every band."""

    __slots__ = ()

    def next_edge(self) -> EdgeState | None:
        blocked, self.blocked_edges = self.blocked_edges, 0
        edge = super().next_edge()
        self.blocked_edges = blocked
        return edge


class LowestInputFirst(NodeRecord):
    """Within a node the input of the lowest priority is read first."""

    __slots__ = ()

    def next_edge(self) -> EdgeState | None:
        edge = super().next_edge()
        full = [item for item in self.inputs if item.queue or item.held]
        return None if edge is None else min(full, key=lambda item: item.band)
