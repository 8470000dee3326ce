"""The backlog: ops that wait for a resume, in order, and are given up after so many tries."""

from __future__ import annotations

from pathlib import Path

from nandtrace.trace.recorder import Topology
from tests.nand.devices import block, run_script, scripted, step

ROW = Topology(dies=1, planes=4, blocks_per_die=4, pages_per_block=8)
"""One block a plane: whoever chooses an address has no choice."""

SUSPENDED = (step(0, "Block_Erase_SLC", 0), step(100, "Erase_Suspend"))
RESUMED = (step(900, "Erase_Resume"),)
WAITING = (*SUSPENDED, step(700, "Block_Erase_SLC", 1), step(710, "Block_Erase_TLC", 2))


def test_first_come_first_served(tmp_path: Path) -> None:
    """When the resumed erase has ended, the first is served, and the second at a retry."""
    profile = scripted(*WAITING, *RESUMED, topology=ROW, policies={"backlog_retry_ns": 1_600_000})
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=16_000)
    assert done.quiet(700) == block(
        """
        700 PROPOSE ERASE_SUSPEND.END die=0 plane=1 Block_Erase_SLC waits for a resume
        700 BACKLOG on op2 Block_Erase_SLC die=0
        710 PROPOSE ERASE_SUSPEND.END die=0 plane=2 Block_Erase_TLC waits for a resume
        710 BACKLOG on op3 Block_Erase_TLC die=0
        900 COMMIT seg2 op4 Erase_Resume PROPOSAL 900..950.2 0.0.0.-
        900 OP_START seg2
        900 RESUME die=0 ERASE op0 ok remaining=2900.3 by_seg=2
        900 COMMIT seg3 op0 Block_Erase_SLC RESUME_CHAIN 950.2..3850.5 0.0.0.0
        950.2 OP_END seg2 COMPLETED
        950.2 OP_START seg3
        3850.5 OP_END seg3 COMPLETED
        3850.5 APPLY_ERASE seg3 SLC 0.0.-
        3850.5 BACKLOG off op2 Block_Erase_SLC die=0
        3850.5 COMMIT seg4 op2 Block_Erase_SLC BACKLOG 3850.5..6850.8 0.1.1.0
        3850.5 OP_START seg4
        5450.5 PROPOSE ERASE.CORE_BUSY die=0 plane=2 Block_Erase_TLC excluded by a state of the planes
        6850.8 OP_END seg4 COMPLETED
        6850.8 APPLY_ERASE seg4 SLC 0.1.-
        7050.5 BACKLOG off op3 Block_Erase_TLC die=0
        7050.5 COMMIT seg5 op3 Block_Erase_TLC BACKLOG 7050.5..12050.8 0.2.2.0
        7050.5 OP_START seg5
        12050.8 OP_END seg5 COMPLETED
        12050.8 APPLY_ERASE seg5 TLC 0.2.-
        """
    )


def test_a_full_backlog_takes_no_more(tmp_path: Path) -> None:
    profile = scripted(
        *WAITING, step(720, "Block_Erase_SLC", 3), topology=ROW, policies={"backlog_depth": 2}
    )
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=750)
    assert done.quiet(700) == block(
        """
        700 PROPOSE ERASE_SUSPEND.END die=0 plane=1 Block_Erase_SLC waits for a resume
        700 BACKLOG on op2 Block_Erase_SLC die=0
        710 PROPOSE ERASE_SUSPEND.END die=0 plane=2 Block_Erase_TLC waits for a resume
        710 BACKLOG on op3 Block_Erase_TLC die=0
        720 PROPOSE ERASE_SUSPEND.END die=0 plane=3 Block_Erase_SLC excluded by a state of the planes
        720 DRAIN_BEGIN pending=0
        720 COMMIT seg2 op4 Erase_Resume DRAIN 720..770.2 0.0.0.-
        720 OP_START seg2
        720 RESUME die=0 ERASE op0 ok remaining=2900.3 by_seg=2 DRAIN
        720 COMMIT seg3 op0 Block_Erase_SLC RESUME_CHAIN 770.2..3670.5 0.0.0.0
        770.2 OP_END seg2 COMPLETED drained
        770.2 OP_START seg3
        3670.5 OP_END seg3 COMPLETED drained
        3670.5 APPLY_ERASE seg3 SLC 0.0.-
        3670.5 DRAIN_END delivered=4
        """
    )


