"""Leftovers: messages that nobody will read."""

from __future__ import annotations

from collections.abc import Iterable

from nandtrace.graph.report import Leftover
from nandtrace.graph.state import EdgeState
from nandtrace.vocab.graph import Place


def find_leftovers(edges: Iterable[EdgeState]) -> tuple[Leftover, ...]:
    """What is held, queued and pending, edge by edge."""
    found = []
    for edge in edges:
        held = () if edge.held is None else (edge.held.msg,)
        found += [
            Leftover(edge.id, place, msgs)
            for place, msgs in (
                (Place.HELD, held),
                (Place.QUEUED, tuple(msg for msg, _ in edge.queue)),
                (Place.PENDING, tuple(msg for msg, _ in edge.pending)),
            )
            if msgs
        ]
    return tuple(found)
