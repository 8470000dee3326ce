"""The graph domain, as judging a trace sees it."""

from __future__ import annotations

from collections.abc import Iterable

from nandtrace.check.domain import HandedOn, LogDomain
from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.event_facts import Boundary
from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.graph.plan import plan_from_device
from nandtrace.check.graph.shapes import shape_problem
from nandtrace.trace import Header


class GraphDomain(LogDomain):
    """Facts with the graph of the header; a run hands on nothing but its end snapshot."""

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        self._plan = plan_from_device(header.device)

    def batch(self, pieces: Iterable[Piece]) -> EventBatch:
        return EventBatch(pieces, self._vocabulary, shape_problem)

    def facts(self, batch: EventBatch, carry: Boundary, handed_on: HandedOn) -> GraphFacts:  # noqa: ARG002, the seam has it
        return GraphFacts(batch, carry, self._plan)
