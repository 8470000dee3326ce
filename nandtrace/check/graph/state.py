"""The graph as the replay has it: what a snapshot holds, and who waits where since when."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Any

from nandtrace.check.event_batch import State
from nandtrace.check.graph.plan import GraphPlan, PlanEdge, PlanNode
from nandtrace.check.graph.shapes import BAND_NAMES
from nandtrace.vocab.graph import ErrorPolicy, NodeState

NEVER = -1
"""A position before all events."""

RUNNING = NodeState.RUNNING


class Node:
    """A node. Times of waiting are positions in the batch, bands are 0 for none.

    `lanes` hold, by priority, the inputs that have a message or a held one, in the order in which they
    are to be read, each with the position since when. `blocked` counts its pending messages. `stops` says
    whether its on_stop is to be called; None where it is disabled and may have started or not.
    """

    __slots__ = (
        "band",
        "blocked",
        "dirty",
        "due_ns",
        "ends_ticks",
        "inputs",
        "lanes",
        "last_turn",
        "outputs",
        "place",
        "plan",
        "state",
        "stops",
        "tick_due",
        "wake_assumed",
    )

    def __init__(self, place: int, plan: PlanNode) -> None:
        self.place = place
        self.plan = plan
        self.inputs: list[Edge] = []
        self.outputs: list[Edge] = []
        self.lanes: list[OrderedDict[Edge, int]] = [OrderedDict() for _ in range(4)]
        self.last_turn = [NEVER] * 4
        self.band = 0
        self.dirty = False
        self.reset(NodeState.NEW, None)

    def reset(self, state: NodeState, due_ns: int | None) -> None:
        """Forget all but what a snapshot says."""
        self.state = state
        self.due_ns = due_ns
        self.tick_due = False
        self.blocked = 0
        self.ends_ticks = False
        self.wake_assumed = False
        self.stops: bool | None = state is RUNNING
        if state is NodeState.DISABLED and self.plan.on_error is ErrorPolicy.STOP:
            self.stops = None
        for lane in self.lanes:
            lane.clear()
        self.last_turn = [NEVER] * 4
        self.band = 0
        self.dirty = False

    @property
    def name(self) -> str:
        return self.plan.name

    def may_take(self) -> int:
        """The highest priority of an input from which it may take a message now, 0 for none."""
        lanes = self.lanes
        if lanes[3]:
            return 3
        if self.blocked:
            return 0
        return 2 if lanes[2] else 1 if lanes[1] else 0


class Edge:
    """An edge. `controls` are the numbers of the CONTROL messages on it, pending or held.

    What follows is of faults that were reported once: `skew` is what the log's depth was more than the
    replay's when last seen; `assumed` are messages whose FLUSH was owed, and may come late;
    `assumed_taken` is a message that a GET took by its depth, though it named another; `passed_over` is
    the head that a GET left where it was.
    """

    __slots__ = (
        "assumed",
        "assumed_taken",
        "capacity",
        "controls",
        "held",
        "id",
        "last_read",
        "passed_over",
        "pending",
        "plan",
        "priority",
        "queued",
        "siblings",
        "skew",
        "source",
        "target",
    )

    def __init__(self, plan: PlanEdge, source: Node | None, target: Node) -> None:
        self.plan = plan
        self.id = plan.id
        self.source = source
        self.target = target
        self.siblings: list[Edge] = []
        self.queued: deque[int] = deque()
        self.pending: deque[int] = deque()
        self.controls: set[int] = set()
        self.assumed: set[int] = set()
        self.reset(plan.capacity, plan.priority, (), (), None)

    def reset(
        self,
        capacity: int,
        priority: int,
        queued: Iterable[tuple[int, bool]],
        pending: Iterable[tuple[int, bool]],
        held: tuple[int, int] | None,
    ) -> None:
        """Forget all but what a snapshot says."""
        queued, pending = list(queued), list(pending)
        self.capacity = capacity
        self.priority = priority
        self.held = held
        self.queued = deque(msg for msg, _ in queued)
        self.pending = deque(msg for msg, _ in pending)
        self.controls = {msg for msg, control in (*queued, *pending) if control}
        self.assumed = set()
        self.last_read = NEVER
        self.skew = 0
        self.assumed_taken = self.passed_over = NEVER

    @property
    def is_full(self) -> bool:
        return len(self.queued) >= self.capacity


class GraphState:
    """Nodes and edges in the order of the header, and what else a snapshot holds.

    `credits` are by band. `dirty` lists the nodes whose readiness may have changed.
    """

    def __init__(self, plan: GraphPlan) -> None:
        self.plan = plan
        self.nodes = [Node(place, node) for place, node in enumerate(plan.nodes)]
        self.edges = [self._edge(edge) for edge in plan.edges]
        self._link()
        self.next_msg = 0
        self.credits = list(plan.fairness)
        self.shutdown: tuple[str, int] | None = None
        self.dirty: list[Node] = []

    def _edge(self, plan: PlanEdge) -> Edge:
        source = None if plan.source is None else self.nodes[plan.source]
        return Edge(plan, source, self.nodes[plan.target])

    def _link(self) -> None:
        ports: dict[tuple[int, str | None], list[Edge]] = {}
        for edge in self.edges:
            edge.target.inputs.append(edge)
            if edge.source is not None:
                edge.source.outputs.append(edge)
                ports.setdefault((edge.source.place, edge.plan.source_port), []).append(edge)
        for edges in ports.values():
            for edge in edges if len(edges) > 1 else ():
                edge.siblings = edges

    def touch(self, node: Node) -> None:
        """Note that the readiness of a node may have changed."""
        if not node.dirty:
            node.dirty = True
            self.dirty.append(node)

    def arrive(self, edge: Edge, at: int) -> None:
        """An edge that had nothing to take now has."""
        edge.target.lanes[edge.priority][edge] = at
        self.touch(edge.target)

    def leave(self, edge: Edge) -> None:
        """An edge has nothing to take any more."""
        edge.target.lanes[edge.priority].pop(edge, None)
        self.touch(edge.target)

    def pend(self, edge: Edge, msg: int) -> None:
        """A message waits at the producer of an edge."""
        assert edge.source is not None, "a message from outside is never pending"
        edge.pending.append(msg)
        edge.source.blocked += 1
        self.touch(edge.source)

    def unpend(self, edge: Edge, msg: int) -> None:
        """A message no longer waits at the producer of an edge."""
        edge.pending.remove(msg)
        if edge.source is not None:
            edge.source.blocked -= 1
            self.touch(edge.source)

    def reset(self, state: State | None, at: int) -> list[str]:
        """Begin anew with a snapshot, or as a graph begins; returns the names that don't fit the header."""
        if state is None:
            state = initial_snapshot(self.plan)
        self.next_msg = state["next_msg"]
        self.credits = [0, *(state["credits"][name] for name in BAND_NAMES)]
        shutdown = state["shutdown"]
        self.shutdown = shutdown and (shutdown["reason"], shutdown["deadline_ns"])
        nodes = {row["name"]: row for row in state["nodes"]}
        edges = {row["id"]: row for row in state["edges"]}
        self.dirty = []
        for node in self.nodes:
            row = nodes.get(node.name, {"state": NodeState.NEW, "due_ns": None})
            node.reset(NodeState(row["state"]), row["due_ns"])
            self.touch(node)
        for edge in self.edges:
            self._reset_edge(edge, edges.get(edge.id), at)
        return [
            *_strangers("node", nodes, (node.name for node in self.nodes)),
            *_strangers("edge", edges, (edge.id for edge in self.edges)),
        ]

    def _reset_edge(self, edge: Edge, row: dict[str, Any] | None, at: int) -> None:
        if row is None:
            edge.reset(edge.plan.capacity, edge.plan.priority, (), (), None)
            return
        held = row["held"] and (row["held"][0], row["held"][1])
        edge.reset(row["capacity"], row["priority"], row["queued"], row["pending"], held)
        if edge.source is None:
            edge.pending.clear()
        else:
            edge.source.blocked += len(edge.pending)
        if edge.queued or held:
            self.arrive(edge, at)

    def snapshot(self) -> State:
        """The fields that the events determine, but for `ready`, as a snapshot has them."""
        return {
            "next_msg": self.next_msg,
            "credits": dict(zip(BAND_NAMES, self.credits[1:], strict=True)),
            "nodes": [
                {"name": node.name, "state": str(node.state), "due_ns": node.due_ns}
                for node in self.nodes
            ],
            "edges": [_edge_row(edge) for edge in self.edges],
            "shutdown": self.shutdown
            and {"reason": self.shutdown[0], "deadline_ns": self.shutdown[1]},
        }


def _edge_row(edge: Edge) -> dict[str, Any]:
    return {
        "id": edge.id,
        "capacity": edge.capacity,
        "priority": edge.priority,
        "queued": [[msg, msg in edge.controls] for msg in edge.queued],
        "pending": [[msg, msg in edge.controls] for msg in edge.pending],
        "held": edge.held and list(edge.held),
    }


def _strangers(what: str, said: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    said, known = set(said), set(known)
    yield from (f"{what} {name!r}, which the header lacks" for name in sorted(said - known))
    yield from (f"nothing of {what} {name!r}" for name in sorted(known - said))


def initial_snapshot(plan: GraphPlan) -> State:
    """The state in which a graph begins, but for its clock and `ready`."""
    return {
        "next_msg": 0,
        "credits": dict(zip(BAND_NAMES, plan.fairness[1:], strict=True)),
        "nodes": [{"name": node.name, "state": "NEW", "due_ns": None} for node in plan.nodes],
        "edges": [
            {
                "id": edge.id,
                "capacity": edge.capacity,
                "priority": edge.priority,
                "queued": [],
                "pending": [],
                "held": None,
            }
            for edge in plan.edges
        ],
        "shutdown": None,
    }
