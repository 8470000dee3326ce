"""The scheduler: what a program calls.

    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=4))
    scheduler.register(Source("source")).register(Sink("sink"))
    scheduler.connect("source:out", "sink:in", capacity=16, policy="block")
    report = scheduler.run()

A graph runs in the thread that calls; `shutdown` alone may be called from another one, or from a signal
handler. `start`, `advance` and `finish` are `run` in steps, for a program with a loop of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self, Unpack

from nandtrace.errors import GraphError
from nandtrace.graph.clock import Clock, RealClock
from nandtrace.graph.config import SchedulerConfig
from nandtrace.graph.engine import Engine
from nandtrace.graph.log import GraphLog, NullLog
from nandtrace.graph.node import Node
from nandtrace.graph.plan import Plan, make_plan
from nandtrace.graph.report import RunReport
from nandtrace.graph.subgraph import EdgeOptions, Subgraph, Wire
from nandtrace.graph.values import band_of, duration_ns_of, natural_of
from nandtrace.units import NS_PER_MS
from nandtrace.vocab.graph import Band, PutResult

_TURNS_AT_ONCE = 1_024


class Scheduler:
    """Runs a graph of nodes, cooperatively, in one thread.

    By default it runs by the real clock and keeps no log; `nandtrace.graph.record_graph` keeps a trace.
    Raises GraphError, which is a ValueError, for whatever is wired or used wrongly.
    """

    engine_class: type[Engine] = Engine

    def __init__(
        self,
        config: SchedulerConfig | None = None,
        *,
        clock: Clock | None = None,
        log: GraphLog | None = None,
    ) -> None:
        self.config = SchedulerConfig() if config is None else config
        if not isinstance(self.config, SchedulerConfig):
            raise GraphError(f"{config!r} is no SchedulerConfig")
        if not isinstance(clock, Clock | None):
            raise GraphError(f"{clock!r} is no Clock")
        self._clock = clock
        self.log: GraphLog = NullLog() if log is None else log
        self._root = Subgraph("graph")
        self._plan: Plan | None = None
        self._engine: Engine | None = None
        self._priorities: dict[str, Band] = {}
        self._capacities: dict[str, int] = {}

    # ---- wiring

    def register(self, part: Node | Subgraph) -> Self:
        """Take a node or subgraph into the graph."""
        self._check_not_started("register")
        self._root.add(part)
        return self

    def connect(self, source: str, target: str, **options: Unpack[EdgeOptions]) -> str:
        """Lead an edge from an output `node:port` to an input `node:port`; returns its id."""
        self._check_not_started("connect")
        return self._root.connect(source, target, **options)

    def open_input(self, target: str, **options: Unpack[EdgeOptions]) -> str:
        """Give an input `node:port` an edge from outside, for `send`; returns its id."""
        self._check_not_started("open_input")
        return self._root.open_input(target, **options)

    def plan(self) -> Plan:
        """The graph as it will run. Raises GraphError where it can't."""
        if self._plan is None or self._engine is None:
            self._plan = make_plan(self._root, self.config, self._changed)
        return self._plan

    def _changed(self, wire: Wire) -> Wire:
        return replace(
            wire,
            band=self._priorities.get(wire.id, wire.band),
            capacity=self._capacities.get(wire.id, wire.capacity),
        )

    # ---- running

    def run(self, until_ms: float | None = None) -> RunReport:
        """Run until nothing is left to do, a shutdown, or that many ms after the clock's 0."""
        self.start(until_ms)
        engine, longest_ns = self._running(), self.config.idle_sleep_ns
        while (wait_ns := engine.advance(_TURNS_AT_ONCE, input_may_come=False)) is not None:
            if wait_ns:
                self.clock.sleep(min(wait_ns, longest_ns))
        return engine.finish()

    def start(self, until_ms: float | None = None) -> None:
        """Start every node; `advance` goes on."""
        self._check_not_started("run")
        until_ns = None if until_ms is None else duration_ns_of(until_ms, NS_PER_MS, "until_ms")
        plan = self.plan()
        for item in plan.nodes:
            if item.node.is_attached:
                raise GraphError(f"node {item.path}: it is in another graph that runs")
        engine = self._engine = self.engine_class(plan, self.config, self.clock, self.log)
        engine.start(self, until_ns)

    def advance(self, turns: int) -> int | None:
        """Give up to so many turns.

        Returns 0 when there is more to do, how many ns nothing is to be done when idle, and None when the
        graph is over: then call `finish`. A graph with an open input is over only when it was shut down.
        """
        return self._running().advance(natural_of(turns, "turns"), input_may_come=True)

    def finish(self) -> RunReport:
        """Stop every node and report."""
        return self._running().finish()

    def shutdown(self) -> None:
        """Ask for a shutdown: edges drain, for as long as the configuration allows."""
        self._running().request_shutdown()

    @property
    def clock(self) -> Clock:
        """The clock that the graph runs by; a real one unless another was given."""
        if self._clock is None:
            self._clock = RealClock()
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._check_not_started("another clock")
        self._clock = clock

    @property
    def has_clock(self) -> bool:
        """Whether a clock was given, or one is in use."""
        return self._clock is not None

    # ---- at any time

    def send(self, edge_id: str, message: Any) -> PutResult:
        """Put a message, or a payload, on an open input. BLOCKED and DROPPED mean that it was not taken."""
        return self._running().send(edge_id, message)

    def set_priority(self, edge_id: str, priority: Band | int | str) -> None:
        """Give an edge another priority, at once."""
        band = band_of(priority, f"edge {edge_id}")
        if self._engine is not None:
            self._engine.set_priority(edge_id, band)
        else:
            self._check_edge(edge_id)
            self._priorities[edge_id] = band

    def set_capacity(self, edge_id: str, capacity: int) -> None:
        """Give an edge another capacity, at once; nothing is evicted from it."""
        natural_of(capacity, f"edge {edge_id}: capacity")
        if self._engine is not None:
            self._engine.set_capacity(edge_id, capacity)
        else:
            self._check_edge(edge_id)
            self._capacities[edge_id] = capacity

    def _check_edge(self, edge_id: str) -> None:
        if edge_id not in {wire.id for wire in self._root.wires()}:
            raise GraphError(f"there is no edge {edge_id!r}")

    def _running(self) -> Engine:
        if self._engine is None:
            raise GraphError("the graph is not running")
        return self._engine

    def _check_not_started(self, what: str) -> None:
        if self._engine is not None:
            raise GraphError(f"{what}: the graph runs already, or did: a scheduler runs once")
