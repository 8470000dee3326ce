"""Snapshots: from any boundary a recording goes on as if it had never been interrupted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import TraceError, UsageError
from nandtrace.nand.job import Job, Recipe, new_scheduler
from nandtrace.nand.log import NullLog
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap, Profile
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import continue_recording, record
from tests.nand.devices import NANDSEQGEN, Recording, built_in, events_in, rows_of, scripted, step


def _without_bootstrap(name: str) -> Profile:
    return replace(built_in(name), bootstrap=Bootstrap())


RECORDINGS: dict[str, tuple[Callable[[], Profile], Options, list[str]]] = {
    "drained": (
        lambda: _without_bootstrap("default"),
        Options(seed=3, runs=4, run_for_ns=(5_000_000,)),
        ["DRAINED", "DRAINED", "DRAINED", "DRAINED"],
    ),
    "bootstrap": (
        lambda: built_in("tiny"),
        Options(seed=1, runs=6, run_for_ns=(4_000_000,)),
        ["CARRIED", "CARRIED", "CARRIED", "DRAINED", "DRAINED", "DRAINED"],
    ),
    "hook budget": (
        lambda: _without_bootstrap("suspends"),
        Options(seed=1, runs=8, run_for_ns=(50_000_000,), max_hooks=37),
        [*["CARRIED"] * 7, "DRAINED"],
    ),
    "suspended and dropped": (
        lambda: _without_bootstrap("suspends"),
        Options(seed=2, runs=6, run_for_ns=(7_000_000,), drain=False),
        ["DROPPED"] * 6,
    ),
    "one after the other": (
        lambda: built_in("tiny"),
        Options(seed=5, runs=12, run_for_ns=(30_000_000, 500_000)),
        ["DRAINED"] * 12,
    ),
}


@pytest.mark.parametrize("case", RECORDINGS)
def test_every_boundary(case: str, tmp_path: Path) -> None:
    profile, options, ends = RECORDINGS[case]
    _compare_all_boundaries(tmp_path, profile(), options, ends)


@pytest.mark.skipif(not NANDSEQGEN.exists(), reason="its configuration is not here")
def test_every_boundary_of_nandseqgen(tmp_path: Path) -> None:
    profile = load_profile(NANDSEQGEN).profile
    options = Options(seed=1, runs=4, run_for_ns=(10_000_000,), max_hooks=90)
    _compare_all_boundaries(
        tmp_path, profile, options, ["CARRIED", "CARRIED", "CARRIED", "DRAINED"]
    )


def _compare_all_boundaries(
    folder: Path, profile: Profile, options: Options, ends: list[str]
) -> None:
    whole, rest = folder / "whole.mpk", folder / "rest.mpk"
    record(whole, profile, options)
    rows = rows_of(whole)
    assert [row[3]["end"] for row in rows if row[2] == "RUN_END"] == ends
    recording = Recording(whole, [])
    for run in range(options.runs - 1):
        continue_recording(rest, whole, run)
        assert rows_of(rest) == [row for row in rows if row[0] > run]
        last = options.runs - 1
        assert Recording(rest, []).state(last) == recording.state(last)


def _compare_after_first_run(folder: Path, profile: Profile, max_hooks: int) -> None:
    options = Options(runs=2, run_for_ns=(20_000_000,), max_hooks=max_hooks)
    _compare_all_boundaries(folder, profile, options, ["CARRIED", "DRAINED"])


def test_a_boundary_within_a_resume(tmp_path: Path) -> None:
    """The resume runs; what it resumes is committed, and no longer suspended."""
    profile = scripted(
        step(0, "Block_Erase_SLC", 0),
        step(3100, "Page_Program_SLC", 0),
        step(3200, "Program_Suspend"),
        step(3400, "Program_Resume"),
        step(3410, "Nop"),
    )
    _compare_after_first_run(tmp_path, profile, max_hooks=4)


def test_a_boundary_within_a_reset_of_another_die(tmp_path: Path) -> None:
    """The planes of every die know that the reset goes on, and when it is over."""
    profile = scripted(step(0, "Reset"), step(100, "Nop", die=1))
    _compare_after_first_run(tmp_path, profile, max_hooks=1)


def test_segment_and_op_ids_go_on(tmp_path: Path) -> None:
    """A script over three runs: the rest after the first begins with the second's own ids."""
    profile = scripted(
        step(0, "Block_Erase_SLC", 0),
        step(4000, "Page_Program_SLC", 0),
        step(8000, "Page_Program_SLC", 0),
    )
    whole, rest = tmp_path / "whole.mpk", tmp_path / "rest.mpk"
    record(whole, profile, Options(runs=3, run_for_ns=(3_500_000, 4_000_000)))
    continue_recording(rest, whole, 0, runs=1)
    assert Recording(rest, events_in(rest)).lines(only=("RUN_BEGIN", "COMMIT", "RUN_END")) == [
        "3000.3 RUN_BEGIN run_until=7000.3",
        "4000 COMMIT seg1 op1 Page_Program_SLC PROPOSAL 4000..4307.98 0.0.0.0",
        "4307.98 RUN_END DRAINED run_until hooks=1 ops=1",
    ]


