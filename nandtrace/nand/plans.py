"""Plans: what follows an op, compiled so that only addresses and times are left to choose.

A plan has address slots. Slot 0 is the op's own; a step that wants an address of its own has another;
every other step lies some pages after the page of a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from nandtrace.nand.addresses import AddressSlot, Use
from nandtrace.nand.draws import cumulate
from nandtrace.nand.ops import Catalogue, Op
from nandtrace.nand.profile import ANY_CELLTYPE, Continuation, Profile, Step
from nandtrace.vocab.nand import InheritRule, Role

_READS = (Role.READ, Role.CACHE_READ)
_PROGRAMS = (Role.PROGRAM, Role.LOAD)
_SENSES = (*_READS, Role.CACHE_READ_END)

NO_SLOT = -1
"""The slot of an op that addresses a die."""

SUSPENDED_SLOT = -2
"""The page of the program that is suspended."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One op of a plan: any of `ops`, at a page `delta` after that of its slot.

    `cumulated` are their weights, summed up; `per_plane` whether it comes once per plane.
    """

    ops: tuple[Op, ...]
    cumulated: tuple[float, ...]
    slot: int
    delta: int
    per_plane: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """An op and what follows it. `die_wide` if any of it needs all planes of the die."""

    first: Op
    slot: int
    slots: tuple[AddressSlot, ...]
    steps: tuple[PlannedStep, ...]
    die_wide: bool
    interleaves: bool
    later_bits: int
    """The bases of the steps, as a set."""


def use_of(op: Op) -> Use:
    """What an addressed op wants its address for."""
    if op.role is Role.ERASE:
        return Use.ERASE
    return Use.PROGRAM if op.role in _PROGRAMS else Use.READ


@dataclass(frozen=True, slots=True)
class Plans:
    """What may follow an op: all plans, and those that chance may choose, with cumulated probabilities.

    A plan is left to chance only when it is closed: it frees the latches that it fills and leaves the
    cache states that it enters, and its first op needs nothing from an op before it.
    """

    plans: tuple[Plan, ...]
    cumulated: tuple[float, ...]
    closed: tuple[Plan, ...]
    closed_cumulated: tuple[float, ...]


def compile_plans(op: Op, catalogue: Catalogue, profile: Profile) -> Plans:
    """What may follow an op, but for what its cell type or planes rule out."""
    continuations = profile.sequences.get(op.base) or (Continuation(1.0, ()),)
    weighted = [
        (continuation.probability, plan)
        for continuation in continuations
        if continuation.probability > 0
        and (plan := compile_plan(op, continuation.steps, catalogue)) is not None
    ]
    closed = [(weight, plan) for weight, plan in weighted if _is_closed(plan)]
    return Plans(
        tuple(plan for _, plan in weighted),
        cumulate([weight for weight, _ in weighted]),
        tuple(plan for _, plan in closed),
        cumulate([weight for weight, _ in closed]),
    )


def _is_closed(plan: Plan) -> bool:
    first = plan.first
    if first.frees and not first.cuts:
        return False
    filled: set[str] = set()
    for op in (first, *(step.ops[0] for step in plan.steps)):
        filled.difference_update(op.frees, op.leaves)
        filled.update(name for name in (op.fills, op.enters) if name)
    return not filled


def compile_plan(op: Op, steps: tuple[Step, ...], catalogue: Catalogue) -> Plan | None:
    """The plan of an op and these steps; None where they can't follow it."""
    builder = _PlanBuilder(op)
    for step in steps:
        if not builder.add(step, catalogue):
            return None
    plan = builder.plan()
    return plan if _is_sound(plan) else None


def _is_sound(plan: Plan) -> bool:
    """Whether inherited addresses can be legal: a slot has one use, programs take one page after another,
    and data out delivers what a read put into the output register."""
    registers = _Registers()
    programmed = [0] * len(plan.slots)
    first = PlannedStep((plan.first,), (1.0,), plan.slot, 0, False)
    for step in (first, *plan.steps):
        op = step.ops[0]
        if step.slot >= 0:
            if plan.slots[step.slot].use is not use_of(op):
                return False
            if op.role in _PROGRAMS and step.delta != programmed[step.slot]:
                return False
            programmed[step.slot] += op.role is Role.PROGRAM
        if op.addressed and not registers.allow(op.role, (step.slot, step.delta), step is first):
            return False
    return True


