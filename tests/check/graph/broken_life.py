"""Broken logs: starts, stops, errors, the shutdown, checkpoints."""

from __future__ import annotations

from dataclasses import replace

from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog, state
from tests.check.hand_made import Broken


def _turned(log: GraphLog, place: int) -> GraphLog:
    """One more message for `again`, and its turn."""
    edge = "->again:in"
    log = log.inserted(place, "DELIVER", msg=5, node="again", edge=edge, attempt=1)
    log = log.inserted(place, "GET", msg=5, edge=edge, depth=0)
    log = log.inserted(place, "TURN", node="again", band=1)
    log = log.inserted(place, "PUT", msg=5, edge=edge, type="DATA", result="OK", depth=1)
    return log.restated(len(log.events) - 1, "next_msg", 6)


def _cut(log: GraphLog, place: int) -> GraphLog:
    """A log that ends before an event, by a CHECKPOINT."""
    log = log.copy()
    log.events = log.events[:place]
    log.now = log.events[-1].time_ns
    log(
        "RUN_END",
        state(log, nodes={"src": {"state": "RUNNING", "due_ns": 10_000}}),
        end="CHECKPOINT",
    )
    return log


def _bare(log: GraphLog, place: int) -> GraphLog:
    """A log in which an event lacks its snapshot."""
    log = log.copy()
    log.events[place] = replace(log.events[place], snapshot=None)
    return log


def _again(log: GraphLog) -> GraphLog:
    """The end of a log is the begin of another run."""
    end = log.events[-1]
    log = log.copy()
    log.run = 1
    log.now = end.time_ns
    log("RUN_BEGIN", end.snapshot)
    log("RUN_END", end.snapshot, end="FINISHED")
    return log


