"""What a run counts of itself, and which OP_ENDs a drain delivers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.device_log import DIE, DeviceLog, counted, found, on

COUNTS, CLOCK = "run-counts", "drain-clock"


def drained_log() -> DeviceLog:
    """Two runs. The first ends with a suspend op under way, a program suspended and an erase in the
    backlog; the second begins the erase and drains all of it."""
    log = DeviceLog()
    log.begin()
    log.call("hook", hook="PHASE_HOOK", die=0, plane=0)
    ((program, _),) = log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=program)
    log.now = 50
    ((suspend, _),) = log.commit(("PROGRAM_SUSPEND", DIE))
    log.call("op_start", seg=suspend)
    log.call("suspend", die=0, axis="PROGRAM", op=program, remaining_ns=50, by_seg=suspend)
    log.call("cancel", seg=program, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=program, outcome="SUSPENDED")
    log.call("backlog", on=True, op=90, op_name="Erase", die=0)
    log.end(
        "CARRIED",
        ongoing=[[1]],
        suspended_program=[[0]],
        backlog=[[90]],
        pending=[[150, "OP_END", 1]],
    )
    log.calls[-1][1].update(hooks=1, ops=3)
    log.begin()
    log.call("hook", hook="PHASE_HOOK", die=0, plane=0)
    log.call("backlog", on=False, op=90, op_name="Erase", die=0)
    log.now = 60
    log.commit(("ERASE", on(1, 0)), source="BACKLOG")
    log.calls[-1][1].update(op=90, start_ns=160, end_ns=260)
    log.call("drain_begin", pending=3)
    log.now = 150
    log.call("op_end", seg=1, drained=True)
    log.now = 160
    log.call("op_start", seg=2)
    log.now = 260
    log.call("op_end", seg=2, drained=True)
    ((resume, _),) = log.commit(("PROGRAM_RESUME", DIE), source="DRAIN")
    log.call("op_start", seg=resume)
    log.call("resume", die=0, axis="PROGRAM", op=0, remaining_ns=50, by_seg=resume, source="DRAIN")
    log.commit(("PROGRAM", on(0, 4)), source="RESUME_CHAIN")
    log.calls[-1][1].update(op=0, start_ns=360, end_ns=410)
    log.now = 360
    log.call("op_end", seg=resume, drained=True)
    log.call("op_start", seg=4)
    log.now = 410
    log.call("op_end", seg=4, drained=True)
    log.call("drain_end", delivered=7)
    log.end(ongoing=[[]], suspended_program=[[]], backlog=[[]], pending=[])
    log.calls[-1][1].update(stop="run_until", hooks=1, ops=1)
    return log


@pytest.mark.parametrize("batch_events", [1, 1_000])
def test_counts_that_add_up(tmp_path: Path, batch_events: int) -> None:
    trace = drained_log().record(tmp_path / "log.mpk", chunk_events=3)
    assert found(trace, COUNTS, batch_events=batch_events) == []
    assert found(trace, CLOCK, batch_events=batch_events) == []
    assert counted(trace, COUNTS) == (6, 6, 0)
    assert counted(trace, CLOCK) == (2, 1, 0)


def places(log: DeviceLog, name: str) -> list[int]:
    return [place for place, (each, _) in enumerate(log.calls) if each == name]


WRONG: dict[str, tuple[str, int, dict[str, Any], str, str]] = {
    "hooks": ("end_run", 0, {"hooks": 2}, "1 hooks", "2"),
    "ops": ("end_run", 0, {"ops": 2}, "3 ops", "2"),
    "ops of a run that goes on with others": ("end_run", 1, {"ops": 3}, "1 ops", "3"),
    "pending": ("drain_begin", 0, {"pending": 4}, "3 OP_STARTs and OP_ENDs pending", "4"),
    "delivered": (
        "drain_end",
        0,
        {"delivered": 3},
        "7 OP_STARTs and completed OP_ENDs delivered",
        "3",
    ),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("batch_events", [1, 1_000])
def test_a_count_that_is_wrong(tmp_path: Path, what: str, batch_events: int) -> None:
    name, number, values, expected, actual = WRONG[what]
    log = drained_log()
    place = places(log, name)[number]
    log.calls[place][1].update(values)
    trace = log.record(tmp_path / "log.mpk")
    assert found(trace, COUNTS, batch_events=batch_events) == [(place, expected, actual)]


def test_counts_that_are_not_told_are_not_judged(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.call("hook", hook="PHASE_HOOK", die=0, plane=0)
    log.end()
    assert counted(log.record(tmp_path / "log.mpk"), COUNTS) == (0, 0, 0)


def test_what_a_reset_withdraws_is_not_pending(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.play(log.commit(("READ", on(0, 1)), ("DOUT", on(0, 1)))[:1])
    ((reset, _),) = log.commit(("RESET", DIE))
    log.call("op_start", seg=reset)
    log.call("cancel", seg=1, event="OP_START", due_ns=110, reason="RESET")
    log.call("cancel", seg=1, event="OP_END", due_ns=210, reason="RESET")
    log.call("drain_begin", pending=1)
    log.now = 200
    log.call("op_end", seg=reset, drained=True)
    log.call("drain_end", delivered=1)
    log.end()
    trace = log.record(tmp_path / "log.mpk")
    assert counted(trace, COUNTS) == (2, 2, 0)


def test_a_drain_that_marks_nothing(tmp_path: Path) -> None:
    log = drained_log()
    ends = places(log, "op_end")[1:]
    for place in ends:
        log.calls[place][1]["drained"] = False
    trace = log.record(tmp_path / "log.mpk")
    said = ("an OP_END marked as drained", "not marked")
    assert found(trace, CLOCK) == [(place, *said) for place in ends]


def test_an_op_end_marked_outside_the_drain(tmp_path: Path) -> None:
    log = drained_log()
    begin = places(log, "drain_begin")[0]
    # The first drained OP_END moves before the drain.
    log.calls[begin], log.calls[begin + 1] = log.calls[begin + 1], log.calls[begin]
    log.calls[begin + 1][1]["time_ns"] = 150
    trace = log.record(tmp_path / "log.mpk")
    said = ("an OP_END not marked as drained", "marked")
    assert found(trace, CLOCK) == [(begin, *said)]


def test_a_clock_that_goes_on_after_an_unmarked_drain(tmp_path: Path) -> None:
    log = drained_log()
    for place in places(log, "op_end")[1:]:
        log.calls[place][1]["drained"] = False
    log.calls[-1][1]["time_ns"] = 420
    seq = len(log.calls) - 1
    trace = log.record(tmp_path / "log.mpk")
    assert found(trace, CLOCK)[-1] == (seq, "the run to end at 0.41 µs", "0.42 µs")


@pytest.mark.parametrize(
    ("end", "end_ns", "violations"),
    [
        ("DRAINED", 300, []),
        ("DRAINED", 310, [(7, "the run to end at 0.3 µs", "0.31 µs")]),
        ("CARRIED", 310, []),
    ],
)
def test_a_drain_without_events_of_its_own(
    tmp_path: Path, end: str, end_ns: int, violations: list[tuple[int, str, str]]
) -> None:
    log = DeviceLog()
    log.begin()
    log.calls[-1][1]["run_until_ns"] = 150
    segments = log.commit(("ERASE", on(0, 0)))
    log.now = 200
    more = log.commit(("ERASE", on(1, 0)))
    log.calls[-1][1]["time_ns"] = 0
    log.play([*segments, *more])
    log.now = end_ns
    log.end(end)
    assert found(log.record(tmp_path / "log.mpk"), CLOCK) == violations
