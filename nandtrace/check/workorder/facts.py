"""Facts of a work-order trace: the replay that its invariants share, made once for a batch."""

from __future__ import annotations

from functools import cached_property

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary, EventFacts
from nandtrace.check.ledger import Ledger
from nandtrace.check.tables import Finding
from nandtrace.check.workorder.limits import Limits
from nandtrace.check.workorder.replay import replay


class WorkOrderFacts(EventFacts):
    """A batch of a work-order trace, the boundary before it, and the limits that the header tells."""

    def __init__(self, batch: EventBatch, carry: Boundary, limits: Limits) -> None:
        super().__init__(batch, carry)
        self.limits = limits

    @cached_property
    def ledger(self) -> Ledger:
        """What a replay of the batch found, by invariant."""
        return replay(self.batch, self.carry, self.limits)

    def finding(self, invariant_id: str) -> Finding:
        """The replay's part that one invariant is about."""
        return self.ledger.finding(invariant_id, self.batch)
