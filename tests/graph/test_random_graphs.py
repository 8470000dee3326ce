"""Random graphs, driven at random: nothing is lost or duplicated, and every trace verifies.

Nodes count for themselves what they emit and what they get; payloads are tuples of numbers, each number
emitted once, so that merging by `+` loses nothing either.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nandtrace.check.verify import verify_trace
from nandtrace.graph import (
    GraphError,
    InputPort,
    Message,
    MessageType,
    Node,
    OutputPort,
    PutResult,
    Scheduler,
    SchedulerConfig,
    Subgraph,
    VirtualClock,
)
from nandtrace.vocab.graph import Place
from tests.graph.recordings import StepRecording, violated

POLICIES = ("block", "block", "block", "drop", "latest", "coalesce")
KEPT = (PutResult.OK, PutResult.BLOCKED)

Payload = tuple[int, ...]


@dataclass(frozen=True)
class NodePlan:
    """What a node is like, and what it does in its callbacks, one after another, again and again."""

    starts: bool
    ticks_us: int | None
    override: int | None
    on_error: str
    max_attempts: int
    actions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class EdgePlan:
    """An edge, its ends by number; from outside where the source is None."""

    source: int | None
    port: int
    target: int
    capacity: int
    policy: str
    priority: int


@dataclass(frozen=True)
class GraphPlan:
    """A graph, its scheduler's configuration, and how often its trace is cut."""

    nodes: tuple[NodePlan, ...]
    edges: tuple[EdgePlan, ...]
    nested: int
    config: dict[str, Any]
    checkpoint_events: int


actions = st.tuples(
    st.sampled_from(["emit", "emit", "many", "many", "many", "control", "work", "raise"]),
    st.integers(0, 1),
)
rare_actions = st.tuples(
    st.sampled_from(["end_ticks", "shutdown", "capacity", "priority"]), st.integers(0, 5)
)
node_plans = st.builds(
    NodePlan,
    starts=st.sampled_from([True] * 7 + [False]),
    ticks_us=st.integers(5, 60) | st.integers(5, 60) | st.none(),
    override=st.sampled_from([None, None, None, 1, 2, 3]),
    on_error=st.sampled_from(["skip", "skip", "skip", "retry", "retry", "retry", "stop"]),
    max_attempts=st.integers(1, 3),
    actions=st.lists(actions | actions | actions | rare_actions, min_size=1, max_size=8).map(tuple),
)


@st.composite
def graph_plans(draw: st.DrawFn) -> GraphPlan:
    """Up to six nodes with up to ten edges between them and some from outside."""
    nodes = draw(st.lists(node_plans, min_size=2, max_size=6))
    places = st.integers(0, len(nodes) - 1)
    ends = draw(
        st.lists(
            st.tuples(places | places | places | st.none(), st.integers(0, 1), places),
            min_size=3,
            max_size=10,
            unique_by=lambda end: end if end[0] is not None else (None, 0, end[2]),
        )
    )
    edges = tuple(
        EdgePlan(
            source,
            port,
            target,
            draw(st.sampled_from([1, 1, 2, 4])),
            draw(st.sampled_from(POLICIES)),
            draw(st.integers(1, 3)),
        )
        for source, port, target in ends
    )
    config = {
        "max_batch_per_node": draw(st.integers(1, 4)),
        "shutdown_timeout_s": draw(st.sampled_from([0.000_01, 2.0])),
        "fairness_ratio": draw(
            st.sampled_from([{}, {"control": 1, "high": 1}, {"normal": 3}, {"control": 2}])
        ),
    }
    checkpoint_events = draw(st.sampled_from([1, 60, 100_000]))
    return GraphPlan(
        tuple(nodes), edges, draw(st.integers(0, len(nodes))), config, checkpoint_events
    )


class Ledger:
    """What was put on each edge and what came off it, as the nodes saw it."""

    def __init__(self) -> None:
        self.numbers = count()
        self.emitted: dict[tuple[int | None, int], list[tuple[Payload, PutResult]]] = defaultdict(
            list
        )
        self.got: dict[tuple[int | None, int, int], list[Payload]] = defaultdict(list)


@dataclass(frozen=True)
class Numbers:
    """A payload: the numbers in it, and the port that they were emitted at."""

    origin: tuple[int | None, int]
    numbers: Payload


def merged(old: Numbers, new: Numbers) -> Numbers:
    """Both payloads of one edge in one."""
    assert old.origin == new.origin
    return Numbers(old.origin, old.numbers + new.numbers)


