"""Subgraphs: nodes and subgraphs with edges between them, of which some ports show outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, TypedDict, Unpack

from nandtrace.errors import GraphError
from nandtrace.graph.node import Node
from nandtrace.graph.ports import InputPort, OutputPort, check_name, may_fit
from nandtrace.graph.values import Merge, band_of, natural_of, policy_of
from nandtrace.vocab.graph import Band, Policy

DEFAULT_CAPACITY = 64


class EdgeOptions(TypedDict, total=False):
    """What may be said of an edge.

    By default its capacity is 64 messages, its policy block, its priority normal. `merge` makes one payload
    of the one on the edge and a new one, for the policy coalesce; without it the newest stands for both.
    """

    capacity: int
    policy: Policy | str
    priority: Band | int | str
    merge: Merge | None


@dataclass(frozen=True, slots=True)
class End:
    """One end of an edge: a node, by its path, and one of its ports."""

    path: str
    node: Node
    port: InputPort | OutputPort

    def __str__(self) -> str:
        return f"{self.path}:{self.port.name}"


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge as it was wired, its ends relative to the subgraph that holds it; no source: an open input."""

    source: End | None
    target: End
    capacity: int
    policy: Policy
    band: Band
    merge: Merge | None

    def within(self, path: str) -> Wire:
        """The same edge, seen from outside the subgraph of that name."""
        return Wire(
            self.source and _within(path, self.source),
            _within(path, self.target),
            self.capacity,
            self.policy,
            self.band,
            self.merge,
        )

    @property
    def id(self) -> str:
        return edge_id(self.source, self.target)


def edge_id(source: End | None, target: End) -> str:
    """The id of an edge between two ends."""
    return f"{'' if source is None else source}->{target}"


def _within(path: str, end: End) -> End:
    return End(f"{path}/{end.path}", end.node, end.port)


