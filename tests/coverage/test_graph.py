"""Coverage of graph traces, on the hand-made stories of the checker's tests."""

from __future__ import annotations

from pathlib import Path

from tests.check.graph import stories
from tests.check.hand_made import write
from tests.coverage.measured import counts_of, tables_of


def test_messages_by_policy_type_and_result(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.policies())
    assert counts_of(trace, "put-results") == {
        ("drop", "DATA", "OK"): 1,
        ("drop", "DATA", "DROPPED"): 1,
        ("drop", "CONTROL", "BLOCKED"): 1,
        ("latest", "CONTROL", "OK"): 1,
        ("latest", "DATA", "OK"): 1,
        ("latest", "DATA", "REPLACED"): 1,
        ("coalesce", "CONTROL", "OK"): 1,
        ("coalesce", "DATA", "OK"): 2,
        ("coalesce", "DATA", "COALESCED"): 1,
        ("coalesce", "DATA", "BLOCKED"): 2,
    }
    assert counts_of(trace, "edge-changes") == {
        ("CAPACITY", "raised"): 2,
        ("CAPACITY", "lowered below the fill"): 1,
        ("PRIORITY", "raised"): 1,
    }
    assert counts_of(trace, "blocking") == {("coalesce", "BLOCK"): 1, ("coalesce", "WAKE"): 1}


def test_possible_results_are_those_of_the_policies_of_the_graph(tmp_path: Path) -> None:
    tables = tables_of(write(tmp_path / "a.mpk", stories.pressure()))
    assert tables["put-results"].possible == {
        ("block", kind, result)
        for kind in ("DATA", "CONTROL", "ERROR")
        for result in ("OK", "BLOCKED")
    }
    assert tables["turns"].possible == {("NORMAL", "tick"), ("NORMAL", "messages")}
    assert tables["blocking"].missing == []


def test_turns_and_ticks(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.pressure())
    assert counts_of(trace, "turns") == {("NORMAL", "tick"): 3, ("NORMAL", "messages"): 1}
    assert counts_of(trace, "ticks") == {("0",): 2, ("2 or more",): 1}


def test_a_band_that_a_change_made_is_unforeseen(tmp_path: Path) -> None:
    table = tables_of(write(tmp_path / "a.mpk", stories.policies()))["turns"]
    assert table.unforeseen == [("HIGH", "messages")]


def test_errors_by_policy(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.errors())
    assert counts_of(trace, "errors") == {
        ("START", "skip", "DISABLED"): 1,
        ("MESSAGE", "retry", "RETRIED"): 2,
        ("MESSAGE", "retry", "SKIPPED"): 1,
        ("MESSAGE", "stop", "STOPPED"): 1,
        ("STOP", "stop", "SKIPPED"): 1,
    }
    assert tables_of(trace)["errors"].unforeseen == []
    assert counts_of(trace, "shutdowns") == {("ERROR",): 1}
    assert counts_of(trace, "leftovers") == {("QUEUED",): 1}


def test_what_a_checkpoint_finds(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.bands())
    assert counts_of(trace, "run-ends") == {
        ("CHECKPOINT", "messages queued"): 1,
        ("CHECKPOINT", "credits spent"): 1,
        ("FINISHED", "messages queued"): 1,
    }
