"""State at any event, folded from the run's begin snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import state_at
from nandtrace.errors import TraceError
from tests.check.native import legal_calls, record


def test_state_at_every_step_of_a_suspended_program(tmp_path: Path) -> None:
    calls = legal_calls()
    trace = record(tmp_path / "legal.mpk", calls, chunk_events=5)
    names = [name for name, _ in calls]

    suspend = names.index("suspend")
    state = state_at(trace, suspend)
    assert (state.run, state.time_ns) == (0, calls[suspend][1]["time_ns"])
    assert state.addr_state == [0, -1, -2, -2]
    assert (state.open_segments, state.running) == ([3, 4], [3, 4])
    assert state.suspended == [3]

    resume = names.index("resume")
    assert state_at(trace, resume).suspended == []

    end = names.index("end_run")
    last = state_at(trace, end)
    assert (last.addr_state, last.open_segments, last.suspended) == ([0, 0, -2, -2], [], [])


def test_an_event_that_is_not_there(tmp_path: Path) -> None:
    trace = record(tmp_path / "legal.mpk", legal_calls())
    with pytest.raises(TraceError, match="there is no event 1000"):
        state_at(trace, 1000)
