"""The recorder of graph traces: the calls with which a scheduler of a dataflow graph writes its trace.

    nodes = [GraphNode("a", tick_interval_ns=1_000_000), GraphNode("b")]
    edges = [GraphEdge("a:out->b:in", "a", "out", "b", "in", capacity=4)]
    with GraphRecorder("graph.mpk", nodes=nodes, edges=edges) as recorder:
        recorder.begin_run(0, snapshot=state())
        recorder.start(0, "a")
        recorder.start(0, "b")
        recorder.turn(1_000_000, "a", 1)
        recorder.tick(1_000_000, "a", due_ns=1_000_000)
        recorder.put(1_000_000, msg=0, edge="a:out->b:in", type="DATA", result="OK", depth=1)
        ...
        recorder.end_run(5_000_000, "FINISHED", snapshot=state())

Times are integer nanoseconds. docs/graph-model.md says when each event is written, and
schemas/snapshot-graph.schema.json what a snapshot holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from nandtrace.errors import RecordError
from nandtrace.trace.chunk import CHUNK_EVENTS
from nandtrace.trace.chunk_file import ChunkSink
from nandtrace.trace.header import Header
from nandtrace.trace.run_recorder import RunRecorder, or_null
from nandtrace.trace.snapshot_schema import check_device, check_snapshot
from nandtrace.vocab import GRAPH
from nandtrace.vocab.graph import (
    COLUMN_WORDS,
    DEFAULT_FAIRNESS,
    Band,
)

_START = GRAPH.by_name["START"].code
_TURN = GRAPH.by_name["TURN"].code
_TICK = GRAPH.by_name["TICK"].code
_PUT = GRAPH.by_name["PUT"].code
_FLUSH = GRAPH.by_name["FLUSH"].code
_GET = GRAPH.by_name["GET"].code
_DELIVER = GRAPH.by_name["DELIVER"].code
_BLOCK = GRAPH.by_name["BLOCK"].code
_WAKE = GRAPH.by_name["WAKE"].code
_IDLE = GRAPH.by_name["IDLE"].code
_MUTATE = GRAPH.by_name["MUTATE"].code
_ERROR = GRAPH.by_name["ERROR"].code
_DISABLE = GRAPH.by_name["DISABLE"].code
_TICKS_END = GRAPH.by_name["TICKS_END"].code
_SHUTDOWN = GRAPH.by_name["SHUTDOWN"].code
_LEFTOVER = GRAPH.by_name["LEFTOVER"].code
_STOP = GRAPH.by_name["STOP"].code


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node, as the header names it. Without an interval it does not tick."""

    name: str
    tick_interval_ns: int | None = None
    priority_override: int | None = None
    on_error: str = "skip"
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An edge, as the header names it. Without a source, and a port of it, it is an open input."""

    id: str
    source: str | None
    source_port: str | None
    target: str
    target_port: str
    capacity: int = 64
    policy: str = "block"
    priority: int = Band.NORMAL


class GraphRecorder(RunRecorder):
    """Writes a graph trace event by event, or in bulk as columns.

    `nodes` stand in the order of their registration, `edges` in that of their connection; the calls name
    them by name and id. The other settings of the scheduler are what its rules depend on; `fairness_ratio`
    says the turns of each band, given itself or by name, in a cycle. `identity` and `provenance` are kept
    as given; only the first is digested. Runs are numbered from `first_run`. A `sink` takes the chunks in
    place of the file (nandtrace.trace.chunk_file).

    In `names`, those of the header and the words of the vocabulary keep their codes through the trace.

    Raises RecordError for a graph that makes no sense, a value that is not of its column or a call out of
    order, StorageError when the file can't be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        nodes: Iterable[GraphNode],
        edges: Iterable[GraphEdge],
        fairness_ratio: Mapping[Band, int] | Mapping[str, int] = DEFAULT_FAIRNESS,
        max_batch_per_node: int = 8,
        shutdown_timeout_ns: int = 2_000_000_000,
        identity: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        first_run: int = 0,
        sink: ChunkSink | None = None,
    ) -> None:
        nodes, edges = tuple(nodes), tuple(edges)
        device = {
            "fairness_ratio": {_band_name(band): turns for band, turns in fairness_ratio.items()},
            "max_batch_per_node": max_batch_per_node,
            "shutdown_timeout_ns": shutdown_timeout_ns,
            "nodes": [_node_map(node) for node in nodes],
            "edges": [_edge_map(edge) for edge in edges],
        }
        _check_graph(device, nodes, edges)
        super().__init__(
            path,
            Header(GRAPH, dict(identity or {}), device),
            partial(check_snapshot, GRAPH.domain),
            provenance=provenance,
            compress=compress,
            chunk_events=chunk_events,
            first_run=first_run,
            sink=sink,
            pinned=_lasting_names(nodes, edges),
        )

    # ---- run boundaries

    def begin_run(self, time_ns: int, *, snapshot: Mapping[str, Any]) -> int:
        """Begin a run with the scheduler's complete state; returns the run's index."""
        return self._begin_run(time_ns, (), snapshot)

    def end_run(self, time_ns: int, end: str, *, snapshot: Mapping[str, Any]) -> None:
        """End the run. `end` says why (vocab.graph.RunEnd)."""
        self._end_run(time_ns, (self._name(end),), snapshot)

    # ---- the lives of nodes

    def start(self, time_ns: int, node: str) -> None:
        """A node's `on_start` is called."""
        self._append(_START, time_ns, self._run, (self._name(node),))

    def stop(self, time_ns: int, node: str) -> None:
        """A node's `on_stop` is called."""
        self._append(_STOP, time_ns, self._run, (self._name(node),))

    def error(
        self,
        time_ns: int,
        node: str,
        call: str,
        *,
        disposition: str,
        error: str,
        edge: str | None = None,
        msg: int | None = None,
        attempt: int | None = None,
    ) -> None:
        """A callback (vocab.graph.Call) raised; edge, message and attempt are those of its input."""
        name = self._name
        values = (
            *(name(node), name(call), name(edge), or_null(msg), or_null(attempt)),
            *(name(disposition), name(error)),
        )
        self._append(_ERROR, time_ns, self._run, values)

    def disable(self, time_ns: int, node: str, edge: str | None = None) -> None:
        """A node takes no more turns; once for each of its inputs, without an edge if it has none."""
        self._append(_DISABLE, time_ns, self._run, (self._name(node), self._name(edge)))

    def ticks_end(self, time_ns: int, node: str) -> None:
        """A node ends its ticks."""
        self._append(_TICKS_END, time_ns, self._run, (self._name(node),))

    # ---- what the scheduler decides

    def turn(self, time_ns: int, node: str, band: int) -> None:
        """A node has a turn, paid by a band (vocab.graph.Band)."""
        self._append(_TURN, time_ns, self._run, (self._name(node), band))

    def tick(self, time_ns: int, node: str, due_ns: int, missed: int = 0) -> None:
        """A node's tick that was due at `due_ns` is taken; `missed` whole intervals went by since."""
        self._append(_TICK, time_ns, self._run, (self._name(node), due_ns, missed))

    def deliver(self, time_ns: int, msg: int, node: str, edge: str, attempt: int = 1) -> None:
        """A node's `on_message` is called, for the first or a later time."""
        values = (msg, self._name(node), self._name(edge), attempt)
        self._append(_DELIVER, time_ns, self._run, values)

    def idle(self, time_ns: int, until_ns: int | None = None) -> None:
        """Nothing is ready until the next tick, if there is one."""
        self._append(_IDLE, time_ns, self._run, (or_null(until_ns),))

    def shutdown(self, time_ns: int, reason: str, deadline_ns: int) -> None:
        """The graph shuts down (vocab.graph.ShutdownReason says why) until a deadline at the latest."""
        self._append(_SHUTDOWN, time_ns, self._run, (self._name(reason), deadline_ns))

    # ---- what happens on edges; `depth` is how many messages the edge holds afterwards

    def put(
        self,
        time_ns: int,
        *,
        msg: int,
        edge: str,
        type: str,  # noqa: A002 - the column's name, as of all calls
        result: str,
        depth: int,
        other: int | None = None,
        trace_id: int | None = None,
    ) -> None:
        """A message is put on an edge, with this result (vocab.graph.PutResult).

        `other` is the message that was evicted for it, or that it was merged into.
        """
        name = self._name
        values = (msg, name(edge), name(type), name(result), depth, or_null(other))
        self._append(_PUT, time_ns, self._run, (*values, or_null(trace_id)))

    def flushed(self, time_ns: int, msg: int, edge: str, depth: int) -> None:
        """FLUSH: a pending message enters its edge."""
        self._append(_FLUSH, time_ns, self._run, (msg, self._name(edge), depth))

    def get(self, time_ns: int, msg: int, edge: str, depth: int) -> None:
        """The oldest message of an edge is taken from it."""
        self._append(_GET, time_ns, self._run, (msg, self._name(edge), depth))

    def block(self, time_ns: int, node: str, edge: str) -> None:
        """A node is blocked, by this edge."""
        self._append(_BLOCK, time_ns, self._run, (self._name(node), self._name(edge)))

    def wake(self, time_ns: int, node: str, edge: str) -> None:
        """A node is no longer blocked, since this edge was flushed."""
        self._append(_WAKE, time_ns, self._run, (self._name(node), self._name(edge)))

    def mutate(self, time_ns: int, edge: str, what: str, *, old: int, new: int, depth: int) -> None:
        """The priority or capacity (vocab.graph.Mutable) of an edge is changed."""
        values = (self._name(edge), self._name(what), old, new, depth)
        self._append(_MUTATE, time_ns, self._run, values)

    def leftover(self, time_ns: int, msg: int, edge: str, place: str) -> None:
        """A message was not delivered before the end; `place` says where it is (vocab.graph.Place)."""
        self._append(_LEFTOVER, time_ns, self._run, (msg, self._name(edge), self._name(place)))


