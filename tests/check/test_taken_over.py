"""Segments that a run takes over: those whose OP_START or OP_END its begin snapshot tells as pending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.tape import Tape

GOLDEN = Path(__file__).parents[2] / "golden"


def with_pending(path: Path, change: dict[str, Any]) -> dict[str, list[int]]:
    """What is violated, with the numbers of events, where run 1 begins with other pending events."""
    tape = Tape.read(GOLDEN / "hook-budget.mpk")
    place = tape.places("RUN_BEGIN")[1]
    snapshot = tape.events[place].snapshot
    assert snapshot is not None
    pending = [change.get(event, [due, event, seg]) for due, event, seg in snapshot["pending"]]
    tape.restated(place, ["pending"], [entry for entry in pending if entry]).write(path)
    options = Options(only=("refs-resolve", "segment-chain"))
    return {
        item.id: [violation.seq for violation in item.violations]
        for item in verify_trace(path, options).invariants
        if item.violated
    }


def test_a_hook_takes_no_segment_over(tmp_path: Path) -> None:
    """Segment 1 is committed in the run itself."""
    assert with_pending(tmp_path / "a.mpk", {"PHASE_HOOK": [3000300, "PHASE_HOOK", 1]}) == {}


def test_a_segment_of_which_a_hook_alone_is_told_is_not_known(tmp_path: Path) -> None:
    found = with_pending(tmp_path / "a.mpk", {"OP_END": []})
    assert list(found) == ["refs-resolve"]