LIFE = [
    Broken(
        "a consumer started first",
        stories.pressure,
        lambda log: log.swapped(1, 2),
        {"start-topological": [1]},
        ("START of src before that of sink", "sink first"),
    ),
    Broken(
        "no START",
        stories.pressure,
        lambda log: log.without(2),
        {"start-topological": [2]},
        ("every node started first", "sink was not"),
    ),
    Broken(
        "two STARTs",
        stories.pressure,
        lambda log: log.inserted(3, "START", node="sink"),
        {"start-topological": [3]},
        ("one START of sink", "another"),
    ),
    Broken(
        "a START after the first turn",
        stories.fan,
        lambda log: log.moved(9, 26),
        {"start-topological": [9, 25]},
        ("every node started first", "z was not"),
    ),
    Broken(
        "stopped in the order of the starts",
        stories.pressure,
        lambda log: log.swapped(27, 28),
        {"stop-reverse": [27]},
        ("STOP of sink before that of src", "src first"),
    ),
    Broken(
        "no STOP",
        stories.fan,
        lambda log: log.without(45),
        {"stop-reverse": [45, 47], "checkpoint-matches-replay": [47]},
        ("STOP of x before that of b", "b first"),
    ),
    Broken(
        "two STOPs",
        stories.fan,
        lambda log: log.inserted(46, "STOP", node="x"),
        {"stop-reverse": [46]},
        ("one STOP of x", "another"),
    ),
    Broken(
        "STOP of a node that never started",
        stories.errors,
        lambda log: log.inserted(37, "STOP", node="broken"),
        {"stop-reverse": [37], "checkpoint-matches-replay": [38]},
        ("no STOP of broken, whose on_start did not return", "a STOP"),
    ),
    Broken(
        "skipped instead of tried again",
        stories.errors,
        lambda log: log.changed(13, disposition="SKIPPED"),
        {"error-isolated": [13], "delivery": [15]},
        ("RETRIED (retry)", "SKIPPED"),
    ),
    Broken(
        "tried once too often",
        stories.errors,
        lambda log: log.changed(16, disposition="RETRIED"),
        {"error-isolated": [16, 18, 20]},
        ("SKIPPED (retry)", "RETRIED"),
    ),
    Broken(
        "the same attempt again",
        stories.errors,
        lambda log: log.changed(15, attempt=1),
        {"error-isolated": [15, 16]},
        ("attempt 2 of message 1", "attempt 1"),
    ),
    Broken(
        "the next message before the held one",
        stories.errors,
        lambda log: log.changed(15, msg=2, attempt=1).inserted(
            15, "GET", msg=2, edge="->again:in", depth=1
        ),
        {"error-isolated": [15, 17, 19, 21], "edge-conservation": [19]},
        ("message 1 of ->again:in again first, attempt 2", "message 2 taken"),
    ),
    Broken(
        "the turn goes on after an error",
        stories.errors,
        lambda log: log.without(14),
        {"error-isolated": [14], "ready-only": [14]},
        ("the turn of again over, since it raised", "it takes message 1"),
    ),
    Broken(
        "an ERROR of no callback",
        stories.errors,
        lambda log: log.inserted(17, "ERROR", **log.events[16].values),
        {"error-isolated": [17], "ready-only": [17]},
        (
            "an ERROR of the callback that runs, none",
            "MESSAGE of again with message 1 of ->again:in, attempt 2",
        ),
    ),
    Broken(
        "a DISABLE too few",
        stories.errors,
        lambda log: log.without(3),
        {"error-isolated": [3]},
        ("a DISABLE of broken for ->broken:in", "it does not come"),
    ),
    Broken(
        "a DISABLE later than its ERROR",
        stories.errors,
        lambda log: log.changed(3, time_ns=1),
        {"error-isolated": [3], "time-monotone": [4]},
        ("a DISABLE at once, at 0 ns", "one at 1 ns"),
    ),
    Broken(
        "a DISABLE too many",
        stories.errors,
        lambda log: log.inserted(4, "DISABLE", node="again", edge="->again:in"),
        {"error-isolated": [4]},
        (
            "a DISABLE of each input of a node that raised, once, right after its ERROR",
            "again, ->again:in",
        ),
    ),
    Broken(
        "a turn of a disabled node",
        stories.errors,
        lambda log: (
            log.inserted(10, "DELIVER", msg=0, node="broken", edge="->broken:in", attempt=1)
            .inserted(10, "GET", msg=0, edge="->broken:in", depth=0)
            .inserted(10, "TURN", node="broken", band=1)
        ),
        {"error-isolated": [10], "edge-conservation": [36], "checkpoint-matches-replay": [40]},
        ("no turn of broken, which is disabled", "a turn of it"),
    ),
    Broken(
        "a turn instead of the SHUTDOWN",
        stories.errors,
        lambda log: _turned(log, 32),
        {"error-isolated": [33]},
        ("SHUTDOWN after the error of strict, whose policy is stop", "a TURN"),
    ),
    Broken(
        "another reason than the error",
        stories.errors,
        lambda log: log.changed(32, reason="UNTIL"),
        {"error-isolated": [32], "checkpoint-matches-replay": [37]},
        ("the reason ERROR, for strict raised and its policy is stop", "UNTIL"),
    ),
    Broken(
        "an unknown node",
        stories.pressure,
        lambda log: log.changed(13, node="nobody"),
        {"names-resolve": [13]},
        ("a node of the header", "nobody"),
    ),
    Broken(
        "an unknown edge",
        stories.pressure,
        lambda log: log.changed(18, edge="a:b->c:d"),
        {"names-resolve": [18]},
        ("an edge of the header", "a:b->c:d"),
    ),
    Broken(
        "a message that was never put",
        stories.pressure,
        lambda log: log.changed(18, msg=9),
        {"names-resolve": [18]},
        ("a message below 3", "message 9, which was not put"),
    ),
    Broken(
        "a delivery of a message that was never put",
        stories.pressure,
        lambda log: log.changed(log.find("DELIVER", 1), msg=9),
        {"names-resolve": [17], "delivery": [17]},
        ("a message below 3", "message 9, which was not put"),
    ),
    Broken(
        "a message left over that was never put",
        stories.bands,
        lambda log: log.changed(log.find("LEFTOVER"), msg=99),
        {
            "names-resolve": [57],
            "edge-conservation": [57, 62],
            "shutdown-drained": [62],
        },
        ("a message below 13", "message 99, which was not put"),
    ),
    Broken(
        "a node that waits before anything has happened",
        stories.pressure,
        lambda log: log.restated(0, "ready.normal", ["sink"]),
        {"checkpoint-continuity": [0]},
        ("ready.normal [], as before", "['sink']"),
    ),
    Broken(
        "an unknown type",
        stories.pressure,
        lambda log: log.changed(6, type="NEWS"),
        {"names-resolve": [6]},
        ("DATA, CONTROL or ERROR", "NEWS"),
    ),
    Broken(
        "a snapshot of another graph",
        stories.pressure,
        lambda log: log.restated(0, "nodes.1.name", "drain"),
        {"names-resolve": [0, 0], "checkpoint-continuity": [0]},
        ("a snapshot of the nodes and edges of the header", "node 'drain', which the header lacks"),
    ),
]