class Wild(Node):
    """A node that follows its plan, and stops emitting after a while so that every graph comes to rest."""

    inputs = (InputPort("in", Numbers, required=False),)
    outputs = (OutputPort("out0"), OutputPort("out1"))

    def __init__(
        self, number: int, plan: NodePlan, wired: list[int], ledger: Ledger, edges: list[str]
    ) -> None:
        super().__init__(f"n{number}")
        self.number, self.plan, self.wired = number, plan, wired
        self.ledger, self.edges = ledger, edges
        self.desired_tick_interval_ms = None if plan.ticks_us is None else plan.ticks_us / 1_000
        self.priority_override = plan.override
        self.on_error, self.max_attempts = plan.on_error, plan.max_attempts
        self.step, self.emits_left = 0, 80

    def say(self, value: int, kind: MessageType) -> None:
        """Emit a number at a port with edges, and note what became of it."""
        if not self.emits_left or not self.wired:
            return
        self.emits_left -= 1
        port = self.wired[value % len(self.wired)]
        payload = Numbers((self.number, port), (next(self.ledger.numbers),))
        result = self.emit(f"out{port}", Message(payload, kind))
        self.ledger.emitted[self.number, port].append((payload.numbers, result))

    def act(self) -> None:
        """Do what is next in the plan."""
        action, value = self.plan.actions[self.step % len(self.plan.actions)]
        self.step += 1
        if action == "emit":
            self.say(value, MessageType.DATA)
        elif action == "control":
            self.say(value, MessageType.CONTROL)
        elif action == "many":
            for port in (0, 1, value, 0):
                self.say(port, MessageType.DATA)
        elif action == "work":
            assert isinstance(self.clock, VirtualClock)
            self.clock.advance(3_000 * value + 500)
        else:
            self.act_rarely(action, value)

    def act_rarely(self, action: str, value: int) -> None:
        """The rest of the plan."""
        edge = self.edges[value % len(self.edges)]
        if action == "raise":
            raise RuntimeError(f"step {self.step % 5}")
        if action == "capacity":
            self.scheduler.set_capacity(edge, 1 + value)
        elif action == "priority":
            self.scheduler.set_priority(edge, 1 + value % 3)
        elif action == "end_ticks":
            self.end_ticks()
        elif action == "shutdown" and self.step > 20:
            self.scheduler.shutdown()

    def on_start(self) -> None:
        self.act()
        if not self.plan.starts:
            raise RuntimeError("never")

    def on_message(self, _: str, message: Message) -> None:
        payload = message.payload
        got = self.ledger.got[(*payload.origin, self.number)]
        if payload.numbers not in got[-1:]:
            got.append(payload.numbers)
        self.act()

    def on_stop(self) -> None:
        if self.plan.actions[0][0] == "raise":
            raise RuntimeError("to the end")


class WildTicker(Wild):
    """One that ticks."""

    def on_tick(self) -> None:
        self.act()


def build(plan: GraphPlan, ledger: Ledger) -> tuple[Scheduler, list[str]]:
    """The scheduler of a graph, the first nodes in a subgraph, and the ids of its edges."""
    scheduler = Scheduler(SchedulerConfig(**plan.config), clock=VirtualClock())
    ids: list[str] = []
    part = Subgraph("part")
    for number, node_plan in enumerate(plan.nodes):
        kind = Wild if node_plan.ticks_us is None else WildTicker
        wired = sorted({edge.port for edge in plan.edges if edge.source == number})
        node = kind(number, node_plan, wired, ledger, ids)
        if number < plan.nested:
            part.add(node)
            part.expose_input(f"in{number}", f"n{number}:in")
            for port in (0, 1):
                part.expose_output(f"out{number}{port}", f"n{number}:out{port}")
        else:
            scheduler.register(node)
    if plan.nested:
        scheduler.register(part)

    def end(number: int, side: str, port: str) -> str:
        inside = number < plan.nested
        return f"part:{side}{number}{port}" if inside else f"n{number}:{side}{port}"

    for edge in plan.edges:
        target = end(edge.target, "in", "")
        options: dict[str, Any] = {
            "capacity": edge.capacity,
            "policy": edge.policy,
            "priority": edge.priority,
            "merge": merged if edge.policy == "coalesce" else None,
        }
        if edge.source is None:
            ids.append(scheduler.open_input(target, **options))
        else:
            ids.append(
                scheduler.connect(end(edge.source, "out", str(edge.port)), target, **options)
            )
    return scheduler, ids


def check_conservation(plan: GraphPlan, ids: list[str], ledger: Ledger, report: Any) -> None:
    """What was put on an edge and kept was delivered, in order, or is left over."""
    left = {(item.edge, item.place): len(item.msgs) for item in report.leftovers}
    for edge, edge_id in zip(plan.edges, ids, strict=True):
        port = 0 if edge.source is None else edge.port
        emitted = ledger.emitted[edge.source, port]
        if edge.source is None:
            emitted = ledger.emitted[None, edge.target]
        origin = (None, edge.target) if edge.source is None else (edge.source, port)
        got = ledger.got[(*origin, edge.target)]
        numbers = [number for payload in got for number in payload]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= {payload[0] for payload, _ in emitted}
        waiting = left.get((edge_id, Place.QUEUED), 0) + left.get((edge_id, Place.PENDING), 0)
        peers = [
            item for item in plan.edges if (item.source, item.port) == (edge.source, edge.port)
        ]
        if edge.source is None or len(peers) == 1:
            check_edge(edge.policy, emitted, got, waiting)
        elif edge.policy == "block":
            assert len(got) + waiting == len(emitted)
            assert got == [payload for payload, _ in emitted][: len(got)]


