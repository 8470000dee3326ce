"""The order in which nodes start: topological over the strongly connected parts of a graph."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

Links = Iterable[tuple[int, int]]
"""Pairs of a source and a target, as places among the nodes."""


def start_order(count: int, links: Links) -> tuple[int, ...]:
    """Places of `count` nodes, sources first.

    Nodes of a cycle stand side by side in their own order. Among parts that nothing waiting precedes,
    the one with the lowest place comes first.
    """
    links = list(links)
    part_of = strong_parts(count, links)
    members: dict[int, list[int]] = {}
    for node, part in enumerate(part_of):
        members.setdefault(part, []).append(node)
    between = {(part_of[s], part_of[t]) for s, t in links if part_of[s] != part_of[t]}
    followers: dict[int, list[int]] = {part: [] for part in members}
    waits = dict.fromkeys(members, 0)
    for source, target in sorted(between):
        followers[source].append(target)
        waits[target] += 1
    free = [(members[part][0], part) for part in members if not waits[part]]
    heapq.heapify(free)
    order: list[int] = []
    while free:
        _, part = heapq.heappop(free)
        order += members[part]
        for target in followers[part]:
            waits[target] -= 1
            if not waits[target]:
                heapq.heappush(free, (members[target][0], target))
    return tuple(order)


def strong_parts(count: int, links: Links) -> list[int]:
    """For each node the number of its strongly connected part (Tarjan, without recursion)."""
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        targets[source].append(target)
    search = _Search(targets)
    for node in range(count):
        if search.number[node] < 0:
            search.visit(node)
    return search.part


class _Search:
    """Tarjan's depth-first search; `part` is complete once every node was visited."""

    def __init__(self, targets: list[list[int]]) -> None:
        self._targets = targets
        self.number = [-1] * len(targets)
        self._low = [0] * len(targets)
        self.part = [-1] * len(targets)
        self._stack: list[int] = []
        self._visited = self._parts = 0

    def visit(self, root: int) -> None:
        path: list[tuple[int, Iterator[int]]] = [self._enter(root)]
        while path:
            node, targets = path[-1]
            target = next((item for item in targets if self._concerns(node, item)), None)
            if target is not None:
                path.append(self._enter(target))
                continue
            path.pop()
            if path:
                above = path[-1][0]
                self._low[above] = min(self._low[above], self._low[node])
            if self._low[node] == self.number[node]:
                self._close(node)

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.number[node] = self._low[node] = self._visited
        self._visited += 1
        self._stack.append(node)
        return node, iter(self._targets[node])

    def _concerns(self, node: int, target: int) -> bool:
        """Whether the search must go on to a target; notes a way back to where it came from."""
        if self.number[target] < 0:
            return True
        if self.part[target] < 0:
            self._low[node] = min(self._low[node], self.number[target])
        return False

    def _close(self, node: int) -> None:
        """The node is the first of its part: all that the stack holds from it on belongs to it."""
        while True:
            member = self._stack.pop()
            self.part[member] = self._parts
            if member == node:
                break
        self._parts += 1
