"""Native traces: a legal one is OK, and each fault is reported by the invariant that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Verdict, verify_trace
from tests.check.native import Calls, legal_calls, record


def nth(calls: Calls, name: str, number: int, **having: Any) -> int:
    """The place of the n-th call of a name whose arguments have the given values."""
    places = [
        place
        for place, (called, arguments) in enumerate(calls)
        if called == name and all(arguments.get(key) == value for key, value in having.items())
    ]
    return places[number]


def change(
    name: str, number: int, _having: dict[str, Any] | None = None, **new: Any
) -> Callable[[Calls], None]:
    def mutate(calls: Calls) -> None:
        calls[nth(calls, name, number, **(_having or {}))][1].update(new)

    return mutate


def drop(name: str, number: int, **having: Any) -> Callable[[Calls], None]:
    def mutate(calls: Calls) -> None:
        del calls[nth(calls, name, number, **having)]

    return mutate


def double(name: str, number: int, **having: Any) -> Callable[[Calls], None]:
    def mutate(calls: Calls) -> None:
        place = nth(calls, name, number, **having)
        calls.insert(place, calls[place])

    return mutate


def snapshot_field(number: int, name: str, field: str, value: Any) -> Callable[[Calls], None]:
    def mutate(calls: Calls) -> None:
        calls[nth(calls, name, number)][1]["snapshot"][field] = value

    return mutate


def run_ends_after_drain(calls: Calls) -> None:
    calls[nth(calls, "op_end", -1)][1]["drained"] = True
    calls[nth(calls, "end_run", -1)][1]["time_ns"] += 10


CHAIN = {"source": "RESUME_CHAIN"}


def chain_starts_late(calls: Calls) -> None:
    """The first chain segment, and all that comes after its start, 10 ns later."""
    chain = calls[nth(calls, "commit", 0, **CHAIN)][1]
    later = [arguments for _, arguments in calls[nth(calls, "op_start", 0, seg=chain["seg"]) :]]
    for arguments in [chain, *later]:
        for name in ("time_ns", "start_ns", "end_ns", "due_ns", "run_until_ns"):
            if name in arguments and not (arguments is chain and name == "time_ns"):
                arguments[name] += 10


FAULTS: dict[str, tuple[Callable[[Calls], None], set[str]]] = {
    "an OP_END is lost": (
        drop("op_end", 0),
        {
            "one-op-end-per-segment",
            "apply-erase-matched",
            "dispatch-order",
            "snapshot-matches-replay",
        },
    ),
    "an OP_END comes twice": (double("op_end", 0), {"one-op-end-per-segment"}),
    "an OP_START is lost": (drop("op_start", 2), {"one-op-start-per-segment", "dispatch-order"}),
    "an OP_START comes twice": (double("op_start", 0), {"one-op-start-per-segment"}),
    "a COMMIT is lost": (drop("commit", 0), {"refs-resolve"}),
    "a segment id is used twice": (
        change("commit", 1, seg=0),
        {
            "refs-resolve",
            "one-op-end-per-segment",
            "one-op-start-per-segment",
            "dispatch-order",
        },
    ),
    "a chain segment is too short": (
        change("commit", 0, CHAIN, end_ns=6_770),
        {"segment-chain", "op-on-time"},
    ),
    "a chain segment is of no chain": (
        change("commit", 0, CHAIN, source="PROPOSAL"),
        {"segment-chain", "resume-restores"},
    ),
    "a chain segment moves to another block": (
        change("commit", 0, CHAIN, targets=[(0, 0, 2, 0)]),
        {"resume-same-target", "apply-pgm-matched"},
    ),
    "the run ends later than its drain": (run_ends_after_drain, {"drain-clock"}),
    "an APPLY_PGM comes twice": (
        double("apply_pgm", 0),
        {"apply-pgm-matched", "page-ascending", "page-programmed-once"},
    ),
    "an APPLY_PGM is lost": (
        drop("apply_pgm", 1),
        {"apply-pgm-matched", "snapshot-matches-replay"},
    ),
    "an APPLY_ERASE is lost": (
        drop("apply_erase", 2),
        {"apply-erase-matched", "snapshot-matches-replay"},
    ),
    "a block is programmed that was never erased": (
        drop("apply_erase", 0),
        {"apply-erase-matched", "program-after-erase", "snapshot-matches-replay"},
    ),
    "a page is skipped": (
        change("apply_pgm", 2, cells=[(0, 0, 2)]),
        {"page-ascending", "apply-pgm-matched", "snapshot-matches-replay"},
    ),
    "a mode that the erase does not allow": (
        change("apply_pgm", 2, celltype="TLC"),
        {"celltype-match"},
    ),
    "a bad block is read": (
        change("commit", 2, {"base": "ERASE"}, targets=[(0, 1, 3, 0)]),
        {"bad-block-untouched", "resume-same-target"},
    ),
    "a block lies outside its plane": (
        change("commit", 0, targets=[(0, 1, 0, 0)]),
        {"address-in-range"},
    ),
    "a page lies outside the block": (
        change("commit", 0, targets=[(0, 0, 0, 8)]),
        {"address-in-range"},
    ),
    "planes of a multi-plane op descend": (
        change("commit", 0, {"base": "ERASE"}, targets=[(0, 1, 1, 0), (0, 0, 0, 0)]),
        {"multi-plane-address", "apply-erase-matched"},
    ),
    "a suspend leaves the OP_END in the queue": (
        drop("cancel", 0, reason="SUSPEND"),
        {"one-op-end-per-segment"},
    ),
    "a chain segment starts later than its resume is over": (
        chain_starts_late,
        {"resume-restores"},
    ),
    "a COMMIT from the backlog of an op that never waited": (
        change("commit", 7, source="BACKLOG"),
        {"backlog-fifo"},
    ),
    "a suspend of an op that has ended": (
        change("suspend", 0, op=0),
        {"suspend-has-target", "resume-has-target"},
    ),
    "a suspend keeps too much": (
        change("suspend", 0, remaining_ns=190),
        {"remaining-exact", "resume-restores"},
    ),
    "a resume of an op that is not suspended": (
        change("resume", 0, op=0),
        {"resume-has-target", "snapshot-matches-replay"},
    ),
    "a resume that found nothing": (
        change("resume", 0, ok=False),
        {"resume-has-target", "snapshot-matches-replay"},
    ),
    "ops leave the backlog out of order": (
        change("backlog", 2, op=91),
        {"backlog-fifo"},
    ),
    "the clock goes back": (change("backlog", 1, time_ns=0), {"time-monotone"}),
    "an op is left in the suspended list": (
        snapshot_field(0, "end_run", "suspended_program", [[3]]),
        {"suspended-lists-empty", "snapshot-continuity", "snapshot-matches-replay"},
    ),
    "an OP_END is left in the queue": (
        snapshot_field(1, "end_run", "pending", [[99, "OP_END", 3]]),
        {"no-open-segment-at-run-end"},
    ),
    "an op is left ongoing": (
        snapshot_field(1, "end_run", "ongoing", [[3]]),
        {"no-open-segment-at-run-end", "snapshot-matches-replay"},
    ),
    "the snapshot counts a page too many": (
        snapshot_field(1, "end_run", "addr_state", [2, 0, -1, -2]),
        {"snapshot-matches-replay"},
    ),
    "a run begins in another state": (
        snapshot_field(1, "begin_run", "cell_modes", ["SLC", None, None, None]),
        {"snapshot-continuity", "snapshot-matches-replay"},
    ),
}


def test_only_the_drain_commits_after_run_until(tmp_path: Path) -> None:
    calls = legal_calls()
    begin = nth(calls, "begin_run", 0)
    # The SUSPEND crosses run_until; the RESUME comes a tick later.
    calls[begin][1]["run_until_ns"] = calls[nth(calls, "suspend", 0)][1]["time_ns"]
    late = {"source": "PROPOSAL", "base": "PROGRAM_RESUME"}
    assert violated(record(tmp_path / "late.mpk", calls)) == {"nothing-proposed-after-run-until"}
    calls[nth(calls, "commit", 0, **late)][1]["source"] = "DRAIN"
    calls[nth(calls, "resume", 0)][1]["source"] = "DRAIN"
    assert violated(record(tmp_path / "drained.mpk", calls)) == set()


def test_the_header_says_what_may_change_between_runs(tmp_path: Path) -> None:
    calls = legal_calls()
    snapshot_field(0, "end_run", "wear", 100)(calls)
    snapshot_field(1, "begin_run", "wear", 200)(calls)
    assert violated(record(tmp_path / "clock.mpk", calls)) == {"snapshot-continuity"}
    free = record(tmp_path / "free.mpk", calls, may_change_between_runs=["wear"])
    assert violated(free) == set()


def test_a_resume_that_names_no_op_may_wait_for_its_chain(tmp_path: Path) -> None:
    calls = legal_calls()
    chain_starts_late(calls)
    change("resume", 0, by_seg=None)(calls)
    assert violated(record(tmp_path / "late.mpk", calls)) == set()


def test_a_suspend_that_names_no_op_may_come_without_a_cancel(tmp_path: Path) -> None:
    calls = legal_calls()
    drop("cancel", 0, reason="SUSPEND")(calls)
    change("suspend", 0, by_seg=None)(calls)
    assert violated(record(tmp_path / "silent.mpk", calls)) == set()


def test_a_run_that_tells_of_no_backlog_may_commit_from_it(tmp_path: Path) -> None:
    calls = legal_calls()
    change("commit", 0, source="BACKLOG")(calls)
    assert violated(record(tmp_path / "untold.mpk", calls)) == set()


def violated(path: Path) -> set[str]:
    return {item.id for item in verify_trace(path).invariants if item.violated}


def test_the_legal_story_is_ok(tmp_path: Path) -> None:
    verdict = verify_trace(record(tmp_path / "legal.mpk", legal_calls()))
    assert verdict.verdict is Verdict.OK
    exercised = {item.id for item in verdict.invariants if item.exercised}
    idle = {item.id for item in verdict.invariants} - exercised
    assert idle == {
        "bus-exclusive",
        "plane-exclusive",
        "multi-plane-exclusive",
        "excluded-by-op-state",
        "excluded-by-latch",
        "excluded-by-cache",
        "excluded-by-suspend",
        "excluded-by-odt",
        "marks-follow-ops",
        "suspended-block-untouched",
        "reset-ends-all",
        "nothing-proposed-after-run-until",
        "drain-clock",
        "multi-plane-address",
        "bootstrap-preserved",
        "refill-reseeded",
        "run-counts",
        "read-programmed-page",
        "dout-matches-read",
        "read-has-dout",
        "sequence-complete",
        "inherit-rules",
        "states-fill-segment",
        "states-as-specified",
        "run-end-told",
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported(tmp_path: Path, fault: str) -> None:
    mutate, expected = FAULTS[fault]
    calls = legal_calls()
    mutate(calls)
    assert violated(record(tmp_path / "faulty.mpk", calls)) == expected
