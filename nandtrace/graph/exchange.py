"""The exchange: messages onto edges and off them, and who is blocked meanwhile."""

from __future__ import annotations

from typing import Any

from nandtrace.errors import GraphError
from nandtrace.graph.bands import Bands
from nandtrace.graph.log import GraphLog
from nandtrace.graph.message import NOTHING, Message
from nandtrace.graph.state import EdgeState, Item, NodeRecord
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import MessageType, Policy, PutResult

_WORST_FIRST = (
    PutResult.BLOCKED,
    PutResult.DROPPED,
    PutResult.REPLACED,
    PutResult.COALESCED,
    PutResult.OK,
)


class Exchange:
    """Puts and gets of all edges. `now_ns` is the time of the turn, `trace_id` that of its message."""

    def __init__(self, bands: Bands, log: GraphLog) -> None:
        self._bands = bands
        self._log = log
        self._types = {item: log.code(item.value) for item in MessageType}
        self._results = {item: log.code(item.value) for item in PutResult}
        self._ok = self._results[PutResult.OK]
        self.now_ns = 0
        self.caller: NodeRecord | None = None
        """The node whose callback runs, the only one that may emit."""

        self._is_merging = False
        self.next_msg = 0
        self.trace_id: int | None = None

    def check_not_merging(self) -> None:
        """Raise GraphError while a merge of payloads runs: it is no callback."""
        if self._is_merging:
            raise GraphError("a merge can't use the graph")

    # ---- putting

    def emit(self, node: NodeRecord, port: str, message: Any) -> PutResult:
        """Put a message, or a payload, on every edge of an output port. Raises GraphError."""
        if node is not self.caller or self._is_merging:
            self.check_not_merging()
            raise GraphError(f"node {node.name}: it emits in its own callbacks only")
        out = node.outputs.get(port)
        if out is None:
            known = ", ".join(node.outputs) or "none"
            raise GraphError(f"node {node.name}: there is no output {port!r}; it has {known}")
        message = self._addressed(message)
        if out.types is not None and not isinstance(message.payload, out.types):
            raise GraphError(
                f"node {node.name}: output {port} sends {out.type_text}, "
                f"not {type(message.payload).__name__}"
            )
        edges = out.edges
        for edge in edges:
            if edge.is_checked:
                _check_type(edge, message)
        if len(edges) == 1:
            return self._put_on_one(edges[0], message)
        return self._put_on_all(edges, message)

    def _put_on_one(self, edge: EdgeState, message: Message) -> PutResult:
        msg = self.next_msg
        result = self._put(edge, msg, message)
        self.next_msg = msg + 1
        return result

    def _put_on_all(self, edges: tuple[EdgeState, ...], message: Message) -> PutResult:
        if not edges:
            return PutResult.OK
        # What a merge raises it raises before anything is put.
        merged = [self._merged(edge, message) if _merges(edge, message) else None for edge in edges]
        msg, results = self.next_msg, []
        for edge, both in zip(edges, merged, strict=True):
            results.append(self._put(edge, msg, message, both))
            self.next_msg = msg + 1
        return min(results, key=_WORST_FIRST.index)

    def send(self, edge: EdgeState, message: Any) -> PutResult:
        """Put a message from outside on an open input; one that is BLOCKED is not kept."""
        message = self._addressed(message)
        _check_type(edge, message)
        return self._put_on_one(edge, message)

    def _addressed(self, message: Any) -> Message:
        """The message, or one of a payload, with a trace id."""
        trace_id = self.next_msg if self.trace_id is None else self.trace_id
        if not isinstance(message, Message):
            return Message(message, MessageType.DATA, NOTHING, NOTHING, trace_id)
        if not isinstance(message.type, MessageType):
            raise GraphError(f"{message.type!r} is no type of a message")
        if message.trace_id is None:
            return message._replace(trace_id=trace_id)
        if not isinstance(message.trace_id, int) or not -(2**63) < message.trace_id < 2**63:
            raise GraphError(f"the trace id {message.trace_id!r} is no 64-bit integer")
        return message

    def _put(
        self, edge: EdgeState, msg: int, message: Message, merged: Message | None = None
    ) -> PutResult:
        """Put a message on an edge; `merged` is what it comes to there, where that is known already."""
        queue = edge.queue
        if len(queue) >= edge.capacity or edge.pending:
            return self._put_full(edge, msg, message, merged)
        queue.append((msg, message))
        kind, trace_id = self._types[message.type], message.trace_id
        self._log.put(self.now_ns, msg, edge.code, kind, self._ok, len(queue), NULL, trace_id)
        if edge.band > edge.target.queued:
            self._bands.touch(edge.target)
        return PutResult.OK

    def _put_full(
        self, edge: EdgeState, msg: int, message: Message, merged: Message | None
    ) -> PutResult:
        """Put a message on an edge that is full, or for which messages are pending."""
        result, other = self._resolve(edge, (msg, message), merged)
        self._log.put(
            self.now_ns,
            msg,
            edge.code,
            self._types[message.type],
            self._results[result],
            len(edge.queue),
            other,
            message.trace_id,
        )
        if result is PutResult.BLOCKED and edge.source is not None:
            self._keep(edge, edge.source, (msg, message))
        return result

    def _resolve(
        self, edge: EdgeState, item: Item, merged: Message | None
    ) -> tuple[PutResult, int]:
        """Do what the edge's policy says; returns the result and the other message concerned."""
        if edge.pending or item[1].type is MessageType.CONTROL or edge.policy is Policy.BLOCK:
            return PutResult.BLOCKED, NULL
        if edge.policy is Policy.DROP:
            return PutResult.DROPPED, NULL
        if edge.policy is Policy.LATEST:
            return self._evict(edge, item)
        if not _merges(edge, item[1]):
            return PutResult.BLOCKED, NULL
        msg = edge.queue[-1][0]
        edge.queue[-1] = (msg, merged or self._merged(edge, item[1]))
        return PutResult.COALESCED, msg

    def _merged(self, edge: EdgeState, message: Message) -> Message:
        """What stands for the newest message of an edge and one put on it: the latter with both payloads."""
        self._is_merging = True
        try:
            payload = edge.merge(edge.queue[-1][1].payload, message.payload)
        finally:
            self._is_merging = False
        kinds = (edge.queue[-1][1].type, message.type)
        kind = MessageType.ERROR if MessageType.ERROR in kinds else message.type
        merged = message._replace(payload=payload, type=kind)
        _check_type(edge, merged)
        return merged

    def _evict(self, edge: EdgeState, item: Item) -> tuple[PutResult, int]:
        for place, (msg, message) in enumerate(edge.queue):
            if message.type is not MessageType.CONTROL:
                del edge.queue[place]
                edge.queue.append(item)
                return PutResult.REPLACED, msg
        return PutResult.BLOCKED, NULL

    def _keep(self, edge: EdgeState, source: NodeRecord, item: Item) -> None:
        edge.pending.append(item)
        if len(edge.pending) > 1:
            return
        source.blocked_edges += 1
        if source.blocked_edges == 1:
            self._log.block(self.now_ns, source.code, edge.code)
            self._bands.touch(source)

    # ---- getting

    def get(self, edge: EdgeState) -> Item:
        """Take the oldest message off an edge; what is pending for it moves up."""
        item = edge.queue.popleft()
        self._log.get(self.now_ns, item[0], edge.code, len(edge.queue))
        if edge.pending:
            self.flush(edge)
        return item

    def flush(self, edge: EdgeState) -> None:
        """Let pending messages enter an edge while it has room."""
        queue, pending, source = edge.queue, edge.pending, edge.source
        while pending and len(queue) < edge.capacity:
            item = pending.popleft()
            queue.append(item)
            self._log.flush(self.now_ns, item[0], edge.code, len(queue))
            self._bands.touch(edge.target)
            if not pending and source is not None:
                self._unblock(edge, source)

    def _unblock(self, edge: EdgeState, source: NodeRecord) -> None:
        source.blocked_edges -= 1
        if not source.blocked_edges:
            self._log.wake(self.now_ns, source.code, edge.code)
            self._bands.touch(source)


def _check_type(edge: EdgeState, message: Message) -> None:
    if not isinstance(message.payload, edge.types):
        taken = " | ".join(item.__name__ for item in edge.types)
        raise GraphError(
            f"edge {edge.id}: {edge.target.name}:{edge.target_port} takes {taken}, "
            f"not {type(message.payload).__name__}"
        )


def _merges(edge: EdgeState, message: Message) -> bool:
    """Whether a message put on an edge now is merged into the newest there."""
    return (
        edge.policy is Policy.COALESCE
        and len(edge.queue) >= edge.capacity
        and not edge.pending
        and MessageType.CONTROL not in (message.type, edge.queue[-1][1].type)
    )
