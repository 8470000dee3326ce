"""What whole columns tell without a replay: names that resolve, and the times of what follows at once."""

from __future__ import annotations

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.graph.columns import unresolved
from nandtrace.check.graph.ledger import Ledger
from nandtrace.check.graph.plan import GraphPlan
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import GRAPH, Call, MessageType

_NULLABLE = {("ERROR", "edge"), ("DISABLE", "edge")}
_OUTSIDE = ("RUN_BEGIN", "RUN_END", "START", "IDLE", "SHUTDOWN", "LEFTOVER", "STOP")
"""Kinds that end a turn, beside the next TURN."""

_INSIDE = ("TICK", "GET", "DELIVER", "BLOCK")

_AT_ONCE = {"FLUSH": "flush-prompt", "WAKE": "flush-prompt", "DISABLE": "error-isolated"}
"""Kinds that say what the event before them did, each with the rule that it breaks when it is late."""


def scan_names(batch: EventBatch, plan: GraphPlan, ledger: Ledger) -> None:
    """Every node and edge that an event names is one of the header, every type is known."""
    known: dict[str, list[str]] = {
        "node": [node.name for node in plan.nodes],
        "edge": [edge.id for edge in plan.edges],
        "type": [str(word) for word in MessageType],
    }
    expected = {
        "node": "a node of the header",
        "edge": "an edge of the header",
        "type": "DATA, CONTROL or ERROR",
    }
    for kind in GRAPH.kinds:
        for name in (column.name for column in kind.columns if column.name in known):
            codes = batch.column(kind.name, name)
            ledger.count("names-resolve", len(codes))
            places = unresolved(codes, batch.names, known[name])
            if (kind.name, name) in _NULLABLE:
                places = places[codes[places] != NULL]
            for place in places.tolist():
                said = batch.name(int(codes[place]))
                at = int(batch.rows(kind.name)[place])
                ledger.offend("names-resolve", at, expected[name], f"{said}")


def scan_times(batch: EventBatch, plan: GraphPlan, ledger: Ledger) -> None:
    """All events of a turn have its time."""
    turns = batch.rows("TURN")
    if not len(turns):
        return
    opened = _last_of(batch, ("TURN",))
    closed = _last_of(batch, _OUTSIDE)
    inside = [batch.rows(kind) for kind in _INSIDE]
    inside.append(_emitted(batch, plan))
    errors = batch.rows("ERROR")
    inside.append(errors[batch.column("ERROR", "call") != batch.code(Call.STOP)])
    rows = np.concatenate(inside)
    rows = rows[opened[rows] > closed[rows]]
    wrong = rows[batch.time_ns[rows] != batch.time_ns[opened[rows]]]
    # One event tells for its turn.
    wrong = np.sort(wrong)
    _, firsts = np.unique(opened[wrong], return_index=True)
    for at in wrong[firsts].tolist():
        due_ns = int(batch.time_ns[opened[at]])
        ledger.offend(
            "ready-only", at, f"the time of its turn, {due_ns} ns", f"{int(batch.time_ns[at])} ns"
        )


def scan_promptness(batch: EventBatch, ledger: Ledger) -> None:
    """What an event did is written at its time."""
    for kind, rule in _AT_ONCE.items():
        rows = batch.rows(kind)
        rows = rows[rows > 0]
        late = rows[batch.time_ns[rows] != batch.time_ns[rows - 1]]
        for at in late.tolist():
            due_ns, time_ns = int(batch.time_ns[at - 1]), int(batch.time_ns[at])
            at_once = f"a {kind} at once, at {due_ns} ns"
            ledger.offend(rule, at, at_once, f"one at {time_ns} ns")


def _last_of(
    batch: EventBatch, kinds: tuple[str, ...]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Per event the position of the last event of some kinds up to it, -1 for none."""
    marks = np.full(len(batch), -1, np.int64)
    for kind in kinds:
        marks[batch.rows(kind)] = batch.rows(kind)
    return np.maximum.accumulate(marks)


def _emitted(batch: EventBatch, plan: GraphPlan) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """PUTs on edges that have a source."""
    inner = [edge.id for edge in plan.edges if edge.source is not None]
    outside = unresolved(batch.column("PUT", "edge"), batch.names, inner)
    return np.delete(batch.rows("PUT"), outside)
