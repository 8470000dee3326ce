"""Faults of the exchange: policies, pending messages, what is written of them."""

from __future__ import annotations

from typing import Any

from nandtrace.graph import PutResult
from nandtrace.graph.exchange import Exchange
from nandtrace.graph.state import EdgeState, Item, NodeRecord
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import (
    MessageType,
    Policy,
)


class ForgetsPending(Exchange):
    """The second message that is pending for an edge is dropped."""

    def _keep(self, edge: EdgeState, source: NodeRecord, item: Item) -> None:
        if len(edge.pending) != 1:
            super()._keep(edge, source, item)


class FlushLoses(Exchange):
    """A pending message is dropped when its edge has room."""

    flushed = 0

    def flush(self, edge: EdgeState) -> None:
        self.flushed += 1
        if self.flushed % 2 == 0 and len(edge.pending) > 1:
            edge.pending.popleft()
        super().flush(edge)


class FlushTwice(Exchange):
    """A pending message enters its edge and stays pending, once."""

    flushed = 0

    def flush(self, edge: EdgeState) -> None:
        self.flushed += 1
        if self.flushed % 2 == 0 and edge.pending:
            edge.pending.appendleft(edge.pending[0])
        super().flush(edge)


class NeverFlushes(Exchange):
    """Reading an edge lets nothing in."""

    def flush(self, edge: EdgeState) -> None:
        pass


class LostWake(Exchange):
    """A producer whose last pending message has entered stays blocked."""

    def _unblock(self, edge: EdgeState, source: NodeRecord) -> None:
        pass


class SilentWake(Exchange):
    """A producer wakes, and nobody writes it."""

    def _unblock(self, _: EdgeState, source: NodeRecord) -> None:
        source.blocked_edges -= 1
        self._bands.touch(source)


class OneTooMany(Exchange):
    """An edge takes one message more than its capacity."""

    def emit(self, node: NodeRecord, port: str, message: Any) -> PutResult:
        edges = node.outputs[port].edges
        for edge in edges:
            edge.capacity += 1
        result = super().emit(node, port, message)
        for edge in edges:
            edge.capacity -= 1
        return result


class Lifo(Exchange):
    """The newest message of an edge is read first."""

    def get(self, edge: EdgeState) -> Item:
        edge.queue.rotate(1)
        return super().get(edge)


class DropsControl(Exchange):
    """A full edge treats control messages like data."""

    def _resolve(self, edge: EdgeState, item: Item, *merged: Any) -> tuple[PutResult, int]:
        if edge.policy is Policy.DROP and not edge.pending:
            return PutResult.DROPPED, NULL
        return super()._resolve(edge, item, *merged)


class EvictsControl(Exchange):
    """A full edge of the policy latest evicts its oldest, control or not."""

    def _evict(self, edge: EdgeState, item: Item) -> tuple[PutResult, int]:
        other, _ = edge.queue.popleft()
        edge.queue.append(item)
        return PutResult.REPLACED, other


class EvictsNewest(Exchange):
    """A full edge of the policy latest evicts its newest."""

    def _evict(self, edge: EdgeState, item: Item) -> tuple[PutResult, int]:
        other, _ = edge.queue.pop()
        edge.queue.append(item)
        return PutResult.REPLACED, other


class MergesIntoOldest(Exchange):
    """A full edge of the policy coalesce merges into its oldest."""

    def _resolve(self, edge: EdgeState, item: Item, *merged: Any) -> tuple[PutResult, int]:
        result, other = super()._resolve(edge, item, *merged)
        return result, edge.queue[0][0] if result is PutResult.COALESCED else other


class OvertakesPending(Exchange):
    """A message does not wait behind those that are pending, where the policy has another way."""

    def _resolve(self, edge: EdgeState, item: Item, *merged: Any) -> tuple[PutResult, int]:
        if edge.pending and edge.policy is Policy.DROP and item[1].type is not MessageType.CONTROL:
            return PutResult.DROPPED, NULL
        return super()._resolve(edge, item, *merged)


class SkipsNumbers(Exchange):
    """A number is left out now and then."""

    def emit(self, node: NodeRecord, port: str, message: Any) -> PutResult:
        self.next_msg += self.next_msg % 10 == 0
        return super().emit(node, port, message)


class WrongDepth(Exchange):
    """A GET says the depth before it."""

    def get(self, edge: EdgeState) -> Item:
        item = edge.queue.popleft()
        self._log.get(self.now_ns, item[0], edge.code, len(edge.queue) + 1)
        self.flush(edge)
        return item
