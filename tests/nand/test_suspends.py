"""Suspends and resumes: where an op is cut, what remains, and how it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nandtrace.nand.profile import BaseState
from tests.nand.devices import block, built_in, follows, run_script, scripted, step

ERASED = (step(0, "Block_Erase_SLC", 0),)
PROGRAM = (*ERASED, step(3100, "Page_Program_SLC", 0))
ONCE = (*PROGRAM, step(3200, "Program_Suspend"), step(3400, "Program_Resume"))
TWICE = (*ONCE, step(3500, "Program_Suspend"), step(3700, "Program_Resume"))
NESTED = (
    *ERASED,
    step(3100, "Block_Erase_SLC", 1),
    step(3200, "Erase_Suspend"),
    step(3800, "Page_Program_SLC", 0),
    step(3900, "Program_Suspend"),
)
RECOVERY = follows(
    PROGRAM_SUSPEND=(
        "RECOVERY_RD same_page_from_program_suspend",
        "DOUT same_page multi same_celltype",
    )
)


def ending_with_data() -> dict[str, Any]:
    """A device whose SLC programs hold the bus for 10 µs once more after CORE_BUSY."""
    device = built_in("default")
    base = device.op_bases["PROGRAM_SLC"]
    states = (*base.states, BaseState("DATA_OUT", bus=True))
    names = {
        name: replace(op, durations_ns=(*op.durations_ns, 10_000))
        for name, op in device.op_names.items()
        if op.base == "PROGRAM_SLC"
    }
    return {
        "op_bases": device.op_bases | {"PROGRAM_SLC": replace(base, states=states)},
        "op_names": device.op_names | names,
    }


def test_a_program_suspended_and_resumed(tmp_path: Path) -> None:
    profile = scripted(*ONCE)
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3100) == block(
        """
        3100 COMMIT seg1 op1 Page_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 OP_START seg1
        3200 COMMIT seg2 op2 Program_Suspend PROPOSAL 3200..3300.2 0.0.0.-
        3200 OP_START seg2
        3200 SUSPEND die=0 PROGRAM op1 at=3200 remaining=207.98 by_seg=2
        3200 CANCEL seg1 OP_END due=3407.98 SUSPEND
        3200 OP_END seg1 SUSPENDED
        3300.2 OP_END seg2 COMPLETED
        3400 COMMIT seg3 op3 Program_Resume PROPOSAL 3400..3420.2 0.0.0.-
        3400 OP_START seg3
        3400 RESUME die=0 PROGRAM op1 ok remaining=207.98 by_seg=3
        3400 COMMIT seg4 op1 Page_Program_SLC RESUME_CHAIN 3420.2..3628.18 0.0.0.0
        3420.2 OP_END seg3 COMPLETED
        3420.2 OP_START seg4
        3628.18 OP_END seg4 COMPLETED
        3628.18 APPLY_PGM seg4 SLC 0.0.0
        """
    )


def test_a_chain_segment_is_suspended_again(tmp_path: Path) -> None:
    """What remains shrinks by what each chain segment has done, and the page is programmed once."""
    profile = scripted(*TWICE)
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3500) == block(
        """
        3500 COMMIT seg5 op4 Program_Suspend PROPOSAL 3500..3600.2 0.0.0.-
        3500 OP_START seg5
        3500 SUSPEND die=0 PROGRAM op1 at=3500 remaining=128.18 by_seg=5
        3500 CANCEL seg4 OP_END due=3628.18 SUSPEND
        3500 OP_END seg4 SUSPENDED
        3600.2 OP_END seg5 COMPLETED
        3700 COMMIT seg6 op5 Program_Resume PROPOSAL 3700..3720.2 0.0.0.-
        3700 OP_START seg6
        3700 RESUME die=0 PROGRAM op1 ok remaining=128.18 by_seg=6
        3700 COMMIT seg7 op1 Page_Program_SLC RESUME_CHAIN 3720.2..3848.38 0.0.0.0
        3720.2 OP_END seg6 COMPLETED
        3720.2 OP_START seg7
        3848.38 OP_END seg7 COMPLETED
        3848.38 APPLY_PGM seg7 SLC 0.0.0
        """
    )


def test_a_program_suspended_within_a_suspended_erase(tmp_path: Path) -> None:
    """The program is resumed first; until then a resume of the erase is refused."""
    profile = scripted(
        *NESTED,
        step(4050, "Erase_Resume"),
        step(4060, "Program_Resume"),
        step(4500, "Erase_Resume"),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3200) == block(
        """
        3200 COMMIT seg2 op2 Erase_Suspend PROPOSAL 3200..3700.2 0.0.0.-
        3200 OP_START seg2
        3200 SUSPEND die=0 ERASE op1 at=3200 remaining=2900.3 by_seg=2
        3200 CANCEL seg1 OP_END due=6100.3 SUSPEND
        3200 OP_END seg1 SUSPENDED
        3700.2 OP_END seg2 COMPLETED
        3800 COMMIT seg3 op3 Page_Program_SLC PROPOSAL 3800..4107.98 0.0.0.0
        3800 OP_START seg3
        3900 COMMIT seg4 op4 Program_Suspend PROPOSAL 3900..4000.2 0.0.0.-
        3900 OP_START seg4
        3900 SUSPEND die=0 PROGRAM op3 at=3900 remaining=207.98 by_seg=4
        3900 CANCEL seg3 OP_END due=4107.98 SUSPEND
        3900 OP_END seg3 SUSPENDED
        4000.2 OP_END seg4 COMPLETED
        4050 PROPOSE PROGRAM_SUSPEND.END die=0 plane=0 Erase_Resume excluded by a state of the planes
        4060 COMMIT seg5 op5 Program_Resume PROPOSAL 4060..4080.2 0.0.0.-
        4060 OP_START seg5
        4060 RESUME die=0 PROGRAM op3 ok remaining=207.98 by_seg=5
        4060 COMMIT seg6 op3 Page_Program_SLC RESUME_CHAIN 4080.2..4288.18 0.0.0.0
        4080.2 OP_END seg5 COMPLETED
        4080.2 OP_START seg6
        4288.18 OP_END seg6 COMPLETED
        4288.18 APPLY_PGM seg6 SLC 0.0.0
        4500 COMMIT seg7 op6 Erase_Resume PROPOSAL 4500..4550.2 0.0.0.-
        4500 OP_START seg7
        4500 RESUME die=0 ERASE op1 ok remaining=2900.3 by_seg=7
        4500 COMMIT seg8 op1 Block_Erase_SLC RESUME_CHAIN 4550.2..7450.5 0.1.1.0
        4550.2 OP_END seg7 COMPLETED
        4550.2 OP_START seg8
        7450.5 OP_END seg8 COMPLETED
        7450.5 APPLY_ERASE seg8 SLC 0.1.-
        """
    )


def test_the_drain_resumes_what_is_suspended(tmp_path: Path) -> None:
    """A program before an erase."""
    profile = scripted(*NESTED)
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=4000)
    assert done.quiet(4000) == block(
        """
        4000.2 OP_END seg4 COMPLETED
        4000.2 DRAIN_BEGIN pending=0
        4000.2 COMMIT seg5 op5 Program_Resume DRAIN 4000.2..4020.4 0.0.0.-
        4000.2 OP_START seg5
        4000.2 RESUME die=0 PROGRAM op3 ok remaining=207.98 by_seg=5 DRAIN
        4000.2 COMMIT seg6 op3 Page_Program_SLC RESUME_CHAIN 4020.4..4228.38 0.0.0.0
        4020.4 OP_END seg5 COMPLETED drained
        4020.4 OP_START seg6
        4228.38 OP_END seg6 COMPLETED drained
        4228.38 APPLY_PGM seg6 SLC 0.0.0
        4228.38 COMMIT seg7 op6 Erase_Resume DRAIN 4228.38..4278.58 0.0.0.-
        4228.38 OP_START seg7
        4228.38 RESUME die=0 ERASE op1 ok remaining=2900.3 by_seg=7 DRAIN
        4228.38 COMMIT seg8 op1 Block_Erase_SLC RESUME_CHAIN 4278.58..7178.88 0.1.1.0
        4278.58 OP_END seg7 COMPLETED drained
        4278.58 OP_START seg8
        7178.88 OP_END seg8 COMPLETED drained
        7178.88 APPLY_ERASE seg8 SLC 0.1.-
        7178.88 DRAIN_END delivered=8
        """
    )


def test_a_recovery_read_of_the_suspended_page(tmp_path: Path) -> None:
    profile = scripted(*ONCE, sequences=RECOVERY)
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3200) == block(
        """
        3200 COMMIT seg2 op2 Program_Suspend PROPOSAL 3200..3300.2 0.0.0.-
        3200 COMMIT seg3 op3 Recovery_Read_SLC SEQUENCE 3301.2..3331.5 0.0.0.0
        3200 COMMIT seg4 op4 Data_Out SEQUENCE 3332.5..3340.48 0.0.0.0
        3200 OP_START seg2
        3200 SUSPEND die=0 PROGRAM op1 at=3200 remaining=207.98 by_seg=2
        3200 CANCEL seg1 OP_END due=3407.98 SUSPEND
        3200 OP_END seg1 SUSPENDED
        3300.2 OP_END seg2 COMPLETED
        3301.2 OP_START seg3
        3331.5 OP_END seg3 COMPLETED
        3331.5 LATCH on die=0 plane=0 LATCH_ON_READ seg3
        3332.5 OP_START seg4
        3340.48 OP_END seg4 COMPLETED
        3340.48 LATCH off die=0 plane=0 LATCH_ON_READ seg4
        3400 COMMIT seg5 op5 Program_Resume PROPOSAL 3400..3420.2 0.0.0.-
        3400 OP_START seg5
        3400 RESUME die=0 PROGRAM op1 ok remaining=207.98 by_seg=5
        3400 COMMIT seg6 op1 Page_Program_SLC RESUME_CHAIN 3420.2..3628.18 0.0.0.0
        3420.2 OP_END seg5 COMPLETED
        3420.2 OP_START seg6
        3628.18 OP_END seg6 COMPLETED
        3628.18 APPLY_PGM seg6 SLC 0.0.0
        """
    )


def test_only_core_busy_can_be_suspended(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Erase_Suspend"),
        *ERASED,
        step(0.1, "Erase_Suspend"),
        step(10, "Program_Suspend"),
        step(20, "Erase_Resume"),
        step(3000.3, "Erase_Suspend"),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 PROPOSE DEFAULT die=0 plane=0 Erase_Suspend nothing to suspend or resume
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0.1 PROPOSE ERASE.ISSUE die=0 plane=0 Erase_Suspend excluded by a state of the planes
        10 PROPOSE ERASE.CORE_BUSY die=0 plane=0 Program_Suspend nothing to suspend or resume
        20 PROPOSE ERASE.CORE_BUSY die=0 plane=0 Erase_Resume nothing to suspend or resume
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3000.3 PROPOSE ERASE.END die=0 plane=0 Erase_Suspend nothing to suspend or resume
        """
    )


