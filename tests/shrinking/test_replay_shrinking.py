"""Recordings of which a run differs when it alone is executed again, made smaller."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.nand.job import Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.own_scheduler import own_scheduler
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record
from nandtrace.nand.replaying import replay
from nandtrace.selftest.faults.boundaries import ForgetsDraws
from nandtrace.shrinking import REPLAY, Budget, shrink_recording, shrink_trace

RUNS = Options(runs=3, run_for_ns=(100_000,))


def test_a_replay_still_differs(tmp_path: Path) -> None:
    own = own_scheduler(ForgetsDraws)
    recipe = Recipe(load_profile("tiny").profile, RUNS, own)
    shrunk = shrink_recording(recipe, REPLAY, tmp_path / "out", budget=Budget(24))
    assert shrunk is not None
    assert shrunk.invariant == "replay"
    assert (shrunk.before.counted, shrunk.after.counted) == (16, 11)
    assert not replay(shrunk.trace, 1, scheduler=own).same
    first, *_ = (tmp_path / "out.yaml").read_text().splitlines()
    assert first.startswith("# One of its runs differs when it alone is executed again. Shrunk by")


def test_what_is_the_same_is_not_shrunk(tmp_path: Path) -> None:
    trace = tmp_path / "a.mpk"
    record(trace, load_profile("tiny").profile, RUNS)
    with pytest.raises(UsageError, match="is the same: nothing to shrink"):
        shrink_trace(trace, tmp_path / "out", invariant=REPLAY)
    assert list(tmp_path.iterdir()) == [trace]
