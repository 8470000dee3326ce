"""What events say of others: what is withdrawn, drained and refilled, who did it, how a run ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace import Recorder
from nandtrace.check import verify_trace
from tests.check.native import DEVICE, Calls, legal_calls, record

CUT = {"reason": "SUSPEND"}


def place_of(calls: Calls, name: str, number: int = 0, **having: Any) -> int:
    return [
        place
        for place, (called, told) in enumerate(calls)
        if called == name and all(told.get(key) == value for key, value in having.items())
    ][number]


def violated(path: Path) -> set[str]:
    return {item.id for item in verify_trace(path).invariants if item.violated}


def test_an_event_is_withdrawn_once(tmp_path: Path) -> None:
    calls = legal_calls()
    place = place_of(calls, "cancel", **CUT)
    calls.insert(place, calls[place])
    assert violated(record(tmp_path / "twice.mpk", calls)) == {"one-op-end-per-segment"}


def test_what_has_come_is_not_withdrawn(tmp_path: Path) -> None:
    calls = legal_calls()
    place = place_of(calls, "op_end")
    end = calls[place][1]
    told = {"seg": end["seg"], "event": "OP_END", "due_ns": end["time_ns"], "reason": "RESET"}
    calls.insert(place + 1, ("cancel", {"time_ns": end["time_ns"], **told}))
    found = violated(record(tmp_path / "late.mpk", calls))
    assert "one-op-end-per-segment" in found


def test_what_is_withdrawn_was_due_as_committed(tmp_path: Path) -> None:
    calls = legal_calls()
    calls[place_of(calls, "cancel", **CUT)][1]["due_ns"] += 10
    assert violated(record(tmp_path / "due.mpk", calls)) == {"refs-resolve"}


@pytest.mark.parametrize("kind", ["suspend", "resume"])
def test_who_suspends_and_resumes_was_committed(tmp_path: Path, kind: str) -> None:
    calls = legal_calls()
    calls[place_of(calls, kind)][1]["by_seg"] = 99
    assert "refs-resolve" in violated(record(tmp_path / "by.mpk", calls))


def test_who_switches_a_latch_was_committed(tmp_path: Path) -> None:
    calls = legal_calls()
    place = place_of(calls, "op_end")
    time_ns = calls[place][1]["time_ns"]
    for seg, expected in ((0, set()), (99, {"refs-resolve"})):
        latch = {"time_ns": time_ns, "on": True, "die": 0, "plane": 0, "latch": "X", "seg": seg}
        told = [*calls[: place + 1], ("latch", latch), *calls[place + 1 :]]
        assert violated(record(tmp_path / f"{seg}.mpk", told)) == expected


COUNTS = {"drain_begin": {"pending": 0}, "drain_end": {"delivered": 0}}

DRAINS: dict[str, tuple[list[str], set[str]]] = {
    "none": ([], set()),
    "one": (["drain_begin", "drain_end"], set()),
    "never ended": (["drain_begin"], {"drain-clock"}),
    "never begun": (["drain_end"], {"drain-clock"}),
    "two": (["drain_begin", "drain_end"] * 2, {"drain-clock"}),
    "begun twice": (["drain_begin", "drain_begin", "drain_end"], {"drain-clock"}),
    "ended twice": (["drain_begin", "drain_end", "drain_end"], {"drain-clock"}),
    "ended first": (["drain_end", "drain_begin"], {"drain-clock"}),
}


@pytest.mark.parametrize("name", DRAINS)
def test_a_run_has_one_drain_at_most(tmp_path: Path, name: str) -> None:
    events, expected = DRAINS[name]
    calls = legal_calls()
    place = place_of(calls, "end_run")
    time_ns = calls[place][1]["time_ns"]
    told = [(event, {"time_ns": time_ns, **COUNTS[event]}) for event in events]
    path = record(tmp_path / "drained.mpk", [*calls[:place], *told, *calls[place:]])
    assert violated(path) == expected


@pytest.mark.parametrize("first", ["refill", "start"])
def test_a_start_does_not_overtake_a_refill(tmp_path: Path, first: str) -> None:
    path = tmp_path / "refill.mpk"
    with Recorder(path, **DEVICE, rules={"queue_refill_period_ns": 100}) as log:
        log.begin_run(time_ns=0, run_until_ns=150, snapshot={})
        log.hook(time_ns=0, hook="QUEUE_REFILL")
        log.commit(time_ns=0, seg=0, op=0, op_name="Nop", base="NOP", source="PROPOSAL",
                   start_ns=100, end_ns=120, targets=[(0, 0, 0, None)])  # fmt: skip
        if first == "refill":
            log.hook(time_ns=100, hook="QUEUE_REFILL")
        log.op_start(time_ns=100, seg=0)
        if first == "start":
            log.hook(time_ns=100, hook="QUEUE_REFILL")
        log.op_end(time_ns=120, seg=0)
        log.end_run(time_ns=120, end="DRAINED", snapshot={})
    assert violated(path) == (set() if first == "refill" else {"dispatch-order"})


ROLES = {
    "bases": {
        f"{axis}_{act}": {"scope": "DIE_WIDE", "role": f"{axis}_{act}", "addressed": False}
        for axis in ("ERASE", "PROGRAM")
        for act in ("SUSPEND", "RESUME")
    }
}


@pytest.mark.parametrize("kind", ["suspend", "resume"])
def test_who_suspends_and_resumes_is_an_op_that_does(tmp_path: Path, kind: str) -> None:
    calls = legal_calls()
    assert violated(record(tmp_path / "by.mpk", calls, rules=ROLES)) == set()
    calls[place_of(calls, kind)][1]["by_seg"] = 0
    assert f"{kind}-has-target" in violated(record(tmp_path / "other.mpk", calls, rules=ROLES))
    told_of_none = violated(record(tmp_path / "untold.mpk", calls))
    assert f"{kind}-has-target" not in told_of_none


def test_only_a_drain_has_what_is_of_the_drain(tmp_path: Path) -> None:
    calls = legal_calls()
    place = place_of(calls, "end_run")
    time_ns = calls[place][1]["time_ns"]
    calls[place_of(calls, "resume")][1]["source"] = "DRAIN"
    assert violated(record(tmp_path / "undrained.mpk", calls)) == set()
    told = [(event, {"time_ns": time_ns, **COUNTS[event]}) for event in DRAINS["one"][0]]
    calls[place:place] = told
    assert violated(record(tmp_path / "outside.mpk", calls)) == {"drain-clock"}


def test_an_op_begins_once(tmp_path: Path) -> None:
    calls = legal_calls()
    second_run = place_of(calls, "begin_run", 1)
    later = next(told for name, told in calls[second_run:] if name == "commit")
    assert later["op"] != 0
    for _, told in calls[second_run:]:
        if told.get("op") == later["op"] and told is not later:
            told["op"] = 0
    later["op"] = 0
    assert violated(record(tmp_path / "again.mpk", calls)) == {"refs-resolve"}


@pytest.mark.parametrize(
    ("planes", "expected"),
    [([(0, 0), (0, 1), (0, 0)], set()), ([(0, 1), (0, 0), (0, 1)], set()),
     ([(0, 0), (0, 0), (0, 1)], {"refill-reseeded"}), ([(0, 2)], {"refill-reseeded"}),
     ([(0, 0), (1, 0)], {"refill-reseeded"})],
)  # fmt: skip
def test_refills_go_round_the_planes(
    tmp_path: Path, planes: list[tuple[int, int]], expected: set[str]
) -> None:
    path, until_ns = tmp_path / "refills.mpk", 100 * len(planes)
    with Recorder(path, **DEVICE, rules={"queue_refill_period_ns": 100}) as log:
        log.begin_run(time_ns=0, run_until_ns=until_ns, snapshot={})
        for number, (die, plane) in enumerate(planes):
            log.hook(time_ns=100 * number, hook="QUEUE_REFILL", die=die, plane=plane)
        log.end_run(time_ns=until_ns, end="DRAINED", stop="run_until", snapshot={})
    assert violated(path) == expected


@pytest.mark.parametrize(
    ("end", "stop", "ended_ns", "stage", "expected"),
    [
        ("DRAINED", "run_until", 100, None, set()),
        ("DRAINED", "run_until", 90, None, set()),  # nothing was left to do
        ("DRAINED", "hooks", 90, None, set()),
        ("CARRIED", "run_until", 100, None, {"run-end-told"}),
        ("CARRIED", "run_until", 100, "DONE", {"run-end-told"}),
        ("CARRIED", "run_until", 100, "ERASE", set()),
        ("CARRIED", "hooks", 90, None, set()),
    ],
)
def test_a_run_says_truly_how_it_ended(
    tmp_path: Path, end: str, stop: str, ended_ns: int, stage: str | None, expected: set[str]
) -> None:
    state = {"bootstrap": {"stage": stage}}
    with Recorder(tmp_path / "end.mpk", **DEVICE) as log:
        log.begin_run(time_ns=0, run_until_ns=100, snapshot=state)
        log.end_run(time_ns=ended_ns, end=end, stop=stop, snapshot=state)
    assert violated(tmp_path / "end.mpk") == expected


@pytest.mark.parametrize(("pending", "expected"), [(0, set()), (1, {"run-end-told"})])
def test_a_run_whose_drain_finds_something_queued_was_stopped_by_its_time(
    tmp_path: Path, pending: int, expected: set[str]
) -> None:
    with Recorder(tmp_path / "end.mpk", **DEVICE) as log:
        log.begin_run(time_ns=0, run_until_ns=100, snapshot={})
        log.drain_begin(time_ns=90, pending=pending)
        log.drain_end(time_ns=90, delivered=0)
        log.end_run(time_ns=90, end="DRAINED", stop="run_until", snapshot={})
    assert violated(tmp_path / "end.mpk") & {"run-end-told"} == expected


def test_a_snapshot_has_the_clock_of_its_event(tmp_path: Path) -> None:
    for clock_ns, expected in ((100, set()), (110, {"run-end-told"})):
        path = tmp_path / f"{clock_ns}.mpk"
        with Recorder(path, **DEVICE) as log:
            log.begin_run(time_ns=0, run_until_ns=100, snapshot={"clock_ns": 0})
            log.end_run(time_ns=100, end="DRAINED", snapshot={"clock_ns": clock_ns})
        assert violated(path) == expected


def states(*told: tuple[int, int]) -> list[tuple[str, dict[str, Any]]]:
    """STATE events of segment 0, each with its time and until when it lasts."""
    return [
        ("state", {"time_ns": time_ns, "seg": 0, "state": f"S{number}", "until_ns": until_ns})
        for number, (time_ns, until_ns) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (states((0, 30), (0, 3_000)), set()),
        (states((0, 30), (30, 3_000)), set()),
        (states((0, 3_000)), set()),
        (states((0, 30)), {"states-fill-segment"}),
        (states((0, 30), (0, 30), (0, 3_000)), {"states-fill-segment"}),
        (states((0, 30), (0, 3_010)), {"states-fill-segment"}),
        (states((10, 3_000)), {"states-fill-segment"}),
        (states((0, 30), (40, 3_000)), {"states-fill-segment"}),
    ],
)
def test_states_fill_their_segment(
    tmp_path: Path, told: list[tuple[str, dict[str, Any]]], expected: set[str]
) -> None:
    """The erase of segment 0 lasts from 0 to 3 000 ns."""
    calls = legal_calls()
    place = place_of(calls, "op_start", 0, seg=0) + 1
    path = record(tmp_path / "states.mpk", [*calls[:place], *told, *calls[place:]])
    assert violated(path) == expected


def test_a_latch_is_switched_by_the_op_that_does_it(tmp_path: Path) -> None:
    rules = {"bases": {"ERASE": {"scope": "DIE_WIDE", "role": "ERASE", "fills": "X"}}}
    for seg, expected in ((0, set()), (None, set()), (1, {"marks-follow-ops", "refs-resolve"})):
        with Recorder(tmp_path / f"{seg}.mpk", **DEVICE, rules=rules) as log:
            log.begin_run(time_ns=0, run_until_ns=100, snapshot={})
            log.commit(time_ns=0, seg=0, op=0, op_name="Erase", base="ERASE", source="PROPOSAL",
                       start_ns=0, end_ns=50, targets=[(0, 0, 0, 0)])  # fmt: skip
            log.op_start(time_ns=0, seg=0)
            log.op_end(time_ns=50, seg=0)
            log.apply_erase(time_ns=50, seg=0, cells=[(0, 0)], celltype="SLC")
            log.latch(time_ns=50, on=True, die=0, plane=0, latch="X", seg=seg)
            log.end_run(time_ns=100, end="DRAINED", snapshot={})
        assert violated(tmp_path / f"{seg}.mpk") == expected
