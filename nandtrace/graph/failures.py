"""Failures: exceptions of callbacks, what becomes of their input, and the count of them."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.graph.log import GraphLog
from nandtrace.graph.state import EdgeState, Held, NodeRecord
from nandtrace.user_errors import error_text
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import Call, Disposition, ErrorPolicy, NodeState

KEPT_ERRORS = 100
"""Exceptions that are kept for the report; all are counted."""


@dataclass(frozen=True, slots=True)
class NodeError:
    """An exception of a node's callback, and what became of the callback's input."""

    node: str
    call: Call
    disposition: Disposition
    time_ns: int
    exception: Exception
    edge: str | None = None
    attempt: int | None = None

    def __str__(self) -> str:
        where = "" if self.edge is None else f" ({self.edge})"
        return f"{self.node}: {self.call.lower()}{where}: {error_text(self.exception)}"


class Failures:
    """Decides what an exception means, and keeps account."""

    def __init__(self, log: GraphLog) -> None:
        self._log = log
        self.count = 0
        self.kept: list[NodeError] = []
        self.stops = False
        """Whether a node's policy asks for the shutdown."""

    def of_start(self, node: NodeRecord, error: Exception, now_ns: int) -> None:
        """on_start raised: the node takes part in nothing."""
        self._note(NodeError(node.name, Call.START, Disposition.DISABLED, now_ns, error), node)
        self._disable(node, now_ns)

    def of_stop(self, node: NodeRecord, error: Exception, now_ns: int) -> None:
        """on_stop raised: the others are stopped all the same."""
        self._note(NodeError(node.name, Call.STOP, Disposition.SKIPPED, now_ns, error), node)

    def of_tick(self, node: NodeRecord, error: Exception, now_ns: int) -> None:
        """on_tick raised: the next one comes when it is due, unless the node's policy is to stop."""
        stops = node.on_error is ErrorPolicy.STOP
        disposition = Disposition.STOPPED if stops else Disposition.SKIPPED
        self._note(NodeError(node.name, Call.TICK, disposition, now_ns, error), node)
        if stops:
            self._stop(node, now_ns)

    def of_message(
        self, node: NodeRecord, edge: EdgeState, held: Held, error: Exception, now_ns: int
    ) -> Disposition:
        """on_message raised, at an attempt of a message."""
        if node.on_error is ErrorPolicy.STOP:
            disposition = Disposition.STOPPED
        elif node.on_error is ErrorPolicy.RETRY and held.attempts < node.max_attempts:
            disposition = Disposition.RETRIED
        else:
            disposition = Disposition.SKIPPED
        call, attempt = Call.MESSAGE, held.attempts
        noted = NodeError(node.name, call, disposition, now_ns, error, edge.id, attempt)
        self._note(noted, node, edge.code, held.msg)
        if disposition is Disposition.STOPPED:
            self._stop(node, now_ns)
        return disposition

    def _note(
        self, noted: NodeError, node: NodeRecord, edge: object = NULL, msg: int = NULL
    ) -> None:
        self.count += 1
        if len(self.kept) < KEPT_ERRORS:
            self.kept.append(noted)
        code, attempt = self._log.code, noted.attempt
        self._log.error(
            noted.time_ns,
            node.code,
            code(noted.call),
            edge,
            msg,
            NULL if attempt is None else attempt,
            code(noted.disposition),
            code(error_text(noted.exception)),
        )

    def _stop(self, node: NodeRecord, now_ns: int) -> None:
        self.stops = True
        self._disable(node, now_ns)

    def _disable(self, node: NodeRecord, now_ns: int) -> None:
        node.state = NodeState.DISABLED
        node.due_ns, node.tick_is_due = None, False
        codes: list[object] = [edge.code for edge in node.edges_in] or [NULL]
        for code in codes:
            self._log.disable(now_ns, node.code, code)
