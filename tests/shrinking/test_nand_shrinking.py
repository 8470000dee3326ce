"""Recordings of faulty schedulers, made smaller."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import verify_trace
from nandtrace.cli.main import run
from nandtrace.nand.job import Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.own_scheduler import own_scheduler
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.scheduler import Scheduler
from nandtrace.selftest.faults.boundaries import RunsOn
from nandtrace.selftest.faults.drains import LeavesClockBehind
from nandtrace.shrinking import Budget, End, Shrunk, Way, shrink_recording

RUN_NS = 5_000_000


def _shrunk(
    kind: type[Scheduler], invariant: str, folder: Path, profile: str = "tiny", most: int = 600
) -> Shrunk:
    options = Options(runs=2, run_for_ns=(RUN_NS,))
    recipe = Recipe(load_profile(profile).profile, options, own_scheduler(kind))
    shrunk = shrink_recording(recipe, invariant, folder / "out", budget=Budget(most))
    assert shrunk is not None
    return shrunk


def _violated(trace: Path) -> list[str]:
    return [item.id for item in verify_trace(trace).invariants if item.violated]


def _recorded_again(shrunk: Shrunk) -> bytes:
    """The bytes that the commands give, once all traces are gone."""
    for command in shrunk.commands:
        Path(command[-1]).unlink()
    for command in shrunk.commands:
        assert run([*command[1:]]) == 0
    return shrunk.trace.read_bytes()


def _recorded_rightly(shrunk: Shrunk) -> Path:
    """The same recording by the scheduler that has no fault: which must not violate anything."""
    (command,) = shrunk.commands
    at = command.index("--scheduler")
    trace = shrunk.trace.with_name("right.mpk")
    assert run([*command[1:at], *command[at + 2 : -1], str(trace)]) == 0
    return trace


def test_few_candidates_go_a_long_way(tmp_path: Path) -> None:
    shrunk = _shrunk(LeavesClockBehind, "drain-clock", tmp_path, most=8)
    assert (shrunk.way, shrunk.end, shrunk.tried) == (Way.RECORDING, End.BUDGET, 8)
    assert shrunk.before.counted > 20
    assert shrunk.after.counted <= 14
    assert "drain-clock" in _violated(shrunk.trace)
    before = shrunk.trace.read_bytes()
    assert _recorded_again(shrunk) == before
    assert "drain-clock" not in _violated(_recorded_rightly(shrunk))


@pytest.mark.soak
def test_one_op_is_left(tmp_path: Path) -> None:
    shrunk = _shrunk(LeavesClockBehind, "drain-clock", tmp_path)
    assert (shrunk.way, shrunk.end) == (Way.RECORDING, End.COMPLETE)
    assert shrunk.before.counted > 20
    assert shrunk.after.counted == 9
    assert "drain-clock" in _violated(shrunk.trace)
    assert (tmp_path / "out.yaml").read_text() == (
        "# Violates drain-clock. Shrunk by nandtrace shrink, from out.mpk.\n"
        "extends: tiny\n"
        "topology: {blocks_per_die: 2, pages_per_block: 1}\n"
        "bootstrap: {enabled: false, erase_volume: 2}\n"
    )
    before = shrunk.trace.read_bytes()
    assert _recorded_again(shrunk) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mpk", "out.yaml"]
    assert _violated(_recorded_rightly(shrunk)) == []


@pytest.mark.soak
def test_what_no_script_shows_stays_chance(tmp_path: Path) -> None:
    shrunk = _shrunk(RunsOn, "nothing-proposed-after-run-until", tmp_path)
    assert shrunk.after.counted <= 12
    assert "script" not in (tmp_path / "out.yaml").read_text()
    before = shrunk.trace.read_bytes()
    assert _recorded_again(shrunk) == before


def test_what_is_right_is_not_shrunk(tmp_path: Path) -> None:
    recipe = Recipe(load_profile("tiny").profile, Options(runs=1, run_for_ns=(RUN_NS,)))
    assert shrink_recording(recipe, "drain-clock", tmp_path / "out") is None
    assert list(tmp_path.iterdir()) == []