def test_it_is_given_up_after_some_tries(tmp_path: Path) -> None:
    profile = scripted(
        *SUSPENDED,
        step(700, "Block_Erase_SLC", 1),
        *RESUMED,
        step(3850.5, "CAM_Read"),
        topology=ROW,
        policies={"backlog_tries": 2},
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3850) == block(
        """
        3850.5 OP_END seg3 COMPLETED
        3850.5 APPLY_ERASE seg3 SLC 0.0.-
        3850.5 COMMIT seg4 op4 CAM_Read PROPOSAL 3850.5..4850.7 0.0.0.-
        3850.5 PROPOSE ERASE.END die=0 plane=1 Block_Erase_SLC the planes are reserved
        3850.5 OP_START seg4
        3860.5 PROPOSE CAMREAD.CORE_BUSY die=0 plane=1 Block_Erase_SLC excluded by a state of the planes
        3860.5 BACKLOG off op2 Block_Erase_SLC die=0
        4850.7 OP_END seg4 COMPLETED
        """
    )


def test_it_outlives_its_run(tmp_path: Path) -> None:
    """What waits stays in the snapshot, and the next run begins with a refill."""
    profile = scripted(*WAITING, topology=ROW, policies={"backlog_tries": 2})
    done = run_script(tmp_path / "a.mpk", profile, runs=2, run_for_us=800)
    assert done.quiet(700) == block(
        """
        700 PROPOSE ERASE_SUSPEND.END die=0 plane=1 Block_Erase_SLC waits for a resume
        700 BACKLOG on op2 Block_Erase_SLC die=0
        710 PROPOSE ERASE_SUSPEND.END die=0 plane=2 Block_Erase_TLC waits for a resume
        710 BACKLOG on op3 Block_Erase_TLC die=0
        710 DRAIN_BEGIN pending=0
        710 COMMIT seg2 op4 Erase_Resume DRAIN 710..760.2 0.0.0.-
        710 OP_START seg2
        710 RESUME die=0 ERASE op0 ok remaining=2900.3 by_seg=2 DRAIN
        710 COMMIT seg3 op0 Block_Erase_SLC RESUME_CHAIN 760.2..3660.5 0.0.0.0
        760.2 OP_END seg2 COMPLETED drained
        760.2 OP_START seg3
        3660.5 OP_END seg3 COMPLETED drained
        3660.5 APPLY_ERASE seg3 SLC 0.0.-
        3660.5 DRAIN_END delivered=4
        3660.5 BACKLOG off op2 Block_Erase_SLC die=0
        3660.5 COMMIT seg4 op2 Block_Erase_SLC BACKLOG 3660.5..6660.8 0.1.1.0
        3660.5 OP_START seg4
        3670.5 PROPOSE ERASE.CORE_BUSY die=0 plane=2 Block_Erase_TLC excluded by a state of the planes
        3680.5 PROPOSE ERASE.CORE_BUSY die=0 plane=2 Block_Erase_TLC excluded by a state of the planes
        3680.5 BACKLOG off op3 Block_Erase_TLC die=0
        6660.8 OP_END seg4 COMPLETED
        6660.8 APPLY_ERASE seg4 SLC 0.1.-
        """
    )
    assert done.state(0)["backlog"] == [[2, 3]]
    assert done.state(1)["backlog"] == [[]]


def test_a_reset_lets_it_go_on(tmp_path: Path) -> None:
    profile = scripted(
        *SUSPENDED, step(700, "Block_Erase_SLC", 1), step(800, "Reset"), topology=ROW
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(700) == block(
        """
        700 PROPOSE ERASE_SUSPEND.END die=0 plane=1 Block_Erase_SLC waits for a resume
        700 BACKLOG on op2 Block_Erase_SLC die=0
        800 COMMIT seg2 op3 Reset PROPOSAL 800..830.2 0.0.0.-
        800 OP_START seg2
        800 CANCEL seg0 OP_END due=800 RESET
        800 APPLY_ERASE seg0 SLC aborted 0.0.-
        830.2 OP_END seg2 COMPLETED
        830.2 BACKLOG off op2 Block_Erase_SLC die=0
        830.2 COMMIT seg3 op2 Block_Erase_SLC BACKLOG 830.2..3830.5 0.1.1.0
        830.2 OP_START seg3
        3830.5 OP_END seg3 COMPLETED
        3830.5 APPLY_ERASE seg3 SLC 0.1.-
        """
    )
