"""Broken logs: turns, ticks and idling."""

from __future__ import annotations

from dataclasses import replace

from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog
from tests.check.hand_made import Broken


def _exchanged(log: GraphLog, one: int, other: int) -> GraphLog:
    """Two messages taken in each other's place: GET and DELIVER."""
    first, second = log.events[one]["msg"], log.events[other]["msg"]
    for place, msg in ((one, second), (one + 1, second), (other, first), (other + 1, first)):
        log = log.changed(place, msg=msg)
    return log


def _served(log: GraphLog, *turns: int) -> GraphLog:
    """The turns of the second run of `bands` in another order."""
    starts = (40, 43, 46, 49)
    blocks = [log.events[start : start + 3] for start in starts]
    served = log.copy()
    for start, turn in zip(starts, turns, strict=True):
        for place, event in enumerate(blocks[turn]):
            time_ns = log.events[start].time_ns
            served.events[start + place] = replace(event, time_ns=time_ns)
    return served


def _starved(log: GraphLog) -> GraphLog:
    """In the second run of `bands` n has two turns before m has one."""
    starved = log.copy()
    for start, other in ((46, 49), (49, 54), (54, 46)):
        for place in range(3):
            event = log.events[other + place]
            time_ns = log.events[start].time_ns
            starved.events[start + place] = replace(event, time_ns=time_ns)
    return starved.changed(50, depth=0).changed(52, depth=1)


def _other_bound(log: GraphLog, bound: int) -> GraphLog:
    return GraphLog(log.device | {"max_batch_per_node": bound}, log.events)


def _cut_turn(log: GraphLog) -> GraphLog:
    """A turn of `fan` that ends after two messages, and goes on in another one."""
    return log.inserted(17, "TURN", node="x", band=1)