def check_edge(
    policy: str, emitted: list[tuple[Payload, PutResult]], got: list[Payload], waiting: int
) -> None:
    """The same, for an edge whose every result its producer has seen."""
    kept = [payload for payload, result in emitted if result in KEPT]
    results = {result for _, result in emitted}
    if policy in ("block", "drop"):
        assert results <= {*KEPT, PutResult.DROPPED}
        assert len(kept) == len(got) + waiting
        assert got == kept[: len(got)]
    elif policy == "latest":
        assert results <= {*KEPT, PutResult.REPLACED}
        assert len(kept) == len(got) + waiting
    else:
        assert results <= {*KEPT, PutResult.COALESCED}
        assert len(kept) == len(got) + waiting
        numbers = [number for payload in got for number in payload]
        assert numbers == [payload[0] for payload, _ in emitted][: len(numbers)]


class RandomGraph(RuleBasedStateMachine):
    """Builds a graph, steps it, changes it and sends to it, and judges it when it is over."""

    @initialize(plan=graph_plans())
    def begin(self, plan: GraphPlan) -> None:
        self.plan, self.ledger = plan, Ledger()
        self.folder = tempfile.TemporaryDirectory()
        self.scheduler, self.ids = build(plan, self.ledger)
        path = Path(self.folder.name) / "steps.mpk"
        self.recording = StepRecording(path, self.scheduler, plan.checkpoint_events)
        self.scheduler.start()
        self.is_over = self.is_asked = False
        self.before_ns = 0

    @precondition(lambda self: not self.is_over)
    @rule(turns=st.integers(1, 80))
    def advance(self, turns: int) -> None:
        self.is_over = self.scheduler.advance(turns) is None

    @precondition(lambda self: not self.is_over and not self.is_asked)
    @rule(place=st.integers(0, 9), is_control=st.booleans(), times=st.integers(1, 6))
    def send(self, place: int, is_control: bool, times: int) -> None:
        opened = [place for place, edge in enumerate(self.plan.edges) if edge.source is None]
        if not opened or self.scheduler_shuts_down():
            return
        edge = opened[place % len(opened)]
        target = self.plan.edges[edge].target
        for _ in range(times):
            payload = Numbers((None, target), (next(self.ledger.numbers),))
            kind = MessageType.CONTROL if is_control else MessageType.DATA
            result = self.scheduler.send(self.ids[edge], Message(payload, kind))
            if result is not PutResult.BLOCKED:
                self.ledger.emitted[None, target].append((payload.numbers, result))

    def scheduler_shuts_down(self) -> bool:
        """Whether a node asked for a shutdown, or stopped the graph."""
        engine: Any = self.scheduler._engine
        return engine._is_requested or engine._shutdown is not None

    @precondition(lambda self: not self.is_over)
    @rule(place=st.integers(0, 9), capacity=st.integers(1, 6))
    def change_capacity(self, place: int, capacity: int) -> None:
        self.scheduler.set_capacity(self.ids[place % len(self.ids)], capacity)

    @precondition(lambda self: not self.is_over)
    @rule(place=st.integers(0, 9), priority=st.integers(1, 3))
    def change_priority(self, place: int, priority: int) -> None:
        self.scheduler.set_priority(self.ids[place % len(self.ids)], priority)

    @precondition(lambda self: not self.is_over)
    @rule(work_us=st.integers(0, 100))
    def let_time_pass(self, work_us: int) -> None:
        clock = self.scheduler.clock
        assert isinstance(clock, VirtualClock)
        clock.advance(work_us * 1_000)

    @precondition(lambda self: not self.is_over)
    @rule(really=st.integers(0, 5))
    def shut_down(self, really: int) -> None:
        if really == 0:
            self.scheduler.shutdown()
            self.is_asked = True

    @precondition(lambda self: self.is_over)
    @rule(place=st.integers(0, 9))
    def change_what_is_over(self, place: int) -> None:
        with pytest.raises(GraphError, match="the graph is over"):
            self.scheduler.set_capacity(self.ids[place % len(self.ids)], 9)
        assert self.scheduler.advance(1) is None

    @invariant()
    def is_sane(self) -> None:
        """Time goes on; an edge is full while messages are pending for it; the blocked are blocked."""
        now_ns = self.scheduler.clock.now_ns()
        assert now_ns >= self.before_ns
        self.before_ns = now_ns
        engine: Any = self.scheduler._engine
        pending = [edge for edge in engine._edges if edge.pending]
        assert all(len(edge.queue) >= edge.capacity for edge in pending)
        for node in engine._nodes:
            assert node.blocked_edges == sum(edge.source is node for edge in pending)
            assert node.is_touched or node.queued == node.ready_band()

    def teardown(self) -> None:
        if not hasattr(self, "recording"):
            return
        with self.folder:
            self.scheduler.shutdown()
            while self.scheduler.advance(1_000) is not None:
                pass
            report = self.recording.finish()
            check_conservation(self.plan, self.ids, self.ledger, report)
            assert violated(verify_trace(self.recording.path)) == []


RandomGraph.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

TestRandomGraphs = RandomGraph.TestCase
