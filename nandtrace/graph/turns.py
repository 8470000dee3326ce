"""Turns: a node's due tick, its messages, and what happens when it raises."""

from __future__ import annotations

from nandtrace.graph.bands import Bands
from nandtrace.graph.exchange import Exchange
from nandtrace.graph.failures import Failures
from nandtrace.graph.log import GraphLog
from nandtrace.graph.state import EdgeState, Held, NodeRecord
from nandtrace.graph.timers import Timers
from nandtrace.vocab.graph import Disposition, ErrorPolicy


class Turns:
    """Gives nodes their turns, at most `batch` messages each."""

    def __init__(
        self,
        log: GraphLog,
        *,
        exchange: Exchange,
        bands: Bands,
        timers: Timers,
        failures: Failures,
        batch: int,
    ) -> None:
        self._exchange = exchange
        self._bands = bands
        self._timers = timers
        self._failures = failures
        self._log = log
        self._batch = batch
        self.turns = 0
        self.ticks = 0
        self.deliveries = 0

    def take(self, node: NodeRecord, band: int) -> None:
        """One turn of a node that the bands chose."""
        exchange = self._exchange
        now_ns = exchange.now_ns
        exchange.caller = node
        self.turns += 1
        self._log.turn(now_ns, node.code, band)
        try:
            self._call(node, now_ns)
        finally:
            exchange.trace_id = exchange.caller = None
            self._bands.end_turn(node)

    def _call(self, node: NodeRecord, now_ns: int) -> None:
        """The callbacks of a turn: the due tick, then a batch of messages."""
        ticks = node.tick_is_due and not node.blocked_edges
        goes_on = not ticks or self._tick(node, now_ns)
        left = self._batch
        while goes_on and left:
            edge = node.next_edge()
            if edge is None:
                break
            left -= 1
            goes_on = self._deliver(node, edge)

    def _tick(self, node: NodeRecord, now_ns: int) -> bool:
        """Take the due tick; False where the node's turn ends with it."""
        due_ns, missed = self._timers.take(node, now_ns)
        self.ticks += 1
        self._log.tick(now_ns, node.code, due_ns, missed)
        self._exchange.trace_id = None
        try:
            node.node.on_tick()
        except Exception as error:
            self._failures.of_tick(node, error, now_ns)
            return node.on_error is ErrorPolicy.SKIP
        return True

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        """Deliver the next message of an edge; False where the node's turn ends with it."""
        exchange, held, attempt = self._exchange, edge.held, 1
        if len(node.inputs) > 1:
            node.inputs.remove(edge)
            node.inputs.append(edge)
        if held is None:
            msg, message = exchange.get(edge)
        else:
            msg, message, attempt = held.msg, held.message, held.attempts + 1
            edge.held = None
        self.deliveries += 1
        self._log.deliver(exchange.now_ns, msg, node.code, edge.code, attempt)
        exchange.trace_id = message.trace_id
        try:
            node.node.on_message(edge.target_port, message)
        except Exception as error:
            tried = Held(msg, message, attempt)
            disposition = self._failures.of_message(node, edge, tried, error, exchange.now_ns)
            if disposition is Disposition.RETRIED:
                edge.held = tried
            return node.on_error is ErrorPolicy.SKIP
        return True
