"""Plans: what the rules of a sequence make of addresses."""

from __future__ import annotations

from nandtrace.nand.addresses import Use
from nandtrace.nand.ops import Catalogue, compile_ops
from nandtrace.nand.plans import NO_SLOT, SUSPENDED_SLOT, Plan, Plans, compile_plans
from nandtrace.nand.profile import Continuation, Profile, Step
from tests.nand.devices import built_in, follows, scripted


def _plan(profile: Profile, op_name: str) -> Plan:
    plans = _plans(profile, op_name)
    assert plans.cumulated == (1.0,)
    return plans.plans[0]


def _plans(profile: Profile, op_name: str) -> Plans:
    catalogue: Catalogue = compile_ops(profile)
    return compile_plans(catalogue.by_name[op_name], catalogue, profile)


def _steps(plan: Plan) -> list[tuple[str, int, int, bool]]:
    """Base, slot, pages after the slot's page, whether once per plane."""
    return [(step.ops[0].base, step.slot, step.delta, step.per_plane) for step in plan.steps]


def test_an_op_without_a_sequence_stands_alone() -> None:
    plan = _plan(scripted(), "Page_Program_SLC")
    assert (plan.slot, plan.steps, plan.die_wide) == (0, (), True)
    assert [(slot.use, slot.celltype, slot.span) for slot in plan.slots] == [
        (Use.PROGRAM, "SLC", 0)
    ]


def test_an_op_of_a_die_has_no_slot() -> None:
    plan = _plan(scripted(), "Set_Features")
    assert (plan.slot, plan.slots, plan.die_wide) == (NO_SLOT, (), True)


def test_a_cache_read_delivers_the_page_read_before() -> None:
    sequences = follows(
        READ=(
            "CACHE_READ inc_page multi",
            "DOUT prev_page",
            "CACHE_READ inc_page multi",
            "DOUT prev_page",
            "CACHE_READ_END same_page multi",
            "DOUT prev_page",
        )
    )
    plan = _plan(scripted(sequences=sequences), "Read_Multi_Plane_SLC")
    assert _steps(plan) == [
        ("CACHE_READ", 0, 1, False),
        ("DOUT", 0, 0, True),
        ("CACHE_READ", 0, 1, False),
        ("DOUT", 0, 1, True),
        ("CACHE_READ_END", 0, 1, False),
        ("DOUT", 0, 1, True),
    ]
    assert plan.slots[0].span == 1


def test_copy_back_loads_share_the_page_that_the_first_one_chooses() -> None:
    sequences = follows(
        COPYBACK_READ=(
            "ONESHOT_COPYBACK_PROGRAM_LSB pgm_same_page multi",
            "COPYBACK_READ none multi",
            "ONESHOT_COPYBACK_PROGRAM_CSB pgm_same_page multi",
            "COPYBACK_READ none multi",
            "ONESHOT_COPYBACK_PROGRAM_EXEC_MSB pgm_same_page multi",
        )
    )
    plan = _plan(scripted(sequences=sequences), "Copyback_Read_LSB")
    assert _steps(plan) == [
        ("ONESHOT_COPYBACK_PROGRAM_LSB", 1, 0, False),
        ("COPYBACK_READ", 2, 0, False),
        ("ONESHOT_COPYBACK_PROGRAM_CSB", 1, 0, False),
        ("COPYBACK_READ", 3, 0, False),
        ("ONESHOT_COPYBACK_PROGRAM_EXEC_MSB", 1, 0, False),
    ]
    assert [slot.use for slot in plan.slots] == [Use.READ, Use.PROGRAM, Use.READ, Use.READ]


def test_a_recovery_read_is_of_the_suspended_page() -> None:
    sequences = follows(
        PROGRAM_SUSPEND=("RECOVERY_RD same_page_from_program_suspend", "DOUT same_page multi")
    )
    plan = _plan(scripted(sequences=sequences), "Program_Suspend")
    assert _steps(plan) == [
        ("RECOVERY_RD", SUSPENDED_SLOT, 0, False),
        ("DOUT", SUSPENDED_SLOT, 0, False),
    ]


def test_a_step_takes_ops_of_as_many_planes_and_the_same_cell_type() -> None:
    sequences = follows(READ=("CACHE_READ inc_page multi same_celltype",))
    profile = scripted(sequences=sequences)
    (single,) = _plan(profile, "Read_SLC").steps
    (multi,) = _plan(profile, "Read_Multi_Plane_LSB").steps
    assert [op.name for op in single.ops] == ["Cache_Read_SLC"]
    assert [op.name for op in multi.ops] == [
        "Cache_Read_Multi_Plane_LSB",
        "Cache_Read_Multi_Plane_CSB",
        "Cache_Read_Multi_Plane_MSB",
    ]
    assert multi.cumulated[-1] == 1


def test_named_steps_take_those_names_by_weight() -> None:
    step = Step("CACHE_READ", ("inc_page",), (("Cache_Read_LSB", 1.0), ("Cache_Read_MSB", 3.0)))
    profile = scripted(sequences={"READ": (Continuation(1.0, (step,)),)})
    (planned,) = _plan(profile, "Read_LSB").steps
    assert [op.name for op in planned.ops] == ["Cache_Read_LSB", "Cache_Read_MSB"]
    assert planned.cumulated == (0.25, 1.0)


def test_what_the_cell_type_rules_out_leaves_its_chance_to_the_others() -> None:
    """An SLC page is copied back to SLC or read out; only a TLC page goes the one-shot way."""
    profile = scripted(sequences=built_in("default").sequences)
    plans = _plans(profile, "Copyback_Read_SLC")
    assert [round(upto, 6) for upto in plans.cumulated] == [0.5, 1.0]
    followers = [[step.ops[0].base for step in plan.steps] for plan in plans.plans]
    assert followers == [["DOUT"], ["COPYBACK_PROGRAM_SLC"]]


def test_a_sequence_for_no_cell_type_leaves_no_plan() -> None:
    profile = scripted(sequences=follows(READ=("ONESHOT_PROGRAM_CSB same_page",)))
    assert _plans(profile, "Read_SLC").plans == ()


def test_only_ops_that_all_interleave_make_an_interleaving_plan() -> None:
    alone = scripted(sequences=follows(PLANE_READ=("DOUT same_page",)))
    mixed = scripted(sequences=follows(PLANE_READ=("DOUT same_page", "READ same_page")))
    assert _plan(alone, "Plane_Read_SLC").interleaves
    assert not _plan(mixed, "Plane_Read_SLC").interleaves
    assert not _plan(scripted(), "Read_SLC").interleaves


def test_only_a_closed_plan_is_left_to_chance() -> None:
    """One that frees what it fills; a script may also choose the other."""
    profile = scripted(
        sequences={"READ": (Continuation(0.5, ()), *follows(READ=("DOUT same_page",))["READ"])}
    )
    plans = _plans(profile, "Read_SLC")
    assert [len(plan.steps) for plan in plans.plans] == [0, 1]
    assert [len(plan.steps) for plan in plans.closed] == [1]
    assert plans.closed_cumulated == (1.0,)
