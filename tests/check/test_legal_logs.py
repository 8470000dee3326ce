"""No log without a bug is ever accused of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nandtrace.check import Options, TraceVerdict, Verdict, verify_trace
from nandtrace.convert.jsonl import import_jsonl
from tests.check.legal_log import Line, legal_log

CARRIED = {"no-open-segment-at-run-end"}
"""What must be said of a run that leaves events to the next, and nothing more."""


def violated(verdict: TraceVerdict) -> dict[str, int]:
    return {item.id: item.violated for item in verdict.invariants if item.violated}


@pytest.mark.parametrize("seed", range(40))
def test_a_legal_log_is_never_accused(tmp_path: Path, seed: int) -> None:
    log = legal_log(seed)
    source = tmp_path / "legal.jsonl"
    source.write_text("".join(f"{json.dumps(line)}\n" for line in log.lines))
    import_jsonl(source, tmp_path / "whole.mpk")
    import_jsonl(source, tmp_path / "cut.mpk", chunk_events=17)
    whole = verify_trace(tmp_path / "whole.mpk")
    assert set(violated(whole)) == (CARRIED if log.carried else set())
    assert whole.verdict is (Verdict.VIOLATED if log.carried else Verdict.OK)
    for trace in ("whole.mpk", "cut.mpk"):
        again = verify_trace(tmp_path / trace, Options(batch_events=1))
        assert again.verdict is whole.verdict
        assert again.invariants == whole.invariants


def _nests(lines: list[Line]) -> bool:
    """Whether a program is suspended while an erase of its die is."""
    erases: set[int] = set()
    for line in lines:
        if line["kind"] == "SUSPENDED" and line["axis"] == "ERASE":
            erases.add(line["die"])
        elif line["kind"] == "SUSPENDED" and line["die"] in erases:
            return True
        elif line["kind"] == "RESUMED" and line["axis"] == "ERASE":
            erases.discard(line["die"])
    return False


def test_the_logs_exercise_what_they_are_for() -> None:
    assert {legal_log(seed).carried for seed in range(40)} == {False, True}
    assert any(_nests(legal_log(seed).lines) for seed in range(40))
    lines = [line for seed in range(40) for line in legal_log(seed).lines]
    suspends = [line["axis"] for line in lines if line["kind"] == "SUSPENDED"]
    assert suspends.count("ERASE") > 40
    assert suspends.count("PROGRAM") > 40
    assert sum(len(line.get("targets") or ()) > 1 for line in lines) > 100
    assert sum(bool(line.get("drained")) for line in lines) > 100
