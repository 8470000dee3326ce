"""What a run hands to the next: every field that events determine, the bootstrap, the refills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import state_at, verify_trace
from nandtrace.vocab.nand import ApplyPolicy
from tests.check.device_log import DIE, DeviceLog, counted, found, on

REPLAY, BOOTSTRAP, REFILL = "snapshot-matches-replay", "bootstrap-preserved", "refill-reseeded"

EMPTY: dict[str, Any] = {
    "ongoing": [[]],
    "suspended_erase": [[]],
    "suspended_program": [[]],
    "pending": [],
    "cell_modes": ["SLC", "SLC", "TLC", None],
    "latches": [],
    "caches": [],
    "odt_disabled": [],
    "backlog": [[]],
}


def busy_log() -> DeviceLog:
    """Everything that a snapshot holds changes, and is left so at the end of a carried run.

    Op 0, a program, is suspended; op 2, an erase, runs; op 3 waits.
    """
    log = DeviceLog()
    log.begin(**EMPTY)
    ((program, _),) = log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=program)
    log.now = 50
    ((suspend, _),) = log.commit(("PROGRAM_SUSPEND", DIE))
    log.call("op_start", seg=suspend)
    log.call("suspend", die=0, axis="PROGRAM", op=program, remaining_ns=50, by_seg=suspend)
    log.call("cancel", seg=program, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=program, outcome="SUSPENDED")
    log.now = 150
    log.call("op_end", seg=suspend)
    ((erase, _),) = log.commit(("ERASE", on(1, 0)))
    log.call("op_start", seg=erase)
    log.commit(("READ", on(0, 0)))
    log.call("latch", on=True, die=0, plane=1, latch="LATCH_ON_READ")
    log.call("latch", on=True, die=0, plane=0, latch="LATCH_ON_READ")
    log.call("latch", on=True, die=0, plane=0, latch="LATCH_ON_LSB")
    log.call("latch", on=False, die=0, plane=0, latch="LATCH_ON_READ")
    log.call("cache", on=True, die=0, plane=1, cache="ON_CACHE_READ")
    log.call("odt", on=False, die=0)
    log.call("backlog", on=True, op=90, op_name="Read", die=0)
    log.call("backlog", on=True, op=91, op_name="Read", die=0)
    log.call("backlog", on=False, op=90, op_name="Read", die=0)
    return log


LEFT: dict[str, Any] = {
    "ongoing": [[2]],
    "suspended_program": [[0]],
    "pending": [[250, "OP_END", 2], [150, "OP_START", 3], [250, "OP_END", 3]],
    "latches": [[0, 0, "LATCH_ON_LSB"], [0, 1, "LATCH_ON_READ"]],
    "caches": [[0, 1, "ON_CACHE_READ"]],
    "odt_disabled": [0],
    "backlog": [[91]],
}

WRONG: dict[str, tuple[Any, str, str]] = {
    "ongoing": ([[2, 3]], "ongoing[0] [2]", "[2, 3]"),
    "suspended_program": ([[]], "suspended_program[0] [0]", "[]"),
    "suspended_erase": ([[2]], "suspended_erase[0] []", "[2]"),
    "latches": (
        [[0, 1, "LATCH_ON_READ"]],
        "2 latches: [[0, 0, 'LATCH_ON_LSB'], [0, 1, 'LATCH_ON_READ']]",
        "1: [[0, 1, 'LATCH_ON_READ']]",
    ),
    "caches": ([], "1 caches: [[0, 1, 'ON_CACHE_READ']]", "0: []"),
    "odt_disabled": ([], "1 odt_disabled: [0]", "0: []"),
    "backlog": ([[90, 91]], "backlog[0] [91]", "[90, 91]"),
    "cell_modes": (["SLC", "SLC", None, None], "cell_modes[2] TLC", "None"),
}


def test_every_field_is_folded_from_the_events(tmp_path: Path) -> None:
    log = busy_log()
    log.end("CARRIED", **LEFT)
    assert counted(log.record(tmp_path / "log.mpk"), REPLAY) == (1, 1, 0)


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_the_events_contradict(tmp_path: Path, field: str) -> None:
    value, expected, actual = WRONG[field]
    log = busy_log()
    log.end("CARRIED", **(LEFT | {field: value}))
    seq = len(log.calls) - 1
    assert found(log.record(tmp_path / "log.mpk"), REPLAY) == [(seq, expected, actual)]


def carried_log() -> DeviceLog:
    """The busy run, and one that goes on with what it left, up to a reset."""
    log = busy_log()
    log.end("CARRIED", **LEFT)
    log.begin()
    log.call("op_start", seg=3)
    log.now = 200
    ((reset, _),) = log.commit(("RESET", DIE))
    log.call("op_start", seg=reset)
    log.call("op_end", seg=2, outcome="RESET")
    log.call("apply_erase", seg=2, cells=[(0, 1)], celltype="SLC", aborted=True)
    log.call("op_end", seg=3, outcome="RESET")
    log.call("cancel", seg=0, event="OP_END", due_ns=200, reason="RESET")
    log.call("apply_pgm", seg=0, cells=[(0, 0, 4)], celltype="SLC", aborted=True)
    log.call("latch", on=False, die=0, plane=0, latch="LATCH_ON_LSB")
    log.call("latch", on=False, die=0, plane=1, latch="LATCH_ON_READ")
    log.call("cache", on=False, die=0, plane=1, cache="ON_CACHE_READ")
    log.now = 300
    log.call("op_end", seg=reset)
    return log


RESET_STATE = EMPTY | {
    "addr_state": [4, -2, -1, -2],
    "cell_modes": ["SLC", None, "TLC", None],
    "odt_disabled": [0],
    "backlog": [[91]],
}


@pytest.mark.parametrize("batch_events", [1, 1_000])
def test_a_reset_ends_what_was_taken_over(tmp_path: Path, batch_events: int) -> None:
    log = carried_log()
    log.end(**RESET_STATE)
    trace = log.record(tmp_path / "log.mpk", chunk_events=3)
    bad = {item.id for item in verify_trace(trace).invariants if item.violated}
    # The read was committed without what must follow it, and no op filled the latches.
    assert bad == {"sequence-complete", "marks-follow-ops"}
    names = (REPLAY, "apply-pgm-matched", "apply-erase-matched", "refs-resolve", "op-closed")
    for name in names:
        assert found(trace, name, batch_events=batch_events) == []


def test_an_aborted_erase_leaves_its_block_as_if_never_erased(tmp_path: Path) -> None:
    log = carried_log()
    log.end(**(RESET_STATE | {"addr_state": [4, -1, -1, -2]}))
    seq = len(log.calls) - 1
    trace = log.record(tmp_path / "log.mpk")
    said = ("addr_state -2 of die 0 block 1", "-1 (1 blocks differ)")
    assert found(trace, REPLAY) == [(seq, *said)]


def test_an_erase_counts_once_under_every_policy(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    ((erase, _),) = log.commit(("ERASE", on(0, 0)))
    log.call("op_start", seg=erase)
    log.now = 40
    log.call("suspend", die=0, axis="ERASE", op=erase, remaining_ns=60)
    log.call("cancel", seg=erase, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=erase, outcome="SUSPENDED")
    log.end("CARRIED")
    policy = ApplyPolicy.PER_SEGMENT
    trace = log.record(tmp_path / "log.mpk", apply_policy=policy)
    assert found(trace, "apply-erase-matched") == []


def test_a_program_counted_early_and_then_aborted(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    ((program, _),) = log.commit(("PROGRAM", on(0, 4)))
    log.call("op_start", seg=program)
    log.now = 40
    log.call("suspend", die=0, axis="PROGRAM", op=program, remaining_ns=60)
    log.call("cancel", seg=program, event="OP_END", due_ns=100, reason="SUSPEND")
    log.call("op_end", seg=program, outcome="SUSPENDED")
    log.call("apply_pgm", seg=program, cells=[(0, 0, 4)], celltype="SLC")
    log.now = 70
    ((reset, _),) = log.commit(("RESET", DIE))
    log.call("op_start", seg=reset)
    log.call("cancel", seg=program, event="OP_END", due_ns=70, reason="RESET")
    log.call("apply_pgm", seg=program, cells=[(0, 0, 4)], celltype="SLC", aborted=True)
    log.now = 170
    log.call("op_end", seg=reset)
    log.end(addr_state=[4, 3, -1, -2])
    early = log.record(tmp_path / "early.mpk", apply_policy=ApplyPolicy.PER_SEGMENT)
    assert found(early, "apply-pgm-matched") == []
    once = log.record(tmp_path / "once.mpk")
    assert found(once, "apply-pgm-matched") == [(10, "0 APPLY_PGM for segment 0", "2")]


def test_only_a_reset_aborts(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin()
    log.run(("ERASE", on(0, 0)))
    log.call("apply_erase", seg=0, cells=[(0, 0)], celltype="SLC", aborted=True)
    log.run(("PROGRAM", on(1, 4)))
    log.call("apply_pgm", seg=1, cells=[(0, 1, 4)], celltype="SLC", aborted=True)
    log.end(addr_state=[-2, 4, -1, -2])
    trace = log.record(tmp_path / "log.mpk")
    none = "a reset of segment {}, whose APPLY is aborted"
    assert found(trace, "apply-erase-matched") == [(4, none.format(0), "none")]
    assert found(trace, "apply-pgm-matched") == [(8, none.format(1), "none")]


def test_a_program_after_an_aborted_erase(tmp_path: Path) -> None:
    log = carried_log()
    log.run(("PROGRAM", on(1, 0)))
    log.call("apply_pgm", seg=log.seg - 1, cells=[(0, 1, 0)], celltype="SLC")
    seq = len(log.calls) - 1
    log.end(**(RESET_STATE | {"addr_state": [4, 0, -1, -2]}))
    trace = log.record(tmp_path / "log.mpk")
    said = ("a block that was erased", "page 0 of die 0 block 1, never erased")
    assert found(trace, "program-after-erase") == [(seq, *said)]


def test_the_backlog_is_left_in_order_over_a_boundary(tmp_path: Path) -> None:
    log = busy_log()
    log.call("backlog", on=True, op=92, op_name="Read", die=0)
    log.end("CARRIED", **(LEFT | {"backlog": [[91, 92]]}))
    log.begin()
    for op in (91, 92):
        log.call("backlog", on=False, op=op, op_name="Read", die=0)
    log.end("CARRIED", backlog=[[]])
    trace = log.record(tmp_path / "log.mpk")
    for events in (1, 1_000):
        assert found(trace, "backlog-fifo", batch_events=events) == []
    first = len(log.calls) - 3
    log.calls[first][1]["op"], log.calls[first + 1][1]["op"] = 92, 91
    trace = log.record(tmp_path / "swapped.mpk")
    for events in (1, 1_000):
        assert found(trace, "backlog-fifo", batch_events=events) == [
            (first, "op 91 to leave first", "op 92"),
            (first + 1, "op 92 to leave first", "op 91"),
        ]


def test_state_at_shows_what_snapshots_hold(tmp_path: Path) -> None:
    log = carried_log()
    log.end(**RESET_STATE)
    trace = log.record(tmp_path / "log.mpk", chunk_events=3)
    names = [name for name, _ in log.calls]
    end = names.index("end_run")
    state = state_at(trace, end - 1)
    for field, value in LEFT.items():
        if field != "pending":
            assert getattr(state, field) == value, field
    assert state.cell_modes == EMPTY["cell_modes"]

    aborted = state_at(trace, names.index("apply_erase"))
    assert (aborted.ongoing, aborted.suspended_program) == ([[3, 4]], [[0]])
    assert aborted.addr_state == [3, -2, -1, -2]
    assert aborted.cell_modes == ["SLC", None, "TLC", None]

    last = state_at(trace, len(names) - 1)
    assert (last.ongoing, last.suspended_program, last.latches) == ([[]], [[]], [])
    assert (last.odt_disabled, last.backlog) == ([0], [[91]])


def test_state_at_is_of_its_run_s_events_where_a_snapshot_tells_nothing(tmp_path: Path) -> None:
    log = busy_log()
    for name in EMPTY:
        del log.calls[0][1]["snapshot"][name]
    log.end("CARRIED")
    trace = log.record(tmp_path / "log.mpk")
    state = state_at(trace, len(log.calls) - 1)
    assert (state.ongoing, state.suspended_program, state.backlog) == ([[2]], [[0]], [[91]])
    assert state.cell_modes == [None] * 4


def stages(path: Path, *runs: tuple[str | None, list[str], str | None, str]) -> Path:
    """Runs by the stage at their begin, the stages entered, the stage and the word at their end."""
    log = DeviceLog()
    for begin, entered, after, end in runs:
        log.begin(bootstrap={"stage": begin, "erased": 0})
        for stage in entered:
            log.call("bootstrap", stage=stage)
        log.end(end, bootstrap={"stage": after, "erased": 1})
    return log.record(path / "log.mpk", may_change_between_runs=["bootstrap"])


def test_a_bootstrap_over_four_runs(tmp_path: Path) -> None:
    trace = stages(
        tmp_path,
        (None, ["ERASE"], "ERASE", "CARRIED"),
        ("ERASE", ["PROGRAM"], "PROGRAM", "CARRIED"),
        ("PROGRAM", ["READ", "DONE"], "DONE", "DRAINED"),
        ("DONE", [], "DONE", "DRAINED"),
    )
    for events in (1, 1_000):
        assert found(trace, BOOTSTRAP, batch_events=events) == []
    assert counted(trace, BOOTSTRAP) == (4, 4, 0)


def test_the_last_run_of_a_recording_drains_whatever_the_stage(tmp_path: Path) -> None:
    trace = stages(tmp_path, (None, ["ERASE"], "ERASE", "DRAINED"))
    assert counted(trace, BOOTSTRAP) == (1, 1, 0)


def test_without_a_bootstrap_there_is_nothing_to_preserve(tmp_path: Path) -> None:
    trace = stages(tmp_path, (None, [], None, "DRAINED"), (None, [], None, "DRAINED"))
    assert counted(trace, BOOTSTRAP) == (2, 0, 0)


@pytest.mark.parametrize(
    ("runs", "violations"),
    [
        (
            [(None, ["ERASE"], "ERASE", "CARRIED"), (None, [], None, "DRAINED")],
            [(3, "bootstrap stage ERASE", "None")],
        ),
        (
            [(None, ["ERASE", "PROGRAM"], "ERASE", "CARRIED")],
            [(3, "bootstrap stage PROGRAM", "ERASE")],
        ),
        (
            [("READ", ["PROGRAM"], "PROGRAM", "CARRIED")],
            [(1, "a stage after READ", "PROGRAM")],
        ),
        ([("READ", ["READ"], "READ", "CARRIED")], [(1, "a stage after READ", "READ")]),
        (
            [("READ", [], "READ", "DRAINED"), ("READ", [], "READ", "CARRIED")],
            [(2, "events carried over from the run before, in stage READ", "DRAINED")],
        ),
    ],
)
def test_a_bootstrap_that_is_not_preserved(
    tmp_path: Path, runs: Any, violations: list[tuple[int, str, str]]
) -> None:
    trace = stages(tmp_path, *runs)
    for events in (1, 1_000):
        assert found(trace, BOOTSTRAP, batch_events=events) == violations


def hooked(path: Path, *runs: list[tuple[int, str]], **options: Any) -> Path:
    """Runs of 10 µs by their hooks, each with its time after the run's begin."""
    log = DeviceLog()
    for number, hooks in enumerate(runs):
        log.now = number * 10_000
        log.begin()
        for time_ns, hook in hooks:
            log.now = number * 10_000 + time_ns
            log.call("hook", hook=hook)
        log.end()
    return log.record(path / "log.mpk", **options)


