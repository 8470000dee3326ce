"""Operations, one by one: what each writes into the log and leaves behind."""

from __future__ import annotations

from pathlib import Path

from nandtrace.nand.profile import ScriptStep
from tests.nand.devices import block, follows, run_script, scripted, step

ERASED = (step(0, "Block_Erase_SLC", 0),)
ONE_PAGE = (*ERASED, step(3100, "Page_Program_SLC", 0))
TWO_PAGES = (*ONE_PAGE, step(3500, "Page_Program_SLC", 0))
ROW = (
    step(0, "Block_Erase_Multi_Plane_SLC", 0, planes=(0, 1, 2, 3)),
    step(3100, "Page_Program_Multi_Plane_SLC", 0, planes=(0, 1, 2, 3)),
    step(3500, "Page_Program_Multi_Plane_SLC", 0, planes=(0, 1, 2, 3)),
)
CACHE_READ = follows(
    READ=(
        "CACHE_READ inc_page multi same_celltype",
        "DOUT prev_page multi same_celltype",
        "CACHE_READ_END same_page multi same_celltype",
        "DOUT prev_page multi same_celltype",
    )
)
CACHE_PROGRAM = follows(
    CACHE_PROGRAM_SLC=(
        "CACHE_PROGRAM_SLC inc_page multi same_celltype",
        "PROGRAM_SLC inc_page multi same_celltype",
    )
)
ONE_SHOT = follows(
    ONESHOT_PROGRAM_LSB=(
        "ONESHOT_PROGRAM_CSB same_page multi same_celltype",
        "ONESHOT_PROGRAM_MSB same_page multi same_celltype",
        "ONESHOT_PROGRAM_EXEC_MSB same_page multi same_celltype",
    )
)
COPY_BACK = follows(COPYBACK_READ=("COPYBACK_PROGRAM_SLC none multi",))
COPY_BACK_ONE_SHOT = follows(
    COPYBACK_READ=(
        "ONESHOT_COPYBACK_PROGRAM_LSB pgm_same_page multi",
        "COPYBACK_READ none multi",
        "ONESHOT_COPYBACK_PROGRAM_CSB pgm_same_page multi",
        "COPYBACK_READ none multi",
        "ONESHOT_COPYBACK_PROGRAM_EXEC_MSB pgm_same_page multi",
    )
)
PLANE_READ = follows(PLANE_READ=("DOUT same_page multi same_celltype",))


def erased_row(*blocks: int) -> list[ScriptStep]:
    """Blocks erased one after the other; then a multi-plane program whose address is not given."""
    erases = [step(3100 * at, "Block_Erase_SLC", block) for at, block in enumerate(blocks)]
    return [*erases, step(13_000, "Page_Program_Multi_Plane_SLC", plane=blocks[-1])]


def test_erase_program_and_read(tmp_path: Path) -> None:
    """Every event of three ops and of what follows the read."""
    profile = scripted(*ONE_PAGE, step(3500, "Read_SLC", 0, 0))
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=4000)
    assert done.lines() == block(
        """
        0 RUN_BEGIN run_until=4000
        0 HOOK PHASE_HOOK die=0 plane=0
        0 PROPOSE DEFAULT die=0 plane=0 Block_Erase_SLC
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0 STATE seg0 ISSUE until=0.3 bus
        0 STATE seg0 CORE_BUSY until=3000.3
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3100 HOOK PHASE_HOOK die=0 plane=0
        3100 PROPOSE ERASE.END die=0 plane=0 Page_Program_SLC
        3100 COMMIT seg1 op1 Page_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 OP_START seg1
        3100 STATE seg1 ISSUE until=3100.3 bus
        3100 STATE seg1 DATA_IN until=3107.98 bus
        3100 STATE seg1 CORE_BUSY until=3407.98
        3407.98 OP_END seg1 COMPLETED
        3407.98 APPLY_PGM seg1 SLC 0.0.0
        3500 HOOK PHASE_HOOK die=0 plane=0
        3500 PROPOSE PROGRAM_SLC.END die=0 plane=0 Read_SLC
        3500 COMMIT seg2 op2 Read_SLC PROPOSAL 3500..3525.3 0.0.0.0
        3500 COMMIT seg3 op3 Data_Out SEQUENCE 3526.3..3534.28 0.0.0.0
        3500 OP_START seg2
        3500 STATE seg2 ISSUE until=3500.3 bus
        3500 STATE seg2 CORE_BUSY until=3525.3
        3525.3 OP_END seg2 COMPLETED
        3525.3 LATCH on die=0 plane=0 LATCH_ON_READ seg2
        3526.3 OP_START seg3
        3526.3 STATE seg3 ISSUE until=3526.6 bus
        3526.3 STATE seg3 DATA_OUT until=3534.28 bus
        3534.28 OP_END seg3 COMPLETED
        3534.28 LATCH off die=0 plane=0 LATCH_ON_READ seg3
        3534.28 RUN_END DRAINED run_until hooks=3 ops=4
        """
    )


