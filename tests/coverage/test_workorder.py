"""Coverage of work-order traces, on the hand-made stories of the checker's tests."""

from __future__ import annotations

from pathlib import Path

from tests.check.hand_made import write
from tests.check.workorder import stories
from tests.coverage.measured import counts_of, tables_of


def test_the_steps_of_orders(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.retries())
    assert counts_of(trace, "transitions") == {
        ("ENQUEUE", "-", "PENDING"): 3,
        ("CLAIM", "PENDING", "PREPARING"): 4,
        ("READY", "PREPARING", "RUNNING"): 4,
        ("FAIL", "RUNNING", "WAITING_RETRY"): 1,
        ("RETRY", "WAITING_RETRY", "PENDING"): 1,
        ("COMPLETE", "RUNNING", "COMPLETED"): 2,
        ("FAIL", "RUNNING", "FAILED"): 1,
    }
    assert counts_of(trace, "failures") == {("ERROR", "WAITING_RETRY"): 1, ("ERROR", "FAILED"): 1}
    assert counts_of(trace, "refusals") == {("FULL",): 2, ("DUPLICATE",): 1, ("STOPPING",): 1}


def test_all_steps_of_the_stories_are_possible(tmp_path: Path) -> None:
    for name, story in stories.STORIES.items():
        tables = tables_of(write(tmp_path / f"{name}.mpk", story()))
        assert {
            table.point.id: table.unforeseen for table in tables.values() if table.unforeseen
        } == {}


def test_how_orders_end(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.endings())
    assert counts_of(trace, "cancels") == {
        ("DEQUEUED", "PENDING"): 1,
        ("REQUESTED", "RUNNING"): 1,
        ("REQUESTED", "PREPARING"): 1,
        ("REQUESTED", "WAITING_RETRY"): 1,
        ("STOPPED", "RUNNING"): 2,
    }
    assert counts_of(trace, "releases") == {
        ("-", "no"): 2,
        ("CANCEL", "no"): 1,
        ("CANCEL", "yes"): 1,
        ("LEASE", "no"): 1,
        ("LEASE", "yes"): 1,
        ("STOP", "no"): 1,
        ("STOP", "yes"): 1,
    }
    assert tables_of(trace)["releases"].missing == []


def test_without_a_lease_nobody_is_asked_to_end_for_it(tmp_path: Path) -> None:
    tables = tables_of(write(tmp_path / "a.mpk", stories.retries()))
    possible = tables["releases"].possible or frozenset()
    assert {asked for asked, _ in possible} == {"-", "CANCEL", "STOP"}
    assert tables["failures"].missing == []


def test_gates_and_levels(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.pressure())
    assert counts_of(trace, "gates") == {
        ("QUEUE",): 8,
        ("HANDLER",): 2,
        ("PRESSURE",): 3,
        ("MEMORY",): 1,
        ("RUNNING",): 2,
        ("all open",): 4,
    }
    assert counts_of(trace, "pressures") == {
        ("NONE", "CRITICAL"): 2,
        ("CRITICAL", "WARNING"): 1,
        ("WARNING", "NONE"): 1,
        ("CRITICAL", "NONE"): 1,
    }
    assert counts_of(trace, "health") == {("no",): 5, ("yes",): 5}


def test_lives_and_their_ends(tmp_path: Path) -> None:
    trace = write(tmp_path / "a.mpk", stories.recovery())
    assert counts_of(trace, "modes") == {
        ("NEW", "RUNNING"): 3,
        ("RUNNING", "RESTART"): 1,
        ("RUNNING", "PAUSED"): 1,
        ("PAUSED", "STOPPING"): 1,
        ("RUNNING", "STOPPING"): 1,
        ("STOPPING", "STOPPED"): 2,
        ("STOPPED", "RESTART"): 1,
    }
    assert counts_of(trace, "run-ends") == {
        ("CRASHED", "order pending"): 1,
        ("CRASHED", "order running"): 1,
        ("CRASHED", "order waits for its retry"): 1,
        ("STOPPED", "order pending"): 1,
        ("STOPPED", "no live order"): 1,
    }


def test_batches_of_any_size_give_the_same(tmp_path: Path) -> None:
    for name, story in stories.STORIES.items():
        trace = write(tmp_path / f"{name}.mpk", story(), chunk_events=5)
        assert tables_of(trace, 1) == tables_of(trace)
