"""The NAND domain, as judging a trace sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry, begin_with, carry_over
from nandtrace.check.domain import Domain, HandedOn
from nandtrace.check.event_batch import Piece
from nandtrace.check.facts import Facts
from nandtrace.check.rules import rules_from_device
from nandtrace.trace import Header
from nandtrace.vocab.nand import RunEnd


class NandDomain(Domain[Batch, Carry]):
    """Batches with the rules of the header's device; segments and pending events are handed on."""

    def __init__(self, header: Header) -> None:
        self._vocabulary = header.vocabulary
        self._rules = rules_from_device(header.device)

    def batch(self, pieces: Iterable[Piece]) -> Batch:
        return Batch(pieces, self._vocabulary, self._rules)

    def carry(self, next_seq: int | None) -> Carry:
        return Carry(next_seq=next_seq)

    def begin(self, carry: Carry, batch: Batch) -> Carry:
        return begin_with(carry, batch)

    def advance(self, carry: Carry, batch: Batch) -> Carry:
        after = carry_over(carry, batch)
        if after.end != RunEnd.CARRIED or not len(batch):
            return after
        # Rare, and dear: what registers hold follows from all that was done.
        return replace(after, registers=self.facts(batch, carry, ()).registers.left)

    def leaves_pending(self, batch: Batch) -> bool:
        return bool((batch.edge_states()[1] or {}).get("pending"))

    def handed_on(self, after: Batch | None) -> HandedOn:
        state = None if after is None else after.edge_states()[0]
        return tuple((kind, seg) for _, kind, seg in (state or {}).get("pending") or ())

    def facts(self, batch: Batch, carry: Carry, handed_on: HandedOn) -> Facts:
        return Facts(batch, carry, handed_on)
