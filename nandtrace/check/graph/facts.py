"""Facts of a graph trace: the replay that its invariants share, made once for a batch."""

from __future__ import annotations

from functools import cached_property

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary, EventFacts
from nandtrace.check.graph.ledger import Ledger
from nandtrace.check.graph.plan import GraphPlan
from nandtrace.check.graph.replay import replay
from nandtrace.check.tables import Finding


class GraphFacts(EventFacts):
    """A batch of a graph trace, the boundary before it, and the graph as the header tells it."""

    def __init__(self, batch: EventBatch, carry: Boundary, plan: GraphPlan) -> None:
        super().__init__(batch, carry)
        self.plan = plan

    @cached_property
    def ledger(self) -> Ledger:
        """What a replay of the batch found, by invariant."""
        return replay(self.batch, self.carry, self.plan)

    def finding(self, invariant_id: str) -> Finding:
        """The replay's part that one invariant is about."""
        return self.ledger.finding(invariant_id, self.batch)