SHUTDOWN = [
    Broken(
        "a wrong deadline",
        stories.pressure,
        lambda log: log.changed(26, deadline_ns=151_001),
        {"shutdown-drained": [26], "checkpoint-matches-replay": [29]},
        ("the deadline 151000 ns", "151001 ns"),
    ),
    Broken(
        "SHUTDOWN twice",
        stories.bands,
        lambda log: log.inserted(57, "SHUTDOWN", 12_000, reason="UNTIL", deadline_ns=112_000),
        {"shutdown-drained": [57]},
        ("SHUTDOWN once", "another"),
    ),
    Broken(
        "no SHUTDOWN",
        stories.fan,
        lambda log: log.without(42),
        {"shutdown-drained": [42], "checkpoint-matches-replay": [47]},
        ("SHUTDOWN first", "the end without it"),
    ),
    Broken(
        "a tick after SHUTDOWN",
        stories.pressure,
        lambda log: log.moved(26, 23),
        {"shutdown-drained": [23, 25], "ready-only": [24], "idle-only-when-idle": [23]},
        ("the deadline 150000 ns", "151000 ns"),
    ),
    Broken(
        "a message from outside after SHUTDOWN",
        stories.bands,
        lambda log: log.swapped(52, 53),
        {"shutdown-drained": [53]},
        (
            "no message from outside after SHUTDOWN, and none at all once the drain is over",
            "message 12 on ->n:in",
        ),
    ),
    Broken(
        "the drain cut short",
        stories.bands,
        lambda log: log.changed(57, time_ns=12_000),
        {"shutdown-drained": [57]},
        (
            "a turn of n, which is ready before the deadline, 111000 ns",
            "the end of the drain at 12000 ns",
        ),
    ),
    Broken(
        "a turn at the deadline",
        stories.bands,
        lambda log: (
            log.changed(54, time_ns=111_000)
            .changed(55, time_ns=111_000)
            .changed(56, time_ns=111_000)
        ),
        {"shutdown-drained": [54]},
        ("no turn from the deadline on, 111000 ns", "a turn at 111000 ns"),
    ),
    Broken(
        "idle in the drain",
        stories.errors,
        lambda log: log.inserted(33, "IDLE"),
        {"shutdown-drained": [33]},
        ("the end of the drain when nothing is ready", "IDLE"),
    ),
    Broken(
        "a message left over and not itemised",
        stories.bands,
        lambda log: log.without(57),
        {"shutdown-drained": [61], "edge-conservation": [61]},
        ("a LEFTOVER of message 12 of ->n:in, QUEUED", "1 not itemised"),
    ),
    Broken(
        "a message left over elsewhere",
        stories.bands,
        lambda log: log.changed(57, place="PENDING"),
        {"shutdown-drained": [57]},
        ("QUEUED", "PENDING"),
    ),
    Broken(
        "a turn after the drain",
        stories.bands,
        lambda log: log.moved(57, 54),
        {"shutdown-drained": [54, 55, 62], "edge-conservation": [62]},
        (
            "a turn of n, which is ready before the deadline, 111000 ns",
            "the end of the drain at 11000 ns",
        ),
    ),
    Broken(
        "ERROR without an error",
        stories.pressure,
        lambda log: log.changed(26, reason="ERROR"),
        {"shutdown-drained": [26], "checkpoint-matches-replay": [29]},
        ("the reason ERROR only after an error of a node whose policy is stop", "ERROR"),
    ),
]

