"""Who is served, what edges let through, and who waits: does each golden hold its situation?

Times are nanoseconds.
"""

from __future__ import annotations

from collections import Counter

import pytest

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

# ---- bands


def test_bands_under_overload_are_served_four_to_two_to_one(story: Read) -> None:
    told = story("graph/bands-under-overload")
    assert turns(told)[:14] == [
        ("control-left", 3),
        ("control-right", 3),
        ("control-left", 3),
        ("control-right", 3),
        ("high-left", 2),
        ("high-right", 2),
        ("normal-left", 1),
        ("control-left", 3),
        ("control-right", 3),
        ("control-left", 3),
        ("control-right", 3),
        ("high-left", 2),
        ("high-right", 2),
        ("normal-right", 1),
    ]
    bands = [band for _, band in turns(told)]
    assert bands == [3, 3, 3, 3, 2, 2, 1] * 40
    assert told.of("IDLE") == []


def test_peers_of_a_band_take_turns(story: Read) -> None:
    served = [node for node, _ in turns(story("graph/bands-under-overload"))]
    for band, turns_each in (("control", 80), ("high", 40), ("normal", 20)):
        of_band = [node for node in served if node.startswith(band)]
        assert of_band == [f"{band}-left", f"{band}-right"] * turns_each


def test_edges_into_one_port_are_read_in_turn(story: Read) -> None:
    told = story("graph/subgraphs-and-fan-in")
    read = [
        event.fields["edge"].partition("/")[0]
        for event in told.of("GET")
        if event.fields["edge"].endswith("packer:pieces")
    ]
    assert read[:10] == [
        *("red", "green", "blue", "red", "green", "red"),
        *("green", "red", "red", "red"),
    ]
    assert read[10:20] == [
        *("blue", "green", "red", "green", "red", "green"),
        *("red", "red", "red", "red"),
    ]
    assert Counter(read) == {"red": 72, "green": 36, "blue": 12}


def test_nested_subgraphs_are_named_by_their_path(story: Read) -> None:
    told = story("graph/subgraphs-and-fan-in")
    started = [
        *("red/machine", "red/finishing/ground", "red/finishing/polished"),
        *("green/machine", "green/finishing/ground", "green/finishing/polished"),
        *("blue/machine", "blue/finishing/ground", "blue/finishing/polished"),
        *("packer", "ledger", "archive"),
    ]
    assert names(told.of("START")) == started
    assert names(told.of("STOP")) == started[::-1]
    assert [edge["id"] for edge in told.device["edges"]][:2] == [
        "red/finishing/ground:out->red/finishing/polished:in",
        "red/machine:pieces->red/finishing/ground:in",
    ]


def test_a_fan_out_is_one_message_and_an_override_fixes_the_band(story: Read) -> None:
    told = story("graph/subgraphs-and-fan-in")
    puts = [
        (event.fields["msg"], event.fields["edge"])
        for event in told.of("PUT")
        if event.fields["edge"].startswith("packer:boxes")
    ]
    assert puts[:4] == [
        (30, "packer:boxes->ledger:boxes"),
        (30, "packer:boxes->archive:boxes"),
        (31, "packer:boxes->ledger:boxes"),
        (31, "packer:boxes->archive:boxes"),
    ]
    assert {edge["priority"] for edge in told.device["edges"][-2:]} == {2}
    served = set(turns(told))
    assert ("ledger", 2) in served
    assert {band for node, band in served if node == "archive"} == {1}


# ---- edges that block


def test_a_producer_waits_for_a_slow_consumer(story: Read) -> None:
    told = story("graph/block-slow-consumer")
    waits = moments(told, "BLOCK", "WAKE")
    assert waits[:4] == [
        *[("BLOCK", 20_000), ("WAKE", 72_000)],
        *[("BLOCK", 123_000), ("WAKE", 277_000)],
    ]
    assert [kind for kind, _ in waits] == ["BLOCK", "WAKE"] * 12
    ticks = [
        (event.time_ns, event.fields["due_ns"], event.fields["missed"]) for event in told.of("TICK")
    ]
    assert ticks[:3] == [(20_000, 20_000, 0), (123_000, 40_000, 4), (328_000, 140_000, 9)]