def _node_map(node: GraphNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "tick_interval_ns": node.tick_interval_ns,
        "priority_override": _number(node.priority_override),
        "on_error": _text(node.on_error),
        "max_attempts": node.max_attempts,
    }


def _edge_map(edge: GraphEdge) -> dict[str, Any]:
    return {
        "id": edge.id,
        "source": edge.source,
        "source_port": edge.source_port,
        "target": edge.target,
        "target_port": edge.target_port,
        "capacity": edge.capacity,
        "policy": _text(edge.policy),
        "priority": _number(edge.priority),
    }


def _band_name(band: Band | str) -> str:
    return band.name.lower() if isinstance(band, Band) else band


def _number(value: int | None) -> int | None:
    """A member of an enumeration as the plain number that a header takes."""
    return int(value) if isinstance(value, Band) else value


def _text(value: str) -> str:
    return value.value if isinstance(value, StrEnum) else value


def _check_graph(
    device: dict[str, Any], nodes: tuple[GraphNode, ...], edges: tuple[GraphEdge, ...]
) -> None:
    """Raise RecordError, which names the place, where a header can't hold this graph."""
    try:
        check_device(GRAPH.domain, device)
    except ValueError as error:
        raise RecordError(str(error)) from error
    names = _distinct("node", (node.name for node in nodes))
    _distinct("edge", (edge.id for edge in edges))
    for edge in edges:
        if (edge.source is None) != (edge.source_port is None):
            raise RecordError(f"edge {edge.id!r}: a source and its port go together")
        for end in (edge.source, edge.target):
            if end is not None and end not in names:
                raise RecordError(f"edge {edge.id!r}: there is no node {end!r}")


def _distinct(what: str, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RecordError(f"{what} {name!r} is there twice")
        seen.add(name)
    return seen


def _lasting_names(nodes: tuple[GraphNode, ...], edges: tuple[GraphEdge, ...]) -> Iterator[str]:
    yield from (node.name for node in nodes)
    yield from (edge.id for edge in edges)
    for words in COLUMN_WORDS.values():
        yield from (word.value for word in words)
