"""Reference rules of who has the next turn: bands, credits, round robin, idling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.graph.world import BAND_NAMES, World
from tests.reference.log import Entry
from tests.reference.runs import Offence


class Service:
    """Follows the decisions of a run."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.passed: dict[tuple[str, int], set[str]] = {}
        """Per node and band in which it waits: those that may not have a turn before it has one."""
        for band, name in BAND_NAMES.items():
            waiting = snapshot["ready"][name]
            for place, node in enumerate(waiting):
                self.passed[node, band] = set(waiting[place + 1 :])
        self.idle: int | None = None
        """Where the last IDLE was."""

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What is wrong with a decision."""
        if entry.kind == "TURN":
            yield from self._turn(world, entry)
        elif world.shutdown is not None:
            return
        elif entry.kind == "IDLE":
            yield from self._idle(world, entry)
        elif entry.get("reason") == "FINISHED" and (
            world.ready_bands(entry.time_ns) or next_tick(world) is not None
        ):
            yield "idle-only-when-idle", entry.seq

    def _turn(self, world: World, entry: Entry) -> Iterator[Offence]:
        ready = world.ready_bands(entry.time_ns)
        node, band = entry.get("node"), entry.get("band")
        if node in ready and ready[node] != band:
            yield "band", entry.seq
        is_band = band in BAND_NAMES and node in ready
        if is_band and world.served({*({**ready, node: band}).values()}) != band:
            yield "weighted-fairness", entry.seq
        if node not in ready:
            return
        for name in world.nodes:
            for other in BAND_NAMES:
                if name == node or ready.get(name) != other:
                    self.passed.pop((name, other), None)
        for name, waits in ready.items():
            if name != node and waits == ready.get(node, band):
                passed = self.passed.setdefault((name, waits), set())
                if node in passed:
                    yield "round-robin", entry.seq
                passed.add(node)

    def _idle(self, world: World, entry: Entry) -> Iterator[Offence]:
        is_again = self.idle == entry.seq - 1
        if (
            is_again
            or world.ready_bands(entry.time_ns)
            or entry.get("until_ns") != next_tick(world)
        ):
            yield "idle-only-when-idle", entry.seq
        self.idle = entry.seq


def next_tick(world: World) -> int | None:
    """The time of the next tick that a node can take."""
    due = [
        node.due_ns
        for node in world.nodes.values()
        if node.due_ns is not None and node.state == "RUNNING" and not node.is_blocked
    ]
    return min(due) if due and world.shutdown is None else None