def test_a_blocked_producer_has_no_turn_and_loses_nothing(story: Read) -> None:
    told = story("graph/block-slow-consumer")
    blocked, turns_while_blocked = False, 0
    for event in told.events:
        if event.kind in ("BLOCK", "WAKE"):
            blocked = event.kind == "BLOCK"
        elif event.kind == "TURN" and event.fields["node"] == "camera":
            turns_while_blocked += blocked
    assert turns_while_blocked == 0
    assert turns(told).count(("camera", 1)) == 12
    assert delivered(told, "laboratory") == list(range(96))
    assert results(told, "camera:pictures->laboratory:pictures") == {"OK": 4, "BLOCKED": 92}
    assert max(event.fields["depth"] for event in told.of("PUT")) == 4


def test_a_control_message_stops_pumps_at_once(story: Read) -> None:
    told = story("graph/kill-switch")
    assert between(told, 719_000, 722_000) == [
        (719_000, "TURN", "watchdog", 1),
        (719_000, "TICK", "watchdog", 660_000, 0),
        (719_000, "PUT", 168, "OK"),
        (719_000, "PUT", 168, "OK"),
        (719_000, "TICKS_END", "watchdog"),
        (720_000, "TURN", "open-pump", 3),
        (720_000, "TICK", "open-pump", 700_000, 0),
        *((720_000, "PUT", msg, "DROPPED") for msg in range(169, 181)),
        (720_000, "GET", 168, 0),
        (720_000, "DELIVER", 168, "open-pump", 1),
        (720_000, "TICKS_END", "open-pump"),
        (721_000, "TURN", "blocked-pump", 3),
        (721_000, "GET", 168, 0),
        (721_000, "DELIVER", 168, "blocked-pump", 1),
        (721_000, "TICKS_END", "blocked-pump"),
    ]
    assert moments(told, "BLOCK", "WAKE")[-2:] == [("BLOCK", 687_000), ("WAKE", 795_000)]


def test_after_the_stop_only_what_was_sent_is_read(story: Read) -> None:
    told = story("graph/kill-switch")
    later = {node for node, _ in turns(told)[-8:]}
    assert later == {"open-gauge", "blocked-gauge"}
    assert results(told, "open-pump:strokes->open-gauge:strokes") == {"OK": 55, "DROPPED": 53}
    assert results(told, "blocked-pump:strokes->blocked-gauge:strokes") == {
        "OK": 18,
        "BLOCKED": 54,
    }
    assert len(delivered(told, "open-gauge")) == 55
    assert len(delivered(told, "blocked-gauge")) == 72
    assert left_over(told) == {}


# ---- policies

_BURSTS = (
    range(6),
    range(6, 12),
    range(12, 17),
    range(17, 21),
    range(21, 26),
    range(26, 27),
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("block", ["OOOBBB", "OOOBBB", "OOOBB", "OOOB", "OOOBB", "O"]),
        ("drop", ["OOODDD", "OOOBBB", "OOODD", "OOOD", "OOODD", "O"]),
        ("latest", ["OOORRR", "OOOBBB", "OOORR", "OOOB", "OOORR", "O"]),
        ("coalesce", ["OOOCCC", "OOOBBB", "OOOCC", "OOOB", "OOOBB", "O"]),
    ],
)
def test_a_burst_meets_each_policy(story: Read, policy: str, expected: list[str]) -> None:
    told = story("graph/mixed-policies-under-burst")
    by_msg = {
        event.fields["msg"]: event.fields["result"][0]
        for event in told.of("PUT", edge=f"sensor:readings->{policy}:readings")
    }
    assert ["".join(by_msg[msg] for msg in burst) for burst in _BURSTS] == expected


