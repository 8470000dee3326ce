"""Reference rules of backpressure: BLOCK, FLUSH and WAKE in their places."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.graph.parts import Node
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence


class Backpressure:
    """Knows what must come next: a BLOCK, a FLUSH or a WAKE."""

    def __init__(self) -> None:
        self.owed_block: tuple[str, str] | None = None
        self.owed_wake: tuple[str, str] | None = None
        self.time_ns: int | None = None
        self.last = ""
        """The time and the kind of the last event."""

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What should have come and did not, and what came and should not."""
        yield from self._unflushed(world, entry)
        if self._is_amiss(world, entry, "BLOCK", self.owed_block):
            yield "blocked-pure", entry.seq
        if self._is_amiss(world, entry, "WAKE", self.owed_wake):
            yield "flush-prompt", entry.seq
        node = world.node_of(entry)
        if entry.kind == "WAKE" and node is not None and _pending(node):
            yield "edge-conservation", entry.seq
        if entry.kind in ("FLUSH", "WAKE") and entry.time_ns != self.time_ns:
            yield "flush-prompt", entry.seq
        self.time_ns, self.last = entry.time_ns, entry.kind
        self.owed_block = self._blocks(world, entry)
        self.owed_wake = self._wakes(world, entry)
        world.wake_is_due = self.owed_wake is not None

    def _is_amiss(
        self, world: World, entry: Entry, kind: str, owed: tuple[str, str] | None
    ) -> bool:
        """Whether an event is of a kind and not owed, or the other way round.

        One that names no known node and edge is not judged further.
        """
        if entry.kind != kind:
            return owed is not None
        is_named = entry.get("node") in world.nodes and entry.get("edge") in world.edges
        return is_named and (entry.get("node"), entry.get("edge")) != owed

    def _unflushed(self, world: World, entry: Entry) -> Iterator[Offence]:
        """Another event than the FLUSH of an edge that has room and messages pending."""
        if self.last not in ("GET", "FLUSH", "MUTATE"):
            return
        for edge in world.edges.values():
            if entry.kind == "FLUSH" and world.edge_of(entry) is edge:
                continue
            while edge.pending and len(edge.queued) < edge.capacity:
                yield "flush-prompt", entry.seq
                if edge.source is not None and len(_pending(world.nodes[edge.source])) == 1:
                    self.owed_wake = edge.source, edge.id
                world.flush_ahead(edge)

    def _blocks(self, world: World, entry: Entry) -> tuple[str, str] | None:
        """The BLOCK that must follow this event."""
        edge = world.edge_of(entry)
        if entry.kind != "PUT" or edge is None or world.number_of(entry) is None:
            return None
        if world.result_of(entry) != "BLOCKED":
            return None
        if edge.source is None or world.nodes[edge.source].is_blocked:
            return None
        return edge.source, edge.id

    def _wakes(self, world: World, entry: Entry) -> tuple[str, str] | None:
        """The WAKE that must follow this event."""
        edge = world.edge_of(entry)
        if entry.kind != "FLUSH" or edge is None or edge.source is None:
            return None
        if _pending(world.nodes[edge.source]) == [world.flushed_by(entry)]:
            return edge.source, edge.id
        return None


def _pending(node: Node) -> list[int]:
    return [msg for edge in node.outputs for msg, _ in edge.pending]
