"""The seam between judging traces and the domains that they are of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Generic, TypeVar

from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.event_facts import Boundary, EventFacts, boundary_after
from nandtrace.errors import TraceError
from nandtrace.trace import Header, TraceReader

BatchT = TypeVar("BatchT", bound=EventBatch)
CarryT = TypeVar("CarryT", bound=Boundary)

HandedOn = tuple[tuple[str, int], ...]
"""What the run after a batch takes over of its pending events: the kind and the id of each."""


class Domain(ABC, Generic[BatchT, CarryT]):
    """What judging a trace must know of its domain. Made of a trace's header, and for it alone.

    Raises ValueError, when made, that names the entry of the header that makes no sense.
    """

    @abstractmethod
    def __init__(self, header: Header) -> None: ...

    @abstractmethod
    def batch(self, pieces: Iterable[Piece]) -> BatchT:
        """The batch of these pieces."""

    @abstractmethod
    def carry(self, next_seq: int | None) -> CarryT:
        """Nothing known of before: `next_seq` is 0 at a trace's start, None after a gap."""

    @abstractmethod
    def begin(self, carry: CarryT, batch: BatchT) -> CarryT:
        """The carry into a batch: what is known before it, and what its first snapshot tells."""

    @abstractmethod
    def advance(self, carry: CarryT, batch: BatchT) -> CarryT:
        """The carry after a batch, given the one into it."""

    @abstractmethod
    def leaves_pending(self, batch: BatchT) -> bool:
        """Whether a batch can be judged only once what follows it is known."""

    @abstractmethod
    def handed_on(self, after: BatchT | None) -> HandedOn:
        """What the batch that follows without a gap takes over; nothing where there is none."""

    @abstractmethod
    def facts(self, batch: BatchT, carry: CarryT, handed_on: HandedOn) -> EventFacts:
        """What the invariants of the domain ask."""


class LogDomain(Domain[EventBatch, Boundary]):
    """A log of which nothing is known but that it has runs: that of a user's own scheduler.

    Also the base of domains that hand on nothing but the state at a run's end.
    """

    def __init__(self, header: Header) -> None:
        self._vocabulary = header.vocabulary

    def batch(self, pieces: Iterable[Piece]) -> EventBatch:
        return EventBatch(pieces, self._vocabulary)

    def carry(self, next_seq: int | None) -> Boundary:
        return Boundary(next_seq=next_seq)

    def begin(self, carry: Boundary, batch: EventBatch) -> Boundary:  # noqa: ARG002, the seam has it
        return carry

    def advance(self, carry: Boundary, batch: EventBatch) -> Boundary:
        return boundary_after(batch) if len(batch) else carry

    def leaves_pending(self, batch: EventBatch) -> bool:  # noqa: ARG002, the seam has it
        return False

    def handed_on(self, after: EventBatch | None) -> HandedOn:  # noqa: ARG002, the seam has it
        return ()

    def facts(self, batch: EventBatch, carry: Boundary, handed_on: HandedOn) -> EventFacts:  # noqa: ARG002, the seam has it
        return EventFacts(batch, carry)


AnyDomain = Domain[Any, Any]
"""Which batches and carries go together is known within a domain only."""

_DOMAINS = {
    "nand": ("nandtrace.check.nand_domain", "NandDomain"),
    "graph": ("nandtrace.check.graph.domain", "GraphDomain"),
    "workorder": ("nandtrace.check.workorder.domain", "WorkOrderDomain"),
}
"""Module and class by name: imported for traces of the domain only."""


def is_known(domain: str) -> bool:
    """Whether nandtrace itself has invariants for a domain."""
    return domain in _DOMAINS


def domain_of(reader: TraceReader) -> AnyDomain:
    """The domain of a trace. Raises TraceError where its header makes no sense."""
    header = reader.header
    try:
        if not is_known(header.domain):
            return LogDomain(header)
        module_name, class_name = _DOMAINS[header.domain]
        made: AnyDomain = getattr(import_module(module_name), class_name)(header)
    except ValueError as error:
        raise TraceError(str(reader.path), str(error), "header") from error
    return made
