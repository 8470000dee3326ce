"""What a dropped run leaves suspended, and snapshots that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.errors import NandtraceError
from nandtrace.nand.job import Job, Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.recording import record, run_job
from tests.nand.devices import Recording, events_in, scripted, step

ERASE = step(0, "Block_Erase_SLC", 0)


def test_an_erase_resumed_after_a_dropped_run_leaves_a_usable_block(tmp_path: Path) -> None:
    profile = scripted(
        ERASE,
        step(100, "Erase_Suspend"),
        step(900, "Erase_Resume"),
        step(5000, "Page_Program_SLC", 0),
    )
    path = tmp_path / "a.mpk"
    options = Options(runs=2, run_for_ns=(800_000, 20_000_000), drain=False)
    record(path, profile, options)
    assert Recording(path, events_in(path)).reasons() == []


def test_a_suspended_block_is_not_used_after_a_dropped_run(tmp_path: Path) -> None:
    """Its page is still to be programmed by what is suspended."""
    profile = scripted(
        ERASE,
        step(3100, "Page_Program_SLC", 0),
        step(3200, "Program_Suspend"),
        step(4900, "Program_Resume"),
        step(6000, "Page_Program_SLC", 0, 1),
    )
    path = tmp_path / "a.mpk"
    record(path, profile, Options(runs=2, run_for_ns=(4_800_000, 20_000_000), drain=False))
    assert Recording(path, events_in(path)).reasons() == []


@pytest.mark.parametrize(
    "forged", [{"clock_ns": "x"}, {"clock_ns": None}, {"ongoing": [[], []]}], ids=str
)
def test_a_forged_snapshot_is_an_error_of_ours_and_leaves_no_file(
    forged: dict[str, object], tmp_path: Path
) -> None:
    options = Options(runs=2, run_for_ns=(20_000_000,), max_hooks=1)
    recipe = Recipe(scripted(ERASE, step(10, "Nop")), options)
    record(tmp_path / "a.mpk", recipe.profile, options)
    state = Recording(tmp_path / "a.mpk", []).state(0)
    with pytest.raises(NandtraceError, match="before run 1"):
        run_job(tmp_path / "b.mpk", Job(recipe, range(1, 2), state | forged, "a.mpk"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mpk"]


def test_a_refused_continuation_leaves_no_file(tmp_path: Path) -> None:
    options = Options(runs=2, run_for_ns=(20_000_000,), max_hooks=1)
    recipe = Recipe(scripted(ERASE), options)
    record(tmp_path / "a.mpk", recipe.profile, options)
    state = Recording(tmp_path / "a.mpk", []).state(0)
    del state["planes"]
    with pytest.raises(NandtraceError):
        run_job(tmp_path / "b.mpk", Job(recipe, range(1, 2), state, "a.mpk"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mpk"]
