"""Every reason for which nothing comes of a proposal, each by the smallest script that meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.nand.decisions import Refusal
from nandtrace.nand.profile import Profile
from tests.nand.devices import follows, run_script, scripted, step

ERASE = step(0, "Block_Erase_SLC", 0)
PAGE = (ERASE, step(3100, "Page_Program_SLC", 0))

SCRIPTS = {
    Refusal.NO_CANDIDATE: scripted(
        *PAGE,
        step(3500, "Read_SLC", 0, 0),
        sequences=follows(READ=("ONESHOT_PROGRAM_CSB same_page",)),
    ),
    Refusal.NO_ADDRESS: scripted(step(0, "Read_SLC", 0, 0)),
    Refusal.NO_ROOM: scripted(
        *PAGE,
        step(3500, "Read_SLC", 0, 0),
        step(3510, "Read_Status"),
        step(3526, "Nop"),
        step(3527, "Set_Features"),
    ),
    Refusal.NO_BUS: scripted(
        ERASE, step(3100, "Page_Program_SLC", 0), step(3101, "CAM_Read", die=1)
    ),
    Refusal.EXCLUDED: scripted(ERASE, step(10, "Block_Erase_SLC", 1)),
    Refusal.UNSTEADY: scripted(ERASE, step(0.1, "Read_Status")),
    Refusal.WAITS: scripted(
        ERASE,
        step(100, "Erase_Suspend"),
        step(700, "Block_Erase_SLC", 1),
        step(800, "Erase_Resume"),
    ),
}
"""NO_CHAIN has a test among the suspends."""


@pytest.mark.parametrize("reason", SCRIPTS, ids=lambda reason: reason.name)
def test_reason(reason: Refusal, tmp_path: Path) -> None:
    profile: Profile = SCRIPTS[reason]
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=30_000)
    assert done.reasons() == [reason]


ILLEGAL = {
    "never erased": step(5000, "Page_Program_SLC", 4),
    "not the next page": step(5000, "Page_Program_SLC", 0, 3),
    "programmed already": step(5000, "Page_Program_SLC", 0, 0),
    "another cell type": step(5000, "One_Shot_Program_LSB", 0, 1),
    "not programmed": step(5000, "Read_SLC", 0, 1),
    "read as another cell type": step(5000, "Read_LSB", 0, 0),
    "erased and not programmed": step(5000, "Block_Erase_SLC", 1),
    "one plane of two": step(5000, "Page_Program_Multi_Plane_SLC", 0, planes=(0, 2)),
    "other pages on other planes": step(5000, "Page_Program_Multi_Plane_SLC", 0, planes=(0, 1)),
    "bad": step(5000, "Block_Erase_SLC", 6),
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_illegal_address(case: str, tmp_path: Path) -> None:
    """Block 0 has one page, block 1 is erased, block 6 is bad; no other was ever erased."""
    erases = step(0, "Block_Erase_Multi_Plane_SLC", 0, planes=(0, 1))
    profile = scripted(
        erases, step(3100, "Page_Program_SLC", 0), ILLEGAL[case], bad_blocks=((0, 6),)
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.reasons() == [Refusal.NO_ADDRESS]


LEGAL = {
    "the next page": step(5000, "Page_Program_SLC", 0, 1),
    "a compatible cell type": step(5000, "Page_Program_A0SLC", 0),
    "the last page": step(5000, "Read_SLC", 0, 0),
    "never erased": step(5000, "Block_Erase_TLC", 4),
    "programmed": step(5000, "Block_Erase_TLC", 0),
}


@pytest.mark.parametrize("case", LEGAL)
def test_legal_address(case: str, tmp_path: Path) -> None:
    profile = scripted(ERASE, step(3100, "Page_Program_SLC", 0), LEGAL[case])
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.reasons() == []
    assert [event.fields["op_name"] for event in done.events if event.kind == "COMMIT"][2] == (
        LEGAL[case].op_name
    )


def test_a_guard_keeps_reads_below_the_last_page(tmp_path: Path) -> None:
    profile = scripted(
        ERASE,
        *[step(3100 + 400 * at, "Page_Program_SLC", 0) for at in range(3)],
        step(5000, "Read_SLC", 0, 1),
        step(5100, "Read_SLC", 0, 0),
        policies={"read_offset_guard": 2},
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.reasons() == [Refusal.NO_ADDRESS]
    assert done.quiet(5000)[1] == "5100 COMMIT seg4 op4 Read_SLC PROPOSAL 5100..5125.3 0.0.0.0"
