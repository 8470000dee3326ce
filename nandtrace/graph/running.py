"""From a plan to the records of a running graph, and to what its trace's header says."""

from __future__ import annotations

from collections.abc import Callable

from nandtrace.graph.plan import Plan, PlannedEdge, PlannedNode
from nandtrace.graph.ports import InputPort, OutputPort
from nandtrace.graph.state import EdgeState, NodeRecord, OutPort
from nandtrace.graph.values import newest
from nandtrace.trace.graph_recorder import GraphEdge, GraphNode

Code = Callable[[str], object]


def node_records(plan: Plan, code: Code) -> list[NodeRecord]:
    """The plan's nodes, about to be started."""
    return [
        NodeRecord(
            node=item.node,
            name=item.path,
            index=index,
            code=code(item.path),
            override=item.override or 0,
            on_error=item.on_error,
            max_attempts=item.max_attempts,
            interval_ns=item.interval_ns,
        )
        for index, item in enumerate(plan.nodes)
    ]


def edge_states(plan: Plan, nodes: list[NodeRecord], code: Code) -> list[EdgeState]:
    """The plan's edges, empty, and the nodes wired to them."""
    edges = [_edge_state(item, nodes, code) for item in plan.edges]
    for edge in edges:
        edge.target.inputs.append(edge)
    for node, item in zip(nodes, plan.nodes, strict=True):
        for port in item.node.outputs:
            numbers = plan.outputs[node.index, port.name]
            node.outputs[port.name] = _out_port(port, [edges[number] for number in numbers])
        node.edges_in = tuple(node.inputs)
    return edges


def _out_port(port: OutputPort, edges: list[EdgeState]) -> OutPort:
    types = None if object in port.classes else port.classes
    return OutPort(tuple(edges), types, port.type_text())


def _edge_state(item: PlannedEdge, nodes: list[NodeRecord], code: Code) -> EdgeState:
    wire = item.wire
    takes = wire.target.port
    assert isinstance(takes, InputPort)
    return EdgeState(
        id=wire.id,
        code=code(wire.id),
        source=None if item.source is None else nodes[item.source],
        target=nodes[item.target],
        target_port=takes.name,
        capacity=wire.capacity,
        policy=wire.policy,
        band=wire.band,
        merge=wire.merge or newest,
        types=takes.classes,
        is_checked=item.is_checked,
    )


def header_nodes(plan: Plan) -> list[GraphNode]:
    """The nodes as a trace's header has them."""
    return [_header_node(item) for item in plan.nodes]


def _header_node(item: PlannedNode) -> GraphNode:
    return GraphNode(
        name=item.path,
        tick_interval_ns=item.interval_ns,
        priority_override=item.override,
        on_error=item.on_error,
        max_attempts=item.max_attempts,
    )


def header_edges(plan: Plan) -> list[GraphEdge]:
    """The edges as a trace's header has them."""
    return [
        GraphEdge(
            id=item.wire.id,
            source=None if item.source is None else plan.nodes[item.source].path,
            source_port=None if item.wire.source is None else item.wire.source.port.name,
            target=plan.nodes[item.target].path,
            target_port=item.wire.target.port.name,
            capacity=item.wire.capacity,
            policy=item.wire.policy,
            priority=item.wire.band,
        )
        for item in plan.edges
    ]