TURNS = [
    Broken(
        "a blocked node takes a message that is not of control",
        stories.fan,
        lambda log: (
            log.changed(24, msg=3, edge="b:o->x:i")
            .changed(25, msg=3, edge="b:o->x:i")
            .changed(39, msg=6, edge="->x:stop")
            .changed(40, msg=6, edge="->x:stop")
        ),
        {
            "blocked-yield": [24],
            "band": [38],
            "weighted-fairness": [26, 33],
            "batch-bound": [23],
            "checkpoint-matches-replay": [48],
        },
        (
            "nothing but from edges of the control band while x is blocked",
            "message 3 of b:o->x:i, which has priority 1",
        ),
    ),
    Broken(
        "a tick of a blocked node",
        stories.pressure,
        lambda log: log.inserted(10, "TICK", 20_000, node="src", due_ns=20_000, missed=0).inserted(
            10, "TURN", 20_000, node="src", band=1
        ),
        {"blocked-yield": [11], "ready-only": [10], "tick-cadence": [23]},
        ("no TICK of src, which is blocked", "a TICK"),
    ),
    Broken(
        "no DELIVER",
        stories.pressure,
        lambda log: log.without(19),
        {"delivery": [19]},
        ("the DELIVER of message 2 to sink", "it does not come"),
    ),
    Broken(
        "no GET",
        stories.pressure,
        lambda log: log.without(18),
        {"delivery": [18]},
        ("a GET of message 2 before", "message 2 of src:out->sink:in to sink, attempt 1"),
    ),
    Broken(
        "delivered to another",
        stories.pressure,
        lambda log: log.changed(19, node="src"),
        {"delivery": [19]},
        (
            "message 2 of src:out->sink:in to sink, attempt 1",
            "message 2 of src:out->sink:in to src, attempt 1",
        ),
    ),
    Broken(
        "first delivered as the second attempt",
        stories.pressure,
        lambda log: log.changed(19, attempt=2),
        {"delivery": [19]},
        (
            "message 2 of src:out->sink:in to sink, attempt 1",
            "message 2 of src:out->sink:in to sink, attempt 2",
        ),
    ),
    Broken(
        "taken in the turn of another",
        stories.fan,
        lambda log: log.without(33),
        {"delivery": [33], "ready-only": [33]},
        ("message 4 of x:o->z:i taken in a turn of z", "in the turn of y"),
    ),
    Broken(
        "a lower priority first",
        stories.policies,
        lambda log: log.moved(38, 28).moved(39, 29),
        {"delivery": [28]},
        (
            "a message of s:c->t:merge first, which has priority 2",
            "message 4 of s:b->t:latest, which has priority 1",
        ),
    ),
    Broken(
        "no round robin of inputs",
        stories.fan,
        lambda log: (
            _exchanged(log, 15, 17)
            .changed(15, edge="a:o->x:i")
            .changed(16, edge="a:o->x:i")
            .changed(17, edge="b:o->x:i")
            .changed(18, edge="b:o->x:i")
            .changed(15, depth=0)
            .changed(17, depth=1)
        ),
        {"delivery": [15]},
        (
            "a message of b:o->x:i first, which has waited since the last one of a:o->x:i",
            "message 1 of a:o->x:i",
        ),
    ),
    Broken(
        "emitted by a node that does not run",
        stories.fan,
        lambda log: log.swapped(12, 13),
        {"delivery": [12, 12, 13], "put-result": [14]},
        ("the DELIVER of message 0 to x", "it does not come"),
    ),
    Broken(
        "a turn of a node that is not ready",
        stories.bands,
        lambda log: log.inserted(52, "TURN", node="m", band=1),
        {"ready-only": [52]},
        ("a turn of a ready node", "one of m: it has no message and no due tick"),
    ),
    Broken(
        "a turn at another time than what happens in it",
        stories.pressure,
        lambda log: log.changed(24, time_ns=50_001),
        {"ready-only": [24], "time-monotone": [25]},
        ("the time of its turn, 50000 ns", "50001 ns"),
    ),
    Broken(
        "a wrong band",
        stories.bands,
        lambda log: log.changed(46, band=2),
        {"band": [46]},
        ("the band of m, normal", "high"),
    ),
    Broken(
        "high before control",
        stories.bands,
        lambda log: _served(log, 1, 0, 2, 3),
        {"weighted-fairness": [40, 43]},
        ("a turn of the band control (credits left: control 4, high 2, normal 1)", "one of high"),
    ),
    Broken(
        "a node served twice while another waits",
        stories.bands,
        _starved,
        {"round-robin": [46, 49]},
        (
            "a turn of m first, which waits before n in the snapshot at the run's begin",
            "a turn of n",
        ),
    ),
    Broken(
        "more messages than a turn may take",
        stories.fan,
        lambda log: _other_bound(log, 2),
        {"batch-bound": [10]},
        ("at most 2 messages", "3 in this turn"),
    ),
    Broken(
        "a turn that stops halfway",
        stories.fan,
        _cut_turn,
        {"batch-bound": [10]},
        ("4 messages, or all that x may take", "2, and one more waits on a:o->x:i"),
    ),
    Broken(
        "a tick off the grid",
        stories.pressure,
        lambda log: log.changed(24, due_ns=50_001),
        {"tick-cadence": [24]},
        ("the tick due at 50000 ns", "that of 50001 ns"),
    ),
    Broken(
        "a tick too early",
        stories.pressure,
        lambda log: log.changed(4, time_ns=9_000).changed(5, time_ns=9_000),
        {"tick-cadence": [5], "ready-only": [4, 6]},
        ("not before 10000 ns", "at 9000 ns"),
    ),
    Broken(
        "ticks missed and not counted",
        stories.pressure,
        lambda log: log.changed(21, missed=0),
        {"tick-cadence": [21]},
        ("2 ticks missed", "0"),
    ),
    Broken(
        "a tick starved by messages",
        stories.errors,
        lambda log: log.without(27),
        {"tick-cadence": [27]},
        ("the TICK of strict that is due, first", "it does not come"),
    ),
    Broken(
        "a tick after its messages",
        stories.errors,
        lambda log: log.moved(27, 30),
        {"tick-cadence": [27, 29], "error-isolated": [30]},
        ("the TICK of strict that is due, first", "it does not come"),
    ),
    Broken(
        "a tick after their end",
        stories.pressure,
        lambda log: log.moved(25, 23),
        {"tick-cadence": [25], "ready-only": [24]},
        ("no TICK of src", "a TICK, though its ticks have ended"),
    ),
    Broken(
        "ticks ended twice",
        stories.pressure,
        lambda log: log.inserted(26, "TICKS_END", node="src"),
        {"tick-cadence": [26]},
        ("an end of ticks that go on", "src has ended them before"),
    ),
    Broken(
        "idle until a wrong time",
        stories.pressure,
        lambda log: log.changed(22, until_ns=60_000),
        {"idle-only-when-idle": [22]},
        ("idle until 50000 ns", "until 60000 ns"),
    ),
    Broken(
        "idle while a node is ready",
        stories.bands,
        lambda log: log.inserted(49, "IDLE"),
        {"idle-only-when-idle": [49]},
        ("a turn of n, which is ready", "IDLE"),
    ),
    Broken(
        "idle twice",
        stories.pressure,
        lambda log: log.inserted(22, "IDLE", until_ns=50_000),
        {"idle-only-when-idle": [23]},
        ("one IDLE", "another, with nothing between"),
    ),
    Broken(
        "FINISHED while a tick will come",
        stories.pressure,
        lambda log: log.without(25),
        {"idle-only-when-idle": [25]},
        ("FINISHED only when nothing can become ready", "a tick is due at 60000 ns"),
    ),
    Broken(
        "idle though nothing can become ready",
        stories.pressure,
        lambda log: log.inserted(26, "IDLE", 50_500),
        {"idle-only-when-idle": [26]},
        ("SHUTDOWN, for nothing can become ready any more", "IDLE"),
    ),
]