class Subgraph:
    """Nodes and subgraphs, wired to each other. To the outside it has the ports that it exposes."""

    def __init__(self, name: str) -> None:
        self.name = check_name(name, "subgraph")
        self._parts: dict[str, Node | Subgraph] = {}
        self._node_ids: set[int] = set()
        self._wires: dict[str, Wire] = {}
        self._inputs: dict[str, End] = {}
        self._outputs: dict[str, End] = {}

    def add(self, part: Node | Subgraph) -> Self:
        """Take a node or subgraph in. Raises GraphError for a name, or a node, that is there already."""
        if not isinstance(part, Node | Subgraph):
            raise GraphError(f"{self._label}: {part!r} is no node and no subgraph")
        if not hasattr(part, "name"):
            kind = type(part).__name__
            raise GraphError(f"{self._label}: {kind} does not call the __init__ of its base class")
        if isinstance(part, Subgraph) and part.holds(self):
            raise GraphError(f"{self._label}: it can't be in {part.name!r}, which is in it")
        if part.name in self._parts:
            raise GraphError(f"{self._label}: there is a {part.name!r} already")
        nodes = [part] if isinstance(part, Node) else [node for _, node in part.nodes()]
        for node in nodes:
            if id(node) in self._node_ids:
                raise GraphError(f"{self._label}: node {node.name!r} is there already")
        if isinstance(part, Node):
            _check_ports(part)
        self._parts[part.name] = part
        self._node_ids.update(map(id, nodes))
        return self

    def connect(self, source: str, target: str, **options: Unpack[EdgeOptions]) -> str:
        """Lead an edge from an output `node:port` to an input `node:port`; returns its id here.

        Seen from outside, the nodes of an id have the subgraph's name before theirs. Raises GraphError,
        which names node, port or edge.
        """
        begin, end = self.output_end(source), self.input_end(target)
        assert isinstance(begin.port, OutputPort)
        assert isinstance(end.port, InputPort)
        what = f"edge {edge_id(begin, end)}"
        if not may_fit(begin.port, end.port):
            raise GraphError(
                f"{what}: {begin.port.type_text()} goes out, {end.port.type_text()} is taken"
            )
        return self._lead(begin, end, **options)

    def open_input(self, target: str, **options: Unpack[EdgeOptions]) -> str:
        """Give an input `node:port` an edge from outside the graph; returns its id."""
        return self._lead(None, self.input_end(target), **options)

    def _lead(
        self,
        source: End | None,
        target: End,
        *,
        capacity: int = DEFAULT_CAPACITY,
        policy: Policy | str = Policy.BLOCK,
        priority: Band | int | str = Band.NORMAL,
        merge: Merge | None = None,
    ) -> str:
        name = edge_id(source, target)
        what = f"edge {name}"
        if name in self._wires:
            raise GraphError(f"{what} is there already")
        self._wires[name] = Wire(
            source,
            target,
            natural_of(capacity, f"{what}: capacity"),
            policy_of(policy, merge, what),
            band_of(priority, what),
            merge,
        )
        return name

    def expose_input(self, name: str, target: str) -> None:
        """Show an input of a part as an input of this subgraph."""
        self._expose(self._inputs, name, self.input_end(target))

    def expose_output(self, name: str, source: str) -> None:
        """Show an output of a part as an output of this subgraph."""
        self._expose(self._outputs, name, self.output_end(source))

    def _expose(self, ports: dict[str, End], name: str, end: End) -> None:
        name = check_name(name, "port")
        if name in self._inputs or name in self._outputs:
            raise GraphError(f"{self._label}: a port {name!r} is exposed already")
        ports[name] = end

    # ---- what is in it

    def holds(self, other: Subgraph) -> bool:
        """Whether another subgraph is this one, or lies in it."""
        parts = (part for part in self._parts.values() if isinstance(part, Subgraph))
        return other is self or any(part.holds(other) for part in parts)

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """Every node, with its path from here, in the order in which they were added."""
        for name, part in self._parts.items():
            if isinstance(part, Node):
                yield name, part
            else:
                for path, node in part.nodes():
                    yield f"{name}/{path}", node

    def wires(self) -> Iterator[Wire]:
        """Every edge, seen from here: those of the parts first."""
        for name, part in self._parts.items():
            if isinstance(part, Subgraph):
                for wire in part.wires():
                    yield wire.within(name)
        yield from self._wires.values()

    def input_end(self, text: str) -> End:
        """The input that `node:port` means. Raises GraphError."""
        return self._end(text, "input")

    def output_end(self, text: str) -> End:
        """The output that `node:port` means. Raises GraphError."""
        return self._end(text, "output")

    def _end(self, text: str, side: str) -> End:
        name, colon, port = text.partition(":") if isinstance(text, str) else ("", "", "")
        if not colon:
            raise GraphError(f"{self._label}: {text!r} is not of the form node:port")
        part = self._parts.get(name)
        if part is None:
            raise GraphError(f"{self._label}: {text}: there is no {name!r}")
        if isinstance(part, Subgraph):
            return part.exposed(port, side)
        ports: tuple[InputPort | OutputPort, ...] = part.inputs if side == "input" else part.outputs
        for item in ports:
            if item.name == port:
                return End(name, part, item)
        known = ", ".join(item.name for item in ports) or "none"
        raise GraphError(f"node {name}: there is no {side} {port!r}; it has {known}")

    def exposed(self, port: str, side: str) -> End:
        """What an exposed port stands for, seen from outside. Raises GraphError."""
        ports = self._inputs if side == "input" else self._outputs
        if port not in ports:
            known = ", ".join(ports) or "none"
            raise GraphError(f"{self._label}: there is no {side} {port!r}; it exposes {known}")
        return _within(self.name, ports[port])

    @property
    def _label(self) -> str:
        return f"subgraph {self.name}"


def _check_ports(node: Node) -> None:
    for side, kind, ports in (
        ("inputs", InputPort, node.inputs),
        ("outputs", OutputPort, node.outputs),
    ):
        if not isinstance(ports, tuple) or not all(isinstance(port, kind) for port in ports):
            raise GraphError(f"node {node.name}: its {side} are no tuple of {kind.__name__}")
        names = [port.name for port in ports]
        for name in names:
            if names.count(name) > 1:
                raise GraphError(f"node {node.name}: two of its {side} are named {name!r}")
