"""What the header of a NAND trace says is possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nandtrace.check.rules import BaseRules, DeviceRules, rules_from_device
from nandtrace.coverage.table import Bin
from nandtrace.trace import Header
from nandtrace.vocab.nand import END, Role, Scope

IDLE = "idle"
OWN, DIE, DIES = "own planes", "other planes", "other dies"
WHERE = (OWN, DIE, DIES)
TENTHS = tuple(f"0.{tenth}" for tenth in range(10))

SUSPENDS = {"ERASE": Role.ERASE_SUSPEND, "PROGRAM": Role.PROGRAM_SUSPEND}
_RESUMES = {"ERASE": Role.ERASE_RESUME, "PROGRAM": Role.PROGRAM_RESUME}
_CUT = {Role.ERASE_SUSPEND: (Role.ERASE,), Role.PROGRAM_SUSPEND: (Role.PROGRAM, Role.LOAD)}
"""Roles of the ops that a suspend may cut."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A state of the ops of a base, and whether it holds the bus."""

    base: str
    state: str
    bus: bool

    @property
    def text(self) -> str:
        return f"{self.base}.{self.state}"


@dataclass(frozen=True)
class NandDevice:
    """The rules of the header, and the base of each op name where the header's profile tells it."""

    rules: DeviceRules
    base_of_name: dict[str, str]

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """The states of bases that own a name."""
        found = {
            Phase(base, state.name, state.bus)
            for name, base in self.base_of_name.items()
            for state in self.rules.op_states.get(name, ())
            if base in self.rules.bases
        }
        return tuple(sorted(found, key=lambda phase: (phase.text, phase.bus)))

    @cached_property
    def needs_bus(self) -> frozenset[str]:
        """Bases whose ops begin on the bus, and so start only while no other op holds it."""
        begins: dict[str, list[bool]] = {}
        for name, base in self.base_of_name.items():
            begins.setdefault(base, []).extend(
                s.bus for s in self.rules.op_states.get(name, ())[:1]
            )
        return frozenset(base for base, on_bus in begins.items() if on_bus and all(on_bus))

    @cached_property
    def names_of_base(self) -> dict[str, list[str]]:
        """Op names by base, sorted."""
        found: dict[str, list[str]] = {}
        for name, base in sorted(self.base_of_name.items()):
            if base in self.rules.bases:
                found.setdefault(base, []).append(name)
        return found

    def holds(self, base: str) -> bool:
        """Whether ops of a base keep others off their planes."""
        rules = self.rules.bases[base]
        return rules.scope is not Scope.NONE and not rules.instant

    @cached_property
    def meetings(self) -> frozenset[Bin]:
        """(base, where, phase): an op of the base may start while another is in the phase there."""
        return frozenset(
            (base, where, phase.text)
            for base in self.names_of_base
            for phase in self.phases
            for where in self._where(base, phase)
        )

    @cached_property
    def idle(self) -> frozenset[Bin]:
        """(base, where, idle): an op of the base may start while nothing runs there."""
        found: set[Bin] = set()
        for base in self.names_of_base:
            rules = self.rules.bases[base]
            if rules.role not in _CUT:
                found.add((base, OWN, IDLE))
            if (self.rules.planes or 0) > 1 and _leaves_planes(rules):
                found.add((base, DIE, IDLE))
            if (self.rules.dies or 0) > 1:
                found.add((base, DIES, IDLE))
        return frozenset(found)

    def _where(self, base: str, phase: Phase) -> Iterator[str]:
        started, running = self.rules.bases[base], self.rules.bases[phase.base]
        excluded = self.rules.exclusions.by_op_state.get((phase.base, phase.state), frozenset())
        if phase.bus and base in self.needs_bus:
            return
        held = self.holds(phase.base)
        meets = base not in excluded and not (self.holds(base) and held)
        if meets and (not held or _may_cut(started, running)):
            yield OWN
        several = (self.rules.planes or 0) > 1
        if (
            several
            and _leaves_planes(started)
            and _leaves_planes(running)
            and self._beside(base, phase.base)
        ):
            yield DIE
        if (self.rules.dies or 0) > 1:
            yield DIES

    def _beside(self, *bases: str) -> bool:
        """Whether ops may overlap on different planes of a die."""
        interleaving = self.rules.interleaving_bases
        if interleaving is None or not all(self.holds(base) for base in bases):
            return True
        return all(base in interleaving for base in bases)


def device_of(header: Header) -> NandDevice:
    """Read the header. Raises ValueError that names the entry that makes no sense."""
    return NandDevice(rules_from_device(header.device), _base_of_name(header.identity))


def _base_of_name(identity: dict[str, Any]) -> dict[str, str]:
    """The profile is whatever the scheduler wrote there: what does not fit tells nothing."""
    profile = identity.get("profile")
    entries = profile.get("op_names") if isinstance(profile, dict) else None
    return {
        entry["name"]: entry["base"]
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("base"), str)
    }


def _leaves_planes(rules: BaseRules) -> bool:
    """Whether ops leave other planes of their die to others."""
    return rules.addressed and rules.scope is not Scope.DIE_WIDE


def _may_cut(started: BaseRules, running: BaseRules) -> bool:
    """A suspend starts on what it suspends, where something holds the planes."""
    return started.role not in _CUT or running.role in _CUT[started.role]


def suspend_states(rules: DeviceRules) -> dict[str, tuple[str, ...]]:
    """What may be suspended on a die at a time, by its text: nothing, each axis that can be, both."""
    roles = {base.role for base in rules.bases.values()}
    axes = [axis for axis, role in SUSPENDS.items() if role in roles]
    found: dict[str, tuple[str, ...]] = {"nothing": ()}
    found |= {axis: (axis,) for axis in axes}
    if len(axes) > 1:
        found["+".join(axes)] = tuple(axes)
    return found


def starts_suspended(rules: DeviceRules) -> frozenset[Bin]:
    """(base, what is suspended) that the exclusions admit."""
    by_state = rules.exclusions.by_suspend_state
    found: set[Bin] = set()
    for base in rules.bases:
        for text, axes in suspend_states(rules).items():
            states = [f"{'' if axis in axes else 'NOT_'}{axis}_SUSPENDED" for axis in SUSPENDS]
            if all(base not in by_state.get(state, ()) for state in states):
                found.add((base, text))
    return frozenset(found)


def after_each_other(device: NandDevice) -> frozenset[Bin]:
    """(base, base): ops that come after another, or a reset, on a plane, as the exclusions admit."""
    bases = device.rules.bases
    holders = sorted(base for base in bases if device.holds(base))
    resets = sorted(base for base in bases if bases[base].role in (Role.RESET, Role.RESET_LUN))
    by_state = device.rules.exclusions.by_op_state
    return frozenset(
        (before, base)
        for before in dict.fromkeys([*holders, *resets])
        for base in holders
        if base not in by_state.get((before, END), ())
    )
