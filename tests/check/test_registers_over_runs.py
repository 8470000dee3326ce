"""Pages that lie in registers where a run ends, and those that never reach an output register."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Options, verify_trace
from tests.check.device_log import DeviceLog, Op, found

MATCHES, HAS = "dout-matches-read", "read-has-dout"


def on(page: int) -> list[tuple[int, int, int, int | None]]:
    """A page of block 0."""
    return [(0, 0, 0, page)]


CACHED: list[Op] = [("READ", on(0)), ("CACHE_READ", on(1))]


def carried(tmp_path: Path, before: list[Op], after: list[Op], end: str = "DRAINED") -> Path:
    """A trace whose first run is CARRIED, each run in a chunk of its own."""
    log = DeviceLog()
    log.begin()
    log.run(*before)
    log.end("CARRIED")
    log.begin()
    log.run(*after)
    log.end(end)
    return log.record(tmp_path / "log.mpk", chunk_events=1)


def judged(trace: Path, rule: str) -> list[tuple[int, str, str]]:
    """What is found, alike in one batch and run by run."""
    whole = found(trace, rule)
    (result,) = verify_trace(trace, Options(only=(rule,), batch_events=1)).invariants
    assert [(item.seq, item.expected, item.actual) for item in result.violations] == whole
    return whole


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        ([("READ", on(1))], [("DOUT", on(2))], "block 0, page 1, as read"),
        (CACHED, [("DOUT", on(1))], "block 0, page 0, as read"),
        (CACHED, [("CACHE_READ_END", on(1)), ("DOUT", on(0))], "block 0, page 1, as read"),
        (
            [*CACHED, ("DOUT", on(0)), ("CACHE_READ_END", on(1))],
            [("DOUT", on(0))],
            "block 0, page 1, as read",
        ),
        (
            [("RESET", [(0, 0, 0, None)])],
            [("DOUT", on(1))],
            "nothing of die 0 plane 0: a reset emptied it",
        ),
        (
            [("RESET", [(0, 0, 0, None)]), ("CACHE_READ", on(1))],
            [("DOUT", on(1))],
            "nothing of die 0 plane 0: a reset emptied it",
        ),
    ],
    ids=[
        "read",
        "cache read",
        "cache read and its end",
        "end of a cache read",
        "reset",
        "cache read after a reset",
    ],
)
def test_a_register_holds_its_page_over_a_carried_boundary(
    tmp_path: Path, before: list[Op], after: list[Op], held: str
) -> None:
    trace = carried(tmp_path, before, after)
    [(_, expected, _)] = judged(trace, MATCHES)
    assert expected == held


def test_what_fits_over_a_carried_boundary_is_fine(tmp_path: Path) -> None:
    after: list[Op] = [("DOUT", on(0)), ("CACHE_READ_END", on(1)), ("DOUT", on(1))]
    trace = carried(tmp_path, CACHED, after)
    assert judged(trace, MATCHES) == []
    assert judged(trace, HAS) == []


def test_a_page_delivered_before_a_carried_boundary_may_be_replaced(tmp_path: Path) -> None:
    read: list[Op] = [("READ", on(0)), ("DOUT", on(0))]
    assert judged(carried(tmp_path, read, [("READ", on(1)), ("DOUT", on(1))]), HAS) == []


def test_a_page_that_is_not_fetched_after_a_carried_boundary_is_lost(tmp_path: Path) -> None:
    trace = carried(tmp_path, [("READ", on(0))], [("READ", on(1)), ("DOUT", on(1))])
    [(_, expected, actual)] = judged(trace, HAS)
    assert expected == "block 0, page 0 delivered, which segment 0 read"
    assert actual == "another page came into its register"
    [(*_, actual)] = judged(carried(tmp_path, [("READ", on(0))], []), HAS)
    assert actual == "the run is over"
    assert judged(carried(tmp_path, [("READ", on(0))], [], "CARRIED"), HAS) == []


def test_a_page_that_never_reached_the_output_register_is_lost_to_the_next_read(
    tmp_path: Path,
) -> None:
    after: list[Op] = [("DOUT", on(0)), ("READ", on(2)), ("DOUT", on(2))]
    log = DeviceLog()
    log.begin()
    log.run(*CACHED, *after)
    log.end()
    (lost,) = found(log.record(tmp_path / "whole.mpk"), HAS)
    assert lost[1:] == (
        "block 0, page 1 delivered, which segment 1 read",
        "another page came into its register",
    )
