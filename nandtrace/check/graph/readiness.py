"""Readiness: which nodes may be served, by band, kept up to date from one decision to the next."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from nandtrace.check.graph.shapes import BAND_NAMES
from nandtrace.check.graph.state import NEVER, RUNNING, GraphState, Node

BEFORE = NEVER - 1
"""Since when a node waits that waited already when the run began."""


class Readiness:
    """The ready nodes by band, in the order in which they wait, each with the position since when.

    Between decisions nodes are only noted as touched; `settle` works out what became of them.
    """

    def __init__(self, state: GraphState) -> None:
        self._state = state
        self.bands: list[OrderedDict[Node, int]] = [OrderedDict() for _ in range(4)]
        self._ticks: list[tuple[int, int]] = []

    def reset(self, ready: Mapping[str, Sequence[str]]) -> None:
        """Begin anew: the state was set from a snapshot, and has all its nodes touched.

        `ready` says who waited then in each band, in the order of service.
        """
        nodes = {node.name: node for node in self._state.nodes}
        for band, name in enumerate(BAND_NAMES, 1):
            self.bands[band].clear()
            for node in (nodes[waiting] for waiting in ready[name] if waiting in nodes):
                if not node.band:
                    self.bands[band][node] = BEFORE
                    node.band = band
        self._ticks = [
            (node.due_ns, node.place) for node in self._state.nodes if node.due_ns is not None
        ]
        heapq.heapify(self._ticks)

    def schedule(self, node: Node, due_ns: int) -> None:
        """A node's next tick is due at a time."""
        node.due_ns = due_ns
        node.tick_due = False
        heapq.heappush(self._ticks, (due_ns, node.place))
        self._state.touch(node)

    def settle(self, at: int, time_ns: int) -> None:
        """Bring the bands up to date for a decision at a time."""
        ticks, state = self._ticks, self._state
        while ticks and ticks[0][0] <= time_ns:
            due_ns, place = heapq.heappop(ticks)
            node = state.nodes[place]
            if node.due_ns == due_ns:
                node.tick_due = True
                state.touch(node)
        if state.dirty:
            for node in state.dirty:
                node.dirty = False
                band = self._band_of(node)
                if band != node.band:
                    self._move(node, band, at)
            state.dirty = []

    def _band_of(self, node: Node) -> int:
        if node.state is not RUNNING:
            return 0
        band = node.may_take()
        if not band and node.tick_due and not node.blocked and self._state.shutdown is None:
            band = 1
        return band and (node.plan.override or band)

    def _move(self, node: Node, band: int, at: int) -> None:
        if node.band:
            del self.bands[node.band][node]
        if band:
            self.bands[band][node] = at
        node.band = band

    def first(self) -> Node | None:
        """A ready node of the highest band, None when nothing is ready."""
        return next((next(iter(band)) for band in reversed(self.bands) if band), None)

    def next_tick(self) -> int | None:
        """When the next tick is due that a node can take, None when there is none."""
        ticks, set_aside, found = self._ticks, [], None
        while ticks and found is None:
            due_ns, place = ticks[0]
            node = self._state.nodes[place]
            if node.due_ns != due_ns or node.state is not RUNNING:
                heapq.heappop(ticks)
            elif node.blocked:
                set_aside.append(heapq.heappop(ticks))
            else:
                found = due_ns
        for entry in set_aside:
            heapq.heappush(ticks, entry)
        return found

    def names(self) -> dict[str, list[str]]:
        """The names of the ready nodes by band, sorted."""
        return {
            name: sorted(node.name for node in self.bands[band])
            for band, name in enumerate(BAND_NAMES, 1)
        }

    def longest(self) -> dict[str, list[str]]:
        """Who has waited since before the run and still does, by band, in the order of service."""
        return {
            name: [
                node.name
                for node, since in self.bands[band].items()
                if since == BEFORE and node.last_turn[band] == NEVER
            ]
            for band, name in enumerate(BAND_NAMES, 1)
        }
