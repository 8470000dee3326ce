"""The graph as the header's `device` map tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nandtrace.check.graph.order import start_order
from nandtrace.check.rule_entries import Plain, word
from nandtrace.vocab.graph import DEFAULT_FAIRNESS, Band, ErrorPolicy, Policy


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node. `interval_ns` is None where it does not tick, `override` 0 where it has none."""

    name: str
    interval_ns: int | None
    override: int
    on_error: ErrorPolicy
    max_attempts: int


@dataclass(frozen=True, slots=True)
class PlanEdge:
    """An edge. `source` and `target` are places among the nodes; `source` is None for an open input."""

    id: str
    source: int | None
    source_port: str | None
    target: int
    target_port: str
    capacity: int
    policy: Policy
    priority: int


@dataclass(frozen=True)
class GraphPlan:
    """Nodes in the order of their registration, edges in the order of the header, and configuration.

    `fairness` holds the turns of a cycle by band; its first entry stands for no band.
    """

    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...]
    fairness: tuple[int, int, int, int]
    max_batch: int
    shutdown_timeout_ns: int

    @cached_property
    def start_order(self) -> tuple[int, ...]:
        """Places of the nodes in the order in which they start."""
        links = [(edge.source, edge.target) for edge in self.edges if edge.source is not None]
        return start_order(len(self.nodes), links)

    @cached_property
    def has_open_input(self) -> bool:
        return any(edge.source is None for edge in self.edges)


def plan_from_device(device: Plain) -> GraphPlan:
    """Read the header's `device` map. Raises ValueError that names the entry that makes no sense."""
    nodes = [
        _node(plain, f"device.nodes[{place}]")
        for place, plain in enumerate(_maps(device, "nodes", "device"))
    ]
    places = _places([node.name for node in nodes], "device.nodes", "node")
    edges = [
        _edge(plain, places, f"device.edges[{place}]")
        for place, plain in enumerate(_maps(device, "edges", "device"))
    ]
    _places([edge.id for edge in edges], "device.edges", "edge")
    return GraphPlan(
        nodes=tuple(nodes),
        edges=tuple(edges),
        fairness=_fairness(device),
        max_batch=_number(device, "max_batch_per_node", 1, "device"),
        shutdown_timeout_ns=_number(device, "shutdown_timeout_ns", 0, "device"),
    )


def _node(plain: Plain, within: str) -> PlanNode:
    override = _optional(plain, "priority_override", 1, within)
    if override is not None and override > Band.CONTROL:
        raise ValueError(f"{within}.priority_override is {override}, not 1, 2 or 3")
    return PlanNode(
        name=_text(plain, "name", within),
        interval_ns=_optional(plain, "tick_interval_ns", 1, within),
        override=override or 0,
        on_error=word(plain, "on_error", ErrorPolicy, ErrorPolicy.SKIP, within),
        max_attempts=_number(plain, "max_attempts", 1, within),
    )


def _edge(plain: Plain, places: Mapping[str, int], within: str) -> PlanEdge:
    source = plain.get("source")
    priority = _number(plain, "priority", 1, within)
    if priority > Band.CONTROL:
        raise ValueError(f"{within}.priority is {priority}, not 1, 2 or 3")
    return PlanEdge(
        id=_text(plain, "id", within),
        source=None if source is None else _place(plain, "source", places, within),
        source_port=None if source is None else _text(plain, "source_port", within),
        target=_place(plain, "target", places, within),
        target_port=_text(plain, "target_port", within),
        capacity=_number(plain, "capacity", 1, within),
        policy=word(plain, "policy", Policy, Policy.BLOCK, within),
        priority=priority,
    )


def _fairness(device: Plain) -> tuple[int, int, int, int]:
    name = "fairness_ratio"
    ratio = device.get(name, {band.name.lower(): turns for band, turns in DEFAULT_FAIRNESS.items()})
    if not isinstance(ratio, dict):
        raise ValueError(f"device.{name} is {ratio!r}, not a map of bands")  # noqa: TRY004
    normal, high, control = (
        _number(ratio, band.name.lower(), 1, f"device.{name}") for band in Band
    )
    return 0, normal, high, control


def _maps(plain: Plain, name: str, within: str) -> list[Plain]:
    value = plain.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{within}.{name} is {type(value).__name__}, not a list of maps")
    return value


def _text(plain: Plain, name: str, within: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{within}.{name} is {value!r}, not a name")  # noqa: TRY004
    return value


def _number(plain: Plain, name: str, low: int, within: str) -> int:
    value = plain.get(name)
    if type(value) is not int or not low <= value < 2**63:
        raise ValueError(f"{within}.{name} is {value!r}, not a number from {low} on")
    return value


def _optional(plain: Plain, name: str, low: int, within: str) -> int | None:
    return None if plain.get(name) is None else _number(plain, name, low, within)


def _place(plain: Plain, name: str, places: Mapping[str, int], within: str) -> int:
    node = _text(plain, name, within)
    if node not in places:
        raise ValueError(f"{within}.{name}: there is no node {node!r}")
    return places[node]


def _places(names: list[str], within: str, what: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if places.setdefault(name, place) != place:
            raise ValueError(f"{within} names the {what} {name!r} twice")
    return places
