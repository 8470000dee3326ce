"""Bands: who is served next."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from nandtrace.graph.state import IN_TURN, NodeRecord
from nandtrace.vocab.graph import Band


class Bands:
    """Ready nodes by band, and the credits with which bands are served. A credit is a turn."""

    def __init__(self, ratio: Mapping[Band, int]) -> None:
        self._ratio = {int(band): turns for band, turns in ratio.items()}
        self._order = tuple(sorted(self._ratio, reverse=True))
        self.credits = dict(self._ratio)
        self.ready: dict[int, deque[NodeRecord]] = {band: deque() for band in self._order}

    def settle(self, node: NodeRecord) -> None:
        """Let a node wait in the band in which it is ready, behind all others, if it does not already."""
        if node.queued == IN_TURN:
            return
        band = node.ready_band()
        if band == node.queued:
            return
        if node.queued:
            self.ready[node.queued].remove(node)
        if band:
            self.ready[band].append(node)
        node.queued = band

    def end_turn(self, node: NodeRecord) -> None:
        """A node's turn is over: it waits for its next one if it is ready."""
        node.queued = 0
        self.settle(node)

    def choose(self) -> tuple[NodeRecord, int] | None:
        """Begin a turn: the next node of the band that the credits say, with its band; None when idle."""
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
        node.queued = IN_TURN
        return node, band
