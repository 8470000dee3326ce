"""Choices: weights filled in by rule, and tables of what may be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nandtrace.nand.choices import Choices, Room, fill_weights
from nandtrace.nand.ops import compile_ops
from nandtrace.nand.profile import Exclusions, OpBase, Profile, Weights
from nandtrace.trace.recorder import Topology
from nandtrace.vocab.nand import BootstrapStage
from tests.nand.devices import built_in, scripted

BASES = ("ERASE", "READ", "PLANE_READ", "SR", "SETFEATURE")


def _device(**changes: Any) -> Profile:
    """A device with twelve ops of five bases, none of which fills a latch."""
    whole = scripted()
    bases: dict[str, OpBase] = {name: replace(whole.op_bases[name], fills=None) for name in BASES}
    names = {
        name: op
        for name, op in whole.op_names.items()
        if op.base in bases and not name.endswith(("CSB", "MSB"))
    }
    settings: dict[str, Any] = {
        "op_bases": bases,
        "op_names": names,
        "sequences": {},
        "exclusions": Exclusions(),
        "weights": Weights(),
        "interleaving_bases": ("PLANE_READ",),
    }
    return replace(whole, **(settings | changes))


def _weights(overall: dict[str, float], **by_state: dict[str, float]) -> dict[str, float]:
    profile = _device()
    ops = compile_ops(profile).ops
    filled = fill_weights(Weights(overall, by_state), "KEY", ops)
    return {op.name: round(filled[op.index], 6) for op in ops}


def test_the_device() -> None:
    assert list(_weights({})) == [
        "Block_Erase_SLC",
        "Block_Erase_Multi_Plane_SLC",
        "Block_Erase_TLC",
        "Block_Erase_Multi_Plane_TLC",
        "Read_SLC",
        "Read_Multi_Plane_SLC",
        "Read_LSB",
        "Read_Multi_Plane_LSB",
        "Plane_Read_SLC",
        "Plane_Read_LSB",
        "Read_Status",
        "Set_Features",
    ]


def test_without_weights_every_base_is_alike_and_then_every_name() -> None:
    weights = _weights({})
    assert weights["Set_Features"] == weights["Read_Status"] == 0.2
    assert weights["Plane_Read_SLC"] == 0.1
    assert weights["Read_SLC"] == weights["Block_Erase_SLC"] == 0.05


def test_a_name_goes_before_its_base_and_the_base_is_shared_by_the_rest() -> None:
    weights = _weights({"Read_SLC": 0.3, "READ": 0.3, "ERASE": 0, "SR": 0.2})
    assert weights["Read_SLC"] == 0.3
    assert weights["Read_LSB"] == 0.1
    assert weights["Block_Erase_SLC"] == 0
    assert (weights["Set_Features"], weights["Plane_Read_SLC"]) == (0.1, 0.05)


def test_a_state_goes_before_what_holds_overall() -> None:
    weights = _weights({"READ": 0.4, "SR": 0.6}, KEY={"SR": 0.1, "Read_SLC": 0.2}, OTHER={"SR": 9})
    assert weights["Read_Status"] == 0.1
    assert weights["Read_SLC"] == 0.2
    assert weights["Read_LSB"] == 0.133333
    assert weights["Set_Features"] == 0.1


def test_weights_beyond_1_leave_nothing_for_the_rest() -> None:
    weights = _weights({"READ": 3, "SR": 1})
    assert (weights["Read_SLC"], weights["Read_Status"], weights["Set_Features"]) == (0.75, 1, 0)


def _names(
    profile: Profile,
    excluded: tuple[str, ...] = (),
    room: Room = Room.ALL,
    stage: BootstrapStage | None = None,
) -> list[str]:
    catalogue = compile_ops(profile)
    mask = sum(catalogue.bits[base] for base in excluded)
    choice = Choices(profile, catalogue).table("KEY", mask, mask, room, stage)
    return [op.base for op in choice.ops]


def test_excluded_bases_cannot_be_drawn() -> None:
    assert set(_names(_device(), ("READ", "SR"))) == {"ERASE", "PLANE_READ", "SETFEATURE"}
    assert _names(_device(), BASES) == []


@pytest.mark.parametrize(
    ("room", "bases"),
    [
        (Room.ALL, set(BASES)),
        (Room.INTERLEAVE, {"SR", "PLANE_READ"}),
        (Room.INSTANT, {"SR"}),
    ],
)
def test_room_decides_what_fits(room: Room, bases: set[str]) -> None:
    assert set(_names(_device(), room=room)) == bases


@pytest.mark.parametrize(
    ("stage", "bases"),
    [
        (BootstrapStage.ERASE, {"ERASE"}),
        (BootstrapStage.PROGRAM, set()),
        (BootstrapStage.READ, {"READ", "PLANE_READ"}),
        (BootstrapStage.DONE, set(BASES)),
    ],
)
def test_a_bootstrap_stage_wants_its_own_ops(stage: BootstrapStage, bases: set[str]) -> None:
    assert set(_names(_device(), stage=stage)) == bases


def test_ops_that_never_fit_the_device_are_not_drawn() -> None:
    """No second plane, and no erase in TLC mode."""
    profile = _device(topology=Topology(1, 1, 4, 4))
    catalogue = compile_ops(profile)
    table = Choices(profile, catalogue).table("KEY", 0, 0, Room.ALL, None)
    assert not any(op.multi for op in table.ops)
    names = {
        name: op
        for name, op in profile.op_names.items()
        if (op.base, op.celltype) != ("ERASE", "TLC")
    }
    profile = _device(topology=Topology(1, 1, 4, 4), op_names=names)
    catalogue = compile_ops(profile)
    table = Choices(profile, catalogue).table("KEY", 0, 0, Room.ALL, None)
    assert {op.celltype for op in table.ops} == {"SLC", "NONE"}


def test_a_draw_follows_the_weights() -> None:
    profile = _device(weights=Weights(dict.fromkeys(BASES, 0) | {"SR": 1, "SETFEATURE": 3}))
    catalogue = compile_ops(profile)
    choice = Choices(profile, catalogue).table("KEY", 0, 0, Room.ALL, None)
    assert choice.cumulated == (0.25, 1.0)
    assert [choice.draw(at).name for at in (0.0, 0.2499, 0.25, 0.9999)] == [
        "Read_Status",
        "Read_Status",
        "Set_Features",
        "Set_Features",
    ]


def test_chance_leaves_no_latch_filled_and_needs_none() -> None:
    """A read is drawn with its DOUT alone; a DOUT, a cache read or a load by itself never is."""
    profile = replace(built_in("default"), weights=Weights())
    table = Choices(profile, compile_ops(profile)).table("KEY", 0, 0, Room.ALL, None)
    drawn = {op.base for op in table.ops}
    assert {"READ", "ONESHOT_PROGRAM_LSB", "PROGRAM_SLC", "RESET"} <= drawn
    assert not drawn & {"DOUT", "CACHE_READ", "CACHE_READ_END", "ONESHOT_PROGRAM_CSB"}
    bare = replace(profile, sequences={})
    table = Choices(bare, compile_ops(bare)).table("KEY", 0, 0, Room.ALL, None)
    assert not {op.base for op in table.ops} & {"READ", "ONESHOT_PROGRAM_LSB"}
