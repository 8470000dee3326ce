"""Choices: how likely each op is at a hook, and a draw among those that the device's state allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from nandtrace.nand.draws import cumulate, pick
from nandtrace.nand.ops import Catalogue, Op
from nandtrace.nand.plans import Plans, compile_plans
from nandtrace.nand.profile import ANY_CELLTYPE, Profile, Weights
from nandtrace.vocab.nand import BootstrapStage, Role


class Room(IntEnum):
    """How much of a die is free at a hook."""

    INSTANT = 0
    """The plane is reserved: only what needs no plane can start."""

    INTERLEAVE = 1
    """Other planes work: only what may work beside them can start."""

    ALL = 2


_STAGE_ROLES = {
    BootstrapStage.ERASE: (Role.ERASE,),
    BootstrapStage.PROGRAM: (Role.PROGRAM, Role.LOAD),
    BootstrapStage.READ: (Role.READ,),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Ops that can be drawn, with their weights summed up to 1; empty where nothing can."""

    ops: tuple[Op, ...]
    cumulated: tuple[float, ...]

    def draw(self, uniform: float) -> Op:
        """The op at a uniform number in [0, 1)."""
        return pick(self.ops, self.cumulated, uniform)


_Key = tuple[str, int, int, Room, BootstrapStage | None]
"""Phase key, bases kept out of the plane and of its whole die, room, stage of the bootstrap."""


class Choices:
    """The weight tables of a profile; each is built when it is first asked for, and kept.

    `plans` say by op index what may follow an op.
    """

    def __init__(self, profile: Profile, catalogue: Catalogue) -> None:
        self.plans = tuple(compile_plans(op, catalogue, profile) for op in catalogue.ops)
        self._catalogue = catalogue
        self._weights = profile.weights
        self._usable = _usable(profile, catalogue, self.plans)
        self._by_key: dict[str, tuple[float, ...]] = {}
        self._tables: dict[_Key, Choice] = {}

    def table(
        self,
        phase_key: str,
        excluded: int,
        die_excluded: int,
        room: Room,
        stage: BootstrapStage | None,
    ) -> Choice:
        """What can be drawn in a phase, given the bases kept out of the plane and of its whole die."""
        key = (phase_key, excluded, die_excluded, room, stage)
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = self._build(key)
        return found

    def _build(self, key: _Key) -> Choice:
        phase_key, excluded, die_excluded, room, stage = key
        weights = self._weights_of(phase_key)
        allowed = [
            (op, weights[op.index])
            for op in self._catalogue.ops
            if weights[op.index] > 0
            and op.index in self._usable
            and not op.bit & (excluded if op.addressed else die_excluded)
            and _has_room(op, room)
            and (stage not in _STAGE_ROLES or op.role in _STAGE_ROLES[stage])
        ]
        cumulated = cumulate([weight for _, weight in allowed])
        return Choice(tuple(op for op, _ in allowed), cumulated)

    def _weights_of(self, phase_key: str) -> tuple[float, ...]:
        found = self._by_key.get(phase_key)
        if found is None:
            found = fill_weights(self._weights, phase_key, self._catalogue.ops)
            self._by_key[phase_key] = found
        return found


def fill_weights(weights: Weights, phase_key: str, ops: Sequence[Op]) -> tuple[float, ...]:
    """The weight of every op in a phase.

    What the profile says of the phase goes before what it says overall, a name before a base; a base's
    weight is shared by those of its names that have none, and what is left to 1 by all others, each
    base alike.
    """
    said = [weights.by_state.get(phase_key, {}), weights.overall]
    filled: list[float | None] = [None] * len(ops)
    shares: dict[tuple[int, str], list[Op]] = {}
    for op in ops:
        for level, given in enumerate(said):
            if op.name in given:
                filled[op.index] = given[op.name]
                break
            if op.base in given:
                shares.setdefault((level, op.base), []).append(op)
                break
    for (level, base), members in shares.items():
        for op in members:
            filled[op.index] = said[level][base] / len(members)
    return _with_rest(filled, ops)


def _with_rest(filled: list[float | None], ops: Sequence[Op]) -> tuple[float, ...]:
    rest = max(0.0, 1.0 - sum(weight for weight in filled if weight is not None))
    open_names: dict[str, int] = {}
    for op in ops:
        if filled[op.index] is None:
            open_names[op.base] = open_names.get(op.base, 0) + 1
    weights = []
    for op in ops:
        said = filled[op.index]
        weights.append(rest / len(open_names) / open_names[op.base] if said is None else said)
    return tuple(weights)


def _has_room(op: Op, room: Room) -> bool:
    if op.instant or room is Room.ALL:
        return True
    return room is Room.INTERLEAVE and op.interleaves


def _usable(profile: Profile, catalogue: Catalogue, plans: Sequence[Plans]) -> frozenset[int]:
    """Ops whose cell type some erase can bring about, that fit the device's planes, and that can stand at
    the beginning of what chance chooses."""
    erased = {op.celltype for op in catalogue.ops if op.role is Role.ERASE}
    modes = {
        celltype
        for mode in erased
        for celltype in (mode, *profile.celltype_compatible.get(mode, ()))
    }
    planes = min(profile.topology.planes, profile.policies.max_planes)
    return frozenset(
        op.index
        for op in catalogue.ops
        if not (op.multi and planes < 2)
        and (not op.addressed or op.celltype in modes or op.celltype == ANY_CELLTYPE)
        and plans[op.index].closed
    )
