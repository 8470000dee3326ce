"""Hand-made logs of graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nandtrace.vocab import GRAPH
from tests.check.hand_made import HandMadeLog, State


@dataclass
class GraphLog(HandMadeLog):
    """A log of a graph."""

    vocabulary = GRAPH

    def put(
        self, msg: int, to: str, result: str, depth: int, type_: str = "DATA", **more: int
    ) -> None:
        """Append a PUT."""
        self("PUT", msg=msg, edge=to, type=type_, result=result, depth=depth, **more)

    def take(self, msg: int, edge_id: str, depth: int, *flushed: int) -> None:
        """Append a GET, a FLUSH for each message that enters then, and the DELIVER."""
        self("GET", msg=msg, edge=edge_id, depth=depth)
        for place, pending in enumerate(flushed, depth + 1):
            self("FLUSH", msg=pending, edge=edge_id, depth=place)
        node = edge_id.split("->")[1].split(":", maxsplit=1)[0]
        self("DELIVER", msg=msg, node=node, edge=edge_id, attempt=1)

    def moved(self, place: int, to: int) -> GraphLog:
        """A log in which an event comes before the one at another place, at its time."""
        event = self.events[place]
        assert event.snapshot is None
        log = self.inserted(to, event.kind, **event.values)
        return log.without(place + (to <= place))


def device(nodes: list[dict[str, Any]], edges: list[dict[str, Any]], **others: Any) -> State:
    """A header's device map: nodes and edges with what is usual for the rest."""
    return {
        "fairness_ratio": {"control": 4, "high": 2, "normal": 1},
        "max_batch_per_node": 8,
        "shutdown_timeout_ns": 100_000,
        "nodes": [_USUAL_NODE | node for node in nodes],
        "edges": edges,
    } | others


_USUAL_NODE = {
    "tick_interval_ns": None,
    "priority_override": None,
    "on_error": "skip",
    "max_attempts": 3,
}


def edge(edge_id: str, capacity: int, policy: str = "block", priority: int = 1) -> dict[str, Any]:
    """An edge of the header, by its id."""
    source, target = edge_id.split("->")
    return {
        "id": edge_id,
        "source": source.split(":")[0] or None,
        "source_port": source.split(":")[1] if source else None,
        "target": target.split(":")[0],
        "target_port": target.split(":")[1],
        "capacity": capacity,
        "policy": policy,
        "priority": priority,
    }


def state(log: GraphLog, **others: Any) -> State:
    """A snapshot of the graph as it begins, at `now`, but for other fields; `nodes` and `edges` map
    names and ids to what of theirs differs."""
    nodes: Mapping[str, State] = others.pop("nodes", {})
    edges: Mapping[str, State] = others.pop("edges", {})
    return {
        "clock_ns": log.now,
        "next_msg": 0,
        "credits": log.device["fairness_ratio"],
        "nodes": [
            {"name": node["name"], "state": "NEW", "due_ns": None} | nodes.get(node["name"], {})
            for node in log.device["nodes"]
        ],
        "edges": [
            {
                "id": item["id"],
                "capacity": item["capacity"],
                "priority": item["priority"],
                "queued": [],
                "pending": [],
                "held": None,
            }
            | edges.get(item["id"], {})
            for item in log.device["edges"]
        ],
        "ready": {"control": [], "high": [], "normal": []},
        "shutdown": None,
    } | others


def stopped(log: GraphLog, reason: str, shutdown_ns: int, **others: Any) -> State:
    """A snapshot of the graph at its end, shut down at a time."""
    nodes = {node["name"]: {"state": "STOPPED"} for node in log.device["nodes"]}
    deadline_ns = shutdown_ns + log.device["shutdown_timeout_ns"]
    return state(
        log,
        nodes=nodes | others.pop("nodes", {}),
        shutdown={"reason": reason, "deadline_ns": deadline_ns},
        **others,
    )
