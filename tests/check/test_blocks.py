"""Blocks whose erase or program is under way are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.device_log import DeviceLog, Target, counted, found, on

RULE = "suspended-block-untouched"


def log_with(base: str, target: list[Target], *, resumed: bool = False) -> DeviceLog:
    """An op is cut at 40 by a suspend, and goes on at 60 where it is resumed."""
    log = DeviceLog()
    log.begin()
    log.commit((base, target))
    log.call("op_start", seg=0)
    axis = "ERASE" if base == "ERASE" else "PROGRAM"
    log.now = 40
    log.call("suspend", die=0, axis=axis, op=0, remaining_ns=60)
    log.call("cancel", seg=0, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=0, outcome="SUSPENDED")
    if resumed:
        log.now = 60
        log.call("resume", die=0, axis=axis, op=0, remaining_ns=60)
        log.call(
            "commit", seg=1, op=0, op_name=base.title(), base=base, source="RESUME_CHAIN",
            start_ns=60, end_ns=120, targets=target,
        )  # fmt: skip
        log.call("op_start", seg=1)
        log.now = 120
        log.call("op_end", seg=1)
        log.seg = 2
    log.now += 50
    return log


@pytest.mark.parametrize("base", ["READ", "CACHE_READ", "PROGRAM", "LSB", "ERASE"])
def test_a_block_whose_erase_is_suspended(tmp_path: Path, base: str) -> None:
    log = log_with("ERASE", on(0, 0))
    seq = len(log.calls) + 1
    log.run((base, on(0, 0)))
    log.end()
    said = ("die 0 block 0 left alone until segment 0 is over", "segment 1 starts on it")
    assert found(log.record(tmp_path / "log.mpk"), RULE) == [(seq, *said)]


@pytest.mark.parametrize("base", ["PROGRAM", "ERASE"])
def test_a_block_whose_program_is_suspended(tmp_path: Path, base: str) -> None:
    log = log_with("PROGRAM", on(0, 4))
    seq = len(log.calls) + 1
    log.run((base, on(0, 5)))
    log.end()
    said = ("die 0 block 0 left alone until segment 0 is over", "segment 1 starts on it")
    assert found(log.record(tmp_path / "log.mpk"), RULE) == [(seq, *said)]


def test_a_block_whose_erase_was_suspended_in_the_run_before(tmp_path: Path) -> None:
    log = log_with("ERASE", on(0, 0))
    left = {"suspended_erase": [[0]], "suspended_program": [[]], "ongoing": [[]], "pending": []}
    log.end("CARRIED", **left)
    log.begin()
    seq = len(log.calls) + 1
    log.run(("READ", on(0, 0)))
    log.end()
    said = ("die 0 block 0 left alone until segment 0 is over", "segment 1 starts on it")
    for batch_events in (1, 1_000):
        trace = log.record(tmp_path / "log.mpk", chunk_events=3)
        assert found(trace, RULE, batch_events=batch_events) == [(seq, *said)]


LEGAL = {
    "a read of a block whose program is suspended": ("PROGRAM", on(0, 4), "READ", on(0, 0)),
    "a read of another block": ("ERASE", on(0, 0), "READ", on(1, 0)),
    "a program of another block": ("ERASE", on(0, 0), "PROGRAM", on(0, 0, block=2)),
    "an op that reads no block": ("ERASE", on(0, 0), "CACHE_READ_END", on(0, 0)),
    "a command of the die": ("ERASE", on(0, 0), "SETPARA", on(0, None)),
}


@pytest.mark.parametrize("case", LEGAL)
def test_what_may_start_within_a_suspend(tmp_path: Path, case: str) -> None:
    base, target, other, elsewhere = LEGAL[case]
    log = log_with(base, target)
    log.run((other, elsewhere))
    log.end()
    assert found(log.record(tmp_path / "log.mpk"), RULE) == []


def test_after_the_resumed_erase_the_block_is_free(tmp_path: Path) -> None:
    log = log_with("ERASE", on(0, 0), resumed=True)
    log.run(("PROGRAM", on(0, 0)))
    log.end()
    assert counted(log.record(tmp_path / "log.mpk"), RULE) == (2, 1, 0)