FIRST = (0, "QUEUE_REFILL")


def test_refills_at_the_begin_and_then_every_period(tmp_path: Path) -> None:
    trace = hooked(
        tmp_path,
        [(0, "PHASE_HOOK"), FIRST, (1_000, "QUEUE_REFILL"), (1_500, "PHASE_HOOK")],
        [FIRST],
        [],
        [(0, "PHASE_HOOK")],
    )
    assert counted(trace, REFILL) == (4, 3, 0)


@pytest.mark.parametrize(
    ("hooks", "violations"),
    [
        (
            [(10, "PHASE_HOOK")],
            [(4, "a QUEUE_REFILL at 10 µs", "none in the run")],
        ),
        ([(10, "QUEUE_REFILL")], [(3, "a QUEUE_REFILL at 10 µs", "10.01 µs")]),
        (
            [FIRST, (1_000, "QUEUE_REFILL"), (2_500, "PHASE_HOOK")],
            [(6, "a QUEUE_REFILL at 12 µs", "none after 2 in the run")],
        ),
        ([FIRST, FIRST], [(4, "a QUEUE_REFILL at 11 µs", "10 µs")]),
        ([FIRST, (990, "QUEUE_REFILL")], [(4, "a QUEUE_REFILL at 11 µs", "10.99 µs")]),
        ([FIRST, (2_000, "QUEUE_REFILL")], [(4, "a QUEUE_REFILL at 11 µs", "12 µs")]),
    ],
)
def test_refills_that_are_lost_late_or_doubled(
    tmp_path: Path, hooks: list[tuple[int, str]], violations: list[tuple[int, str, str]]
) -> None:
    assert found(hooked(tmp_path, [], hooks), REFILL) == violations