class _Registers:
    """What a plan's reads put into the registers of its planes."""

    def __init__(self) -> None:
        self._sensed: tuple[int, int] | None = None
        self._output: tuple[int, int] | None = None

    def allow(self, role: Role, place: tuple[int, int], is_first: bool) -> bool:
        """Take a read in; of data out say whether it delivers what is there, a plan's first op aside."""
        if role is Role.READ:
            self._sensed = self._output = place
        elif role is Role.CACHE_READ:
            self._output, self._sensed = self._sensed, place
        elif role is Role.CACHE_READ_END:
            self._output = self._sensed
        elif role is Role.DATA_OUT:
            return is_first or place == self._output
        return True


class _PlanBuilder:
    """Follows the rules of the steps from page to page; a place is (slot, pages after its page)."""

    def __init__(self, op: Op) -> None:
        self._first = op
        self._slots: list[AddressSlot] = []
        self._steps: list[PlannedStep] = []
        self._ops: list[Op] = [op]
        self._slot = self._new_slot(op) if op.addressed else NO_SLOT
        self._last = (self._slot, 0)
        self._sensed = [self._last] if op.role in _SENSES else []
        self._written = self._last if op.role in _PROGRAMS else None

    def _new_slot(self, op: Op) -> int:
        self._slots.append(AddressSlot(use_of(op), op.celltype))
        return len(self._slots) - 1

    def add(self, step: Step, catalogue: Catalogue) -> bool:
        """Add a step; False where no op of its base fits the first op's planes and cell type."""
        ops, weights = self._candidates(step, catalogue)
        if not ops:
            return False
        op = ops[0]
        place = self._place(step, op) if op.addressed else (NO_SLOT, 0)
        per_plane = op.addressed and self._first.multi and not op.multi
        self._steps.append(PlannedStep(ops, cumulate(weights), *place, per_plane))
        self._ops += ops
        if op.addressed:
            self._note(place, op)
        return True

    def _candidates(
        self, step: Step, catalogue: Catalogue
    ) -> tuple[tuple[Op, ...], tuple[float, ...]]:
        first = self._first
        wanted = dict(step.name_weights)
        fitting = [
            op
            for op in catalogue.by_base[step.base]
            if wanted.get(op.name, 0.0 if wanted else 1.0) > 0
        ]
        if fitting and fitting[0].role is not Role.DATA_OUT and fitting[0].addressed:
            fitting = [op for op in fitting if op.multi == first.multi]
        else:
            fitting = [op for op in fitting if not op.multi]
        if InheritRule.SAME_CELLTYPE in step.rules or first.addressed:
            fitting = [
                op
                for op in fitting
                if ANY_CELLTYPE in (op.celltype, first.celltype) or op.celltype == first.celltype
            ]
        return tuple(fitting), tuple(wanted.get(op.name, 1.0) for op in fitting)

    def _place(self, step: Step, op: Op) -> tuple[int, int]:
        """Where a step lies, by the first of its rules that speaks of a page."""
        for rule in step.rules:
            if rule == InheritRule.SAME_PAGE:
                return self._last
            if rule == InheritRule.INC_PAGE:
                return self._last[0], self._last[1] + 1
            if rule == InheritRule.PREV_PAGE:
                return self._sensed[-2:][0] if self._sensed else self._last
            if rule == InheritRule.PGM_SAME_PAGE and self._written is not None:
                return self._written
            if rule == InheritRule.SAME_PAGE_FROM_PROGRAM_SUSPEND:
                return SUSPENDED_SLOT, 0
        return self._new_slot(op), 0

    def _note(self, place: tuple[int, int], op: Op) -> None:
        self._last = place
        if op.role in _SENSES:
            self._sensed.append(place)
        if op.role in _PROGRAMS:
            self._written = place
        slot, delta = place
        if slot >= 0:
            self._slots[slot].span = max(self._slots[slot].span, delta)

    def plan(self) -> Plan:
        return Plan(
            first=self._first,
            slot=self._slot,
            slots=tuple(self._slots),
            steps=tuple(self._steps),
            die_wide=any(op.die_wide for op in self._ops if op.holds_planes or not op.addressed),
            interleaves=all(op.interleaves for op in self._ops if op.holds_planes),
            later_bits=reduce(or_, (step.ops[0].bit for step in self._steps), 0),
        )
