"""Calls of a GraphRecorder, of every kind that it takes, and some that it refuses."""

from __future__ import annotations

from typing import Any

from nandtrace import GRAPH, GraphEdge, GraphNode, GraphRecorder
from tests.trace.recording import Recording

EDGE, OPEN = "a:out->b:in", "->b:knob"
NODES = (GraphNode("a", tick_interval_ns=1_000), GraphNode("b", None, 3, "retry", 2))
EDGES = (
    GraphEdge(EDGE, "a", "out", "b", "in", capacity=1),
    GraphEdge(OPEN, None, None, "b", "knob", 4, "latest", 3),
)

EVERY_KIND: list[tuple[str, str, dict[str, Any]]] = [
    ("start", "START", {"node": "a"}),
    ("turn", "TURN", {"node": "a", "band": 1}),
    ("tick", "TICK", {"node": "a", "due_ns": 1_000, "missed": 2}),
    ("put", "PUT", {"msg": 0, "edge": EDGE, "type": "DATA", "result": "OK", "depth": 1}),
    (
        "put",
        "PUT",
        {
            "msg": 1,
            "edge": OPEN,
            "type": "ERROR",
            "result": "REPLACED",
            "depth": 1,
            "other": 0,
            "trace_id": 7,
        },
    ),
    ("flushed", "FLUSH", {"msg": 1, "edge": EDGE, "depth": 1}),
    ("get", "GET", {"msg": 0, "edge": EDGE, "depth": 0}),
    ("deliver", "DELIVER", {"msg": 0, "node": "b", "edge": EDGE, "attempt": 1}),
    ("block", "BLOCK", {"node": "a", "edge": EDGE}),
    ("wake", "WAKE", {"node": "a", "edge": EDGE}),
    ("idle", "IDLE", {"until_ns": 4_000}),
    ("idle", "IDLE", {}),
    ("mutate", "MUTATE", {"edge": EDGE, "what": "CAPACITY", "old": 1, "new": 3, "depth": 1}),
    (
        "error",
        "ERROR",
        {
            "node": "b",
            "call": "MESSAGE",
            "edge": EDGE,
            "msg": 0,
            "attempt": 1,
            "disposition": "RETRIED",
            "error": "ValueError: µ",
        },
    ),
    (
        "error",
        "ERROR",
        {"node": "a", "call": "TICK", "disposition": "SKIPPED", "error": "KeyError: 1"},
    ),
    ("disable", "DISABLE", {"node": "b", "edge": EDGE}),
    ("disable", "DISABLE", {"node": "a"}),
    ("ticks_end", "TICKS_END", {"node": "a"}),
    ("shutdown", "SHUTDOWN", {"reason": "REQUESTED", "deadline_ns": 9_000}),
    ("leftover", "LEFTOVER", {"msg": 1, "edge": EDGE, "place": "QUEUED"}),
    ("stop", "STOP", {"node": "b"}),
]
"""Call, kind and values: what is written is what is read."""


def state(**changes: Any) -> dict[str, Any]:
    """A snapshot of the graph above, with changes."""
    names: dict[str, list[str]] = {"control": [], "high": [], "normal": []}
    whole = {
        "clock_ns": 0,
        "next_msg": 3,
        "credits": {"control": 4, "high": 0, "normal": 1},
        "nodes": [
            {"name": "a", "state": "RUNNING", "due_ns": 1_000},
            {"name": "b", "state": "NEW", "due_ns": None},
        ],
        "edges": [
            {
                "id": EDGE,
                "capacity": 1,
                "priority": 1,
                "queued": [[0, False]],
                "pending": [[2, True]],
                "held": [1, 1],
            },
            {
                "id": OPEN,
                "capacity": 4,
                "priority": 3,
                "queued": [],
                "pending": [],
                "held": None,
            },
        ],
        "ready": names | {"control": ["b"]},
        "shutdown": None,
    }
    return whole | changes


BAD_VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("turn", {"node": "a", "band": "normal"}, "TURN.band: 'normal' is not an integer"),
    ("turn", {"node": 3, "band": 1}, "3 is not a string"),
    ("tick", {"node": "a", "due_ns": None}, "TICK.due_ns: None is not an integer"),
    ("get", {"msg": 0, "edge": EDGE, "depth": 2**63}, "GET.depth: .* does not fit 64 bits"),
    ("deliver", {"msg": 0.5, "node": "b", "edge": EDGE}, "DELIVER.msg: 0.5 is not an integer"),
]

BAD_STATES: list[tuple[dict[str, Any], str]] = [
    ({"clock_ns": 0.5}, "snapshot: clock_ns must be integer"),
    ({"clock_ns": -1}, "snapshot: clock_ns must be bigger than or equal to 0"),
    ({"next_msg": None}, "snapshot: next_msg must be integer"),
    ({"credits": {"control": 4, "high": 2}}, "snapshot: credits must contain"),
    (
        {"nodes": [{"name": "a", "state": "ASLEEP", "due_ns": 0}]},
        r"nodes\.0\.state must be one",
    ),
    ({"nodes": [{"name": "a", "state": "NEW"}]}, r"snapshot: nodes\.0 must contain"),
    ({"edges": {}}, "snapshot: edges must be array"),
    ({"ready": {"control": ["a"]}}, "snapshot: ready must contain"),
    ({"shutdown": {"reason": "BORED", "deadline_ns": 1}}, r"shutdown\.reason must be one of"),
]

GRAPHS = Recording(
    GRAPH,
    GraphRecorder,
    {"nodes": NODES, "edges": EDGES},
    EVERY_KIND,
    state,
    state(clock_ns=9),
    ("CHECKPOINT", "FINISHED"),
    BAD_VALUES,
    BAD_STATES,
)
