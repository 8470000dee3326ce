"""Reference rules of emits: their numbers, and the edges that each message is put on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.graph.parts import Edge
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence


class Emits:
    """Follows the PUTs of one emit, one for each edge of its port."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.msg: int | None = None
        self.message: tuple[str | None, int | None] = (None, None)
        """Type and trace id of that message."""

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What is wrong with the numbers of messages and their edges at this event."""
        edge = world.edge_of(entry)
        if entry.kind != "PUT" or edge is None:
            if entry.kind == "PUT":
                self.left = []
            elif self.left and entry.kind != "BLOCK":
                yield "put-result", entry.seq
                self.left = []
            return
        message = (entry.get("type"), entry.get("trace_id"))
        if self.left and entry.get("msg") == self.msg and edge.id in self.left:
            self.left.remove(edge.id)
            if message != self.message:
                yield "put-result", entry.seq
        else:
            is_late = entry.get("msg") in world.skipped
            if self.left or (entry.get("msg") != world.next_msg and not is_late):
                yield "put-result", entry.seq
            self.msg, self.message = entry.get("msg"), message
            self.left = [other.id for other in _port(world, edge) if other is not edge]


def _port(world: World, edge: Edge) -> list[Edge]:
    """The edges that leave an edge's port; an open input alone."""
    if edge.source is None:
        return [edge]
    return [
        other
        for other in world.edges.values()
        if (other.source, other.source_port) == (edge.source, edge.source_port)
    ]
