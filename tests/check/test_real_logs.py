"""Real logs of a real scheduler, with their known verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.convert.jsonl import import_jsonl

LOGS = Path(__file__).parents[1] / "data" / "real"

VIOLATIONS: dict[str, dict[str, int]] = {
    "3ed79f5-mix": {},
    "62176a9": {"suspend-has-target": 35, "resume-has-target": 35},
    "ca1c11a": {
        "one-op-start-per-segment": 3,
        "one-op-end-per-segment": 5,
        "no-open-segment-at-run-end": 3,
    },
    "97e9f54": {
        "no-open-segment-at-run-end": 3,
        "suspended-lists-empty": 3,
        "snapshot-matches-replay": 3,
        "page-ascending": 20,
        "page-programmed-once": 13,
        "resume-has-target": 13,
        # The second SUSPEND of each op keeps 0 µs of a segment that ran on for milliseconds.
        "remaining-exact": 13,
    },
    "3ed79f5": {
        "one-op-start-per-segment": 5,
        "no-open-segment-at-run-end": 2,
        # Programs are suspended 39 times before they have started.
        "suspend-in-core-busy": 39,
        # The drain delivers OP_ENDs while the OP_STARTs of the same segments, due before them, wait.
        "dispatch-order": 5,
    },
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_real_log_gets_its_verdict(tmp_path: Path, name: str) -> None:
    trace = tmp_path / f"{name}.mpk"
    import_jsonl(LOGS / f"{name}.jsonl", trace)
    verdict = verify_trace(trace)
    assert {item.id: item.violated for item in verdict.invariants if item.violated} == (
        VIOLATIONS[name]
    )
    assert verdict.verdict is (Verdict.VIOLATED if VIOLATIONS[name] else Verdict.OK)


def test_a_violation_names_event_place_expected_and_actual(tmp_path: Path) -> None:
    trace = tmp_path / "ca1c11a.mpk"
    import_jsonl(LOGS / "ca1c11a.jsonl", trace)
    (lost,) = [
        item for item in verify_trace(trace).invariants if item.id == "one-op-end-per-segment"
    ]
    first = lost.violations[0]
    assert (first.seq, first.time_ns, first.run, first.kind) == (1223, 30_000_000, 0, "COMMIT")
    assert first.place == {"seg": 406, "die": 0}
    assert (first.expected, first.actual) == ("segment 406 closed once", "closed 0 times")
