"""Which pages may be read, and what becomes of what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.device_log import DIE, DeviceLog, Op, both, counted, found, on

PROGRAMMED, MATCHES, HAS = "read-programmed-page", "dout-matches-read", "read-has-dout"


def recorded(path: Path, *batches: list[Op], end: str = "DRAINED", **options: Any) -> Path:
    log = DeviceLog()
    log.begin()
    for ops in batches:
        log.run(*ops)
    log.end(end)
    return log.record(path / "log.mpk", **options)


def read(page: int) -> list[Op]:
    return [("READ", on(0, page)), ("DOUT", on(0, page))]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (on(0, 2), None),
        (on(0, 3), ("a page of die 0 block 0 up to 2", "page 3")),
        (on(0, 0, 2), ("a page of die 0 block 2 up to -2", "page 0")),
        (on(1, 0, 3), ("a page of die 0 block 3 up to -3", "page 0")),
    ],
)
def test_a_page_below_the_guard_is_read(
    tmp_path: Path, target: Any, said: tuple[str, str] | None
) -> None:
    trace = recorded(tmp_path, [("READ", target), ("DOUT", target)])
    assert found(trace, PROGRAMMED) == ([] if said is None else [(3, *said)])


def test_every_plane_of_a_read_is_judged(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin(addr_state=[3, 1, -1, -2])
    log.run(("READ", both(1)), ("DOUT", on(0, 1)), ("DOUT", on(1, 1)))
    log.end()
    trace = log.record(tmp_path / "log.mpk")
    assert counted(trace, PROGRAMMED) == (2, 2, 1)
    assert found(trace, PROGRAMMED) == [(4, "a page of die 0 block 1 up to 0", "page 1")]


def test_a_page_counts_when_its_program_is_over(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.run(("READ", on(0, 3)), ("DOUT", on(0, 3)))
    program = log.seg
    log.run(("PROGRAM", on(0, 4)))
    log.call("apply_pgm", seg=program, cells=[(0, 0, 4)], celltype="SLC")
    log.run(("READ", on(0, 3)), ("DOUT", on(0, 3)))
    erase = log.seg
    log.run(("ERASE", on(0, 0)))
    log.call("apply_erase", seg=erase, cells=[(0, 0)], celltype="SLC")
    log.run(("READ", on(0, 3)), ("DOUT", on(0, 3)))
    log.end()
    assert found(log.record(tmp_path / "log.mpk"), PROGRAMMED) == [
        (3, "a page of die 0 block 0 up to 2", "page 3"),
        (23, "a page of die 0 block 0 up to -2", "page 3"),
    ]


def test_what_an_end_of_a_cache_read_addresses_says_nothing(tmp_path: Path) -> None:
    trace = recorded(tmp_path, [("READ", on(0, 1)), ("CACHE_READ_END", on(0, 7))])
    assert counted(trace, PROGRAMMED) == (1, 1, 0)


def test_without_a_guard_in_the_header_reads_are_not_judged(tmp_path: Path) -> None:
    trace = recorded(tmp_path, read(7), rules={"bases": {"READ": {"role": "READ"}}})
    assert counted(trace, PROGRAMMED) == (0, 0, 0)


CACHE: list[Op] = [
    ("READ", on(0, 0)),
    ("CACHE_READ", on(0, 1)),
    ("DOUT", on(0, 0)),
    ("CACHE_READ", on(0, 2)),
    ("DOUT", on(0, 1)),
    ("CACHE_READ_END", on(0, 7)),
    ("DOUT", on(0, 2)),
]


@pytest.mark.parametrize(
    ("ops", "deliveries"),
    [
        (read(1), 1),
        ([("READ", both(1)), ("DOUT", on(1, 1)), ("DOUT", on(0, 1))], 2),
        (CACHE, 3),
        ([*read(1), ("DOUT", on(0, 1))], 2),
    ],
)
def test_what_the_register_holds_is_delivered(
    tmp_path: Path, ops: list[Op], deliveries: int
) -> None:
    trace = recorded(tmp_path, ops)
    assert counted(trace, MATCHES) == (deliveries, deliveries, 0)
    assert counted(trace, HAS)[2] == 0


@pytest.mark.parametrize(
    ("ops", "violations"),
    [
        (
            [("READ", on(0, 1)), ("DOUT", on(0, 2))],
            [(5, "block 0, page 1, as read", "block 0, page 2")],
        ),
        (
            [("READ", on(0, 1)), ("DOUT", on(0, 1, 2))],
            [(5, "block 0, page 1, as read", "block 2, page 1")],
        ),
        (
            [("READ", on(0, 0)), ("CACHE_READ", on(0, 1)), ("DOUT", on(0, 1))],
            [(8, "block 0, page 0, as read", "block 0, page 1")],
        ),
        (
            [("READ", on(0, 0)), ("CACHE_READ", on(0, 1)), ("CACHE_READ_END", on(0, 0)), *read(2)],
            [],
        ),
        (
            [
                ("READ", on(0, 0)),
                ("CACHE_READ", on(0, 1)),
                ("CACHE_READ_END", on(0, 0)),
                ("DOUT", on(0, 0)),
            ],
            [(11, "block 0, page 1, as read", "block 0, page 0")],
        ),
    ],
)
def test_another_page_is_delivered(
    tmp_path: Path, ops: list[Op], violations: list[tuple[int, str, str]]
) -> None:
    assert found(recorded(tmp_path, ops), MATCHES) == violations


def test_what_a_register_holds_when_a_run_begins_is_not_known(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.run(("DOUT", on(0, 5)))
    log.run(("READ", on(0, 1)), ("DOUT", on(0, 1)))
    log.end()
    log.begin()
    log.run(("DOUT", on(0, 5)))
    log.end()
    trace = log.record(tmp_path / "log.mpk")
    assert counted(trace, MATCHES) == (3, 1, 0)
    assert counted(trace, HAS)[2] == 0


def replaced(page: int, by: str = "another page came into its register") -> tuple[str, str]:
    return f"block 0, page {page} delivered, which segment {page} read", by


@pytest.mark.parametrize(
    ("ops", "seq", "said"),
    [
        ([("READ", on(0, 0)), *read(1)], 7, replaced(0)),
        ([("READ", on(0, 0))], 4, replaced(0, "the run is over")),
        (
            [
                ("READ", on(0, 0)),
                ("CACHE_READ", on(0, 1)),
                ("DOUT", on(0, 0)),
                ("CACHE_READ_END", on(0, 0)),
            ],
            13,
            replaced(1, "the run is over"),
        ),
        (
            [
                ("READ", on(0, 0)),
                ("CACHE_READ", on(0, 1)),
                ("CACHE_READ", on(0, 2)),
                ("DOUT", on(0, 1)),
                ("CACHE_READ_END", on(0, 1)),
                ("DOUT", on(0, 2)),
            ],
            12,
            replaced(0),
        ),
        ([("READ", on(0, 0)), ("PROGRAM", on(0, 4))], 7, replaced(0, "the run is over")),
    ],
)
def test_a_page_that_nobody_comes_for(
    tmp_path: Path, ops: list[Op], seq: int, said: tuple[str, str]
) -> None:
    assert found(recorded(tmp_path, ops), HAS) == [(seq, *said)]


def test_a_copy_back_uses_the_page_up(tmp_path: Path) -> None:
    trace = recorded(tmp_path, [("READ", on(0, 0)), ("COPYBACK_PROGRAM", on(0, 0, 2))])
    assert counted(trace, HAS) == (1, 1, 0)


def test_each_plane_has_a_register_of_its_own(tmp_path: Path) -> None:
    trace = recorded(tmp_path, [("READ", both(1)), ("DOUT", on(0, 1)), ("READ", on(0, 2))])
    assert found(trace, HAS) == [
        (10, "block 0, page 2 delivered, which segment 2 read", "the run is over"),
        (10, "block 1, page 1 delivered, which segment 0 read", "the run is over"),
    ]
    assert counted(recorded(tmp_path, [("READ", both(1))], end="CARRIED"), HAS) == (2, 2, 0)


@pytest.mark.parametrize("reset", ["RESET", "RESET_LUN"])
def test_a_reset_empties_the_registers(tmp_path: Path, reset: str) -> None:
    trace = recorded(tmp_path, [("READ", both(1))], [(reset, DIE)], [("DOUT", on(1, 1))])
    assert found(trace, HAS) == []
    assert found(trace, MATCHES) == [
        (8, "nothing of die 0 plane 1: a reset emptied it", "block 1, page 1")
    ]


def test_a_read_that_a_reset_cut_fills_nothing(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    ((cut, _),) = log.commit(("READ", on(0, 1)))
    log.call("op_start", seg=cut)
    log.now = 50
    ((reset, _),) = log.commit(("RESET", DIE))
    log.call("op_start", seg=reset)
    log.call("op_end", seg=cut, outcome="RESET")
    log.now = 150
    log.call("op_end", seg=reset)
    log.end()
    trace = log.record(tmp_path / "log.mpk")
    assert counted(trace, HAS) == (0, 0, 0)


def test_a_segment_taken_over_fills_the_register_in_the_next_run(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin(pending=[])
    ((read_seg, _),) = log.commit(("READ", on(0, 1)))
    log.call("op_start", seg=read_seg)
    log.now = 50
    log.end("CARRIED", pending=[[100, "OP_END", read_seg]])
    log.begin()
    log.now = 100
    log.call("op_end", seg=read_seg)
    log.run(("DOUT", on(0, 2)))
    log.end(pending=[])
    trace = log.record(tmp_path / "log.mpk", chunk_events=2)
    for events in (1, 1_000):
        assert found(trace, MATCHES, batch_events=events) == [
            (7, "block 0, page 1, as read", "block 0, page 2")
        ]
