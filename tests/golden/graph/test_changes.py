"""Changes while running, ticks, shutdown, and traces of several runs: does each golden hold its situation?

Times are nanoseconds.
"""

from __future__ import annotations

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

# ---- capacities and priorities

_BLOCKING = "truck-packer:boxes->truck:boxes"
_LATEST = "scale-packer:boxes->scale:boxes"


def test_knobs_are_turned(story: Read) -> None:
    told = story("graph/capacity-shrunk-and-grown")
    assert [(event.time_ns, *event.fields.values()) for event in told.of("MUTATE")] == [
        (153_000, _BLOCKING, "CAPACITY", 8, 2, 8),
        (300_000, _LATEST, "CAPACITY", 8, 3, 7),
        (458_000, _BLOCKING, "CAPACITY", 2, 6, 2),
        (607_000, _LATEST, "PRIORITY", 1, 2, 2),
        (754_000, _LATEST, "CAPACITY", 3, 5, 1),
        (900_000, _BLOCKING, "CAPACITY", 6, 1, 6),
        (1_057_000, _BLOCKING, "CAPACITY", 1, 16, 3),
        (1_204_000, _LATEST, "PRIORITY", 2, 1, 0),
    ]


def test_shrinking_evicts_nothing(story: Read) -> None:
    told = story("graph/capacity-shrunk-and-grown")
    kept = [
        (event.kind, event.fields["msg"], event.fields["depth"])
        for event in told.events
        if event.fields.get("edge") == _BLOCKING
        and event.kind in ("GET", "FLUSH")
        and event.time_ns > 153_000
    ]
    assert kept[:9] == [
        ("GET", 5, 7),
        ("GET", 6, 6),
        ("GET", 7, 5),
        ("GET", 8, 4),
        ("GET", 9, 3),
        ("GET", 20, 2),
        ("GET", 21, 1),
        ("FLUSH", 23, 2),
        ("GET", 22, 1),
    ]
    assert len(delivered(told, "truck")) == 120
    assert left_over(told) == {}


def test_an_edge_over_its_capacity_is_full(story: Read) -> None:
    told = story("graph/capacity-shrunk-and-grown")
    puts = [
        (event.fields["result"], event.fields["depth"], event.fields["other"])
        for event in told.of("PUT", edge=_LATEST)
        if event.time_ns == 323_000
    ]
    assert puts == [("REPLACED", 6, other) for other in range(64, 74)]


def test_growing_lets_in_what_is_pending(story: Read) -> None:
    told = story("graph/capacity-shrunk-and-grown")
    assert between(told, 1_057_000, 1_058_000) == [
        (1_057_000, "TURN", "operator", 3),
        (1_057_000, "TICK", "operator", 1_050_000, 0),
        (1_057_000, "MUTATE", "CAPACITY", 1, 16, 3),
        (1_057_000, "FLUSH", 147, 4),
        (1_057_000, "FLUSH", 148, 5),
        (1_057_000, "FLUSH", 149, 6),
        (1_057_000, "WAKE", "truck-packer"),
    ]


def test_a_priority_changes_the_band(story: Read) -> None:
    told = story("graph/capacity-shrunk-and-grown")
    served = [(event.time_ns, event.fields["band"]) for event in told.of("TURN", node="scale")]
    assert {band for time_ns, band in served if time_ns < 607_000} == {1}
    assert {band for time_ns, band in served if 607_000 < time_ns < 1_204_000} == {2}
    assert {band for time_ns, band in served if time_ns > 1_204_000} == {1}


# ---- ticks


def test_late_ticks_are_merged_and_the_grid_stays(story: Read) -> None:
    told = story("graph/ticks-under-load")
    ticks = [
        (event.time_ns, event.fields["due_ns"], event.fields["missed"])
        for event in told.of("TICK", node="presto")
    ]
    assert ticks[:6] == [
        (20_000, 20_000, 0),
        (40_000, 40_000, 0),
        (125_000, 60_000, 3),
        (203_000, 140_000, 3),
        (282_000, 220_000, 3),
        (360_000, 300_000, 3),
    ]
    due = 20_000
    for _, due_ns, missed in ticks:
        assert due_ns == due
        due += (missed + 1) * 20_000


def test_ticks_of_every_interval(story: Read) -> None:
    told = story("graph/ticks-under-load")
    intervals = {node["name"]: node["tick_interval_ns"] for node in told.device["nodes"]}
    assert intervals == {
        "hopper": 50_000,
        "mixer": 80_000,
        "panel": None,
        "presto": 20_000,
        "andante": 70_000,
        "default": 250_000,
    }
    due = [event.fields["due_ns"] for event in told.of("TICK", node="default")]
    assert due == [250_000 * number for number in range(1, 8)]


def test_a_node_ends_its_ticks(story: Read) -> None:
    told = story("graph/ticks-under-load")
    due = [event.fields["due_ns"] for event in told.of("TICK", node="andante")]
    assert due == [70_000, 140_000, 210_000, 350_000, 420_000, 490_000]
    assert moments(told, "TICKS_END") == [("TICKS_END", 557_000)]