def test_nothing_follows_the_last_run(tmp_path: Path) -> None:
    whole, rest = tmp_path / "whole.mpk", tmp_path / "rest.mpk"
    record(whole, built_in("tiny"), Options(runs=2, run_for_ns=(100_000,)))
    with pytest.raises(UsageError, match="run 1 is the last one; nothing follows it"):
        continue_recording(rest, whole, 1)
    with pytest.raises(UsageError, match="it has no RUN_END of a run 7"):
        continue_recording(rest, whole, 7)
    assert not rest.exists()


def _boundary(tmp_path: Path) -> tuple[Recipe, dict[str, Any]]:
    """A snapshot with nearly everything in it: what runs, waits, is suspended and in the backlog."""
    options = Options(seed=1, runs=3, run_for_ns=(50_000_000,), max_hooks=400)
    recipe = Recipe(_without_bootstrap("suspends"), options)
    record(tmp_path / "a.mpk", recipe.profile, options)
    return recipe, Recording(tmp_path / "a.mpk", []).state(0)


FOR_THE_CHECKER = ("suspended_erase", "suspended_program", "backlog", "base", "end_ns")
"""Fields of a snapshot and of its rows that a scheduler need not read back."""


def test_a_snapshot_without_a_field_is_refused(tmp_path: Path) -> None:
    recipe, state = _boundary(tmp_path)
    for field in state:
        if field not in FOR_THE_CHECKER:
            forged = {name: value for name, value in state.items() if name != field}
            with pytest.raises(TraceError, match="does not fit the profile"):
                _restore(recipe, forged)


@pytest.mark.parametrize("field", ["suspended", "segments"])
def test_a_row_without_a_field_is_refused(field: str, tmp_path: Path) -> None:
    recipe, state = _boundary(tmp_path)
    assert state[field]
    for at, row in enumerate(state[field]):
        for name in row:
            if name not in FOR_THE_CHECKER:
                forged = copy.deepcopy(state)
                del forged[field][at][name]
                with pytest.raises(TraceError, match=r"does not fit the profile|must contain"):
                    _restore(recipe, forged)


FORGERIES: list[Any] = [None, "x", -1, 5, [], {}, [[]], [None], [["x"]], 2**70]


def test_a_snapshot_that_says_something_else_is_no_traceback(tmp_path: Path) -> None:
    """An error that names the trace and the run, or a state to go on from."""
    recipe, state = _boundary(tmp_path)
    errors = []
    for field in state:
        for value in FORGERIES:
            try:
                _restore(recipe, state | {field: value})
            except TraceError as error:
                errors.append(str(error))
    assert len(errors) > 140
    assert all(error.startswith("a.mpk: before run 1: ") for error in errors)


def test_a_snapshot_of_another_profile_is_refused(tmp_path: Path) -> None:
    recipe, state = _boundary(tmp_path)
    other = replace(recipe, profile=_without_bootstrap("default"))
    with pytest.raises(TraceError, match="before run 1: "):
        _restore(other, state)


def _restore(recipe: Recipe, state: dict[str, Any]) -> None:
    new_scheduler(Job(recipe, range(1, 3), state, "a.mpk"), NullLog())
