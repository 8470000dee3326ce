"""The engine: starts the nodes of a plan, gives turns until nothing is left to do, and stops them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from nandtrace.errors import GraphError
from nandtrace.graph.bands import Bands
from nandtrace.graph.clock import Clock
from nandtrace.graph.config import SchedulerConfig
from nandtrace.graph.exchange import Exchange
from nandtrace.graph.failures import Failures
from nandtrace.graph.leftovers import find_leftovers
from nandtrace.graph.log import GraphLog
from nandtrace.graph.plan import Plan
from nandtrace.graph.report import Leftover, RunReport
from nandtrace.graph.running import edge_states, node_records
from nandtrace.graph.snapshot import take_snapshot
from nandtrace.graph.state import EdgeState, NodeRecord
from nandtrace.graph.timers import NEVER_NS, Timers
from nandtrace.graph.turns import Turns
from nandtrace.trace.event_log import TakeState
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import Band, Mutable, NodeState, PutResult, RunEnd, ShutdownReason

if TYPE_CHECKING:
    from nandtrace.graph.scheduler import Scheduler

_BREATHE_TURNS = 16


class Engine:
    """A graph that runs. One call at a time; callbacks run inside `start`, `advance` and `finish`."""

    def __init__(self, plan: Plan, config: SchedulerConfig, clock: Clock, log: GraphLog) -> None:
        self._plan, self._config, self._clock, self._log = plan, config, clock, log
        self._bands = Bands(config.credits)
        self._exchange = Exchange(self._bands, log)
        self._timers = Timers(self._bands)
        self._failures = Failures(log)
        self._turns = Turns(
            log,
            exchange=self._exchange,
            bands=self._bands,
            timers=self._timers,
            failures=self._failures,
            batch=config.max_batch_per_node,
        )
        self._nodes = node_records(plan, log.code)
        self._edges = edge_states(plan, self._nodes, log.code)
        self._edge_by_id = {edge.id: edge for edge in self._edges}
        self._has_open_inputs = any(edge.source is None for edge in self._edges)
        self._started: list[NodeRecord] = []
        self._until_ns = NEVER_NS
        self._is_idle = False
        self._is_over = False
        self._is_finished = False
        self._is_requested = False
        self._shutdown: tuple[ShutdownReason, int] | None = None

    # ---- life

    def start(self, scheduler: Scheduler, until_ns: int | None) -> None:
        """Start every node, sources before what they feed."""
        self._until_ns = NEVER_NS if until_ns is None else until_ns
        self._log.begin_run(*self._boundary())
        for number in self._plan.order:
            self._start_node(self._nodes[number], scheduler)
        self._bands.touch_all(self._nodes)

    def _start_node(self, node: NodeRecord, scheduler: Scheduler) -> None:
        now_ns = self._exchange.now_ns = self._clock.now_ns()
        end_ticks = partial(self._end_ticks, node)
        node.node.attach(scheduler, partial(self._exchange.emit, node), end_ticks)
        node.state = NodeState.RUNNING
        self._log.start(now_ns, node.code)
        self._timers.begin(node, now_ns)
        self._exchange.caller = node
        try:
            node.node.on_start()
            self._started.append(node)
        except Exception as error:
            self._failures.of_start(node, error, now_ns)
        finally:
            self._exchange.caller = None

    def advance(self, turns: int, *, input_may_come: bool) -> int | None:
        """Give up to so many turns; returns how long there is nothing to do, ns, None when it is over."""
        clock, bands, timers, exchange = self._clock, self._bands, self._timers, self._exchange
        self._check_no_callback()
        given = 0
        while given < turns:
            now_ns = clock.now_ns()
            if self._is_requested or now_ns >= self._until_ns or self._failures.stops:
                self._ask_shutdown(now_ns)
            if timers.next_due_ns <= now_ns:
                timers.release(now_ns)
            chosen = None if self._is_overdue(now_ns) else bands.choose()
            if chosen is None:
                wait_ns = self._idle(now_ns, input_may_come and self._has_open_inputs)
                if wait_ns != 0:
                    return wait_ns
                continue
            exchange.now_ns = now_ns
            self._is_idle = False
            self._turns.take(*chosen)
            clock.spend_turn()
            given += 1
            if not self._turns.turns % _BREATHE_TURNS and self._log.wants_checkpoint():
                self._checkpoint()
        return 0

    def _is_overdue(self, now_ns: int) -> bool:
        return self._shutdown is not None and now_ns >= self._shutdown[1]

    def _idle(self, now_ns: int, input_may_come: bool) -> int | None:
        """Nothing is ready: how long that stays so, ns, None when it is so for good."""
        if self._shutdown is not None:
            self._is_over = True
            return None
        due_ns = self._timers.next_takeable_ns()
        if due_ns is None and not input_may_come:
            self._begin_shutdown(ShutdownReason.FINISHED, now_ns)
            return 0
        if not self._is_idle:
            self._log.idle(now_ns, NULL if due_ns is None else due_ns)
            self._is_idle = True
        until_ns = min(NEVER_NS if due_ns is None else due_ns, self._until_ns)
        if until_ns == NEVER_NS:
            return self._config.idle_sleep_ns
        return self._clock.idle_until(until_ns)

    def _ask_shutdown(self, now_ns: int) -> None:
        """Begin the shutdown that was asked for, unless one is under way."""
        if self._shutdown is not None:
            return
        if self._failures.stops:
            self._begin_shutdown(ShutdownReason.ERROR, now_ns)
        elif self._is_requested:
            self._begin_shutdown(ShutdownReason.REQUESTED, now_ns)
        else:
            self._begin_shutdown(ShutdownReason.UNTIL, now_ns)

    def _begin_shutdown(self, reason: ShutdownReason, now_ns: int) -> None:
        self._shutdown = reason, now_ns + self._config.shutdown_timeout_ns
        self._log.shutdown(now_ns, self._log.code(reason.value), self._shutdown[1])
        self._timers.stop(self._nodes)

    def finish(self) -> RunReport:
        """Say what is left, stop every node in reverse order, and report."""
        self._check_no_callback()
        if self._is_finished:
            raise GraphError("the graph is finished already")
        if self._shutdown is None or not self._is_over:
            raise GraphError("the graph is not over: shut it down and advance it until it is")
        self._is_finished = True
        leftovers = self._itemise()
        disabled = {
            node.name: tuple(edge.id for edge in node.edges_in)
            for node in self._nodes
            if node.state is NodeState.DISABLED
        }
        for node in self._nodes:
            node.node.detach()
        for node in reversed(self._started):
            self._stop_node(node)
        now_ns, state = self._boundary()
        self._log.end_run(now_ns, RunEnd.FINISHED, state)
        return RunReport(
            reason=self._shutdown[0],
            time_ns=now_ns,
            turns=self._turns.turns,
            ticks=self._turns.ticks,
            deliveries=self._turns.deliveries,
            error_count=self._failures.count,
            errors=tuple(self._failures.kept),
            leftovers=leftovers,
            disabled=disabled,
        )

    def _itemise(self) -> tuple[Leftover, ...]:
        """Say what is left, message by message."""
        now_ns = self._clock.now_ns()
        leftovers = find_leftovers(self._edges)
        for item in leftovers:
            place, edge = self._log.code(item.place.value), self._edge_by_id[item.edge]
            for msg in item.msgs:
                self._log.leftover(now_ns, msg, edge.code, place)
        return leftovers

    def _stop_node(self, node: NodeRecord) -> None:
        now_ns = self._clock.now_ns()
        self._log.stop(now_ns, node.code)
        try:
            node.node.on_stop()
        except Exception as error:
            self._failures.of_stop(node, error, now_ns)
        node.state, node.due_ns = NodeState.STOPPED, None
        self._bands.touch(node)

    # ---- from outside, and from callbacks

    def request_shutdown(self) -> None:
        """Shut down at the next turn. May be called from another thread or a signal handler."""
        self._is_requested = True

    def send(self, edge_id: str, message: Any) -> PutResult:
        """Put a message on an open input."""
        edge = self._edge(edge_id)
        if edge.source is not None:
            raise GraphError(
                f"edge {edge_id}: it is no open input, its node {edge.source.name} emits"
            )
        if self._shutdown is not None or self._is_requested:
            raise GraphError(f"edge {edge_id}: the graph shuts down, nothing comes in any more")
        self._set_time()
        return self._exchange.send(edge, message)

    def set_priority(self, edge_id: str, priority: Band) -> None:
        """Give an edge another priority."""
        edge = self._edge(edge_id)
        self._mutated(edge, Mutable.PRIORITY, edge.band, priority)
        edge.band = priority
        self._bands.touch(edge.target)

    def set_capacity(self, edge_id: str, capacity: int) -> None:
        """Give an edge another capacity; what is pending enters it where it has room now."""
        edge = self._edge(edge_id)
        self._mutated(edge, Mutable.CAPACITY, edge.capacity, capacity)
        edge.capacity = capacity
        self._exchange.flush(edge)

    def _mutated(self, edge: EdgeState, what: Mutable, old: int, new: int) -> None:
        self._set_time()
        self._is_idle = False
        code = self._log.code(what.value)
        self._log.mutate(
            self._exchange.now_ns, edge.code, code, int(old), int(new), len(edge.queue)
        )

    def _end_ticks(self, node: NodeRecord) -> None:
        self._exchange.check_not_merging()
        if node.due_ns is not None:
            self._set_time()
            self._log.ticks_end(self._exchange.now_ns, node.code)
            self._timers.end(node)

    def _check_no_callback(self) -> None:
        self._exchange.check_not_merging()
        if self._exchange.caller is not None:
            raise GraphError(
                f"node {self._exchange.caller.name}: a callback can't run its own graph"
            )

    def _set_time(self) -> None:
        """Between turns an event has the time of the clock, within one that of the turn."""
        if self._exchange.caller is None:
            self._exchange.now_ns = self._clock.now_ns()

    def _edge(self, edge_id: str) -> EdgeState:
        self._exchange.check_not_merging()
        if edge_id not in self._edge_by_id:
            raise GraphError(f"there is no edge {edge_id!r}")
        if self._is_over:
            raise GraphError(f"edge {edge_id}: the graph is over")
        return self._edge_by_id[edge_id]

    # ---- snapshots

    def _checkpoint(self) -> None:
        """End a run of the trace and begin the next."""
        now_ns, state = self._boundary()
        self._log.end_run(now_ns, RunEnd.CHECKPOINT, state)
        self._log.begin_run(now_ns, state)

    def _boundary(self) -> tuple[int, TakeState]:
        """The time, and how to take the state at it."""
        now_ns = self._clock.now_ns()
        if self._shutdown is None:
            self._timers.release(now_ns)
        self._bands.settle()
        state = partial(
            take_snapshot,
            now_ns,
            nodes=self._nodes,
            edges=self._edges,
            bands=self._bands,
            exchange=self._exchange,
            shutdown=self._shutdown,
        )
        return now_ns, state