def test_a_refill_carried_into_a_run(tmp_path: Path) -> None:
    log = DeviceLog()
    log.begin(pending=[[500, "PHASE_HOOK", None], [600, "QUEUE_REFILL", None]])
    log.end(pending=[])
    assert found(log.record(tmp_path / "log.mpk"), REFILL) == [
        (0, "no QUEUE_REFILL pending at a run's begin", "one is")
    ]


def test_a_header_without_a_period_asks_for_no_refills(tmp_path: Path) -> None:
    trace = hooked(tmp_path, [(10, "PHASE_HOOK")], rules={})
    assert counted(trace, REFILL) == (0, 0, 0)


def refilled(path: Path, until_ns: int, times_ns: list[int], stop: str | None) -> Path:
    """A run from 10 µs on up to `until_ns`, with its refills."""
    log = DeviceLog()
    log.now = 10_000
    log.begin()
    log.calls[-1][1]["run_until_ns"] = until_ns
    for log.now in times_ns:
        log.call("hook", hook="QUEUE_REFILL")
    log.end()
    log.calls[-1][1]["stop"] = stop
    return log.record(path / "log.mpk")


@pytest.mark.parametrize(
    ("until_ns", "times_ns", "stop"),
    [
        (12_000, [10_000, 11_000], "run_until"),
        (12_000, [10_000, 11_000, 12_000], "run_until"),
        (12_010, [10_000, 11_000, 12_000], "run_until"),
        (12_010, [10_000, 11_000, 12_000, 13_000], "run_until"),
        (10_000, [], "run_until"),
        (90_000, [10_000, 11_000], "hooks"),
        (90_000, [], "hooks"),
        (90_000, [10_000, 11_000], None),
    ],
)
def test_refills_up_to_where_the_run_stopped(
    tmp_path: Path, until_ns: int, times_ns: list[int], stop: str | None
) -> None:
    trace = refilled(tmp_path, until_ns, times_ns, stop)
    assert counted(trace, REFILL) == (1, int(bool(times_ns)), 0)


