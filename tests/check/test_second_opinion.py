"""The checker against a second opinion: real logs, a nested one, and faults put into copies of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.convert.jsonl import import_jsonl
from tests.check.mutations import MUTATIONS, SOUND, Lines, carry_over, mutated
from tests.check.nested_log import nested_log
from tests.check.reference import judge

REAL = Path(__file__).parent.parent / "data" / "real"
REAL_LOGS = ("3ed79f5-mix", "3ed79f5", "62176a9", "97e9f54", "ca1c11a")
LOGS = (*REAL_LOGS, "nested")

SOUND_LOGS = ("3ed79f5-mix", "nested")
"""Nothing is wrong in these, so that every fault must show."""

BY_TURNS = ("62176a9", "97e9f54", "ca1c11a")
"""Of these logs a fault is put into one, by turns: little happens in them that the rest lack."""

ONLY_BRACKETS = {
    "drop_run_begin",
    "drop_run_end",
    "double_run_begin",
    "double_run_end",
    "wrong_run_number",
}
"""Faults after which nothing but run-bracketed is certain: which run an event is of is unclear."""

UNCERTAIN = {
    # Two ops are spliced into one: what the result owes is a matter of taste.
    "chain_of_other_op": {"apply-pgm-matched", "apply-erase-matched"},
}

SAME_COUNT = (
    "time-monotone",
    "one-op-start-per-segment",
    "one-op-end-per-segment",
    "op-on-time",
    "op-closed",
    "no-open-segment-at-run-end",
    "suspended-lists-empty",
    "nothing-proposed-after-run-until",
    "drain-clock",
    "snapshot-continuity",
    "page-ascending",
    "page-programmed-once",
    "celltype-match",
    "multi-plane-address",
    "suspend-has-target",
    "resume-has-target",
    "suspend-in-core-busy",
    "remaining-exact",
    "resume-restores",
    "nested-order",
)
"""Where one event is one violation; the rest may count per segment, target or field."""


@cache
def log(name: str) -> Lines:
    if name == "nested":
        return nested_log()
    with (REAL / f"{name}.jsonl").open() as file:
        return [json.loads(line) for line in file]


def checked(lines: Lines, folder: Path) -> dict[str, int]:
    """What the checker finds in a log, as counts by invariant."""
    source, trace = folder / "log.jsonl", folder / "log.mpk"
    source.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    import_jsonl(source, trace)
    verdict = verify_trace(trace)
    assert verdict.error is None
    assert verdict.damages == []
    found = {result.id: result.violated for result in verdict.invariants if result.violated}
    assert verdict.verdict is (Verdict.VIOLATED if found else Verdict.OK)
    return found


def second_opinion(lines: Lines) -> dict[str, int]:
    return {name: count for name, count in judge(lines).items() if count}


def comparable(found: dict[str, int], but: set[str]) -> dict[str, Any]:
    """Counts where they say something, else only that there is a violation."""
    return {
        name: count if name in SAME_COUNT else True
        for name, count in found.items()
        if name not in but
    }


@pytest.mark.parametrize("name", LOGS)
def test_both_find_the_same_in_a_log(name: str, tmp_path: Path) -> None:
    assert checked(log(name), tmp_path) == second_opinion(log(name))


def logs_for(fault: str) -> list[str]:
    turn = sorted(MUTATIONS).index(fault) % len(BY_TURNS)
    return ["3ed79f5-mix", "3ed79f5", "nested", BY_TURNS[turn]]


@pytest.mark.parametrize("fault", sorted(MUTATIONS))
def test_no_fault_is_missed_and_none_invented(fault: str, tmp_path: Path) -> None:
    tried = 0
    for seed, name in enumerate(logs_for(fault)):
        lines = mutated(MUTATIONS[fault], log(name), seed)
        if lines is None:
            continue
        tried += 1
        found, expected = checked(lines, tmp_path), second_opinion(lines)
        assert found or name not in SOUND_LOGS, name
        if fault in ONLY_BRACKETS:
            assert "run-bracketed" in found, name
            assert "run-bracketed" in expected, name
        else:
            but = UNCERTAIN.get(fault, set())
            assert comparable(found, but) == comparable(expected, but), name
    assert tried


@pytest.mark.parametrize("change", sorted(SOUND))
@pytest.mark.parametrize("name", LOGS)
def test_what_changes_nothing_invents_nothing(name: str, change: str, tmp_path: Path) -> None:
    lines = mutated(SOUND[change], log(name), 1)
    if lines is not None:
        assert checked(lines, tmp_path) == second_opinion(log(name))


def test_events_carried_into_the_next_run_are_only_open_segments(tmp_path: Path) -> None:
    lines = mutated(carry_over, log("3ed79f5-mix"), 0)
    assert lines is not None
    assert checked(lines, tmp_path) == {"no-open-segment-at-run-end": 1}
    assert second_opinion(lines) == {"no-open-segment-at-run-end": 1}


def test_a_run_boundary_inside_a_suspend_leaves_the_suspended_op_behind(tmp_path: Path) -> None:
    """The erase is suspended in run 0 and resumed in run 1."""
    lines = _split_in_suspend()
    assert checked(lines, tmp_path) == {"suspended-lists-empty": 1, "op-closed": 1}


def _split_in_suspend() -> Lines:
    """The nested log's first run, cut in two just before its erase is resumed."""
    lines = mutated(lambda _lines, _random: True, log("nested"), 0)
    assert lines is not None
    first = [line for line in lines[1:] if line["run"] == 0]
    resumed = next(
        p for p, e in enumerate(first) if e["kind"] == "RESUMED" and e["axis"] == "ERASE"
    )
    now = first[resumed]["t_us"]
    state = {**first[-1]["snapshot"], "addr_state": [-2, -2, -2, -2, 0, -2, -2, -2]}
    state["suspended_erase"] = [[], [1]]
    boundary = {"t_us": now, "snapshot": state}
    for line in first[resumed:]:
        line["run"] = 1
    first[resumed:resumed] = [
        {"kind": "RUN_END", "run": 0, **boundary},
        {"kind": "RUN_BEGIN", "run": 1, "run_until_us": 5000.0, **boundary},
    ]
    return [lines[0], *first]
