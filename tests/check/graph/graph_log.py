"""Hand-made logs of graphs: lists of events, written as they are, legal or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nandtrace.check import InvariantResult, Options, TraceVerdict, verify_trace
from nandtrace.trace import Header, TraceWriter
from nandtrace.vocab import GRAPH, NULL, ColumnType

State = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event; `snapshot` where it is a RUN_BEGIN or RUN_END that has one."""

    kind: str
    time_ns: int
    run: int
    values: dict[str, Any]
    snapshot: State | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass
class GraphLog:
    """A header's device map and events. Calling it appends an event at `now`."""

    device: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    now: int = 0
    run: int = 0

    def __call__(self, kind: str, snapshot: State | None = None, /, **values: Any) -> int:
        """Append an event, and tell its number."""
        self.events.append(Event(kind, self.now, self.run, values, snapshot))
        return len(self.events) - 1

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

    def copy(self) -> GraphLog:
        return replace(self, events=list(self.events))

    def find(self, kind: str, nth: int = 0, /, **values: Any) -> int:
        """The number of the n-th event of a kind with these values."""
        places = [
            place
            for place, event in enumerate(self.events)
            if event.kind == kind and values.items() <= event.values.items()
        ]
        return places[nth]

    def changed(self, place: int, /, **values: Any) -> GraphLog:
        """A log in which an event has other values; `time_ns` and `kind` are taken as its own."""
        log, event = self.copy(), self.events[place]
        kind, time_ns = values.pop("kind", event.kind), values.pop("time_ns", event.time_ns)
        log.events[place] = replace(event, kind=kind, time_ns=time_ns, values=event.values | values)
        return log

    def restated(self, place: int, path: str, value: Any) -> GraphLog:
        """A log in which a snapshot differs at a path as `edges.0.queued`."""
        log, event = self.copy(), self.events[place]
        assert event.snapshot is not None
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        log.events[place] = replace(event, snapshot=_with(event.snapshot, keys, value))
        return log

    def without(self, *places: int) -> GraphLog:
        """A log that lacks some events."""
        log = self.copy()
        log.events = [event for place, event in enumerate(self.events) if place not in places]
        return log

    def swapped(self, one: int, other: int) -> GraphLog:
        """A log in which two events have changed their places, each keeping the time of its place."""
        log = self.copy()
        first, second = log.events[one], log.events[other]
        log.events[one] = replace(second, time_ns=first.time_ns)
        log.events[other] = replace(first, time_ns=second.time_ns)
        return log

    def inserted(
        self, place: int, kind: str, time_ns: int | None = None, /, **values: Any
    ) -> GraphLog:
        """A log with one more event, before the one at a place and with its time."""
        log, after = self.copy(), self.events[place]
        when = after.time_ns if time_ns is None else time_ns
        log.events.insert(place, Event(kind, when, after.run, values))
        return log

    def moved(self, place: int, to: int) -> GraphLog:
        """A log in which an event comes before the one at another place, at its time."""
        event = self.events[place]
        assert event.snapshot is None
        log = self.inserted(to, event.kind, **event.values)
        return log.without(place + (to <= place))


def _with(state: Any, keys: list[Any], value: Any) -> Any:
    if not keys:
        return value
    copied = list(state) if isinstance(state, list) else dict(state)
    copied[keys[0]] = _with(state[keys[0]], keys[1:], value)
    return copied


def write(path: Path, log: GraphLog, **options: Any) -> Path:
    """Write a log as it is, whatever it says."""
    with_closing = TraceWriter(path, Header(GRAPH, {}, log.device), **options)
    for event in log.events:
        kind = GRAPH.by_name[event.kind]
        values = []
        for column in kind.columns:
            value = event.values.get(column.name)
            if value is not None and column.type is ColumnType.NAME:
                value = with_closing.code(str(value))
            values.append(NULL if value is None else int(value))
        if event.snapshot is not None:
            with_closing.snapshot(event.snapshot)
        with_closing.append(kind.code, event.time_ns, event.run, values)
    with_closing.close()
    return path


def verify(path: Path, log: GraphLog, options: Options | None = None) -> TraceVerdict:
    """The verdict on a log."""
    return verify_trace(write(path, log), options)


def results(verdict: TraceVerdict) -> dict[str, InvariantResult]:
    """The results by the id of their invariant."""
    assert verdict.error is None
    return {item.id: item for item in verdict.invariants}


def violations(verdict: TraceVerdict) -> dict[str, list[int]]:
    """The numbers of the offending events by invariant, of those that are violated."""
    return {
        item.id: [violation.seq for violation in item.violations]
        for item in results(verdict).values()
        if item.violated
    }


def texts(verdict: TraceVerdict, invariant: str) -> list[tuple[str, str]]:
    """What the violations of an invariant expected, and what they found."""
    return [(item.expected, item.actual) for item in results(verdict)[invariant].violations]


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
