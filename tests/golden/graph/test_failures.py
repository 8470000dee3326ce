"""Nodes that raise: does each golden hold its situation?

Times are nanoseconds.
"""

from __future__ import annotations

from collections import Counter

from tests.golden.graph.telling import (
    Read,
    between,
    delivered,
    left_over,
    moments,
    names,
    results,
    turns,
)
from tests.golden.reading import Story


def _failures(told: Story, node: str) -> list[tuple[str, int, int, str]]:
    return [
        (
            event.fields["call"],
            event.fields["msg"],
            event.fields["attempt"],
            event.fields["disposition"],
        )
        for event in told.of("ERROR", node=node)
    ]


def _attempts(told: Story, node: str, first: int, last: int) -> list[tuple[int, int]]:
    return [
        (event.fields["msg"], event.fields["attempt"])
        for event in told.of("DELIVER", node=node)
        if first <= event.fields["msg"] <= last
    ]


# ---- skip and retry


def test_skip_gives_a_message_up(story: Read) -> None:
    told = story("graph/node-that-raises")
    assert _failures(told, "parser") == [("MESSAGE", msg, 1, "SKIPPED") for msg in (4, 9, 14, 19)]
    assert delivered(told, "parser") == list(range(24))
    assert (
        told.of("ERROR", node="parser")[0].fields["error"] == "ValueError: line 4 can't be parsed"
    )


def test_a_third_attempt_succeeds(story: Read) -> None:
    told = story("graph/node-that-raises")
    assert _failures(told, "loose-contact") == [
        ("MESSAGE", msg, attempt, "RETRIED") for msg in (3, 11, 19) for attempt in (1, 2)
    ]
    assert _attempts(told, "loose-contact", 2, 4) == [(2, 1), (3, 1), (3, 2), (3, 3), (4, 1)]
    gets = [
        event.time_ns
        for event in told.of("GET", msg=3)
        if event.fields["edge"] == "reader:lines->loose-contact:lines"
    ]
    assert gets == [42_000]


def test_retries_are_exhausted(story: Read) -> None:
    told = story("graph/node-that-raises")
    assert _failures(told, "printer") == [
        ("MESSAGE", 10, 1, "RETRIED"),
        ("MESSAGE", 10, 2, "RETRIED"),
        ("MESSAGE", 10, 3, "SKIPPED"),
    ]
    assert _attempts(told, "printer", 9, 11) == [(9, 1), (10, 1), (10, 2), (10, 3), (11, 1)]
    last = [entry for entry in between(told, 129_000, 131_000) if entry[1] != "IDLE"]
    assert last == [
        (129_000, "TURN", "printer", 1),
        (129_000, "DELIVER", 10, "printer", 3),
        (129_000, "ERROR", "printer", "MESSAGE", "SKIPPED", "OSError: paper jam"),
        (130_000, "TURN", "printer", 1),
        (130_000, "GET", 11, 0),
        (130_000, "DELIVER", 11, "printer", 1),
    ]


def test_a_failed_tick_ends_the_turn_unless_errors_are_skipped(story: Read) -> None:
    told = story("graph/node-that-raises")
    assert between(told, 181_000, 183_000) == [
        (181_000, "TURN", "skipping-counter", 1),
        (181_000, "TICK", "skipping-counter", 180_000, 0),
        (181_000, "ERROR", "skipping-counter", "TICK", "SKIPPED", "RuntimeError: tick 6"),
        (181_000, "GET", 16, 1),
        (181_000, "DELIVER", 16, "skipping-counter", 1),
        (181_000, "GET", 17, 0),
        (181_000, "DELIVER", 17, "skipping-counter", 1),
        (182_000, "TURN", "retrying-counter", 1),
        (182_000, "TICK", "retrying-counter", 180_000, 0),
        (182_000, "ERROR", "retrying-counter", "TICK", "SKIPPED", "RuntimeError: tick 6"),
    ]


def test_ticks_go_on_after_errors(story: Read) -> None:
    told = story("graph/node-that-raises")
    due = [event.fields["due_ns"] for event in told.of("TICK", node="retrying-counter")]
    assert due == [30_000 * number for number in range(1, 10)]


