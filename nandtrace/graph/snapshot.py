"""Snapshots: the state of a running graph as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nandtrace.graph.bands import Bands
from nandtrace.graph.exchange import Exchange
from nandtrace.graph.state import EdgeState, Item, NodeRecord
from nandtrace.vocab.graph import Band, MessageType, ShutdownReason


def take_snapshot(
    now_ns: int,
    *,
    nodes: Iterable[NodeRecord],
    edges: Iterable[EdgeState],
    bands: Bands,
    exchange: Exchange,
    shutdown: tuple[ShutdownReason, int] | None,
) -> dict[str, Any]:
    """The state as schemas/snapshot-graph.schema.json describes it. Payloads are not in it."""
    return {
        "clock_ns": now_ns,
        "next_msg": exchange.next_msg,
        "credits": {Band(band).name.lower(): left for band, left in bands.credits.items()},
        "nodes": [
            {"name": node.name, "state": node.state.value, "due_ns": node.due_ns} for node in nodes
        ],
        "edges": [_edge(edge) for edge in edges],
        "ready": {
            Band(band).name.lower(): [node.name for node in ready]
            for band, ready in bands.ready.items()
        },
        "shutdown": shutdown and {"reason": shutdown[0].value, "deadline_ns": shutdown[1]},
    }


def _edge(edge: EdgeState) -> dict[str, Any]:
    held = edge.held
    return {
        "id": edge.id,
        "capacity": edge.capacity,
        "priority": int(edge.band),
        "queued": _items(edge.queue),
        "pending": _items(edge.pending),
        "held": None if held is None else [held.msg, held.attempts],
    }


def _items(items: Iterable[Item]) -> list[list[int | bool]]:
    return [[msg, message.type is MessageType.CONTROL] for msg, message in items]
