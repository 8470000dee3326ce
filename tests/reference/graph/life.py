"""Reference rules of life and death: starts, stops, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.graph.parts import Node
from tests.reference.graph.world import ENDS_CALL, World
from tests.reference.log import Entry
from tests.reference.runs import Offence


def start_order(device: dict[str, Any]) -> list[str]:
    """Nodes in topological order; nodes of a cycle as one, else by registration."""
    names = [node["name"] for node in device["nodes"]]
    feeds: dict[str, set[str]] = {name: set() for name in names}
    for edge in device["edges"]:
        if edge["source"] is not None:
            feeds[edge["source"]].add(edge["target"])
    reach = {name: _reachable(feeds, name) for name in names}
    group = {
        name: [
            other
            for other in names
            if other == name or (other in reach[name] and name in reach[other])
        ]
        for name in names
    }
    order: list[str] = []
    while len(order) < len(names):
        for name in names:
            before = [
                other
                for other in names
                if other not in group[name]
                and reach[other] & set(group[name])
                and other not in order
            ]
            if name not in order and not before:
                order += group[name]
                break
    return order


def _reachable(feeds: dict[str, set[str]], name: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(feeds[name])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting += feeds[other]
    return reached


Call = tuple[str, str | None, int | None, int | None]
"""A callback: its word, then its node, or of a message its edge, number and attempt."""


class Life:
    """Follows the nodes through a whole trace."""

    def __init__(self, device: dict[str, Any]) -> None:
        self.order = start_order(device)
        self.to_start = list(self.order)
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.failed: set[str] = set()
        self.turned = False
        self.must_shut_down = False
        """A node has stopped the graph, and there was no SHUTDOWN yet."""
        self.time_ns = 0
        """The time of the last error that disables a node."""
        self.to_disable: list[tuple[str, str | None]] = []
        self.call: Call | None = None
        """The callback that runs."""

    def begin(self, world: World) -> None:
        """A run begins: what was started before is not started again."""
        self.to_start = [name for name in self.order if world.nodes[name].state == "NEW"]
        self.started = [name for name in self.order if name not in self.to_start]

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What is wrong with an event about a node's life."""
        if self.to_disable and entry.kind != "DISABLE":
            yield "error-isolated", entry.seq
            self.to_disable = []
        if self.to_start and entry.kind in (
            "TURN",
            "IDLE",
            "SHUTDOWN",
            "LEFTOVER",
            "STOP",
            "RUN_END",
        ):
            if any(world.nodes[name].state == "NEW" for name in self.to_start):
                yield "start-topological", entry.seq
            self.started = list(self.order)
            self.to_start = []
            world.start_all(entry.time_ns)
        see = getattr(self, f"_{entry.kind.lower()}", None)
        if see is not None:
            yield from see(world, entry)
        if entry.kind in ENDS_CALL:
            self.call = _call_of(world, entry)

    def _start(self, world: World, entry: Entry) -> Iterator[Offence]:
        node = world.node_of(entry)
        if node is None:
            return
        if node.state != "NEW":
            yield "start-topological", entry.seq
            if node.state == "DISABLED":
                self.failed.add(node.name)
        while self.to_start and world.nodes[self.to_start[0]].state == "DISABLED":
            self.started.append(self.to_start.pop(0))
        if self.turned or not self.to_start or entry.get("node") != self.to_start[0]:
            yield "start-topological", entry.seq
        if entry.get("node") in self.to_start:
            self.to_start.remove(entry.get("node"))
            self.started.append(entry.get("node"))

    def _turn(self, world: World, entry: Entry) -> Iterator[Offence]:
        self.turned = True
        node = world.node_of(entry)
        if node is not None and node.state == "DISABLED":
            yield "error-isolated", entry.seq
        yield from self._going_on(entry)

    def _idle(self, _world: World, entry: Entry) -> Iterator[Offence]:
        yield from self._going_on(entry)

    def _going_on(self, entry: Entry) -> Iterator[Offence]:
        """A node has stopped the graph, and it goes on."""
        if self.must_shut_down:
            yield "error-isolated", entry.seq
        self.must_shut_down = False

    def _shutdown(self, world: World, entry: Entry) -> Iterator[Offence]:
        reason = entry.get("reason")
        if self.must_shut_down and reason in ("FINISHED", "UNTIL"):
            yield "error-isolated", entry.seq
        if reason == "ERROR" and not self.must_shut_down and world.shutdown is None:
            yield "shutdown-drained", entry.seq
        self.must_shut_down = False

    def _stop(self, _world: World, entry: Entry) -> Iterator[Offence]:
        left = [
            name
            for name in self.order
            if name in self.started and name not in self.stopped + list(self.failed)
        ]
        if not left or entry.get("node") != left[-1]:
            yield "stop-reverse", entry.seq
        self.stopped.append(entry.get("node"))

    def _run_end(self, _world: World, entry: Entry) -> Iterator[Offence]:
        if entry.get("end") != "FINISHED":
            return
        if set(self.started) - set(self.stopped) - self.failed:
            yield "stop-reverse", entry.seq

    def _error(self, world: World, entry: Entry) -> Iterator[Offence]:
        node, edge = world.node_of(entry), world.edge_of(entry)
        if node is None:
            return
        place = node.name if entry.get("call") != "MESSAGE" else entry.get("edge")
        call = (entry.get("call"), place, entry.get("msg"), entry.get("attempt"))
        is_named = entry.get("node") in world.nodes
        if (
            is_named
            and entry.get("call") == "MESSAGE"
            and (edge is None or edge.target != node.name)
        ):
            yield "error-isolated", entry.seq
        is_other = is_named and call != self.call
        if is_other or entry.get("disposition") != disposition(node, entry):
            yield "error-isolated", entry.seq
        if entry.get("disposition") == "DISABLED" and entry.get("call") == "START":
            self.failed.add(node.name)
        if entry.get("disposition") in ("DISABLED", "STOPPED"):
            stops = entry.get("disposition") == "STOPPED"
            self.must_shut_down = stops and world.shutdown is None
            self.time_ns = entry.time_ns
            self.to_disable = [(node.name, edge.id) for edge in node.inputs] or [(node.name, None)]

    def _disable(self, _world: World, entry: Entry) -> Iterator[Offence]:
        item = (entry.get("node"), entry.get("edge"))
        if item not in self.to_disable or entry.time_ns != self.time_ns:
            yield "error-isolated", entry.seq
        self.to_disable = [other for other in self.to_disable if other != item]


def _call_of(world: World, entry: Entry) -> Call | None:
    node = world.node_of(entry)
    if entry.kind in ("START", "TICK", "STOP"):
        return entry.kind, None if node is None else node.name, None, None
    if entry.kind == "DELIVER":
        return "MESSAGE", entry.get("edge"), entry.get("msg"), entry.get("attempt")
    return None


def disposition(node: Node, entry: Entry) -> str:
    """What becomes of the input of a callback that raised."""
    call = entry.get("call")
    if call == "START":
        return "DISABLED"
    if call == "STOP":
        return "SKIPPED"
    if node.on_error == "stop":
        return "STOPPED"
    if call == "MESSAGE" and node.on_error == "retry":
        return "RETRIED" if (entry.get("attempt") or 0) < node.max_attempts else "SKIPPED"
    return "SKIPPED"