def test_a_failed_stop_stops_nobody_else(story: Read) -> None:
    told = story("graph/node-that-raises")
    failed = "RuntimeError: 24 lines, and nobody to tell"
    assert between(told, 272_000, 273_000) == [
        (272_000, "SHUTDOWN", "FINISHED", 2_000_272_000),
        (272_000, "STOP", "retrying-counter"),
        (272_000, "ERROR", "retrying-counter", "STOP", "SKIPPED", failed),
        (272_000, "STOP", "skipping-counter"),
        (272_000, "ERROR", "skipping-counter", "STOP", "SKIPPED", failed),
        (272_000, "STOP", "printer"),
        (272_000, "STOP", "loose-contact"),
        (272_000, "STOP", "parser"),
        (272_000, "STOP", "reader"),
        (272_000, "RUN_END", None),
    ]


# ---- stop


def test_a_node_stops_the_graph(story: Read) -> None:
    told = story("graph/stop-policy")
    assert between(told, 51_000, 54_000) == [
        (51_000, "TURN", "press", 1),
        (51_000, "GET", 64, 3),
        (51_000, "FLUSH", 68, 4),
        (51_000, "DELIVER", 64, "press", 1),
        (51_000, "PUT", 72, "OK"),
        (51_000, "GET", 65, 3),
        (51_000, "FLUSH", 69, 4),
        (51_000, "DELIVER", 65, "press", 1),
        (51_000, "PUT", 73, "OK"),
        (51_000, "ERROR", "press", "MESSAGE", "STOPPED", "RuntimeError: sheet 33 is torn"),
        (51_000, "DISABLE", "press", "feeder:sheets->press:sheets"),
        (52_000, "SHUTDOWN", "ERROR", 2_000_052_000),
        (52_000, "TURN", "lamp", 2),
        (52_000, "GET", 73, 0),
        (52_000, "DELIVER", 73, "lamp", 1),
        (53_000, "TURN", "tray", 1),
        (53_000, "GET", 72, 0),
        (53_000, "DELIVER", 72, "tray", 1),
    ]


def test_what_waited_for_a_stopped_node_is_left_over(story: Read) -> None:
    told = story("graph/stop-policy")
    edge = "feeder:sheets->press:sheets"
    assert left_over(told) == {(edge, "QUEUED"): [66, 67, 68, 69], (edge, "PENDING"): [70, 71]}
    assert names(told.of("STOP")) == ["lamp", "tray", "press", "feeder"]


# ---- a failed start


def test_nodes_that_can_not_start_are_disabled(story: Read) -> None:
    told = story("graph/failed-start")
    assert between(told, 0, 1)[:-1] == [
        (0, "RUN_BEGIN", None),
        (0, "START", "thermometer"),
        (0, "START", "barometer"),
        (0, "START", "microphone"),
        (0, "ERROR", "microphone", "START", "DISABLED", "OSError: no microphone"),
        (0, "DISABLE", "microphone", None),
        (0, "START", "database"),
        (0, "ERROR", "database", "START", "DISABLED", "ConnectionError: no server"),
        (0, "DISABLE", "database", "thermometer:readings->database:temperature"),
        (0, "DISABLE", "database", "barometer:readings->database:pressure"),
        (0, "START", "display"),
    ]
    assert names(told.of("STOP")) == ["display", "barometer", "thermometer"]


def test_the_rest_runs_and_who_needs_them_waits(story: Read) -> None:
    told = story("graph/failed-start")
    served = Counter(node for node, _ in turns(told))
    assert served == {"thermometer": 40, "display": 40, "barometer": 5}
    assert moments(told, "BLOCK", "WAKE") == [("BLOCK", 51_000)]
    assert names(told.of("BLOCK")) == ["barometer"]
    temperature = "thermometer:readings->database:temperature"
    pressure = "barometer:readings->database:pressure"
    assert results(told, temperature) == {"OK": 4, "DROPPED": 36}
    assert results(told, pressure) == {"OK": 4, "BLOCKED": 1}
    assert left_over(told) == {
        (temperature, "QUEUED"): [0, 2, 4, 6],
        (pressure, "QUEUED"): [1, 3, 5, 7],
        (pressure, "PENDING"): [9],
    }
    ends = {node["name"]: node["state"] for node in told.snapshots[0, "RUN_END"]["nodes"]}
    assert ends == {
        "thermometer": "STOPPED",
        "barometer": "STOPPED",
        "microphone": "DISABLED",
        "database": "DISABLED",
        "display": "STOPPED",
    }
