"""Reference rules of the end: one SHUTDOWN, then what can be taken is taken, then all is itemised."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.vocab.graph import COLUMN_WORDS
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence

REASONS = list(COLUMN_WORDS["reason"])


class Ending:
    """Follows the end of a graph."""

    def __init__(self) -> None:
        self.to_itemise: list[tuple[int, str, str]] | None = None
        """What is left, once the graph has come to that."""
        self.has_stopped = False

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What is wrong with an event at the end of a graph."""
        see = getattr(self, f"_{entry.kind.lower()}", None)
        if see is not None:
            yield from see(world, entry)

    def _shutdown(self, world: World, entry: Entry) -> Iterator[Offence]:
        late = entry.get("deadline_ns") != entry.time_ns + world.timeout_ns
        if world.shutdown is not None or late or entry.get("reason") not in REASONS:
            yield "shutdown-drained", entry.seq

    def _idle(self, world: World, entry: Entry) -> Iterator[Offence]:
        yield from self._resumed(entry)
        if world.shutdown is not None:
            yield "shutdown-drained", entry.seq

    def _tick(self, world: World, entry: Entry) -> Iterator[Offence]:
        if world.shutdown is not None:
            yield "shutdown-drained", entry.seq

    def _put(self, world: World, entry: Entry) -> Iterator[Offence]:
        edge = world.edge_of(entry)
        if edge is None:
            return
        if self.to_itemise is not None or (world.shutdown is not None and edge.source is None):
            yield "shutdown-drained", entry.seq

    def _turn(self, world: World, entry: Entry) -> Iterator[Offence]:
        yield from self._resumed(entry)
        if world.shutdown is not None and entry.time_ns >= world.shutdown[1]:
            yield "shutdown-drained", entry.seq

    def _leftover(self, world: World, entry: Entry) -> Iterator[Offence]:
        yield from self._drained(world, entry)
        item = (entry.get("msg"), entry.get("edge"), entry.get("place"))
        left = self.to_itemise or []
        is_left = item[:2] in [other[:2] for other in left]
        if not is_left:
            yield "edge-conservation", entry.seq
        elif left[0] != item or self.has_stopped:
            yield "shutdown-drained", entry.seq
        for other in left:
            if other == item or (item not in left and other[:2] == item[:2]):
                left.remove(other)
                break

    def _stop(self, world: World, entry: Entry) -> Iterator[Offence]:
        yield from self._drained(world, entry)
        self.has_stopped = True

    def _run_end(self, world: World, entry: Entry) -> Iterator[Offence]:
        if entry.get("end") == "FINISHED":
            yield from self._drained(world, entry)
            if self.to_itemise:
                yield "shutdown-drained", entry.seq
                yield "edge-conservation", entry.seq

    def _resumed(self, entry: Entry) -> Iterator[Offence]:
        """The graph goes on though the drain is over: what is left then is itemised anew."""
        if self.to_itemise is not None:
            yield "shutdown-drained", entry.seq
        self.to_itemise, self.has_stopped = None, False

    def _drained(self, world: World, entry: Entry) -> Iterator[Offence]:
        """The turns are over: nothing is ready, or it is too late."""
        if self.to_itemise is not None:
            return
        self.to_itemise = left_over(world)
        if world.shutdown is None or (
            entry.time_ns < world.shutdown[1] and world.ready_bands(entry.time_ns)
        ):
            yield "shutdown-drained", entry.seq


def left_over(world: World) -> list[tuple[int, str, str]]:
    """Every message that nobody read, edge by edge."""
    left = []
    for edge in world.edges.values():
        if edge.held is not None:
            left.append((edge.held[0], edge.id, "HELD"))
        left += [(msg, edge.id, "QUEUED") for msg, _ in edge.queued]
        left += [(msg, edge.id, "PENDING") for msg, _ in edge.pending]
    return left
