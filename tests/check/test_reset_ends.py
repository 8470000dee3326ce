"""A reset ends everything on the dies that it concerns, at its time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace import Topology
from tests.check.device_log import DIE, DeviceLog, counted, found, on

RULE = "reset-ends-all"
TWO_DIES: dict[str, Any] = {
    "topology": Topology(dies=2, planes=2, blocks_per_die=4, pages_per_block=8)
}

RESET_AT = 50


def log_with(base: str = "RESET", die: int = 0) -> DeviceLog:
    """At the reset: a program suspended, an erase that runs, a read that waits, another on die 1."""
    log = DeviceLog()
    log.begin(addr_state=[3, 3, -1, -2] * 2)
    (program,) = log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=program[0])
    log.now = 10
    log.call("suspend", die=0, axis="PROGRAM", op=0, remaining_ns=90)
    log.call("cancel", seg=0, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=0, outcome="SUSPENDED")
    log.now = 20
    log.commit(("ERASE", on(1, 0)))
    log.call("op_start", seg=1)
    log.commit(("READ", [(1, 0, 0, 0)]))
    log.call("op_start", seg=2)
    log.now = 30
    log.call(
        "commit", seg=3, op=3, op_name="Read", base="READ", source="PROPOSAL",
        start_ns=150, end_ns=250, targets=on(0, 0),
    )  # fmt: skip
    log.now, log.seg = RESET_AT, 4
    log.commit((base, [(die, 0, 0, None)]))
    log.call("op_start", seg=4)
    return log


def end_all(log: DeviceLog) -> None:
    log.call("op_end", seg=1, outcome="RESET")
    log.call("apply_erase", seg=1, cells=[(0, 1)], celltype="SLC", aborted=True)
    log.call("op_end", seg=2, outcome="RESET")
    log.call("cancel", seg=3, event="OP_START", due_ns=150, reason="RESET")
    log.call("cancel", seg=3, event="OP_END", due_ns=250, reason="RESET")
    log.call("cancel", seg=0, event="OP_END", due_ns=RESET_AT, reason="RESET")
    log.call("apply_pgm", seg=0, cells=[(0, 0, 4)], celltype="SLC", aborted=True)


def finish(log: DeviceLog) -> DeviceLog:
    log.now = 150
    log.call("op_end", seg=4)
    log.end()
    return log


def the_call(log: DeviceLog, name: str, **having: Any) -> int:
    (place,) = [
        place
        for place, (called, arguments) in enumerate(log.calls)
        if called == name and all(arguments.get(key) == value for key, value in having.items())
    ]
    return place


def drop(name: str, **having: Any) -> Callable[[DeviceLog], None]:
    def mutate(log: DeviceLog) -> None:
        del log.calls[the_call(log, name, **having)]

    return mutate


def change(name: str, new: dict[str, Any], **having: Any) -> Callable[[DeviceLog], None]:
    def mutate(log: DeviceLog) -> None:
        log.calls[the_call(log, name, **having)][1].update(new)

    return mutate


def not_ended(seg: int) -> tuple[str, str]:
    return f"the reset to end segment {seg}", "it was not, or not at that time"


def not_aborted(seg: int) -> tuple[str, str]:
    return f"an aborted APPLY of segment {seg} at the reset", "none"


FAULTS: dict[str, tuple[Callable[[DeviceLog], None], tuple[str, str]]] = {
    "it misses what runs on the other die": (drop("op_end", seg=2), not_ended(2)),
    "what ran is completed": (
        change("op_end", {"outcome": "COMPLETED"}, seg=2, outcome="RESET"),
        not_ended(2),
    ),
    "the start of what waited stays": (
        drop("cancel", seg=3, event="OP_START"),
        not_ended(3),
    ),
    "the end of what waited stays": (drop("cancel", seg=3, event="OP_END"), not_ended(3)),
    "what was suspended stays so": (
        drop("cancel", seg=0, reason="RESET"),
        not_ended(0),
    ),
    "a suspended program spoils no page": (drop("apply_pgm", seg=0), not_aborted(0)),
    "an erase spoils no block": (drop("apply_erase", seg=1), not_aborted(1)),
    "an erase counts as done": (change("apply_erase", {"aborted": False}, seg=1), not_aborted(1)),
}


def test_a_reset_that_ends_everything(tmp_path: Path) -> None:
    log = log_with()
    end_all(log)
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    # One reset, and five events that say that it ended something.
    assert counted(trace, RULE) == (6, 6, 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_reset_must_not_leave(tmp_path: Path, fault: str) -> None:
    mutate, said = FAULTS[fault]
    log = log_with()
    seq = len(log.calls) - 1
    end_all(log)
    mutate(log)
    log.calls.sort(key=lambda call: call[1]["time_ns"])
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    assert found(trace, RULE) == [(seq, *said)]


def test_a_reset_that_is_told_to_start_twice_does_not_end_itself(tmp_path: Path) -> None:
    log = log_with()
    log.call("op_start", seg=4)
    end_all(log)
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    assert found(trace, RULE) == []


def test_what_ends_later_was_not_ended_by_the_reset(tmp_path: Path) -> None:
    log = log_with()
    seq = len(log.calls) - 1
    end_all(log)
    change("op_end", {"time_ns": 60}, seg=2)(log)
    log.calls.sort(key=lambda call: call[1]["time_ns"])
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    assert found(trace, RULE) == [
        (seq, *not_ended(2)),
        (19, "a reset that ends segment 2", "none started on its die at that time"),
    ]


def test_nothing_is_reset_without_a_reset(tmp_path: Path) -> None:
    """Here all that says so is left, but a status read has taken the place of the reset."""
    log = log_with("SR")
    first = len(log.calls)
    end_all(log)
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    assert found(trace, RULE) == [
        (place, f"a reset that ends segment {seg}", "none started on its die at that time")
        for place, seg in (
            (first, 1),
            (first + 2, 2),
            (first + 3, 3),
            (first + 4, 3),
            (first + 5, 0),
        )
    ]


def test_a_reset_of_a_lun_leaves_the_other_die_alone(tmp_path: Path) -> None:
    log = log_with("RESET_LUN", die=0)
    end_all(log)
    change("op_end", {"outcome": "COMPLETED", "time_ns": 120}, seg=2)(log)
    log.calls.sort(key=lambda call: call[1]["time_ns"])
    trace = finish(log).record(tmp_path / "log.mpk", **TWO_DIES)
    assert found(trace, RULE) == []


def test_a_reset_of_the_other_lun_ends_only_what_is_there(tmp_path: Path) -> None:
    log = log_with("RESET_LUN", die=1)
    log.call("op_end", seg=2, outcome="RESET")
    assert found(finish(log).record(tmp_path / "log.mpk", **TWO_DIES), RULE) == []


def test_a_header_without_resets_claims_nothing(tmp_path: Path) -> None:
    trace = finish(log_with()).record(tmp_path / "log.mpk", **TWO_DIES, rules={})
    assert counted(trace, RULE) == (0, 0, 0)


def test_a_resumed_op_is_not_suspended_any_more(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=0)
    log.now = 10
    log.call("suspend", die=0, axis="PROGRAM", op=0, remaining_ns=90)
    log.call("cancel", seg=0, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=0, outcome="SUSPENDED")
    log.now = 20
    log.call("resume", die=0, axis="PROGRAM", op=0, remaining_ns=90)
    log.call(
        "commit", seg=1, op=0, op_name="Program", base="PROGRAM", source="RESUME_CHAIN",
        start_ns=20, end_ns=110, targets=on(0, 4),
    )  # fmt: skip
    log.call("op_start", seg=1)
    log.now = 110
    log.call("op_end", seg=1)
    log.call("apply_pgm", seg=1, cells=[(0, 0, 4)], celltype="SLC")
    log.seg = 2
    log.run(("RESET", DIE))
    log.end()
    assert counted(log.record(tmp_path / "log.mpk"), RULE) == (1, 0, 0)
