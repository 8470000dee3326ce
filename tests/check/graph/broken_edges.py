"""Broken logs: edges, and messages on them."""

from __future__ import annotations

from tests.check.graph import stories
from tests.check.graph.graph_log import GraphLog
from tests.check.hand_made import Broken


def _exchanged(log: GraphLog, one: int, other: int) -> GraphLog:
    """Two messages taken in each other's place: GET and DELIVER."""
    first, second = log.events[one]["msg"], log.events[other]["msg"]
    for place, msg in ((one, second), (one + 1, second), (other, first), (other + 1, first)):
        log = log.changed(place, msg=msg)
    return log


def _reflushed(log: GraphLog) -> GraphLog:
    """Two pending messages enter, and so are taken, in the wrong order."""
    log = log.changed(23, msg=9).changed(24, msg=8)
    return _exchanged(log, 32, 34)


EDGES = [
    Broken(
        "messages taken in the wrong order",
        stories.policies,
        lambda log: _exchanged(log, 30, 32),
        {"edge-fifo": [30]},
        ("message 7, the oldest of s:c->t:merge", "message 8"),
    ),
    Broken(
        "pending ones entered in the wrong order",
        stories.policies,
        _reflushed,
        {"edge-fifo": [23]},
        ("message 8, pending the longest, first", "message 9"),
    ),
    Broken(
        "a message entered past one that is pending",
        stories.policies,
        lambda log: log.changed(13, result="OK", depth=3),
        {
            "edge-fifo": [13],
            "edge-capacity": [13],
            "put-result": [13],
            "edge-conservation": [24, 34],
            "flush-prompt": [24],
            "mutator-effect": [22],
            "delivery": [35],
        },
        ("message 8, pending for s:c->t:merge, enters first", "message 9 entered"),
    ),
    Broken(
        "a wrong depth of a PUT",
        stories.policies,
        lambda log: log.changed(2, depth=2),
        {"edge-capacity": [2]},
        ("a depth of 1", "2"),
    ),
    Broken(
        "a wrong depth of a GET",
        stories.policies,
        lambda log: log.changed(30, depth=3),
        {"edge-capacity": [30]},
        ("a depth of 2", "3"),
    ),
    Broken(
        "a wrong depth of a FLUSH",
        stories.policies,
        lambda log: log.changed(23, depth=None),
        {"edge-capacity": [23]},
        ("a depth of 3", "none"),
    ),
    Broken(
        "more messages than fit",
        stories.pressure,
        lambda log: log.changed(7, result="OK", depth=2),
        {
            "edge-capacity": [7],
            "put-result": [7],
            "edge-conservation": [12],
            "blocked-pure": [8, 9, 10],
        },
        ("at most 1 messages on src:out->sink:in", "message 1 entered as number 2"),
    ),
    Broken(
        "a control message that is dropped",
        stories.policies,
        lambda log: log.changed(14, result="DROPPED"),
        {"put-result": [14], "edge-conservation": [18]},
        ("BLOCKED (1 of 1, 0 pending)", "DROPPED (1 of 1, 0 pending)"),
    ),
    Broken(
        "the newest evicted instead of the oldest",
        stories.policies,
        lambda log: log.changed(6, other=2),
        {"put-result": [6], "edge-conservation": [20], "delivery": [21]},
        ("REPLACED with message 3", "REPLACED with message 2"),
    ),
    Broken(
        "a message merged into a control message",
        stories.policies,
        lambda log: log.changed(11, result="COALESCED", other=7),
        {"put-result": [11], "edge-conservation": [23], "blocked-pure": [12, 14]},
        ("BLOCKED (2 of 2, 0 pending)", "COALESCED with message 7"),
    ),
    Broken(
        "a hole in the numbers",
        stories.policies,
        lambda log: log.changed(3, msg=2),
        {"put-result": [3]},
        ("message 1", "message 2"),
    ),
    Broken(
        "a message that one edge of its port lacks",
        stories.fan,
        lambda log: log.without(14),
        {"put-result": [13], "edge-capacity": [20], "edge-conservation": [33], "delivery": [34]},
        ("message 4 put on every edge of its port", "not on x:o->z:i"),
    ),
    Broken(
        "the second edge of a port is served in a later callback",
        stories.fan,
        lambda log: log.moved(14, 19),
        {"put-result": [18]},
        (
            "message 4 put on every edge of its port at once",
            "on x:o->z:i after something else",
        ),
    ),
    Broken(
        "another type on the second edge",
        stories.fan,
        lambda log: log.changed(14, type="ERROR"),
        {"put-result": [14]},
        ("the type and trace of message 4 as put before", "others"),
    ),
    Broken(
        "a message taken twice",
        stories.pressure,
        lambda log: log.changed(18, msg=1),
        {"edge-conservation": [18]},
        ("a message that is on src:out->sink:in", "message 1, which is not"),
    ),
    Broken(
        "a message that vanishes",
        stories.bands,
        lambda log: log.without(23, 24, 25),
        {"edge-conservation": [24], "weighted-fairness": [26]},
        ("message 2 of ->c:in delivered, evicted or left over", "it is gone"),
    ),
    Broken(
        "a message left over twice",
        stories.bands,
        lambda log: log.inserted(58, "LEFTOVER", **log.events[57].values),
        {"edge-conservation": [58]},
        ("a message that is left on ->n:in, once", "message 12"),
    ),
    Broken(
        "no BLOCK",
        stories.pressure,
        lambda log: log.without(8),
        {"blocked-pure": [8]},
        ("a BLOCK of src by src:out->sink:in", "it does not come"),
    ),
    Broken(
        "BLOCK again",
        stories.pressure,
        lambda log: log.inserted(10, "BLOCK", **log.events[8].values),
        {"blocked-pure": [10], "ready-only": [10]},
        (
            "no BLOCK but after the first message that is pending",
            "a BLOCK of src by src:out->sink:in",
        ),
    ),
    Broken(
        "a blocked message that changes the edge",
        stories.pressure,
        lambda log: log.changed(9, depth=2),
        {"blocked-pure": [9]},
        ("a depth of 1", "2"),
    ),
    Broken(
        "a message taken while it is pending",
        stories.pressure,
        lambda log: log.changed(11, msg=1),
        {"blocked-pure": [11]},
        ("message 1 enters src:out->sink:in before it is taken", "it was still pending"),
    ),
    Broken(
        "a late FLUSH",
        stories.pressure,
        lambda log: log.swapped(12, 13),
        {"flush-prompt": [12]},
        ("a FLUSH of message 1 into src:out->sink:in, which has room", "it does not come"),
    ),
    Broken(
        "no FLUSH",
        stories.pressure,
        lambda log: log.without(12),
        {"flush-prompt": [12]},
        ("a FLUSH of message 1 into src:out->sink:in, which has room", "it does not come"),
    ),
    Broken(
        "no WAKE",
        stories.pressure,
        lambda log: log.without(16),
        {"flush-prompt": [16]},
        ("a WAKE of src by src:out->sink:in", "it does not come"),
    ),
    Broken(
        "no FLUSH when a capacity grew",
        stories.policies,
        lambda log: log.without(24),
        {"flush-prompt": [24]},
        ("a FLUSH of message 9 into s:c->t:merge, which has room", "it does not come"),
    ),
    Broken(
        "a FLUSH later than the change of capacity",
        stories.policies,
        lambda log: log.changed(24, time_ns=1).changed(25, time_ns=1),
        {"flush-prompt": [24], "time-monotone": [26]},
        ("a FLUSH at once, at 0 ns", "one at 1 ns"),
    ),
    Broken(
        "a WAKE later than the FLUSH",
        stories.policies,
        lambda log: log.changed(25, time_ns=1),
        {"flush-prompt": [25], "time-monotone": [26]},
        ("a WAKE at once, at 0 ns", "one at 1 ns"),
    ),
    Broken(
        "WAKE while a message is pending",
        stories.pressure,
        lambda log: log.inserted(13, "WAKE", **log.events[16].values),
        {"edge-conservation": [13, 16], "flush-prompt": [13]},
        ("message 2 enters src:out->sink:in, or stays pending", "its producer wakes without it"),
    ),
    Broken(
        "a wrong old value",
        stories.policies,
        lambda log: log.changed(9, old=2),
        {"mutator-effect": [9]},
        ("CAPACITY 1 before", "2"),
    ),
    Broken(
        "a capacity of 0",
        stories.policies,
        lambda log: log.changed(26, new=0),
        {"mutator-effect": [26], "checkpoint-matches-replay": [49]},
        ("CAPACITY of at least 1", "0"),
    ),
    Broken(
        "a priority of 4",
        stories.policies,
        lambda log: log.changed(27, new=4),
        {
            "mutator-effect": [27],
            "delivery": [30, 32, 34],
            "band": [43],
            "checkpoint-matches-replay": [49, 49],
        },
        ("PRIORITY of 1, 2 or 3", "4"),
    ),
    Broken(
        "a message evicted by a change",
        stories.policies,
        lambda log: log.changed(26, depth=1),
        {"mutator-effect": [26]},
        ("a depth of 4", "1"),
    ),
]
