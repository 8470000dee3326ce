"""A small graph trace, as calls of a GraphRecorder that a test may change before it records them.

A source emits two messages, a tick each, and ends; a sink takes them. A checkpoint lies between the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace.trace.graph_recorder import GraphEdge, GraphNode, GraphRecorder

Call = tuple[str, dict[str, Any]]

MS = 1_000_000
EDGE = "source:out->sink:in"
NODES = (GraphNode("source", tick_interval_ns=MS), GraphNode("sink"))
EDGES = (GraphEdge(EDGE, "source", "out", "sink", "in", capacity=4),)


def graph_calls() -> list[Call]:
    """24 events in two runs, the second of which begins at event 11."""
    calls = [
        _call("begin_run", 0, snapshot=_state(0, 0, 1, ("NEW", "NEW"))),
        _call("start", 0, node="source"),
        _call("start", 0, node="sink"),
        _call("idle", 0, until_ns=MS),
        *_served(0, MS),
        _call("end_run", MS + 2_000, end="CHECKPOINT", snapshot=_running()),
        _call("begin_run", MS + 2_000, snapshot=_running()),
        _call("idle", MS + 2_000, until_ns=2 * MS),
        *_served(1, 2 * MS),
    ]
    place = [name for name, _ in calls].index("put", 9)
    calls.insert(place + 1, _call("ticks_end", 2 * MS, node="source"))
    at = 2 * MS + 2_000
    shutdown = {"reason": "FINISHED", "deadline_ns": at + 2_000_000_000}
    last = _state(at, 2, 0, ("STOPPED", "STOPPED")) | {"shutdown": shutdown}
    return [
        *calls,
        _call("shutdown", at, **shutdown),
        _call("stop", at, node="sink"),
        _call("stop", at, node="source"),
        _call("end_run", at, end="FINISHED", snapshot=last),
    ]


def record_graph(path: Path, calls: list[Call] | None = None, **options: Any) -> Path:
    """Record calls; options are those of GraphRecorder."""
    settings: dict[str, Any] = {"nodes": NODES, "edges": EDGES} | options
    with GraphRecorder(path, **settings) as recorder:
        for method, values in graph_calls() if calls is None else calls:
            getattr(recorder, method)(**values)
    return path


def _served(msg: int, at_ns: int) -> list[Call]:
    """A tick of the source and, a turn of 1 µs later, the delivery of what it emitted."""
    return [
        _call("turn", at_ns, node="source", band=1),
        _call("tick", at_ns, node="source", due_ns=at_ns),
        _call("put", at_ns, msg=msg, edge=EDGE, type="DATA", result="OK", depth=1),
        _call("turn", at_ns + 1_000, node="sink", band=1),
        _call("get", at_ns + 1_000, msg=msg, edge=EDGE, depth=0),
        _call("deliver", at_ns + 1_000, msg=msg, node="sink", edge=EDGE),
    ]


def _running() -> dict[str, Any]:
    state = _state(MS + 2_000, 1, 0, ("RUNNING", "RUNNING"))
    state["nodes"][0]["due_ns"] = 2 * MS
    return state


def _state(clock_ns: int, next_msg: int, normal: int, states: tuple[str, str]) -> dict[str, Any]:
    return {
        "clock_ns": clock_ns,
        "next_msg": next_msg,
        "credits": {"control": 4, "high": 2, "normal": normal},
        "nodes": [
            {"name": node.name, "state": state, "due_ns": None}
            for node, state in zip(NODES, states, strict=True)
        ],
        "edges": [
            {"id": EDGE, "capacity": 4, "priority": 1, "queued": [], "pending": [], "held": None}
        ],
        "ready": {"control": [], "high": [], "normal": []},
        "shutdown": None,
    }


def _call(method: str, time_ns: int, **values: Any) -> Call:
    return method, {"time_ns": time_ns, **values}
