"""Messages: what became of them on the edges, what changed the edges, and what was left over."""

from __future__ import annotations

from collections import Counter

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.graph.plan import GraphPlan, plan_from_device
from nandtrace.coverage.collector import NOTHING, Collector, tally, text_of
from nandtrace.coverage.table import Bin, Point, Table, words
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.graph import MessageType, Mutable, Place, Policy, PutResult

PUTS = Point("put-results", ("policy", "type", "result"), "What became of messages put on edges.")
BLOCKS = Point("blocking", ("policy", "event"), "Edges that blocked their producer, and woke it.")
CHANGES = Point("edge-changes", ("what", "how"), "Changes of edges while the graph ran.")
LEFTOVERS = Point("leftovers", ("place",), "Where messages were left over at the end.")
POINTS = (PUTS, BLOCKS, CHANGES, LEFTOVERS)

_LOSES = {
    Policy.DROP: PutResult.DROPPED,
    Policy.LATEST: PutResult.REPLACED,
    Policy.COALESCE: PutResult.COALESCED,
}
_RAISED, _LOWERED, _KEPT = "raised", "lowered", "kept"
_BELOW = "lowered below the fill"
_CHANGES = {
    Mutable.PRIORITY: (_RAISED, _LOWERED),
    Mutable.CAPACITY: (_RAISED, _LOWERED, _BELOW),
}


class Messages(Collector[GraphFacts]):
    """Counts what happens to messages and edges."""

    def __init__(self, header: Header) -> None:
        plan = plan_from_device(header.device)
        self._policy = {edge.id: edge.policy.value for edge in plan.edges}
        self._puts = Table(PUTS, _possible_puts(plan))
        self._blocks = Table(BLOCKS, _possible_blocks(plan))
        changes = {(what.value, how) for what, hows in _CHANGES.items() for how in hows}
        self._changes = Table(CHANGES, frozenset(changes))
        self._leftovers = Table(LEFTOVERS, words(Place))
        self.tables = (self._puts, self._blocks, self._changes, self._leftovers)

    def take(self, facts: GraphFacts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        batch = facts.batch
        puts = [batch.column("PUT", name) for name in ("edge", "type", "result")]
        self._puts.add(self._by_policy(batch, *puts))
        for kind in ("BLOCK", "WAKE"):
            for (policy,), count in self._by_policy(batch, batch.column(kind, "edge")).items():
                self._blocks.counts[policy, kind] += count
        names = ("what", "old", "new", "depth")
        for (what, old, new, depth), count in tally(*(batch.column("MUTATE", n) for n in names)):
            self._changes.counts[
                batch.name(what) or NOTHING, _change(what, old, new, depth, batch)
            ] += count
        for (place,), count in tally(batch.column("LEFTOVER", "place")):
            self._leftovers.counts[(text_of(batch, place, named=True),)] += count

    def _by_policy(self, batch: EventBatch, edge: Int64s, *columns: Int64s) -> Counter[Bin]:
        counts: Counter[Bin] = Counter()
        for (code, *rest), count in tally(edge, *columns):
            policy = self._policy.get(batch.name(code) or "", NOTHING)
            counts[policy, *(text_of(batch, value, named=True) for value in rest)] += count
        return counts


def _change(what: int, old: int, new: int, depth: int, batch: EventBatch) -> str:
    if new >= old:
        return _RAISED if new > old else _KEPT
    below = batch.name(what) == Mutable.CAPACITY and new < depth
    return _BELOW if below else _LOWERED


def _possible_puts(plan: GraphPlan) -> frozenset[Bin]:
    """By the policies of a full edge, for those that edges of the graph have."""
    found: set[Bin] = set()
    for policy in {edge.policy for edge in plan.edges}:
        for kind in MessageType:
            results = [PutResult.OK, PutResult.BLOCKED]
            if policy in _LOSES and kind is not MessageType.CONTROL:
                results.append(_LOSES[policy])
            found |= {(policy.value, kind.value, result.value) for result in results}
    return frozenset(found)


def _possible_blocks(plan: GraphPlan) -> frozenset[Bin]:
    """An edge from a node can block it; a message from outside is refused instead."""
    policies = {edge.policy.value for edge in plan.edges if edge.source is not None}
    return frozenset((policy, kind) for policy in policies for kind in ("BLOCK", "WAKE"))