@pytest.mark.parametrize(
    ("until_ns", "times_ns", "violation"),
    [
        (12_010, [], (1, "a QUEUE_REFILL at 10 µs", "none in the run")),
        (12_000, [10_000], (2, "a QUEUE_REFILL at 11 µs", "none after 1 in the run")),
        (12_010, [10_000, 11_000], (3, "a QUEUE_REFILL at 12 µs", "none after 2 in the run")),
        (
            10_500,
            [10_000, 11_000, 12_000],
            (3, "no QUEUE_REFILL after the tick that crosses 10.5 µs", "12 µs"),
        ),
        (10_000, [10_000], (1, "no QUEUE_REFILL after the tick that crosses 10 µs", "10 µs")),
    ],
)
def test_refills_that_stop_early_or_go_on(
    tmp_path: Path, until_ns: int, times_ns: list[int], violation: tuple[int, str, str]
) -> None:
    trace = refilled(tmp_path, until_ns, times_ns, "run_until")
    assert found(trace, REFILL) == [violation]
    assert counted(trace, REFILL) == (1, 1, 1)


NOT_LEFT = {
    "nothing left": [],
    "another op left": [(0, 0, True), (0, 1, True), (0, 0, False)],
    "it left before": [(0, 1, True), (0, 1, False)],
    "it came": [(10, 1, True)],
}


@pytest.mark.parametrize("case", NOT_LEFT)
def test_a_commit_from_the_backlog_of_an_op_that_did_not_leave_it(
    tmp_path: Path, case: str
) -> None:
    log = _backlog_log(NOT_LEFT[case])
    seq = len(log.calls) - 2
    said = ("op 1 to leave the backlog just before its COMMIT", "it did not")
    assert found(log.record(tmp_path / "log.mpk"), "backlog-fifo") == [(seq, *said)]


def test_a_commit_from_the_backlog_of_the_op_that_just_left_it(tmp_path: Path) -> None:
    log = _backlog_log([(0, 1, True), (0, 2, True), (10, 1, False)])
    assert counted(log.record(tmp_path / "log.mpk"), "backlog-fifo") == (2, 2, 0)


def _backlog_log(moves: list[tuple[int, int, bool]]) -> DeviceLog:
    """Ops come to the backlog and leave it, and then, at 10, op 1 is committed from it."""
    log = DeviceLog()
    log.begin(backlog=[[]])
    for log.now, op, comes in moves:
        log.call("backlog", on=comes, op=op, op_name="Read", die=0)
    log.now, log.seg = 10, 1
    log.commit(("READ", on(0, 0)), source="BACKLOG")
    log.end()
    return log
