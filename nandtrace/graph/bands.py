"""Bands: who is served next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from nandtrace.graph.state import NodeRecord
from nandtrace.vocab.graph import Band


class Bands:
    """Ready nodes by band, and the credits with which bands are served. A credit is a turn."""

    def __init__(self, ratio: Mapping[Band, int]) -> None:
        self._ratio = {int(band): turns for band, turns in ratio.items()}
        self._order = tuple(sorted(self._ratio, reverse=True))
        self.credits = dict(self._ratio)
        self.ready: dict[int, deque[NodeRecord]] = {band: deque() for band in self._order}
        self._touched: list[NodeRecord] = []

    def touch(self, node: NodeRecord) -> None:
        """Note that a node may have become ready, or no longer be, or in another band."""
        if not node.is_touched:
            node.is_touched = True
            self._touched.append(node)

    def touch_all(self, nodes: Iterable[NodeRecord]) -> None:
        """Note so of these nodes, in their order and whatever was noted before."""
        for node in self._touched:
            node.is_touched = False
        self._touched.clear()
        for node in nodes:
            self.touch(node)

    def settle(self) -> None:
        """Let each node that was touched wait in the band in which it is ready, behind all others.

        One that waits there already keeps its place, whatever happened in between.
        """
        for node in self._touched:
            node.is_touched = False
            band = node.ready_band()
            if band == node.queued:
                continue
            if node.queued:
                self.ready[node.queued].remove(node)
            if band:
                self.ready[band].append(node)
            node.queued = band
        self._touched.clear()

    def choose(self) -> tuple[NodeRecord, int] | None:
        """Begin a turn: the next node of the band that the credits say, with its band; None when idle."""
        self.settle()
        ready, left = self.ready, self.credits
        for band in self._order:
            if left[band] and ready[band]:
                break
        else:
            band = next((item for item in self._order if ready[item]), 0)
            if not band:
                return None
            left.update(self._ratio)
        left[band] -= 1
        node = ready[band].popleft()
        # Whatever comes in its turn, it waits again behind all that became ready meanwhile.
        node.queued, node.is_touched = 0, True
        return node, band

    def end_turn(self, node: NodeRecord) -> None:
        """A node's turn is over: it waits for its next one if it is ready."""
        node.is_touched = False
        self.touch(node)
