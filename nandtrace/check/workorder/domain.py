"""The work-order domain, as judging a trace sees it."""

from __future__ import annotations

from collections.abc import Iterable

from nandtrace.check.domain import HandedOn, LogDomain
from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.event_facts import Boundary
from nandtrace.check.workorder.carry import WorkOrderBoundary, work_order_boundary_after
from nandtrace.check.workorder.facts import WorkOrderFacts
from nandtrace.check.workorder.limits import limits_from_device
from nandtrace.check.workorder.shapes import shape_problem
from nandtrace.trace import Header


class WorkOrderDomain(LogDomain):
    """Facts with the limits of the header; beside its end snapshot a run hands on how it ended."""

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        self._limits = limits_from_device(header.device)

    def batch(self, pieces: Iterable[Piece]) -> EventBatch:
        return EventBatch(pieces, self._vocabulary, shape_problem)

    def carry(self, next_seq: int | None) -> Boundary:
        return WorkOrderBoundary(next_seq=next_seq)

    def advance(self, carry: Boundary, batch: EventBatch) -> Boundary:
        return work_order_boundary_after(carry, batch) if len(batch) else carry

    def facts(self, batch: EventBatch, carry: Boundary, handed_on: HandedOn) -> WorkOrderFacts:  # noqa: ARG002, the seam has it
        return WorkOrderFacts(batch, carry, self._limits)
