"""Ops that come together: at one time, behind a switch of the die, or reserved beside each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nandtrace.nand.decisions import Refusal
from nandtrace.nand.profile import BaseState, Exclusions
from tests.nand.devices import built_in, follows, run_script, scripted, step

ERASED = (step(0, "Block_Erase_SLC", 0),)
PROGRAMMED = (*ERASED, step(4000, "Page_Program_SLC", 0))


def _exclusions(base: str, **rules: dict[str, tuple[str, ...]]) -> Exclusions:
    """Those of the default device, and one base kept out by the group `alone`."""
    given = built_in("default").exclusions
    merged = {name: getattr(given, name) | keys for name, keys in rules.items()}
    return replace(given, groups=given.groups | {"alone": (base,)}, **merged)


def test_nothing_starts_with_a_suspend(tmp_path: Path) -> None:
    """A NOP at the suspend's own time would start while the erase is suspended already."""
    profile = scripted(
        *ERASED,
        step(1000, "Erase_Suspend"),
        step(1000, "Nop"),
        exclusions=_exclusions("NOP", by_suspend_state={"ERASE_SUSPENDED": ("alone",)}),
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.UNSTEADY]


def test_a_later_op_of_a_sequence_is_kept_out_too(tmp_path: Path) -> None:
    profile = scripted(
        *PROGRAMMED,
        step(6000, "Block_Erase_SLC", 1, plane=1),
        step(7000, "Erase_Suspend", plane=1),
        step(8000, "Read_SLC", 0, 0),
        sequences=follows(READ=("DOUT same_page",)),
        exclusions=_exclusions("DOUT", by_suspend_state={"ERASE_SUSPENDED": ("alone",)}),
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.EXCLUDED]


def test_a_recovery_read_is_kept_out_by_the_other_axis(tmp_path: Path) -> None:
    profile = scripted(
        *ERASED,
        step(4000, "Block_Erase_SLC", 1, plane=1),
        step(4500, "Erase_Suspend", plane=1),
        step(5500, "Page_Program_SLC", 0),
        step(5600, "Program_Suspend"),
        sequences=follows(PROGRAM_SUSPEND=("RECOVERY_RD same_page_from_program_suspend",)),
        exclusions=_exclusions("RECOVERY_RD", by_suspend_state={"ERASE_SUSPENDED": ("alone",)}),
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.EXCLUDED]


def test_an_instant_op_with_a_busy_state_leaves_reserved_ops_their_place(tmp_path: Path) -> None:
    default = built_in("default")
    base = default.op_bases["TRAINING"]
    busy = replace(base, states=(*base.states, BaseState("CORE_BUSY", bus=False)))
    names = {
        name: replace(op, durations_ns=(*op.durations_ns, 60_000)) if op.base == base.name else op
        for name, op in default.op_names.items()
    }
    training = next(name for name, op in names.items() if op.base == base.name)
    states = {k: v for k, v in default.exclusions.by_op_state.items() if not k.startswith("READ")}
    rules = replace(_exclusions("DOUT"), by_op_state=states | {"TRAINING.CORE_BUSY": ("alone",)})
    profile = scripted(
        *PROGRAMMED,
        step(6000, "Read_SLC", 0, 0),
        step(6005, training),
        op_bases=default.op_bases | {base.name: busy},
        op_names=names,
        sequences=follows(READ=("DOUT same_page",)),
        exclusions=rules,
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.NO_ROOM]


def test_a_reset_of_one_die_does_not_end_that_of_all(tmp_path: Path) -> None:
    """Die 1 is free when the longer reset, which die 0 was given, is over."""
    default = built_in("default")
    lasting = {"RESET": 500_000, "RESET_LUN": 1_000}
    names = {
        name: replace(op, durations_ns=(200, lasting[op.base])) if op.base in lasting else op
        for name, op in default.op_names.items()
    }
    by_base = {op.base: name for name, op in names.items()}
    profile = scripted(
        step(0, by_base["RESET"]),
        step(10, by_base["RESET_LUN"], die=1),
        step(20, "Block_Erase_SLC", 0, die=1),
        op_names=names,
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.NO_ROOM]


def test_a_backlog_has_one_retry_at_a_time(tmp_path: Path) -> None:
    """A reset asks for a refill although a retry is queued: there is one chain of tries all the same."""
    reset = next(n for n, op in built_in("default").op_names.items() if op.base == "RESET_LUN")
    profile = scripted(
        *ERASED,
        step(100, "Erase_Suspend"),
        step(800, "Block_Erase_SLC", 1, plane=1),
        step(810, "Block_Erase_SLC", 2, plane=2),
        step(900, "Erase_Resume"),
        step(4100, "Page_Program_SLC", 0),
        step(4110, reset),
        policies={"backlog_retry_ns": 300_000, "backlog_tries": 50},
    )
    done = run_script(tmp_path / "a.mpk", profile)
    times = [float(line.split()[0]) for line in done.lines() if " HOOK BACKLOG_" in line]
    assert times == [3850.5, 4150.5]


def test_two_programs_of_a_sequence_take_two_blocks(tmp_path: Path) -> None:
    """Both choose an address of their own; what one has promised the other can't have."""
    profile = scripted(
        *ERASED,
        step(4000, "Page_Program_SLC", 0),
        sequences=follows(PROGRAM_SLC=("PROGRAM_SLC none",)),
    )
    assert run_script(tmp_path / "a.mpk", profile).reasons() == [Refusal.NO_ADDRESS]