def test_messages_can_not_starve_a_tick(story: Read) -> None:
    told = story("graph/ticks-under-load")
    assert [entry[1] for entry in between(told, 166_000, 167_000)] == [
        *("TURN", "TICK", "PUT"),
        *("GET", "DELIVER") * 4,
    ]
    late_ns = [event.time_ns - event.fields["due_ns"] for event in told.of("TICK", node="mixer")]
    assert (len(late_ns), max(late_ns)) == (24, 37_000)
    assert results(told, "hopper:grains->mixer:grains") == {"OK": 208, "DROPPED": 92}


def test_the_time_is_over(story: Read) -> None:
    told = story("graph/ticks-under-load")
    assert told.of("SHUTDOWN")[0].fields == {"reason": "UNTIL", "deadline_ns": 3_027_000}
    assert [entry for entry in between(told, 2_000_000, 3_000_000) if entry[1] != "STOP"] == [
        (2_027_000, "SHUTDOWN", "UNTIL", 3_027_000),
        (2_027_000, "TURN", "mixer", 1),
        (2_027_000, "GET", 315, 3),
        (2_027_000, "DELIVER", 315, "mixer", 1),
        (2_027_000, "GET", 316, 2),
        (2_027_000, "DELIVER", 316, "mixer", 1),
        (2_027_000, "GET", 317, 1),
        (2_027_000, "DELIVER", 317, "mixer", 1),
        (2_027_000, "GET", 318, 0),
        (2_027_000, "DELIVER", 318, "mixer", 1),
        (2_064_000, "RUN_END", None),
    ]


# ---- shutdown


def test_a_deadline_leaves_messages_over(story: Read) -> None:
    told = story("graph/shutdown-with-leftovers")
    assert between(told, 680_000, 682_000)[:3] == [
        (680_000, "TURN", "clerk", 1),
        (680_000, "TICK", "clerk", 600_000, 0),
        (681_000, "SHUTDOWN", "REQUESTED", 881_000),
    ]
    disk, uplink = "disk-source:records->disk:records", "uplink-source:records->uplink:records"
    assert left_over(told) == {
        (disk, "QUEUED"): [54, 55],
        (uplink, "HELD"): [44],
        (uplink, "QUEUED"): [45, 46, 47, *range(56, 61)],
        (uplink, "PENDING"): [61, 62, 63],
    }
    assert told.of("TURN")[-1].time_ns == 869_000
    assert {event.time_ns for event in told.of("STOP")} == {900_000}
    assert names(told.of("STOP")) == ["uplink", "uplink-source", "disk", "disk-source", "clerk"]


def test_a_drain_takes_no_ticks_and_goes_on_trying(story: Read) -> None:
    told = story("graph/shutdown-with-leftovers")
    assert [node for node, _ in turns(told)][-9:] == ["disk", "uplink"] * 4 + ["disk"]
    assert told.of("TICK")[-1].time_ns == 680_000
    tried = [(event.time_ns, event.fields["attempt"]) for event in told.of("DELIVER", msg=44)]
    assert tried == [(712_000, 1), (759_000, 2), (806_000, 3), (853_000, 4)]
    (_, edge) = told.snapshots[0, "RUN_END"]["edges"]
    assert edge["held"] == [44, 4]


# ---- several runs


def test_a_boundary_finds_messages_pending_and_held(story: Read) -> None:
    told = story("graph/checkpoints")
    assert [event.fields["end"] for event in told.of("RUN_END")] == ["CHECKPOINT"] * 7 + [
        "FINISHED"
    ]
    end = told.snapshots[0, "RUN_END"]
    assert end["edges"][0] == {
        "id": "camera:frames->radio:frames",
        "capacity": 4,
        "priority": 1,
        "queued": [[17, False], [18, False], [21, False], [22, False]],
        "pending": [[23, False], [24, False], [25, False], [26, False]],
        "held": [16, 1],
    }
    assert (end["clock_ns"], end["nodes"][0]["due_ns"]) == (188_000, 180_000)
    assert end["ready"] == {"control": [], "high": [], "normal": ["radio"]}
    assert told.snapshots[3, "RUN_END"]["ready"]["normal"] == ["camera", "radio"]


def test_the_next_run_goes_on_where_the_last_ended(story: Read) -> None:
    told = story("graph/checkpoints")
    for run in range(7):
        assert told.snapshots[run + 1, "RUN_BEGIN"] == told.snapshots[run, "RUN_END"]
    tried = [
        (event.run, event.time_ns, event.fields["attempt"]) for event in told.of("DELIVER", msg=16)
    ]
    assert tried == [(0, 179_000, 1), (1, 188_000, 2), (1, 193_000, 3)]
    entered = [(event.run, event.time_ns) for event in told.of("FLUSH", msg=23)]
    assert entered == [(1, 198_000)]
    assert {event.run for event in told.of("WAKE") if event.time_ns < 356_000} == {0, 1}
    assert left_over(told) == {}