def test_a_suspended_op_is_not_suspended_again(tmp_path: Path) -> None:
    profile = scripted(*PROGRAM, step(3200, "Program_Suspend"), step(3350, "Program_Suspend"))
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=3360)
    assert done.quiet(3300) == block(
        """
        3300.2 OP_END seg2 COMPLETED
        3350 PROPOSE PROGRAM_SUSPEND.END die=0 plane=0 Program_Suspend nothing to suspend or resume
        3350 DRAIN_BEGIN pending=0
        3350 COMMIT seg3 op3 Program_Resume DRAIN 3350..3370.2 0.0.0.-
        3350 OP_START seg3
        3350 RESUME die=0 PROGRAM op1 ok remaining=207.98 by_seg=3 DRAIN
        3350 COMMIT seg4 op1 Page_Program_SLC RESUME_CHAIN 3370.2..3578.18 0.0.0.0
        3370.2 OP_END seg3 COMPLETED drained
        3370.2 OP_START seg4
        3578.18 OP_END seg4 COMPLETED drained
        3578.18 APPLY_PGM seg4 SLC 0.0.0
        3578.18 DRAIN_END delivered=4
        """
    )


def test_nothing_is_suspended_behind_which_a_batch_waits(tmp_path: Path) -> None:
    profile = scripted(
        *ERASED,
        step(3100, "Cache_Program_SLC", 0),
        step(3200, "Program_Suspend"),
        step(3500, "Program_Suspend"),
        step(3700, "Program_Resume"),
        sequences=follows(CACHE_PROGRAM_SLC=("PROGRAM_SLC inc_page multi same_celltype",)),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3400) == block(
        """
        3407.98 OP_END seg1 COMPLETED
        3407.98 APPLY_PGM seg1 SLC 0.0.0
        3407.98 CACHE on die=0 plane=0 ON_CACHE_PROGRAM seg1
        3408.98 OP_START seg2
        3500 COMMIT seg3 op3 Program_Suspend PROPOSAL 3500..3600.2 0.0.0.-
        3500 OP_START seg3
        3500 SUSPEND die=0 PROGRAM op2 at=3500 remaining=216.96 by_seg=3
        3500 CANCEL seg2 OP_END due=3716.96 SUSPEND
        3500 OP_END seg2 SUSPENDED
        3600.2 OP_END seg3 COMPLETED
        3700 COMMIT seg4 op4 Program_Resume PROPOSAL 3700..3720.2 0.0.0.-
        3700 OP_START seg4
        3700 RESUME die=0 PROGRAM op2 ok remaining=216.96 by_seg=4
        3700 COMMIT seg5 op2 Page_Program_SLC RESUME_CHAIN 3720.2..3937.16 0.0.0.1
        3720.2 OP_END seg4 COMPLETED
        3720.2 OP_START seg5
        3937.16 OP_END seg5 COMPLETED
        3937.16 APPLY_PGM seg5 SLC 0.0.1
        3937.16 CACHE off die=0 plane=0 ON_CACHE_PROGRAM seg5
        """
    )
    assert done.reasons() == ["excluded by a state of the planes"]