def test_a_cache_read_delivers_the_page_before(tmp_path: Path) -> None:
    profile = scripted(*TWO_PAGES, step(4000, "Read_SLC", 0, 0), sequences=CACHE_READ)
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(4000) == block(
        """
        4000 COMMIT seg3 op3 Read_SLC PROPOSAL 4000..4025.3 0.0.0.0
        4000 COMMIT seg4 op4 Cache_Read_SLC SEQUENCE 4026.3..4051.6 0.0.0.1
        4000 COMMIT seg5 op5 Data_Out SEQUENCE 4052.6..4060.58 0.0.0.0
        4000 COMMIT seg6 op6 Cache_Read_End SEQUENCE 4061.58..4066.78 0.0.0.0
        4000 COMMIT seg7 op7 Data_Out SEQUENCE 4067.78..4075.76 0.0.0.1
        4000 OP_START seg3
        4025.3 OP_END seg3 COMPLETED
        4025.3 LATCH on die=0 plane=0 LATCH_ON_READ seg3
        4026.3 OP_START seg4
        4051.6 OP_END seg4 COMPLETED
        4051.6 CACHE on die=0 plane=0 ON_CACHE_READ seg4
        4052.6 OP_START seg5
        4060.58 OP_END seg5 COMPLETED
        4060.58 LATCH off die=0 plane=0 LATCH_ON_READ seg5
        4061.58 OP_START seg6
        4066.78 OP_END seg6 COMPLETED
        4066.78 LATCH on die=0 plane=0 LATCH_ON_READ seg6
        4066.78 CACHE off die=0 plane=0 ON_CACHE_READ seg6
        4067.78 OP_START seg7
        4075.76 OP_END seg7 COMPLETED
        4075.76 LATCH off die=0 plane=0 LATCH_ON_READ seg7
        """
    )


