"""Drains through the API: what a trace can't show, because nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.nand.log import TraceLog
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.snapshot import take_snapshot
from nandtrace.trace.recorder import Recorder
from nandtrace.vocab.nand import RunEnd
from tests.golden.reading import GOLDEN, Story


def _profile(name: str) -> Profile:
    return load_profile(GOLDEN / "profiles" / f"{name}.yaml").profile


def _recorder(path: Path, profile: Profile) -> Recorder:
    return Recorder(path, topology=profile.topology, program_bases=["PROGRAM_SLC"])


def test_a_second_drain_changes_nothing(tmp_path: Path) -> None:
    profile = _profile("read-dout")
    with _recorder(tmp_path / "t.mpk", profile) as recorder:
        scheduler = Scheduler(profile, seed=0, log=TraceLog(recorder), drain_on_exit=True)
        assert scheduler.run(4_000) is RunEnd.DRAINED
        events, state = recorder.events, take_snapshot(scheduler.model)
        assert scheduler.drain_pending_op_end_events() == 0
        assert scheduler.drain_pending_op_end_events() == 0
        assert (recorder.events, take_snapshot(scheduler.model)) == (events, state)
    assert len(Story(tmp_path / "t.mpk").of("DRAIN_BEGIN")) == 1


def test_a_drain_with_nothing_pending_changes_nothing(tmp_path: Path) -> None:
    profile = _profile("nothing-to-drain")
    with _recorder(tmp_path / "t.mpk", profile) as recorder:
        scheduler = Scheduler(profile, seed=0, log=TraceLog(recorder), drain_on_exit=False)
        assert scheduler.drain_pending_op_end_events() == 0
        assert scheduler.run(4_000) is RunEnd.DROPPED
        assert scheduler.drain_pending_op_end_events() == 0
    assert Story(tmp_path / "t.mpk").of("DRAIN_BEGIN") == []


def test_closing_does_not_drain(tmp_path: Path) -> None:
    profile = _profile("read-dout")
    with _recorder(tmp_path / "t.mpk", profile) as recorder:
        scheduler = Scheduler(profile, seed=0, log=TraceLog(recorder))
        assert scheduler.run(4_000) is RunEnd.DROPPED
        scheduler.close()
        with pytest.raises(UsageError, match="closed"):
            scheduler.run(5_000)
    assert Story(tmp_path / "t.mpk").outcomes(2) == []
