"""The plan: subgraphs flattened, wiring validated, everything numbered before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nandtrace.errors import GraphError
from nandtrace.graph.config import SchedulerConfig
from nandtrace.graph.node import Node
from nandtrace.graph.order import start_order
from nandtrace.graph.ports import InputPort, OutputPort, always_fits
from nandtrace.graph.subgraph import Subgraph, Wire
from nandtrace.graph.values import band_of, duration_ns_of, natural_of, word_of
from nandtrace.units import NS_PER_MS
from nandtrace.vocab.graph import Band, ErrorPolicy

MAX_NAMES = 50_000
"""Nodes and edges of a graph: a trace knows only so many names at a time."""


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node by its path, with what was resolved of its attributes; no interval: it does not tick."""

    path: str
    node: Node
    interval_ns: int | None
    override: Band | None
    on_error: ErrorPolicy
    max_attempts: int


@dataclass(frozen=True, slots=True)
class PlannedEdge:
    """An edge between nodes by their numbers; no source: an open input."""

    wire: Wire
    source: int | None
    target: int
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph that can run.

    Nodes are in the order of registration, edges in that of their wiring, those of subgraphs first.
    `order` are the nodes' numbers in the order in which they are started. `outputs` and `inputs` map (node,
    port) to the numbers of the edges there.
    """

    nodes: tuple[PlannedNode, ...]
    edges: tuple[PlannedEdge, ...]
    order: tuple[int, ...]
    outputs: Mapping[tuple[int, str], tuple[int, ...]]
    inputs: Mapping[tuple[int, str], tuple[int, ...]]


def make_plan(
    root: Subgraph, config: SchedulerConfig, changed: Callable[[Wire], Wire] = lambda wire: wire
) -> Plan:
    """Plan what is registered, with what was changed of its edges since.

    Raises GraphError that names the node, port or edge that is wrong.
    """
    nodes = tuple(_planned(path, node, config) for path, node in root.nodes())
    if not nodes:
        raise GraphError("nothing is registered")
    _check_each_once(nodes)
    numbers = {item.path: number for number, item in enumerate(nodes)}
    edges = tuple(_planned_edge(changed(wire), numbers) for wire in root.wires())
    if len(nodes) + len(edges) > MAX_NAMES:
        raise GraphError(f"{len(nodes)} nodes and {len(edges)} edges: more than {MAX_NAMES}")
    order = start_order(
        len(nodes), [(edge.source, edge.target) for edge in edges if edge.source is not None]
    )
    plan = Plan(nodes, edges, tuple(order), *_port_maps(nodes, edges))
    _check_required(plan)
    return plan


def _check_each_once(nodes: tuple[PlannedNode, ...]) -> None:
    """A node may have come into two subgraphs after both were registered."""
    paths: dict[int, str] = {}
    for item in nodes:
        other = paths.setdefault(id(item.node), item.path)
        if other != item.path:
            raise GraphError(f"node {item.path}: it is also there as {other}")


_CALLBACKS = ("on_start", "on_message", "on_tick", "on_stop")


def _planned(path: str, node: Node, config: SchedulerConfig) -> PlannedNode:
    what = f"node {path}"
    for name in _CALLBACKS:
        if inspect.iscoroutinefunction(getattr(node, name)):
            raise GraphError(f"{what}: {name} is a coroutine function, and would never be awaited")
    return PlannedNode(
        path=path,
        node=node,
        interval_ns=_interval_ns(node, what, config),
        override=None if node.priority_override is None else band_of(node.priority_override, what),
        on_error=word_of(node.on_error, ErrorPolicy, f"{what}: on_error"),
        max_attempts=natural_of(node.max_attempts, f"{what}: max_attempts"),
    )


def _interval_ns(node: Node, what: str, config: SchedulerConfig) -> int | None:
    if type(node).on_tick is Node.on_tick:
        return None
    hint_ms = node.desired_tick_interval_ms
    if hint_ms is None:
        return config.tick_interval_ns
    return duration_ns_of(hint_ms, NS_PER_MS, f"{what}: desired_tick_interval_ms")


def _planned_edge(wire: Wire, numbers: Mapping[str, int]) -> PlannedEdge:
    target = numbers[wire.target.path]
    for end in (wire.source, wire.target):
        if end is not None and end.port not in (*end.node.inputs, *end.node.outputs):
            raise GraphError(
                f"edge {wire.id}: node {end.path} has no port {end.port.name!r} any more"
            )
    if wire.source is None:
        return PlannedEdge(wire, None, target, is_checked=True)
    sends, takes = wire.source.port, wire.target.port
    assert isinstance(sends, OutputPort)
    assert isinstance(takes, InputPort)
    return PlannedEdge(
        wire, numbers[wire.source.path], target, is_checked=not always_fits(sends, takes)
    )


_PortMap = dict[tuple[int, str], tuple[int, ...]]


def _port_maps(
    nodes: tuple[PlannedNode, ...], edges: tuple[PlannedEdge, ...]
) -> tuple[_PortMap, _PortMap]:
    """The edges of each output and of each input port, by their numbers."""
    outputs: _PortMap = {}
    inputs: _PortMap = {}
    for number, item in enumerate(nodes):
        outputs.update({(number, port.name): () for port in item.node.outputs})
        inputs.update({(number, port.name): () for port in item.node.inputs})
    for number, edge in enumerate(edges):
        if edge.source is not None and edge.wire.source is not None:
            outputs[edge.source, edge.wire.source.port.name] += (number,)
        inputs[edge.target, edge.wire.target.port.name] += (number,)
    return outputs, inputs


def _check_required(plan: Plan) -> None:
    for number, item in enumerate(plan.nodes):
        for port in item.node.inputs:
            if port.required and not plan.inputs[number, port.name]:
                raise GraphError(
                    f"node {item.path}: no edge leads to its input {port.name!r}, which needs one"
                )
