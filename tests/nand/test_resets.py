"""Resets: what they end, and what they leave of it."""

from __future__ import annotations

from pathlib import Path

from tests.nand.devices import block, run_script, scripted, step

ERASED = (step(0, "Block_Erase_SLC", 0),)
ONE_PAGE = (*ERASED, step(3100, "Page_Program_SLC", 0))
SUSPENDED = (
    *ERASED,
    step(3100, "Block_Erase_SLC", 1),
    step(3200, "Erase_Suspend"),
    step(3800, "Page_Program_SLC", 0),
    step(3900, "Program_Suspend"),
)


def test_what_runs_ends_on_all_dies(tmp_path: Path) -> None:
    """The page counts as used, the block as never erased; the next program takes the next page."""
    profile = scripted(
        *ONE_PAGE,
        step(3150, "Block_Erase_SLC", 4, die=1),
        step(3200, "Reset"),
        step(3300, "Page_Program_SLC", 0),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3150) == block(
        """
        3150 COMMIT seg2 op2 Block_Erase_SLC PROPOSAL 3150..6150.3 1.0.4.0
        3150 OP_START seg2
        3200 COMMIT seg3 op3 Reset PROPOSAL 3200..3230.2 0.0.0.-
        3200 OP_START seg3
        3200 OP_END seg1 RESET
        3200 APPLY_PGM seg1 SLC aborted 0.0.0
        3200 OP_END seg2 RESET
        3200 APPLY_ERASE seg2 SLC aborted 1.4.-
        3230.2 OP_END seg3 COMPLETED
        3300 COMMIT seg4 op4 Page_Program_SLC PROPOSAL 3300..3607.98 0.0.0.1
        3300 OP_START seg4
        3607.98 OP_END seg4 COMPLETED
        3607.98 APPLY_PGM seg4 SLC 0.0.1
        """
    )
    assert done.state()["addr_state"] == [1, *[-2] * 15]


def test_a_reset_of_a_lun_leaves_the_other_die_alone(tmp_path: Path) -> None:
    profile = scripted(
        *ONE_PAGE,
        step(3150, "Block_Erase_SLC", 4, die=1),
        step(3200, "Reset_LUN"),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3200) == block(
        """
        3200 COMMIT seg3 op3 Reset_LUN PROPOSAL 3200..3230.2 0.0.0.-
        3200 OP_START seg3
        3200 OP_END seg1 RESET
        3200 APPLY_PGM seg1 SLC aborted 0.0.0
        3230.2 OP_END seg3 COMPLETED
        6150.3 OP_END seg2 COMPLETED
        6150.3 APPLY_ERASE seg2 SLC 1.4.-
        """
    )
    assert done.state()["addr_state"] == [0, *[-2] * 11, -1, *[-2] * 3]


def test_what_waits_is_withdrawn(tmp_path: Path) -> None:
    profile = scripted(
        *ONE_PAGE,
        step(3500, "Read_SLC", 0, 0),
        step(3510, "Reset"),
        step(3600, "Read_SLC", 0, 0),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3500) == block(
        """
        3500 COMMIT seg2 op2 Read_SLC PROPOSAL 3500..3525.3 0.0.0.0
        3500 COMMIT seg3 op3 Data_Out SEQUENCE 3526.3..3534.28 0.0.0.0
        3500 OP_START seg2
        3510 COMMIT seg4 op4 Reset PROPOSAL 3510..3540.2 0.0.0.-
        3510 OP_START seg4
        3510 OP_END seg2 RESET
        3510 CANCEL seg3 OP_START due=3526.3 RESET
        3510 CANCEL seg3 OP_END due=3534.28 RESET
        3540.2 OP_END seg4 COMPLETED
        3600 COMMIT seg5 op5 Read_SLC PROPOSAL 3600..3625.3 0.0.0.0
        3600 COMMIT seg6 op6 Data_Out SEQUENCE 3626.3..3634.28 0.0.0.0
        3600 OP_START seg5
        3625.3 OP_END seg5 COMPLETED
        3625.3 LATCH on die=0 plane=0 LATCH_ON_READ seg5
        3626.3 OP_START seg6
        3634.28 OP_END seg6 COMPLETED
        3634.28 LATCH off die=0 plane=0 LATCH_ON_READ seg6
        """
    )


