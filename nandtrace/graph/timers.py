"""Timers: when nodes tick."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from nandtrace.graph.bands import Bands
from nandtrace.graph.state import NodeRecord

NEVER_NS = 2**62


class Timers:
    """The ticks to come: one a node, on a grid of its interval from when it was started."""

    def __init__(self, bands: Bands) -> None:
        self._bands = bands
        self._heap: list[tuple[int, int, NodeRecord]] = []
        self.next_due_ns = NEVER_NS
        """Nothing falls due before this."""

    def begin(self, node: NodeRecord, now_ns: int) -> None:
        """A node was started: its first tick is due an interval later."""
        if node.interval_ns is not None:
            self._set(node, now_ns + node.interval_ns)

    def release(self, now_ns: int) -> None:
        """Make nodes whose ticks are due by now ready."""
        heap = self._heap
        while heap and heap[0][0] <= now_ns:
            due_ns, _, node = heapq.heappop(heap)
            if node.due_ns == due_ns:
                node.tick_is_due = True
                self._bands.touch(node)
        self.next_due_ns = heap[0][0] if heap else NEVER_NS

    def take(self, node: NodeRecord, now_ns: int) -> tuple[int, int]:
        """Take a node's due tick: when it was due, and how many after it are left out."""
        due_ns, interval_ns = node.due_ns, node.interval_ns
        assert due_ns is not None
        assert interval_ns is not None
        missed = (now_ns - due_ns) // interval_ns
        node.tick_is_due = False
        self._set(node, due_ns + (missed + 1) * interval_ns)
        return due_ns, missed

    def end(self, node: NodeRecord) -> None:
        """No more ticks for a node."""
        node.due_ns, node.tick_is_due = None, False
        self._bands.touch(node)

    def next_takeable_ns(self) -> int | None:
        """When the next tick is due that a node can take: one that is running and not blocked."""
        heap, set_aside, found = self._heap, [], None
        while heap and found is None:
            due_ns, _, node = heap[0]
            if node.due_ns != due_ns:
                heapq.heappop(heap)
            elif node.blocked_edges:
                set_aside.append(heapq.heappop(heap))
            else:
                found = due_ns
        for entry in set_aside:
            heapq.heappush(heap, entry)
        return found

    def stop(self, nodes: Iterable[NodeRecord]) -> None:
        """Nothing falls due any more; ticks that are due are not taken."""
        self._heap.clear()
        self.next_due_ns = NEVER_NS
        for node in nodes:
            node.tick_is_due = False
            self._bands.touch(node)

    def _set(self, node: NodeRecord, due_ns: int) -> None:
        node.due_ns = due_ns
        heapq.heappush(self._heap, (due_ns, node.index, node))
        self.next_due_ns = min(self.next_due_ns, due_ns)
