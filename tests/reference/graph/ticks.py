"""Reference rules of ticks: in time, on their grid, first in their turn."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence


class Ticks:
    """Knows which tick must come next."""

    def __init__(self) -> None:
        self.owed: str | None = None
        self.turn: str | None = None
        """The node of the last event, if that was its TURN."""

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """Ticks that did not come, and those that should not have."""
        node = world.node_of(entry)
        if entry.kind == "TICK":
            yield from self._tick(world, entry)
        elif self.owed is not None:
            yield "tick-cadence", entry.seq
        if entry.kind == "TICKS_END" and node is not None and node.due_ns is None:
            yield "tick-cadence", entry.seq
        self.owed = None
        self.turn = entry.get("node") if entry.kind == "TURN" else None
        if entry.kind == "TURN" and node is not None and world.is_tick_due(node, entry.time_ns):
            self.owed = node.name

    def _tick(self, world: World, entry: Entry) -> Iterator[Offence]:
        node = world.node_of(entry)
        if node is None:
            return
        if node.due_ns is None or node.interval_ns is None:
            yield "tick-cadence", entry.seq
            return
        due_ns = entry.get("due_ns", -1)
        missed = max(0, world.decided_ns(entry) - due_ns) // node.interval_ns
        is_right = due_ns == node.due_ns and entry.get("missed") == missed
        if self.turn != node.name or not is_right or entry.time_ns < node.due_ns:
            yield "tick-cadence", entry.seq