def test_a_cache_read_of_two_planes_is_delivered_plane_by_plane(tmp_path: Path) -> None:
    profile = scripted(
        *ROW, step(4000, "Read_Multi_Plane_SLC", 1, 0, planes=(1, 3)), sequences=CACHE_READ
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(4000) == block(
        """
        4000 COMMIT seg3 op3 Read_Multi_Plane_SLC PROPOSAL 4000..4025.3 0.1.1.0,0.3.3.0
        4000 COMMIT seg4 op4 Cache_Read_Multi_Plane_SLC SEQUENCE 4026.3..4051.6 0.1.1.1,0.3.3.1
        4000 COMMIT seg5 op5 Data_Out SEQUENCE 4052.6..4060.58 0.1.1.0
        4000 COMMIT seg6 op6 Data_Out SEQUENCE 4061.58..4069.56 0.3.3.0
        4000 COMMIT seg7 op7 Cache_Read_Multi_Plane_End SEQUENCE 4070.56..4075.76 0.1.1.0,0.3.3.0
        4000 COMMIT seg8 op8 Data_Out SEQUENCE 4076.76..4084.74 0.1.1.1
        4000 COMMIT seg9 op9 Data_Out SEQUENCE 4085.74..4093.72 0.3.3.1
        4000 OP_START seg3
        4025.3 OP_END seg3 COMPLETED
        4025.3 LATCH on die=0 plane=1 LATCH_ON_READ seg3
        4025.3 LATCH on die=0 plane=3 LATCH_ON_READ seg3
        4026.3 OP_START seg4
        4051.6 OP_END seg4 COMPLETED
        4051.6 CACHE on die=0 plane=1 ON_CACHE_READ seg4
        4051.6 CACHE on die=0 plane=3 ON_CACHE_READ seg4
        4052.6 OP_START seg5
        4060.58 OP_END seg5 COMPLETED
        4060.58 LATCH off die=0 plane=1 LATCH_ON_READ seg5
        4061.58 OP_START seg6
        4069.56 OP_END seg6 COMPLETED
        4069.56 LATCH off die=0 plane=3 LATCH_ON_READ seg6
        4070.56 OP_START seg7
        4075.76 OP_END seg7 COMPLETED
        4075.76 LATCH on die=0 plane=1 LATCH_ON_READ seg7
        4075.76 CACHE off die=0 plane=1 ON_CACHE_READ seg7
        4075.76 LATCH on die=0 plane=3 LATCH_ON_READ seg7
        4075.76 CACHE off die=0 plane=3 ON_CACHE_READ seg7
        4076.76 OP_START seg8
        4084.74 OP_END seg8 COMPLETED
        4084.74 LATCH off die=0 plane=1 LATCH_ON_READ seg8
        4085.74 OP_START seg9
        4093.72 OP_END seg9 COMPLETED
        4093.72 LATCH off die=0 plane=3 LATCH_ON_READ seg9
        """
    )


def test_cache_programs_end_with_a_program(tmp_path: Path) -> None:
    profile = scripted(
        *ERASED,
        step(3100, "Cache_Program_SLC", 0),
        step(3450, "Read_SLC", 0, 0),
        sequences=CACHE_PROGRAM,
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3100) == block(
        """
        3100 COMMIT seg1 op1 Cache_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 COMMIT seg2 op2 Cache_Program_SLC SEQUENCE 3408.98..3716.96 0.0.0.1
        3100 COMMIT seg3 op3 Page_Program_SLC SEQUENCE 3717.96..4025.94 0.0.0.2
        3100 OP_START seg1
        3407.98 OP_END seg1 COMPLETED
        3407.98 APPLY_PGM seg1 SLC 0.0.0
        3407.98 CACHE on die=0 plane=0 ON_CACHE_PROGRAM seg1
        3408.98 OP_START seg2
        3450 PROPOSE CACHE_PROGRAM_SLC.CORE_BUSY die=0 plane=0 Read_SLC excluded by a state of the planes
        3716.96 OP_END seg2 COMPLETED
        3716.96 APPLY_PGM seg2 SLC 0.0.1
        3717.96 OP_START seg3
        4025.94 OP_END seg3 COMPLETED
        4025.94 APPLY_PGM seg3 SLC 0.0.2
        4025.94 CACHE off die=0 plane=0 ON_CACHE_PROGRAM seg3
        """
    )


def test_a_one_shot_program_loads_three_latches(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Block_Erase_TLC", 0),
        step(5100, "One_Shot_Program_LSB", 0),
        sequences=ONE_SHOT,
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(5100) == block(
        """
        5100 COMMIT seg1 op1 One_Shot_Program_LSB PROPOSAL 5100..5110.98 0.0.0.0
        5100 COMMIT seg2 op2 One_Shot_Program_CSB SEQUENCE 5111.98..5122.96 0.0.0.0
        5100 COMMIT seg3 op3 One_Shot_Program_MSB SEQUENCE 5123.96..5134.94 0.0.0.0
        5100 COMMIT seg4 op4 One_Shot_Program_Execute SEQUENCE 5135.94..7036.24 0.0.0.0
        5100 OP_START seg1
        5110.98 OP_END seg1 COMPLETED
        5110.98 LATCH on die=0 plane=0 LATCH_ON_LSB seg1
        5111.98 OP_START seg2
        5122.96 OP_END seg2 COMPLETED
        5122.96 LATCH on die=0 plane=0 LATCH_ON_CSB seg2
        5123.96 OP_START seg3
        5134.94 OP_END seg3 COMPLETED
        5134.94 LATCH on die=0 plane=0 LATCH_ON_MSB seg3
        5135.94 OP_START seg4
        7036.24 OP_END seg4 COMPLETED
        7036.24 APPLY_PGM seg4 TLC 0.0.0
        7036.24 LATCH off die=0 plane=0 LATCH_ON_LSB seg4
        7036.24 LATCH off die=0 plane=0 LATCH_ON_CSB seg4
        7036.24 LATCH off die=0 plane=0 LATCH_ON_MSB seg4
        """
    )


def test_a_copy_back_programs_what_was_read(tmp_path: Path) -> None:
    profile = scripted(*TWO_PAGES, step(4000, "Copyback_Read_SLC", 0, 1), sequences=COPY_BACK)
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(4000) == block(
        """
        4000 COMMIT seg3 op3 Copyback_Read_SLC PROPOSAL 4000..4025.3 0.0.0.1
        4000 COMMIT seg4 op4 Copyback_Program_SLC SEQUENCE 4026.3..4346.6 0.0.0.2
        4000 OP_START seg3
        4025.3 OP_END seg3 COMPLETED
        4025.3 LATCH on die=0 plane=0 LATCH_ON_READ seg3
        4026.3 OP_START seg4
        4346.6 OP_END seg4 COMPLETED
        4346.6 APPLY_PGM seg4 SLC 0.0.2
        4346.6 LATCH off die=0 plane=0 LATCH_ON_READ seg4
        """
    )


def test_a_copy_back_of_three_pages_is_one_program(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Block_Erase_TLC", 0),
        step(5100, "One_Shot_Program_LSB", 0),
        step(8000, "Copyback_Read_LSB", 0, 0),
        sequences=ONE_SHOT | COPY_BACK_ONE_SHOT,
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(8000) == block(
        """
        8000 COMMIT seg5 op5 Copyback_Read_LSB PROPOSAL 8000..8056.3 0.0.0.0
        8000 COMMIT seg6 op6 One_Shot_Copyback_LSB SEQUENCE 8057.3..8060.6 0.0.0.1
        8000 COMMIT seg7 op7 Copyback_Read_MSB SEQUENCE 8061.6..8167.9 0.0.0.0
        8000 COMMIT seg8 op8 One_Shot_Copyback_CSB SEQUENCE 8168.9..8172.2 0.0.0.1
        8000 COMMIT seg9 op9 Copyback_Read_MSB SEQUENCE 8173.2..8279.5 0.0.0.0
        8000 COMMIT seg10 op10 One_Shot_Copyback_Execute SEQUENCE 8280.5..10180.8 0.0.0.1
        8000 OP_START seg5
        8056.3 OP_END seg5 COMPLETED
        8056.3 LATCH on die=0 plane=0 LATCH_ON_READ seg5
        8057.3 OP_START seg6
        8060.6 OP_END seg6 COMPLETED
        8060.6 LATCH off die=0 plane=0 LATCH_ON_READ seg6
        8060.6 LATCH on die=0 plane=0 LATCH_ON_LSB seg6
        8061.6 OP_START seg7
        8167.9 OP_END seg7 COMPLETED
        8167.9 LATCH on die=0 plane=0 LATCH_ON_READ seg7
        8168.9 OP_START seg8
        8172.2 OP_END seg8 COMPLETED
        8172.2 LATCH off die=0 plane=0 LATCH_ON_READ seg8
        8172.2 LATCH on die=0 plane=0 LATCH_ON_CSB seg8
        8173.2 OP_START seg9
        8279.5 OP_END seg9 COMPLETED
        8279.5 LATCH on die=0 plane=0 LATCH_ON_READ seg9
        8280.5 OP_START seg10
        10180.8 OP_END seg10 COMPLETED
        10180.8 APPLY_PGM seg10 TLC 0.0.1
        10180.8 LATCH off die=0 plane=0 LATCH_ON_READ seg10
        10180.8 LATCH off die=0 plane=0 LATCH_ON_LSB seg10
        10180.8 LATCH off die=0 plane=0 LATCH_ON_CSB seg10
        """
    )


def test_a_multi_plane_program_takes_all_planes_that_fit(tmp_path: Path) -> None:
    profile = scripted(*erased_row(0, 1, 2, 3))
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(13331) == block(
        """
        13331.02 OP_END seg4 COMPLETED
        13331.02 APPLY_PGM seg4 SLC 0.0.0,0.1.0,0.2.0,0.3.0
        """
    )


def test_it_shrinks_to_three_planes(tmp_path: Path) -> None:
    profile = scripted(*erased_row(0, 1, 3))
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(13331) == block(
        """
        13331.02 OP_END seg3 COMPLETED
        13331.02 APPLY_PGM seg3 SLC 0.0.0,0.1.0,0.3.0
        """
    )


def test_it_shrinks_to_two_planes(tmp_path: Path) -> None:
    profile = scripted(*erased_row(1, 3))
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(13331) == block(
        """
        13331.02 OP_END seg2 COMPLETED
        13331.02 APPLY_PGM seg2 SLC 0.1.0,0.3.0
        """
    )


def test_it_never_shrinks_to_one_plane(tmp_path: Path) -> None:
    profile = scripted(*erased_row(2))
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(13000) == block(
        """
        13000 PROPOSE ERASE.END die=0 plane=2 Page_Program_Multi_Plane_SLC no legal address
        """
    )


def test_status_is_read_while_the_array_works(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Block_Erase_SLC", 0),
        step(1000, "Read_Status"),
        step(1001, "Read_Status_Enhanced"),
        step(1002, "Nop"),
        step(1003, "Read_SLC", 0, 0),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        1000 COMMIT seg1 op1 Read_Status PROPOSAL 1000..1000.3 0.0.0.-
        1000 OP_START seg1
        1000.3 OP_END seg1 COMPLETED
        1001 COMMIT seg2 op2 Read_Status_Enhanced PROPOSAL 1001..1001.3 0.0.0.-
        1001 OP_START seg2
        1001.3 OP_END seg2 COMPLETED
        1002 COMMIT seg3 op3 Nop PROPOSAL 1002..1002.1 0.0.0.-
        1002 OP_START seg3
        1002.1 OP_END seg3 COMPLETED
        1003 PROPOSE ERASE.CORE_BUSY die=0 plane=0 Read_SLC excluded by a state of the planes
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        """
    )


def test_a_cam_read_keeps_even_status_out(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "CAM_Read"),
        step(500, "Read_Status"),
        step(600, "Nop"),
        step(700, "Reset_LUN"),
        step(800, "Reset"),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 COMMIT seg0 op0 CAM_Read PROPOSAL 0..1000.2 0.0.0.-
        0 OP_START seg0
        500 PROPOSE CAMREAD.CORE_BUSY die=0 plane=0 Read_Status excluded by a state of the planes
        600 COMMIT seg1 op1 Nop PROPOSAL 600..600.1 0.0.0.-
        600 OP_START seg1
        600.1 OP_END seg1 COMPLETED
        700 PROPOSE CAMREAD.CORE_BUSY die=0 plane=0 Reset_LUN excluded by a state of the planes
        800 COMMIT seg2 op2 Reset PROPOSAL 800..830.2 0.0.0.-
        800 OP_START seg2
        800 OP_END seg0 RESET
        830.2 OP_END seg2 COMPLETED
        """
    )


def test_two_dies_share_the_bus(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Block_Erase_SLC", 0),
        step(0.1, "Block_Erase_SLC", 0, die=1),
        step(3100, "Page_Program_SLC", 0),
        step(3101, "Page_Program_SLC", 0, die=1),
        step(3107.7, "Page_Program_SLC", 0, die=1),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0.1 COMMIT seg1 op1 Block_Erase_SLC PROPOSAL 0.3..3000.6 1.0.0.0
        0.3 OP_START seg1
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3000.6 OP_END seg1 COMPLETED
        3000.6 APPLY_ERASE seg1 SLC 1.0.-
        3100 COMMIT seg2 op2 Page_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 OP_START seg2
        3101 PROPOSE ERASE.END die=1 plane=0 Page_Program_SLC the bus is not free within the admission window
        3107.7 COMMIT seg3 op3 Page_Program_SLC PROPOSAL 3107.98..3415.96 1.0.0.0
        3107.98 OP_START seg3
        3407.98 OP_END seg2 COMPLETED
        3407.98 APPLY_PGM seg2 SLC 0.0.0
        3415.96 OP_END seg3 COMPLETED
        3415.96 APPLY_PGM seg3 SLC 1.0.0
        """
    )


def test_plane_reads_work_side_by_side(tmp_path: Path) -> None:
    profile = scripted(
        *ROW,
        step(4000, "Plane_Read_SLC", 0, 0),
        step(4001, "Plane_Read_SLC", 1, 0),
        step(4002, "Read_SLC", 2, 0),
        step(4003, "Read_Multi_Plane_SLC", 2, 0, planes=(2, 3)),
        sequences=PLANE_READ,
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(4000) == block(
        """
        4000 COMMIT seg3 op3 Plane_Read_SLC PROPOSAL 4000..4025.3 0.0.0.0
        4000 COMMIT seg4 op4 Data_Out SEQUENCE 4026.3..4034.28 0.0.0.0
        4000 OP_START seg3
        4001 COMMIT seg5 op5 Plane_Read_SLC PROPOSAL 4001..4026.3 0.1.1.0
        4001 COMMIT seg6 op6 Data_Out SEQUENCE 4034.28..4042.26 0.1.1.0
        4001 OP_START seg5
        4002 PROPOSE PROGRAM_SLC.END die=0 plane=2 Read_SLC the planes are reserved
        4003 PROPOSE PROGRAM_SLC.END die=0 plane=2 Read_Multi_Plane_SLC the planes are reserved
        4025.3 OP_END seg3 COMPLETED
        4025.3 LATCH on die=0 plane=0 LATCH_ON_READ seg3
        4026.3 OP_END seg5 COMPLETED
        4026.3 LATCH on die=0 plane=1 LATCH_ON_READ seg5
        4026.3 OP_START seg4
        4034.28 OP_END seg4 COMPLETED
        4034.28 LATCH off die=0 plane=0 LATCH_ON_READ seg4
        4034.28 OP_START seg6
        4042.26 OP_END seg6 COMPLETED
        4042.26 LATCH off die=0 plane=1 LATCH_ON_READ seg6
        """
    )


def test_features_are_set_and_read_back(tmp_path: Path) -> None:
    profile = scripted(
        step(0, "Set_Features"), sequences=follows(SETFEATURE=("GETFEATURE same_reg",))
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet() == block(
        """
        0 COMMIT seg0 op0 Set_Features PROPOSAL 0..1.3 0.0.0.-
        0 COMMIT seg1 op1 Get_Features SEQUENCE 2.3..3.6 0.0.0.-
        0 OP_START seg0
        1.3 OP_END seg0 COMPLETED
        2.3 OP_START seg1
        3.6 OP_END seg1 COMPLETED
        """
    )


def test_without_termination_no_data(tmp_path: Path) -> None:
    profile = scripted(
        *ONE_PAGE,
        step(3500, "ODT_Disable"),
        step(3501, "Read_SLC", 0, 0),
        step(3502, "Read_Status"),
        step(3503, "ODT_Enable"),
        step(3504, "ODT_Enable"),
        step(3505, "Read_SLC", 0, 0),
    )
    done = run_script(tmp_path / "a.mpk", profile)
    assert done.quiet(3500) == block(
        """
        3500 COMMIT seg2 op2 ODT_Disable PROPOSAL 3500..3500.2 0.0.0.-
        3500 OP_START seg2
        3500.2 OP_END seg2 COMPLETED
        3500.2 ODT off die=0 seg2
        3501 PROPOSE PROGRAM_SLC.END die=0 plane=0 Read_SLC excluded by a state of the planes
        3502 COMMIT seg3 op3 Read_Status PROPOSAL 3502..3502.3 0.0.0.-
        3502 OP_START seg3
        3502.3 OP_END seg3 COMPLETED
        3503 COMMIT seg4 op4 ODT_Enable PROPOSAL 3503..3503.2 0.0.0.-
        3503 OP_START seg4
        3503.2 OP_END seg4 COMPLETED
        3503.2 ODT on die=0 seg4
        3504 COMMIT seg5 op5 ODT_Enable PROPOSAL 3504..3504.2 0.0.0.-
        3504 OP_START seg5
        3504.2 OP_END seg5 COMPLETED
        3505 COMMIT seg6 op6 Read_SLC PROPOSAL 3505..3530.3 0.0.0.0
        3505 COMMIT seg7 op7 Data_Out SEQUENCE 3531.3..3539.28 0.0.0.0
        3505 OP_START seg6
        3530.3 OP_END seg6 COMPLETED
        3530.3 LATCH on die=0 plane=0 LATCH_ON_READ seg6
        3531.3 OP_START seg7
        3539.28 OP_END seg7 COMPLETED
        3539.28 LATCH off die=0 plane=0 LATCH_ON_READ seg7
        """
    )