def test_latches_are_cleared(tmp_path: Path) -> None:
    profile = scripted(
        *ONE_PAGE,
        step(3500, "Read_SLC", 0, 0),
        step(3530, "Reset_LUN"),
        policies={"sequence_gap_ns": 10_000},
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3500) == block(
        """
        3500 COMMIT seg2 op2 Read_SLC PROPOSAL 3500..3525.3 0.0.0.0
        3500 COMMIT seg3 op3 Data_Out SEQUENCE 3535.3..3543.28 0.0.0.0
        3500 OP_START seg2
        3525.3 OP_END seg2 COMPLETED
        3525.3 LATCH on die=0 plane=0 LATCH_ON_READ seg2
        3530 COMMIT seg4 op4 Reset_LUN PROPOSAL 3530..3560.2 0.0.0.-
        3530 OP_START seg4
        3530 CANCEL seg3 OP_START due=3535.3 RESET
        3530 CANCEL seg3 OP_END due=3543.28 RESET
        3530 LATCH off die=0 plane=0 LATCH_ON_READ seg4
        3560.2 OP_END seg4 COMPLETED
        """
    )


def test_cache_states_are_cleared(tmp_path: Path) -> None:
    profile = scripted(
        *ERASED,
        step(3100, "Cache_Program_SLC", 0),
        step(3410, "Reset"),
        step(3500, "Block_Erase_SLC", 0),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3400) == block(
        """
        3407.98 OP_END seg1 COMPLETED
        3407.98 APPLY_PGM seg1 SLC 0.0.0
        3407.98 CACHE on die=0 plane=0 ON_CACHE_PROGRAM seg1
        3410 COMMIT seg2 op2 Reset PROPOSAL 3410..3440.2 0.0.0.-
        3410 OP_START seg2
        3410 CACHE off die=0 plane=0 ON_CACHE_PROGRAM seg2
        3440.2 OP_END seg2 COMPLETED
        3500 COMMIT seg3 op3 Block_Erase_SLC PROPOSAL 3500..6500.3 0.0.0.0
        3500 OP_START seg3
        6500.3 OP_END seg3 COMPLETED
        6500.3 APPLY_ERASE seg3 SLC 0.0.-
        """
    )


def test_what_is_suspended_is_given_up(tmp_path: Path) -> None:
    """Nothing is left to resume, and the block of the cut erase takes no program."""
    profile = scripted(*SUSPENDED, step(4050, "Reset_LUN"), step(4100, "Page_Program_SLC", 1))
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=4200)
    assert done.quiet(4050) == block(
        """
        4050 COMMIT seg5 op5 Reset_LUN PROPOSAL 4050..4080.2 0.0.0.-
        4050 OP_START seg5
        4050 CANCEL seg1 OP_END due=4050 RESET
        4050 APPLY_ERASE seg1 SLC aborted 0.1.-
        4050 CANCEL seg3 OP_END due=4050 RESET
        4050 APPLY_PGM seg3 SLC aborted 0.0.0
        4080.2 OP_END seg5 COMPLETED
        4100 PROPOSE RESET_LUN.END die=0 plane=1 Page_Program_SLC no legal address
        """
    )
    assert done.state()["addr_state"][:2] == [0, -2]
    assert done.state()["suspended"] == []


def test_a_reset_between_a_resume_and_its_chain(tmp_path: Path) -> None:
    profile = scripted(
        *ONE_PAGE,
        step(3200, "Program_Suspend"),
        step(3400, "Program_Resume"),
        step(3410, "Reset"),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3400) == block(
        """
        3400 COMMIT seg3 op3 Program_Resume PROPOSAL 3400..3420.2 0.0.0.-
        3400 OP_START seg3
        3400 RESUME die=0 PROGRAM op1 ok remaining=207.98 by_seg=3
        3400 COMMIT seg4 op1 Page_Program_SLC RESUME_CHAIN 3420.2..3628.18 0.0.0.0
        3410 COMMIT seg5 op4 Reset PROPOSAL 3410..3440.2 0.0.0.-
        3410 OP_START seg5
        3410 OP_END seg3 RESET
        3410 CANCEL seg4 OP_START due=3420.2 RESET
        3410 CANCEL seg4 OP_END due=3628.18 RESET
        3410 APPLY_PGM seg4 SLC aborted 0.0.0
        3440.2 OP_END seg5 COMPLETED
        """
    )


def test_termination_stays_as_it_is(tmp_path: Path) -> None:
    profile = scripted(step(0, "ODT_Disable"), step(1, "Reset"), step(50, "Set_Features"))
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 COMMIT seg0 op0 ODT_Disable PROPOSAL 0..0.2 0.0.0.-
        0 OP_START seg0
        0.2 OP_END seg0 COMPLETED
        0.2 ODT off die=0 seg0
        1 COMMIT seg1 op1 Reset PROPOSAL 1..31.2 0.0.0.-
        1 OP_START seg1
        31.2 OP_END seg1 COMPLETED
        50 PROPOSE RESET.END die=0 plane=0 Set_Features excluded by a state of the planes
        """
    )
    assert done.state()["odt_disabled"] == [0]
