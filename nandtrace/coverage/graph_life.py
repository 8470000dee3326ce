"""The life of a graph: errors, shutdowns, and what a checkpoint finds."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.check.event_batch import State
from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.graph.plan import GraphPlan, PlanNode, plan_from_device
from nandtrace.coverage.collector import NOTHING, Collector, count_words, tally
from nandtrace.coverage.run_ends import ends_of
from nandtrace.coverage.table import Bin, Point, Table, bins_of, words
from nandtrace.trace import Header
from nandtrace.vocab.graph import (
    Band,
    Call,
    Disposition,
    ErrorPolicy,
    NodeState,
    RunEnd,
    ShutdownReason,
)

ERRORS = Point(
    "errors",
    ("call", "policy", "disposition"),
    "Callbacks that raised, and what became of their input.",
)
SHUTDOWNS = Point("shutdowns", ("reason",), "Why graphs shut down.")
ENDS = Point("run-ends", ("end", "situation"), "What checkpoints and ends found.")
POINTS = (ERRORS, SHUTDOWNS, ENDS)

_MESSAGE = {
    ErrorPolicy.SKIP: (Disposition.SKIPPED,),
    ErrorPolicy.RETRY: (Disposition.RETRIED, Disposition.SKIPPED),
    ErrorPolicy.STOP: (Disposition.STOPPED,),
}
_QUEUED, _PENDING, _HELD = "messages queued", "messages pending", "message held"
_DISABLED, _SPENT, _DRAINING = "node disabled", "credits spent", "shutting down"
_EMPTY = "nothing queued"
_AT_CHECKPOINT = (_QUEUED, _PENDING, _HELD, _DISABLED, _SPENT, _DRAINING, _EMPTY)
_AT_END = (_QUEUED, _PENDING, _HELD, _DISABLED, _EMPTY)
POSSIBLE = bins_of([RunEnd.CHECKPOINT], _AT_CHECKPOINT) | bins_of([RunEnd.FINISHED], _AT_END)
"""What docs/graph-model.md lets be at a boundary."""


class Life(Collector[GraphFacts]):
    """Counts errors and ends."""

    def __init__(self, header: Header) -> None:
        self._plan = plan_from_device(header.device)
        self._policy = {node.name: node.on_error.value for node in self._plan.nodes}
        self._errors = Table(ERRORS, frozenset(_possible_errors(self._plan)))
        self._shutdowns = Table(SHUTDOWNS, words(ShutdownReason))
        self._ends = Table(ENDS, POSSIBLE)
        self.tables = (self._errors, self._shutdowns, self._ends)

    def take(self, facts: GraphFacts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        batch = facts.batch
        names = ("node", "call", "disposition")
        for (node, *said), count in tally(*(batch.column("ERROR", name) for name in names)):
            call, disposition = (batch.name(code) or NOTHING for code in said)
            policy = self._policy.get(batch.name(node) or "", NOTHING)
            self._errors.counts[call, policy, disposition] += count
        self._shutdowns.add(count_words(batch, "SHUTDOWN", "reason"))
        for end, state in ends_of(batch):
            found = _situations(state, self._plan)
            # Every graph that has finished was shutting down, wherever its credits stood.
            told = [item for item in found if end != RunEnd.FINISHED or item in _AT_END]
            self._ends.add(dict.fromkeys([(end, item) for item in told], 1))


def _situations(state: State, plan: GraphPlan) -> Iterator[str]:
    edges = state["edges"]
    lists = ((_QUEUED, "queued"), (_PENDING, "pending"), (_HELD, "held"))
    found = [situation for situation, name in lists if any(edge[name] for edge in edges)]
    yield from found or [_EMPTY]
    if any(node["state"] == NodeState.DISABLED for node in state["nodes"]):
        yield _DISABLED
    if any(state["credits"][band.name.lower()] < plan.fairness[band] for band in Band):
        yield _SPENT
    if state["shutdown"] is not None:
        yield _DRAINING


def _possible_errors(plan: GraphPlan) -> Iterator[Bin]:
    """By the error policies of the header's nodes, and the callbacks that these have."""
    fed = {edge.target for edge in plan.edges}
    for place, node in enumerate(plan.nodes):
        for call, disposition in _of_node(node, has_inputs=place in fed):
            yield call.value, node.on_error.value, disposition.value


def _of_node(node: PlanNode, *, has_inputs: bool) -> Iterator[tuple[Call, Disposition]]:
    yield Call.START, Disposition.DISABLED
    yield Call.STOP, Disposition.SKIPPED
    stops = node.on_error is ErrorPolicy.STOP
    if node.interval_ns is not None:
        yield Call.TICK, Disposition.STOPPED if stops else Disposition.SKIPPED
    if has_inputs:
        yield from ((Call.MESSAGE, disposition) for disposition in _MESSAGE[node.on_error])
