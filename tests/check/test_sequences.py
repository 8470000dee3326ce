"""What must follow an op, and at which address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.device_log import DIE, RULES, DeviceLog, Op, both, counted, found, on

COMPLETE, INHERIT = "sequence-complete", "inherit-rules"

LEGAL: dict[str, list[Op]] = {
    "a read of one plane": [("READ", on(0, 1)), ("DOUT", on(0, 1))],
    "a read of two planes": [("READ", both(1)), ("DOUT", on(0, 1)), ("DOUT", on(1, 1))],
    "a cache read": [
        ("READ", on(0, 1)),
        ("CACHE_READ", on(0, 2)),
        ("DOUT", on(0, 1)),
        ("CACHE_READ_END", on(0, 1)),
        ("DOUT", on(0, 2)),
    ],
    "a cache read of two planes": [
        ("READ", both(1)),
        ("CACHE_READ", both(2)),
        ("DOUT", on(0, 1)),
        ("DOUT", on(1, 1)),
        ("CACHE_READ_END", both(1)),
        ("DOUT", on(0, 2)),
        ("DOUT", on(1, 2)),
    ],
    "a copy-back to anywhere": [("READ", on(0, 1)), ("COPYBACK_PROGRAM", on(0, 0, 2))],
    "a copy-back of two planes to anywhere": [("READ", both(1)), ("COPYBACK_PROGRAM", both(4))],
    "a page loaded in two steps": [("LSB", on(0, 4)), ("READ", on(0, 2)), ("MSB", on(0, 4))],
    "a sequence that may be empty": [("SETPARA", DIE)],
    "a register read back": [("SETPARA", DIE), ("GETPARA", DIE)],
    "an op that nothing may follow": [("ERASE", on(0, 0))],
}


def recorded(path: Path, *batches: list[Op], **options: Any) -> Path:
    log = DeviceLog()
    log.begin()
    for ops in batches:
        log.run(*ops)
    log.end()
    return log.record(path / "log.mpk", **options)


@pytest.mark.parametrize("what", LEGAL)
def test_a_legal_sequence(tmp_path: Path, what: str) -> None:
    trace = recorded(tmp_path, LEGAL[what], LEGAL["a read of one plane"])
    assert counted(trace, COMPLETE)[2] == 0
    assert counted(trace, INHERIT)[2] == 0


def test_all_of_them_are_counted(tmp_path: Path) -> None:
    trace = recorded(tmp_path, *LEGAL.values())
    assert counted(trace, COMPLETE) == (10, 9, 0)
    assert counted(trace, INHERIT) == (17, 17, 0)


OR_ELSE = "READ to be followed by DOUT or CACHE_READ DOUT CACHE_READ_END DOUT or COPYBACK_PROGRAM"
BROKEN: dict[str, tuple[list[Op], str, str]] = {
    "nothing follows": ([("READ", on(0, 1))], OR_ELSE, "nothing"),
    "a plane is left out": (
        [("READ", both(1)), ("DOUT", on(0, 1))],
        OR_ELSE,
        "DOUT",
    ),
    "one plane too many": (
        [("READ", on(0, 1)), ("DOUT", on(0, 1)), ("DOUT", on(1, 1))],
        OR_ELSE,
        "DOUT DOUT",
    ),
    "the chain stops in the middle": (
        [("READ", on(0, 1)), ("CACHE_READ", on(0, 2)), ("DOUT", on(0, 1))],
        OR_ELSE,
        "CACHE_READ DOUT",
    ),
    "a multi-plane step with one plane": (
        [("READ", both(1)), ("COPYBACK_PROGRAM", on(0, 0, 2))],
        OR_ELSE,
        "COPYBACK_PROGRAM",
    ),
    "something follows what nothing follows": (
        [("ERASE", on(0, 0)), ("DOUT", on(0, 0))],
        "ERASE to be followed by nothing",
        "DOUT",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_sequence(tmp_path: Path, what: str) -> None:
    ops, expected, actual = BROKEN[what]
    trace = recorded(tmp_path, LEGAL["a read of one plane"], ops)
    assert found(trace, COMPLETE) == [(7, expected, actual)]


def test_a_sequence_commit_that_follows_nothing(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.run(("ERASE", on(0, 0)))
    log.run(("DOUT", on(0, 1)), source="SEQUENCE")
    log.end()
    trace = log.record(tmp_path / "log.mpk")
    expected = "an op that it follows, committed just before it at the same time"
    assert found(trace, COMPLETE) == [(4, expected, "none")]


def test_a_step_may_start_when_the_one_before_it_ends_and_not_before(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    (_, (dout, _)) = log.commit(("READ", on(0, 1)), ("DOUT", on(0, 1)))
    log.calls[-1][1].update(start_ns=100, end_ns=200)
    log.play([(0, 0), (dout, 100)])
    log.end()
    assert found(log.record(tmp_path / "touching.mpk"), COMPLETE) == []
    log.calls[2][1].update(start_ns=90, end_ns=190)
    trace = log.record(tmp_path / "overlapping.mpk")
    assert found(trace, COMPLETE) == [(2, "a start not before 0.1 µs", "0.09 µs")]


def test_a_step_that_never_runs(tmp_path: Path) -> None:
    def log(end: str) -> DeviceLog:
        made = DeviceLog()
        made.begin()
        made.play(made.commit(("READ", on(0, 1)), ("DOUT", on(0, 1)))[:1])
        made.end(end)
        return made

    trace = log("DRAINED").record(tmp_path / "drained.mpk")
    expected = "segment 1 to run as the one before it did"
    assert found(trace, COMPLETE) == [(2, expected, "it never ended")]
    assert found(log("CARRIED").record(tmp_path / "carried.mpk"), COMPLETE) == []


def test_a_reset_excuses_what_never_runs(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    (read, (dout, due)) = log.commit(("READ", on(0, 1)), ("DOUT", on(0, 1)))
    log.play([read])
    ((reset, _),) = log.commit(("RESET", DIE))
    log.call("op_start", seg=reset)
    for event in ("OP_START", "OP_END"):
        log.call("cancel", seg=dout, event=event, due_ns=due, reason="RESET")
    log.now += 100
    log.call("op_end", seg=reset)
    log.end()
    assert found(log.record(tmp_path / "log.mpk"), COMPLETE) == []


ASTRAY: dict[str, tuple[list[Op], int, str, str]] = {
    "another page": (
        [("READ", on(0, 1)), ("DOUT", on(0, 2))],
        2,
        "by same_page die 0, plane 0, block 0, page 1",
        "die 0, plane 0, block 0, page 2",
    ),
    "another plane": (
        [("READ", on(0, 1)), ("DOUT", on(1, 1))],
        2,
        "by same_page die 0, plane 0, block 0, page 1",
        "die 0, plane 1, block 1, page 1",
    ),
    "another block": (
        [("READ", on(0, 1)), ("DOUT", on(0, 1, 2))],
        2,
        "by same_page die 0, plane 0, block 0, page 1",
        "die 0, plane 0, block 2, page 1",
    ),
    "planes in the wrong order": (
        [("READ", both(1)), ("DOUT", on(1, 1)), ("DOUT", on(0, 1))],
        2,
        "by same_page die 0, plane 0, block 0, page 1",
        "die 0, plane 1, block 1, page 1",
    ),
    "a cache read of the same page": (
        [
            ("READ", on(0, 1)),
            ("CACHE_READ", on(0, 1)),
            ("DOUT", on(0, 1)),
            ("CACHE_READ_END", on(0, 1)),
            ("DOUT", on(0, 1)),
        ],
        2,
        "by inc_page die 0, plane 0, block 0, page 2",
        "die 0, plane 0, block 0, page 1",
    ),
    "the page sensed last, too early": (
        [
            ("READ", on(0, 1)),
            ("CACHE_READ", on(0, 2)),
            ("DOUT", on(0, 2)),
            ("CACHE_READ_END", on(0, 2)),
            ("DOUT", on(0, 2)),
        ],
        3,
        "by prev_page die 0, plane 0, block 0, page 1",
        "die 0, plane 0, block 0, page 2",
    ),
    "a page begun and another finished": (
        [("LSB", on(0, 4)), ("READ", on(0, 2)), ("MSB", on(0, 2))],
        3,
        "by pgm_same_page die 0, plane 0, block 0, page 4",
        "die 0, plane 0, block 0, page 2",
    ),
}


ASTRAY |= {
    "an address of its own on another plane": (
        [("READ", on(0, 1)), ("COPYBACK_PROGRAM", on(1, 4))],
        2,
        "by none die 0, plane 0, block -, page -",
        "die 0, plane 1, block 1, page 4",
    ),
    "an address of its own on planes in another order": (
        [("READ", both(1)), ("COPYBACK_PROGRAM", [*on(1, 4), *on(0, 4)])],
        2,
        "by none die 0, plane 0, block -, page -",
        "die 0, plane 1, block 1, page 4",
    ),
}


@pytest.mark.parametrize("what", ASTRAY)
def test_a_step_at_another_address(tmp_path: Path, what: str) -> None:
    ops, seq, expected, actual = ASTRAY[what]
    trace = recorded(tmp_path, ops)
    assert found(trace, COMPLETE) == []
    assert found(trace, INHERIT) == [(seq, expected, actual)]


def suspended(path: Path, page: int) -> Path:
    """A program of page 4 is suspended, a page read and the program resumed."""
    log = DeviceLog()
    log.begin()
    ((program, _),) = log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=program)
    log.now = 50
    batch = log.commit(
        ("PROGRAM_SUSPEND", DIE), ("RECOVERY_RD", on(0, page)), ("DOUT", on(0, page))
    )
    suspend = batch[0][0]
    log.call("op_start", seg=suspend)
    log.call("suspend", die=0, axis="PROGRAM", op=program, remaining_ns=50, by_seg=suspend)
    log.call("cancel", seg=program, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=program, outcome="SUSPENDED")
    log.now = 150
    log.call("op_end", seg=suspend)
    log.play(batch[1:])
    log.end("CARRIED", suspended_program=[[program]])
    return log.record(path / "log.mpk")


def test_a_recovery_read_is_of_the_suspended_page(tmp_path: Path) -> None:
    trace = suspended(tmp_path, 4)
    assert found(trace, COMPLETE) == []
    assert counted(trace, INHERIT) == (2, 2, 0)
    assert counted(trace, "read-programmed-page") == (1, 1, 0)


def test_a_recovery_read_of_another_page(tmp_path: Path) -> None:
    trace = suspended(tmp_path, 5)
    assert found(trace, INHERIT) == [
        (
            4,
            "by same_page_from_program_suspend die 0, plane 0, block 0, page 4",
            "die 0, plane 0, block 0, page 5",
        )
    ]
    assert found(trace, "read-programmed-page") == [
        (11, "a page of die 0 block 0 up to 2", "page 5")
    ]


def test_nothing_is_asked_where_the_header_tells_no_sequences(tmp_path: Path) -> None:
    trace = recorded(tmp_path, [("READ", on(0, 1))], rules={})
    assert counted(trace, COMPLETE) == (0, 0, 0)
    assert counted(trace, INHERIT) == (0, 0, 0)


def programs(path: Path, rules: list[str], first: str, second: str) -> Path:
    """Two programs of a block, the second one a step of the first one's sequence."""
    log = DeviceLog()
    log.begin()
    batch = log.commit(("PROGRAM", on(0, 4)), ("PROGRAM", on(0, 5)))
    for page, (segment, celltype) in enumerate(zip(batch, (first, second), strict=True), 4):
        log.play([segment])
        log.call("apply_pgm", seg=segment[0], cells=[(0, 0, page)], celltype=celltype)
    log.end(addr_state=[5, 3, -1, -2])
    sequences = {"PROGRAM": [[{"base": "PROGRAM", "rules": rules}]]}
    return log.record(path / "log.mpk", rules=RULES | {"sequences": sequences})


def test_a_program_of_the_same_cell_type(tmp_path: Path) -> None:
    trace = programs(tmp_path, ["inc_page", "same_celltype"], "SLC", "SLC")
    assert counted(trace, INHERIT) == (2, 2, 0)


def test_a_program_of_another_cell_type(tmp_path: Path) -> None:
    trace = programs(tmp_path, ["inc_page", "same_celltype"], "SLC", "TLC")
    assert found(trace, INHERIT) == [(2, "by same_celltype a program of SLC", "TLC")]


@pytest.mark.parametrize(
    ("rules", "first"), [(["inc_page"], "SLC"), (["inc_page", "same_celltype"], "NONE")]
)
def test_a_cell_type_that_no_rule_binds(tmp_path: Path, rules: list[str], first: str) -> None:
    assert counted(programs(tmp_path, rules, first, "TLC"), INHERIT) == (1, 1, 0)
