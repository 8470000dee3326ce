"""Topological order of a graph that may have cycles."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def start_order(nodes: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Nodes 0 to `nodes` - 1, each after those from which an edge leads to it.

    Nodes on a cycle count as one and stand side by side; where edges leave a choice, the lowest number is
    first.
    """
    followers: list[list[int]] = [[] for _ in range(nodes)]
    for source, target in edges:
        followers[source].append(target)
    part_of = _strong_parts(followers)
    members: dict[int, list[int]] = {}
    for node in range(nodes):
        members.setdefault(part_of[node], []).append(node)
    waits = dict.fromkeys(members, 0)
    after: dict[int, list[int]] = {part: [] for part in members}
    for source, target in edges:
        if part_of[source] != part_of[target]:
            after[part_of[source]].append(part_of[target])
            waits[part_of[target]] += 1
    free = [(members[part][0], part) for part, count in waits.items() if not count]
    heapq.heapify(free)
    order: list[int] = []
    while free:
        _, part = heapq.heappop(free)
        order += members[part]
        for follower in after[part]:
            waits[follower] -= 1
            if not waits[follower]:
                heapq.heappush(free, (members[follower][0], follower))
    assert len(order) == nodes, "parts without cycles have an order"
    return order


def _strong_parts(followers: Sequence[Sequence[int]]) -> list[int]:
    """For each node a number that it shares with those on a cycle with it (Kosaraju's two passes)."""
    finished: list[int] = []
    seen = [False] * len(followers)
    for root in range(len(followers)):
        finished += _finished_below(root, followers, seen)
    leaders: list[list[int]] = [[] for _ in followers]
    for source, targets in enumerate(followers):
        for target in targets:
            leaders[target].append(source)
    part_of = [-1] * len(followers)
    seen = [False] * len(followers)
    for root in reversed(finished):
        for node in _finished_below(root, leaders, seen):
            part_of[node] = root
    return part_of


def _finished_below(root: int, followers: Sequence[Sequence[int]], seen: list[bool]) -> list[int]:
    """Nodes reached from a root and not seen before, each after all that it leads to."""
    if seen[root]:
        return []
    seen[root] = True
    finished: list[int] = []
    path = [(root, iter(followers[root]))]
    while path:
        node, rest = path[-1]
        follower = next((item for item in rest if not seen[item]), None)
        if follower is None:
            finished.append(node)
            path.pop()
        else:
            seen[follower] = True
            path.append((follower, iter(followers[follower])))
    return finished
