"""Resource invariants: what touches is legal, what overlaps or is excluded is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, verify_trace
from tests.check.resource_log import READ_STATES, ResourceLog

IDS = (
    "bus-exclusive",
    "plane-exclusive",
    "multi-plane-exclusive",
    "excluded-by-op-state",
    "excluded-by-latch",
    "excluded-by-cache",
    "excluded-by-suspend",
    "excluded-by-odt",
)

CORE = (("CORE_BUSY", 500, False),)
SHORT = (("CORE_BUSY", 10, False),)

Found = list[tuple[str, int, str, str]]


@pytest.fixture
def judge(tmp_path: Path) -> Any:
    """Violations of a log as (id, segment, expected, actual), the same in batches of any size."""

    def run(log: ResourceLog, **rules: Any) -> Found:
        path = log.record(tmp_path / "log.mpk", **rules)
        found = [_found(path, batch_events) for batch_events in (1, 500_000)]
        assert found[0] == found[1]
        return found[0]

    return run


def _found(path: Path, batch_events: int) -> Found:
    verdict = verify_trace(path, Options(only=IDS, batch_events=batch_events))
    assert verdict.error is None
    assert [item.violated for item in verdict.invariants] == [
        len(item.violations) for item in verdict.invariants
    ]
    return [
        (item.id, violation.place["seg"], violation.expected, violation.actual)
        for item in verdict.invariants
        for violation in item.violations
    ]


def counts(log: ResourceLog, tmp_path: Path, **rules: Any) -> dict[str, tuple[int, int]]:
    """How often each invariant was evaluated and exercised, where it was evaluated."""
    verdict = verify_trace(log.record(tmp_path / "log.mpk", **rules), Options(only=IDS))
    return {
        item.id: (item.evaluated, item.exercised) for item in verdict.invariants if item.evaluated
    }


# ---- the bus


def test_commands_may_follow_each_other_on_the_bus(judge: Any) -> None:
    log = ResourceLog()
    log.op("READ", 0)
    log.op("READ", 100, die=1)
    log.op("READ", 200, planes=(1,))
    assert judge(log) == []


@pytest.mark.parametrize("state_at_entry", [False, True])
def test_the_bus_is_one_for_all_dies(judge: Any, state_at_entry: bool) -> None:
    states = (("ISSUE", 100, True), ("CORE_BUSY", 500, False), ("DATA_OUT", 300, True))
    log = ResourceLog()
    log.op("READ", 0, states=states, state_at_entry=state_at_entry)
    log.op("READ", 590, die=1, states=states, state_at_entry=state_at_entry)
    assert judge(log) == [
        (
            "bus-exclusive",
            0,
            "the bus free for DATA_OUT (0.6 to 0.9 µs) of READ of segment 0 (0 to 0.9 µs)",
            "held in ISSUE (0.59 to 0.69 µs) of READ of segment 1 (0.59 to 1.49 µs)",
        )
    ]


def test_a_long_transfer_is_in_the_way_of_all_that_come_within(judge: Any) -> None:
    log = ResourceLog()
    log.op("DOUT", 0, states=(("DATA_OUT", 1_000, True),))
    log.op("READ", 200, die=1, planes=(1,))
    log.op("READ", 900, die=1, planes=(2,))
    assert [row[:2] for row in judge(log)] == [("bus-exclusive", 1), ("bus-exclusive", 2)]


def test_a_reset_frees_the_bus(judge: Any) -> None:
    log = ResourceLog()
    log.op("DOUT", 0, states=(("DATA_OUT", 1_000, True),), cut_ns=400, outcome="RESET")
    log.op("RESET", 400)
    assert judge(log) == []


# ---- planes


def test_a_plane_is_free_when_its_op_ends(judge: Any) -> None:
    log = ResourceLog()
    log.op("DOUT", 0, states=CORE)
    log.op("DOUT", 500, states=CORE)
    log.op("DOUT", 300, die=1, states=CORE)
    assert judge(log) == []


def test_a_plane_is_held_until_its_op_ends(judge: Any) -> None:
    log = ResourceLog()
    log.op("READ", 0, states=CORE)
    log.op("READ", 490, states=CORE)
    assert judge(log) == [
        (
            "plane-exclusive",
            1,
            "die 0 plane 0 free for READ of segment 1 (0.49 to 0.99 µs)",
            "held by READ of segment 0 (0 to 0.5 µs)",
        )
    ]


def test_each_op_is_reported_once_and_names_what_holds_longest(judge: Any) -> None:
    log = ResourceLog()
    log.op("DOUT", 0, planes=(0, 1), states=(("CORE_BUSY", 2_000, False),))
    log.op("DOUT", 100, planes=(0, 1), states=SHORT)
    log.op("DOUT", 1_000, planes=(1,), states=SHORT)
    found = judge(log, interleaving_bases=None)
    assert [(row[1], row[3]) for row in found] == [
        (1, "held by DOUT of segment 0 (0 to 2 µs)"),
        (2, "held by DOUT of segment 0 (0 to 2 µs)"),
    ]


def test_a_die_wide_op_holds_all_planes_of_its_die(judge: Any) -> None:
    log = ResourceLog()
    log.op("ZQ", 0, states=CORE)
    log.op("READ", 400, planes=(3,), states=SHORT)
    log.op("READ", 400, die=1, planes=(3,), states=SHORT)
    log.op("DIE_WIDE_READ", 1_000, states=CORE)
    log.op("READ", 1_100, planes=(2,), states=SHORT)
    assert [row[:3] for row in judge(log)] == [
        (
            "plane-exclusive",
            1,
            "die 0 plane 3 free for READ of segment 1 (0.4 to 0.41 µs)",
        ),
        (
            "plane-exclusive",
            4,
            "die 0 plane 2 free for READ of segment 4 (1.1 to 1.11 µs)",
        ),
    ]


def test_instant_ops_and_those_of_no_scope_hold_nothing(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op("STATUS", 100, states=SHORT)
    log.op("PLANE_STATUS", 200, states=CORE)
    log.op("PLANE_STATUS", 250, planes=(0, 1), states=CORE)
    assert judge(log) == []


def test_a_suspend_frees_the_plane(judge: Any) -> None:
    log = ResourceLog()
    erase = log.op("ERASE", 0, states=CORE, cut_ns=100, outcome="SUSPENDED")
    log.suspend(100, erase)
    log.op("PROGRAM", 110, states=SHORT)
    assert judge(log) == []


def test_a_plane_stays_held_over_a_run_boundary(judge: Any) -> None:
    log = ResourceLog()
    holder = log.op("PROGRAM", 0, states=CORE)
    log.op("DOUT", 300, states=SHORT)
    log.op("DOUT", 300, planes=(1,), states=SHORT)
    log.op("READ", 600, states=SHORT)
    log.boundary(200, pending=[[500, "OP_END", holder], [300, "PHASE_HOOK", None]])
    log.boundary(400, pending=[[500, "OP_END", holder]])
    assert [row[:2] for row in judge(log, interleaving_bases=None)] == [
        ("plane-exclusive", 1),
        ("excluded-by-op-state", 3),
    ]


def test_an_op_that_starts_in_the_run_after_its_commit_is_known_there(judge: Any) -> None:
    log = ResourceLog()
    log.op("DOUT", 300, states=CORE)
    late = log.op("DOUT", 310, states=SHORT, commit_ns=0)
    log.boundary(200, pending=[[310, "OP_START", late], [320, "OP_END", late]])
    assert [row[:2] for row in judge(log, interleaving_bases=None)] == [("plane-exclusive", late)]


# ---- several planes


def test_single_plane_reads_interleave(judge: Any, tmp_path: Path) -> None:
    log = ResourceLog()
    log.op("READ", 0)
    log.op("READ", 200, planes=(1,))
    log.op("PROGRAM", 300, die=1, planes=(0, 1), states=SHORT)
    log.op("PROGRAM", 800, planes=(1, 2), states=SHORT)
    assert judge(log) == []
    assert counts(log, tmp_path)["multi-plane-exclusive"] == (4, 2)


@pytest.mark.parametrize(
    ("base", "planes"), [("READ", (2, 3)), ("PROGRAM", (2,)), ("PROGRAM", (1, 2, 3))]
)
def test_nothing_else_runs_beside_another_op_of_the_die(
    judge: Any, base: str, planes: tuple[int, ...]
) -> None:
    log = ResourceLog()
    log.op("READ", 0, states=CORE)
    log.op(base, 400, planes=planes, states=SHORT)
    assert judge(log) == [
        (
            "multi-plane-exclusive",
            1,
            f"die 0 free for {base} of segment 1 (0.4 to 0.41 µs)",
            "held by READ of segment 0 (0 to 0.5 µs)",
        )
    ]


def test_a_read_may_not_run_beside_what_does_not_interleave(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op("READ", 100, planes=(1,), states=(("CORE_BUSY", 2_000, False),))
    log.op("READ", 600, planes=(2,), states=SHORT)
    assert [(row[0], row[1], row[3]) for row in judge(log)] == [
        ("multi-plane-exclusive", 1, "held by PROGRAM of segment 0 (0 to 0.5 µs)")
    ]


# ---- states of ops


def test_a_state_excludes_from_its_entry_until_it_is_left(judge: Any) -> None:
    log = ResourceLog()
    log.op("READ", 1_000, states=READ_STATES)
    for at_ns in (1_000, 1_090, 1_600):
        log.op("PLANE_STATUS", at_ns, states=SHORT)
    assert judge(log) == []
    log.op("PLANE_STATUS", 1_590, states=SHORT)
    early = log.op("PLANE_STATUS", 1_100, states=SHORT)
    assert judge(log) == [
        (
            "excluded-by-op-state",
            early,
            "no PLANE_STATUS in CORE_BUSY",
            f"PLANE_STATUS of segment {early} (1.1 to 1.11 µs) started while "
            "READ of segment 0 (1 to 1.6 µs) was in CORE_BUSY",
        ),
        (
            "excluded-by-op-state",
            4,
            "no PLANE_STATUS in CORE_BUSY",
            "PLANE_STATUS of segment 4 (1.59 to 1.6 µs) started while "
            "READ of segment 0 (1 to 1.6 µs) was in CORE_BUSY",
        ),
    ]


def test_a_state_excludes_on_the_planes_of_its_op(judge: Any) -> None:
    log = ResourceLog()
    log.op("READ", 0, planes=(1, 2), states=CORE)
    log.op("PLANE_STATUS", 10, planes=(0, 3), states=SHORT)
    log.op("PLANE_STATUS", 20, die=1, planes=(1,), states=SHORT)
    log.op("PLANE_STATUS", 30, planes=(2, 3), states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-op-state", 3)]


@pytest.mark.parametrize("base", ["ZQ", "DIE_WIDE_READ"])
def test_a_die_wide_op_excludes_on_all_planes(judge: Any, base: str) -> None:
    log = ResourceLog()
    log.op(base, 0, states=CORE)
    log.op("PLANE_STATUS", 10, planes=(3,), states=SHORT)
    log.op("PLANE_STATUS", 10, die=1, planes=(3,), states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-op-state", 1)]


def test_an_op_that_addresses_no_plane_touches_all(judge: Any) -> None:
    log = ResourceLog()
    log.op("ERASE", 0, planes=(3,), states=CORE)
    log.op("STATUS", 100, states=SHORT)
    log.op("STATUS", 100, die=1, states=SHORT)
    log.op("READ", 200, states=SHORT)
    found = judge(log, interleaving_bases=None)
    assert [row[:2] for row in found] == [("excluded-by-op-state", 1)]


def test_an_op_does_not_exclude_itself(judge: Any) -> None:
    log = ResourceLog()
    log.op("READ", 0)
    log.op("READ", 600)
    assert judge(log) == []


@pytest.mark.parametrize("outcome", ["SUSPENDED", "RESET"])
def test_a_cut_state_excludes_no_longer(judge: Any, outcome: str) -> None:
    log = ResourceLog()
    log.op("ERASE", 0, states=CORE, cut_ns=200, outcome=outcome)
    log.op("STATUS", 200, states=SHORT)
    log.op("STATUS", 190, die=1, states=SHORT)
    assert judge(log) == []
    log.op("STATUS", 190, states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-op-state", 3)]


def test_what_a_resume_goes_on_with_is_no_command(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=SHORT)
    log.op("READ", 100, states=SHORT, source="RESUME_CHAIN")
    assert judge(log) == []


def test_an_ended_op_excludes_until_the_next_has_started(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op("STATUS", 490, states=SHORT)
    log.op("PLANE_STATUS", 600, states=SHORT)
    log.op("READ", 5_000, planes=(1,), states=SHORT)
    log.op("READ", 700, states=SHORT)
    log.op("READ", 800, states=SHORT)
    assert judge(log) == [
        (
            "excluded-by-op-state",
            4,
            "no READ in END",
            "READ of segment 4 (0.7 to 0.71 µs) started while PROGRAM of segment 0 (0 to 0.5 µs) "
            "was the last one on its plane",
        )
    ]


def test_beside_the_next_op_the_one_before_still_excludes(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op("DOUT", 500, states=CORE)
    log.op("STATUS", 510, states=SHORT)
    assert judge(log) == []
    log.op("STATUS", 500, states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-op-state", 3)]


@pytest.mark.parametrize(("reset", "die"), [("RESET", 1), ("RESET_LUN", 0)])
def test_after_a_reset_no_op_was_the_last(judge: Any, reset: str, die: int) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op(reset, 600, die=die, states=SHORT)
    log.op("READ", 700, states=SHORT)
    assert judge(log) == []


def test_the_reset_of_another_die_changes_nothing(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE)
    log.op("RESET_LUN", 600, die=1, states=SHORT)
    log.op("READ", 700, states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-op-state", 2)]


def test_an_op_that_was_cut_has_not_ended(judge: Any) -> None:
    log = ResourceLog()
    log.op("PROGRAM", 0, states=CORE, cut_ns=200, outcome="SUSPENDED")
    log.op("READ", 300, states=SHORT)
    assert judge(log) == []


# ---- latches and cache states


def test_a_filled_latch_excludes_on_its_plane(judge: Any, tmp_path: Path) -> None:
    log = ResourceLog()
    log.op("READ", 0, states=SHORT)
    log.latch(10, True)
    log.op("READ", 20, planes=(1,), states=SHORT)
    log.op("READ", 20, die=1, states=SHORT)
    log.op("DOUT", 100, states=SHORT)
    log.latch(110, False)
    log.op("READ", 110, states=SHORT)
    assert judge(log) == []
    assert counts(log, tmp_path)["excluded-by-latch"] == (5, 1)
    log.op("READ", 90, states=SHORT)
    assert judge(log) == [
        (
            "excluded-by-latch",
            5,
            "no READ in LATCH_ON_READ",
            "READ of segment 5 (0.09 to 0.1 µs) started while die 0 plane 0 was in LATCH_ON_READ",
        )
    ]


def test_a_latch_that_a_run_begins_with_excludes(judge: Any) -> None:
    log = ResourceLog(latches=[[0, 2, "LATCH_ON_READ"], [0, 3, "LATCH_ON_OTHER"]])
    log.op("READ", 0, planes=(2,), states=SHORT)
    log.op("READ", 20, planes=(3,), states=SHORT)
    log.latch(30, False, plane=2)
    log.op("READ", 40, planes=(2,), states=SHORT)
    log.boundary(50)
    log.op("READ", 60, planes=(2,), states=SHORT)
    log.boundary(70, latches=[[1, 0, "LATCH_ON_READ"]])
    log.op("READ", 80, die=1, states=SHORT)
    assert [row[:2] for row in judge(log)] == [("excluded-by-latch", 0), ("excluded-by-latch", 4)]


def test_a_cache_state_excludes_on_its_plane(judge: Any) -> None:
    log = ResourceLog(caches=[[1, 0, "ON_CACHE_READ"]])
    log.cache(0, True, plane=1)
    log.op("ERASE", 10, states=SHORT)
    log.op("ERASE", 30, planes=(0, 1), states=SHORT)
    log.op("ERASE", 30, die=1, states=SHORT)
    log.cache(50, False, plane=1)
    log.op("ERASE", 50, planes=(0, 1), states=SHORT)
    assert [(row[0], row[1], row[3]) for row in judge(log)] == [
        (
            "excluded-by-cache",
            1,
            "ERASE of segment 1 (0.03 to 0.04 µs) started while die 0 plane 1 was in ON_CACHE_READ",
        ),
        (
            "excluded-by-cache",
            2,
            "ERASE of segment 2 (0.03 to 0.04 µs) started while die 1 plane 0 was in ON_CACHE_READ",
        ),
    ]


# ---- suspends and ODT


def test_within_a_suspend_ops_of_its_group_are_excluded(judge: Any, tmp_path: Path) -> None:
    log = ResourceLog()
    erase = log.op("ERASE", 0, states=CORE, cut_ns=100, outcome="SUSPENDED")
    log.suspend(100, erase)
    log.op("ERASE", 200, die=1, states=SHORT)
    log.resume(300, erase)
    log.op("ERASE", 310, planes=(1,), states=SHORT)
    assert judge(log) == []
    assert counts(log, tmp_path)["excluded-by-suspend"] == (5, 5)
    log.op("ERASE", 290, planes=(1,), states=SHORT)
    again = log.suspend(250, erase)
    found = judge(log)
    assert found[0] == (
        "excluded-by-suspend",
        again,
        "no ERASE_SUSPEND in ERASE_SUSPENDED",
        f"ERASE_SUSPEND of segment {again} (0.25 to 0.26 µs) started while die 0 was in "
        "ERASE_SUSPENDED",
    )
    assert [row[1] for row in found[1:]] == [5, 4]


def test_a_resume_needs_something_suspended(judge: Any) -> None:
    log = ResourceLog(suspended_erase=[[], [7]])
    log.resume(0, 7, die=1)
    late = log.resume(20, 7, die=1)
    other = log.resume(40, 7)
    assert [row[:3] for row in judge(log)] == [
        ("excluded-by-suspend", late, "no ERASE_RESUME in NOT_ERASE_SUSPENDED"),
        ("excluded-by-suspend", other, "no ERASE_RESUME in NOT_ERASE_SUSPENDED"),
    ]


def test_the_axes_are_apart(judge: Any) -> None:
    log = ResourceLog(suspended_program=[[5], []])
    log.op("ERASE", 0, states=SHORT)
    log.op("STATUS", 10, states=SHORT)
    assert [row[:3] for row in judge(log)] == [
        ("excluded-by-suspend", 1, "no STATUS in PROGRAM_SUSPENDED")
    ]


@pytest.mark.parametrize(
    ("reset", "reset_die", "excluded"),
    [("RESET", 1, []), ("RESET_LUN", 0, []), ("RESET_LUN", 1, [1])],
)
def test_a_reset_ends_suspends(judge: Any, reset: str, reset_die: int, excluded: list[int]) -> None:
    log = ResourceLog(suspended_erase=[[7], []])
    log.op(reset, 0, die=reset_die, states=SHORT)
    log.op("ERASE", 20, states=SHORT)
    assert [row[1] for row in judge(log)] == excluded


def test_what_a_snapshot_does_not_say_is_not_judged(judge: Any) -> None:
    log = ResourceLog(suspended_erase=None)
    log.resume(0, 7)
    assert judge(log) == []


def test_a_die_without_termination_excludes(judge: Any) -> None:
    log = ResourceLog(odt_disabled=[1])
    log.op("READ", 0, states=SHORT)
    log.op("READ", 0, die=1, states=SHORT)
    log.odt(20, on=True, die=1)
    log.odt(20, on=False)
    log.op("READ", 20, die=1, states=SHORT)
    log.op("STATUS", 20, states=SHORT)
    log.op("ERASE", 30, states=SHORT)
    log.odt(40, on=True)
    log.op("READ", 40, states=SHORT)
    assert [(row[0], row[1], row[3]) for row in judge(log)] == [
        (
            "excluded-by-odt",
            1,
            "READ of segment 1 (0 to 0.01 µs) started while die 1 was in ODT_DISABLE",
        ),
        (
            "excluded-by-odt",
            3,
            "STATUS of segment 3 (0.02 to 0.03 µs) started while die 0 was in ODT_DISABLE",
        ),
    ]


# ---- what is not told


def test_what_the_header_does_not_tell_is_not_evaluated(tmp_path: Path) -> None:
    log = ResourceLog()
    log.op("READ", 0)
    log.op("READ", 50)
    assert counts(log, tmp_path, **dict.fromkeys(RULE_NAMES)) == {"bus-exclusive": (2, 1)}


RULE_NAMES = (
    "bases",
    "interleaving_bases",
    "exclusions_by_op_state",
    "exclusions_by_latch_state",
    "exclusions_by_cache_state",
    "exclusions_by_suspend_state",
    "exclusions_by_odt_state",
)


def test_ops_of_unknown_bases_are_not_judged(tmp_path: Path, judge: Any) -> None:
    log = ResourceLog()
    log.op("NEW", 0, states=CORE)
    log.op("READ", 100, states=SHORT)
    assert judge(log) == []
    assert counts(log, tmp_path)["plane-exclusive"] == (1, 0)