CHECKPOINTS = [
    Broken(
        "a run that begins otherwise",
        stories.bands,
        lambda log: log.restated(39, "credits", {"control": 1, "high": 0, "normal": 0}),
        {"checkpoint-continuity": [39]},
        ("credits.control 0, as before", "1"),
    ),
    Broken(
        "a run that begins later",
        stories.bands,
        lambda log: log.changed(39, time_ns=7_001),
        {"checkpoint-continuity": [39, 39], "time-monotone": [40]},
        ("the time at which the last run ended, 7000 ns", "7001 ns"),
    ),
    Broken(
        "a snapshot of another time",
        stories.bands,
        lambda log: log.restated(0, "clock_ns", 5),
        {"checkpoint-continuity": [0]},
        ("clock_ns 0, its time", "5"),
    ),
    Broken(
        "a graph that does not begin at its beginning",
        stories.bands,
        lambda log: log.restated(0, "next_msg", 1),
        {"checkpoint-continuity": [0], "put-result": [5]},
        ("next_msg 0, as before", "1"),
    ),
    Broken(
        "a checkpoint before the graph has started",
        stories.pressure,
        lambda log: _cut(log, 2),
        {"checkpoint-continuity": [2]},
        ("a CHECKPOINT between two turns", "one while the graph starts"),
    ),
    Broken(
        "a checkpoint while the graph stops",
        stories.pressure,
        lambda log: log.changed(29, end="CHECKPOINT"),
        {"checkpoint-continuity": [29]},
        ("a CHECKPOINT between two turns", "one while the graph stops"),
    ),
    Broken(
        "no snapshot",
        stories.bands,
        lambda log: _bare(log, 38),
        {"checkpoint-continuity": [38]},
        ("a snapshot at RUN_END", "none"),
    ),
    Broken(
        "a run after the end",
        stories.pressure,
        _again,
        {"checkpoint-continuity": [30]},
        ("no run of a graph that was stopped", "a node that is STOPPED"),
    ),
    Broken(
        "another number of the next message",
        stories.bands,
        lambda log: log.restated(62, "next_msg", 14),
        {"checkpoint-matches-replay": [62]},
        ("next_msg 13", "14"),
    ),
    Broken(
        "other credits",
        stories.bands,
        lambda log: log.restated(62, "credits.high", 1),
        {"checkpoint-matches-replay": [62]},
        ("credits.high 2", "1"),
    ),
    Broken(
        "another state of a node",
        stories.bands,
        lambda log: log.restated(62, "nodes.0.state", "RUNNING"),
        {"checkpoint-matches-replay": [62]},
        ("nodes[c].state STOPPED", "RUNNING"),
    ),
    Broken(
        "another message left",
        stories.bands,
        lambda log: log.restated(62, "edges.2.queued", [[11, False]]),
        {"checkpoint-matches-replay": [62]},
        ("edges[->n:in].queued [[12, False]]", "[[11, False]]"),
    ),
    Broken(
        "a node ready that is not",
        stories.bands,
        lambda log: log.restated(62, "ready.high", ["h"]),
        {"checkpoint-matches-replay": [62]},
        ("ready.high []", "['h']"),
    ),
    Broken(
        "another shutdown",
        stories.bands,
        lambda log: log.restated(62, "shutdown", None),
        {"checkpoint-matches-replay": [62]},
        ("shutdown {'reason': 'REQUESTED', 'deadline_ns': 111000}", "None"),
    ),
]
