"""Shapes of sequences: which alternative of the header's sequences the ops of a batch are.

A step is one op, or, where the op before it has several planes and the step addresses one, an op per
plane. What a step inherits is the page of another step's planes, some pages on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nandtrace.check.rules import BaseRules, DeviceRules, SequenceStep
from nandtrace.vocab.nand import InheritRule, Role, Scope

Member = tuple[str, int]
"""The base of an op, and how many targets it has."""

FROM_SUSPENDED = -1
"""The place of what is read of a suspended program."""

_SENSES = (Role.READ, Role.CACHE_READ, Role.CACHE_READ_END)
_WRITES = (Role.PROGRAM, Role.LOAD)
_PLAIN = BaseRules(Scope.NONE)


@dataclass(frozen=True, slots=True)
class Inherited:
    """Ops `first` to `stop` of a batch lie `delta` pages after those from `origin` to `origin_stop`.

    By rule NONE they lie on the same planes only, by SAME_CELLTYPE they program the same cell type.
    """

    rule: InheritRule
    first: int
    stop: int
    origin: int
    origin_stop: int
    delta: int


def matches(
    members: Sequence[Member], alternatives: Sequence[Sequence[SequenceStep]], rules: DeviceRules
) -> list[list[Inherited]]:
    """What the members of a batch inherit, by each alternative that they are; empty if they are none."""
    found = [_Walk(members, rules).follow(steps) for steps in alternatives]
    return [item for item in found if item is not None]


class _Walk:
    """Goes through the members of a batch step by step; a group are the members of one step."""

    def __init__(self, members: Sequence[Member], rules: DeviceRules) -> None:
        self._members = members
        self._bases = rules.bases
        self._next = 1
        self._last: tuple[int, int] | None = None
        self._placed: tuple[int, int] | None = None
        self._sensed: list[tuple[int, int]] = []
        self._written: tuple[int, int] | None = None
        self._note((0, 1), self._base(members[0][0]))

    def _base(self, name: str) -> BaseRules:
        return self._bases.get(name, _PLAIN)

    def follow(self, steps: Sequence[SequenceStep]) -> list[Inherited] | None:
        """What the steps inherit; None where the members are others."""
        found = []
        for step in steps:
            group = self._take(step)
            if group is None:
                return None
            base = self._base(step.base)
            if base.addressed:
                inherited = self._origin(step, group)
                if inherited is not None:
                    found.append(inherited)
                if self._is_celltype_told(step, base):
                    found.append(Inherited(InheritRule.SAME_CELLTYPE, *group, 0, 1, 0))
                self._note(group, base)
        return found if self._next == len(self._members) else None

    def _take(self, step: SequenceStep) -> tuple[int, int] | None:
        """The members of a step, as many as it must have."""
        first = self._next
        if first == len(self._members) or not self._fit(step, first, first + 1):
            return None
        base, planes = self._base(step.base), self._planes()
        one_by_one = base.role is Role.DATA_OUT or InheritRule.MULTI in step.rules
        count = 1
        if base.addressed and planes > 1 and one_by_one:
            if self._members[first][1] == 1:
                count = planes
            elif self._members[first][1] != planes:
                return None
        if not self._fit(step, first, first + count):
            return None
        self._next = first + count
        return first, self._next

    def _fit(self, step: SequenceStep, first: int, stop: int) -> bool:
        members = self._members[first:stop]
        alone = stop - first == 1 or all(targets == 1 for _, targets in members)
        return (
            len(members) == stop - first and alone and all(base == step.base for base, _ in members)
        )

    def _planes(self) -> int:
        """How many planes the step before addressed."""
        if self._last is None:
            return 1
        return sum(targets for _, targets in self._members[slice(*self._last)])

    def _origin(self, step: SequenceStep, group: tuple[int, int]) -> Inherited | None:
        """Where the page of a step comes from, by the first of its rules that speaks of one."""
        origins: dict[str, tuple[tuple[int, int] | None, int]] = {
            InheritRule.SAME_PAGE: (self._last, 0),
            InheritRule.INC_PAGE: (self._last, 1),
            InheritRule.PREV_PAGE: (self._sensed[-2:][0] if self._sensed else self._last, 0),
            InheritRule.PGM_SAME_PAGE: (self._written, 0),
            InheritRule.SAME_PAGE_FROM_PROGRAM_SUSPEND: ((FROM_SUSPENDED, FROM_SUSPENDED), 0),
        }
        for rule in step.rules:
            origin, delta = origins.get(rule, (None, 0))
            if origin is not None:
                return Inherited(InheritRule(rule), *group, *origin, delta)
        # An address of its own, on the planes of the first op that has any.
        return Inherited(InheritRule.NONE, *group, *self._placed, 0) if self._placed else None

    def _is_celltype_told(self, step: SequenceStep, base: BaseRules) -> bool:
        """Whether a step must be of the first op's cell type, and both tell theirs when they are done."""
        first = self._base(self._members[0][0])
        by_rule = InheritRule.SAME_CELLTYPE in step.rules
        return by_rule and base.role is Role.PROGRAM and first.role in (Role.PROGRAM, Role.ERASE)

    def _note(self, group: tuple[int, int], base: BaseRules) -> None:
        if not base.addressed:
            return
        self._last = group
        self._placed = self._placed or group
        if base.role in _SENSES:
            self._sensed.append(group)
        if base.role in _WRITES:
            self._written = group