def test_a_resume_waits_for_the_bus_that_its_chain_needs(tmp_path: Path) -> None:
    """The bus of the resumed program would collide with that of another die; a later resume fits."""
    profile = scripted(
        *PROGRAM,
        step(3200, "Program_Suspend"),
        step(3300, "Block_Erase_SLC", 0, die=1),
        step(6311, "Page_Program_SLC", 0, die=1),
        step(6400, "Program_Resume"),
        step(6411, "Program_Resume"),
        **ending_with_data(),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(6311) == block(
        """
        6311 COMMIT seg4 op4 Page_Program_SLC PROPOSAL 6311..6628.98 1.0.0.0
        6311 OP_START seg4
        6400 PROPOSE PROGRAM_SUSPEND.END die=0 plane=0 Program_Resume the bus is not free for the resumed op
        6411 COMMIT seg5 op5 Program_Resume PROPOSAL 6411..6431.2 0.0.0.-
        6411 OP_START seg5
        6411 RESUME die=0 PROGRAM op1 ok remaining=217.98 by_seg=5
        6411 COMMIT seg6 op1 Page_Program_SLC RESUME_CHAIN 6431.2..6649.18 0.0.0.0
        6431.2 OP_END seg5 COMPLETED
        6431.2 OP_START seg6
        6628.98 OP_END seg4 COMPLETED
        6628.98 APPLY_PGM seg4 SLC 1.0.0
        6649.18 OP_END seg6 COMPLETED
        6649.18 APPLY_PGM seg6 SLC 0.0.0
        """
    )


def test_five_times(tmp_path: Path) -> None:
    """Five suspends are six segments and one programmed page."""
    profile = scripted(
        *PROGRAM,
        *[
            step(3120 + 150 * at + shift, op_name)
            for at in range(5)
            for shift, op_name in ((0, "Program_Suspend"), (110, "Program_Resume"))
        ],
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3100) == block(
        """
        3100 COMMIT seg1 op1 Page_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 OP_START seg1
        3120 COMMIT seg2 op2 Program_Suspend PROPOSAL 3120..3220.2 0.0.0.-
        3120 OP_START seg2
        3120 SUSPEND die=0 PROGRAM op1 at=3120 remaining=287.98 by_seg=2
        3120 CANCEL seg1 OP_END due=3407.98 SUSPEND
        3120 OP_END seg1 SUSPENDED
        3220.2 OP_END seg2 COMPLETED
        3230 COMMIT seg3 op3 Program_Resume PROPOSAL 3230..3250.2 0.0.0.-
        3230 OP_START seg3
        3230 RESUME die=0 PROGRAM op1 ok remaining=287.98 by_seg=3
        3230 COMMIT seg4 op1 Page_Program_SLC RESUME_CHAIN 3250.2..3538.18 0.0.0.0
        3250.2 OP_END seg3 COMPLETED
        3250.2 OP_START seg4
        3270 COMMIT seg5 op4 Program_Suspend PROPOSAL 3270..3370.2 0.0.0.-
        3270 OP_START seg5
        3270 SUSPEND die=0 PROGRAM op1 at=3270 remaining=268.18 by_seg=5
        3270 CANCEL seg4 OP_END due=3538.18 SUSPEND
        3270 OP_END seg4 SUSPENDED
        3370.2 OP_END seg5 COMPLETED
        3380 COMMIT seg6 op5 Program_Resume PROPOSAL 3380..3400.2 0.0.0.-
        3380 OP_START seg6
        3380 RESUME die=0 PROGRAM op1 ok remaining=268.18 by_seg=6
        3380 COMMIT seg7 op1 Page_Program_SLC RESUME_CHAIN 3400.2..3668.38 0.0.0.0
        3400.2 OP_END seg6 COMPLETED
        3400.2 OP_START seg7
        3420 COMMIT seg8 op6 Program_Suspend PROPOSAL 3420..3520.2 0.0.0.-
        3420 OP_START seg8
        3420 SUSPEND die=0 PROGRAM op1 at=3420 remaining=248.38 by_seg=8
        3420 CANCEL seg7 OP_END due=3668.38 SUSPEND
        3420 OP_END seg7 SUSPENDED
        3520.2 OP_END seg8 COMPLETED
        3530 COMMIT seg9 op7 Program_Resume PROPOSAL 3530..3550.2 0.0.0.-
        3530 OP_START seg9
        3530 RESUME die=0 PROGRAM op1 ok remaining=248.38 by_seg=9
        3530 COMMIT seg10 op1 Page_Program_SLC RESUME_CHAIN 3550.2..3798.58 0.0.0.0
        3550.2 OP_END seg9 COMPLETED
        3550.2 OP_START seg10
        3570 COMMIT seg11 op8 Program_Suspend PROPOSAL 3570..3670.2 0.0.0.-
        3570 OP_START seg11
        3570 SUSPEND die=0 PROGRAM op1 at=3570 remaining=228.58 by_seg=11
        3570 CANCEL seg10 OP_END due=3798.58 SUSPEND
        3570 OP_END seg10 SUSPENDED
        3670.2 OP_END seg11 COMPLETED
        3680 COMMIT seg12 op9 Program_Resume PROPOSAL 3680..3700.2 0.0.0.-
        3680 OP_START seg12
        3680 RESUME die=0 PROGRAM op1 ok remaining=228.58 by_seg=12
        3680 COMMIT seg13 op1 Page_Program_SLC RESUME_CHAIN 3700.2..3928.78 0.0.0.0
        3700.2 OP_END seg12 COMPLETED
        3700.2 OP_START seg13
        3720 COMMIT seg14 op10 Program_Suspend PROPOSAL 3720..3820.2 0.0.0.-
        3720 OP_START seg14
        3720 SUSPEND die=0 PROGRAM op1 at=3720 remaining=208.78 by_seg=14
        3720 CANCEL seg13 OP_END due=3928.78 SUSPEND
        3720 OP_END seg13 SUSPENDED
        3820.2 OP_END seg14 COMPLETED
        3830 COMMIT seg15 op11 Program_Resume PROPOSAL 3830..3850.2 0.0.0.-
        3830 OP_START seg15
        3830 RESUME die=0 PROGRAM op1 ok remaining=208.78 by_seg=15
        3830 COMMIT seg16 op1 Page_Program_SLC RESUME_CHAIN 3850.2..4058.98 0.0.0.0
        3850.2 OP_END seg15 COMPLETED
        3850.2 OP_START seg16
        4058.98 OP_END seg16 COMPLETED
        4058.98 APPLY_PGM seg16 SLC 0.0.0
        """
    )