@pytest.mark.parametrize(
    ("policy", "lost"),
    [
        ("block", []),
        ("drop", [3, 4, 5, 15, 16, 20, 24, 25]),
        ("latest", [0, 1, 2, 13, 14, 21, 22]),
        ("coalesce", [3, 4, 5, 15, 16]),
    ],
)
def test_what_a_policy_costs(story: Read, policy: str, lost: list[int]) -> None:
    told = story("graph/mixed-policies-under-burst")
    assert delivered(told, policy) == [msg for msg in range(27) if msg not in lost]
    controls = [event.fields["msg"] for event in told.of("PUT", type="CONTROL")]
    assert sorted({*controls}) == [9, 12, 17, 18, 19, 23]
    assert not {*lost} & {*controls}


def test_who_is_evicted_and_who_is_merged_into(story: Read) -> None:
    told = story("graph/mixed-policies-under-burst")
    others = {
        result: [
            (event.fields["msg"], event.fields["other"]) for event in told.of("PUT", result=result)
        ]
        for result in ("REPLACED", "COALESCED")
    }
    assert others["REPLACED"] == [(3, 0), (4, 1), (5, 2), (15, 13), (16, 14), (24, 21), (25, 22)]
    assert others["COALESCED"] == [(3, 2), (4, 2), (5, 2), (15, 14), (16, 14)]


def test_a_node_is_blocked_until_all_its_edges_are_read(story: Read) -> None:
    told = story("graph/mixed-policies-under-burst")
    waits = [
        (event.kind, event.time_ns, event.fields["edge"].partition("->")[2])
        for event in told.events
        if event.kind in ("BLOCK", "WAKE")
    ]
    assert waits[:4] == [
        ("BLOCK", 100_000, "block:readings"),
        ("WAKE", 101_000, "block:readings"),
        ("BLOCK", 200_000, "block:readings"),
        ("WAKE", 204_000, "coalesce:readings"),
    ]


# ---- cycles


def test_a_feedback_loop_keeps_going(story: Read) -> None:
    told = story("graph/cycle")
    assert names(told.of("START")) == ["store", "inspector", "lathe", "shelf"]
    assert names(told.of("STOP")) == ["shelf", "lathe", "inspector", "store"]
    assert Counter(event.fields["edge"] for event in told.of("DELIVER")) == {
        "store:parts->lathe:new": 30,
        "lathe:turned->inspector:turned": 75,
        "inspector:bad->lathe:again": 45,
        "inspector:good->shelf:good": 30,
    }
    blocked = Counter(names(told.of("BLOCK")))
    assert blocked == Counter(names(told.of("WAKE"))) == {"lathe": 12, "store": 3, "inspector": 3}
    assert max(event.fields["depth"] for event in told.of("PUT")) == 4
    assert left_over(told) == {}


def test_what_comes_back_goes_before_what_is_new(story: Read) -> None:
    told = story("graph/cycle")
    assert turns(told)[:7] == [
        ("store", 1),
        ("lathe", 1),
        ("inspector", 1),
        ("lathe", 2),
        ("inspector", 1),
        ("lathe", 2),
        ("shelf", 1),
    ]
    read = [
        (event.time_ns, event.fields["edge"].partition(":")[0])
        for event in told.of("DELIVER", node="lathe")
    ]
    assert read[5:15] == [
        *[(23_000, "inspector")] * 5,
        *[(25_000, "inspector")] * 2,
        *[(25_000, "store")] * 3,
    ]


def test_a_loop_that_stalls_is_found_out(story: Read) -> None:
    told = story("graph/cycle-that-stalls")
    assert moments(told, "BLOCK", "WAKE", "SHUTDOWN") == [
        ("BLOCK", 3_000),
        ("WAKE", 4_000),
        ("BLOCK", 4_000),
        ("WAKE", 5_000),
        ("BLOCK", 5_000),
        ("WAKE", 6_000),
        ("BLOCK", 6_000),
        ("BLOCK", 7_000),
        ("SHUTDOWN", 8_000),
    ]
    assert told.of("SHUTDOWN")[0].fields["reason"] == "FINISHED"
    there, back = "caller:calls->echo:calls", "echo:calls->caller:calls"
    assert left_over(told) == {
        (there, "QUEUED"): [*range(23, 29), *range(41, 47)],
        (there, "PENDING"): [51, 52],
        (back, "QUEUED"): [*range(32, 41), 47, 48, 49],
        (back, "PENDING"): [50],
    }
