"""Words of the vocabulary, and others."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.tape import Tape

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [
        ("RUN_END", "end", "end one of DRAINED, CARRIED, DROPPED"),
        ("RUN_END", "stop", "stop one of run_until, hooks, request"),
        (
            "HOOK",
            "hook",
            "hook one of PHASE_HOOK, BACKLOG_REFILL, BACKLOG_RETRY, QUEUE_REFILL",
        ),
        (
            "COMMIT",
            "source",
            "source one of PROPOSAL, SEQUENCE, BOOTSTRAP, BACKLOG, RESUME_CHAIN, DRAIN",
        ),
        ("OP_END", "outcome", "outcome one of COMPLETED, SUSPENDED, RESET"),
        ("SUSPEND", "axis", "axis one of ERASE, PROGRAM"),
        ("CANCEL", "reason", "reason one of SUSPEND, RESET"),
        ("CANCEL", "event", "event one of OP_START, OP_END"),
    ],
)
def test_a_word_that_nobody_knows(kind: str, column: str, expected: str, tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "nested-suspend.mpk")
    place = tape.places(kind)[0]
    tape.changed(place, **{column: "SOMEHOW"}).write(tmp_path / "a.mpk")
    (result,) = verify_trace(tmp_path / "a.mpk", Options(only=("words-known",))).invariants
    assert [(item.seq, item.expected, item.actual) for item in result.violations] == [
        (place, expected, "SOMEHOW")
    ]


def test_what_is_not_told_is_no_word(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "nested-suspend.mpk")
    tape.changed(tape.places("COMMIT")[0], source=None).write(tmp_path / "a.mpk")
    (result,) = verify_trace(tmp_path / "a.mpk", Options(only=("words-known",))).invariants
    assert (result.violated, result.exercised > 0) == (0, True)


def test_what_ended_by_no_word_is_not_completed(tmp_path: Path) -> None:
    """Its APPLY is one of nothing that was done."""
    tape = Tape.read(GOLDEN / "nested-suspend.mpk")
    erase = tape.places("APPLY_ERASE")[0]
    (end,) = tape.places("OP_END", seg=tape.events[erase].get("seg"))
    tape.changed(end, outcome="SOMEHOW").write(tmp_path / "a.mpk")
    (result,) = verify_trace(tmp_path / "a.mpk", Options(only=("apply-erase-matched",))).invariants
    assert [item.seq for item in result.violations] == [erase]
