"""Can the scheduler do a sequence at all? What may begin one, what may be in one, and where its ops lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nandtrace.nand.profile import OpBase, Step
from nandtrace.vocab.nand import InheritRule, Role

_SUSPENDS = (Role.ERASE_SUSPEND, Role.PROGRAM_SUSPEND)
_ENDS_OR_RESUMES = (Role.ERASE_RESUME, Role.PROGRAM_RESUME, Role.RESET, Role.RESET_LUN)
_PROGRAMS = (Role.PROGRAM, Role.LOAD)
_READS = (Role.READ, Role.CACHE_READ, Role.DATA_OUT)
_SENSES = (Role.READ, Role.CACHE_READ, Role.CACHE_READ_END)

_NO_SLOT = -1
_SUSPENDED_SLOT = -2

Place = tuple[int, int]
"""A slot, which is an address chosen for one op, and how many pages after it."""


def first_impossible_step(
    start: str, steps: Sequence[Step], bases: Mapping[str, OpBase]
) -> tuple[int, str] | None:
    """The first step that the scheduler can't do, and why; None where there is none."""
    first = bases[start]
    reason = _why_nothing_follows(first) if steps else None
    if reason is not None:
        return 0, reason
    places = _Places(first)
    for at, step in enumerate(steps):
        base = bases[step.base]
        reason = _why_no_step(base) or places.add(step, base)
        if reason is not None:
            return at, reason
    return None


def _why_nothing_follows(first: OpBase) -> str | None:
    if first.role in _ENDS_OR_RESUMES:
        return f"nothing can follow {first.name}, an op of role {first.role}"
    if first.instant and first.role not in _SUSPENDS:
        return f"nothing can follow {first.name}, an instant op that suspends nothing"
    return None


def _why_no_step(base: OpBase) -> str | None:
    if base.role in _SUSPENDS or base.role in _ENDS_OR_RESUMES:
        return f"{base.name}, an op of role {base.role}, can't follow in a sequence"
    return None


class _Places:
    """Follows the rules of the steps from page to page, without any addresses."""

    def __init__(self, first: OpBase) -> None:
        self._first = first
        self._writable: list[bool] = []
        self._programmed: list[Place] = []
        self._sensed: list[Place] = []
        self._written: Place | None = None
        self._last: Place = (_NO_SLOT, 0)
        if first.addressed:
            self._note(self._new(first), first)

    def add(self, step: Step, base: OpBase) -> str | None:
        """Take a step; the reason why it is impossible, if it is."""
        suspended = InheritRule.SAME_PAGE_FROM_PROGRAM_SUSPEND
        if suspended in step.rules and self._first.role is not Role.PROGRAM_SUSPEND:
            return f"{self._first.name} suspends no program that {suspended} could speak of"
        if not base.addressed:
            return None
        rule, place = self._inherited(step)
        if place is None:
            place = self._new(base)
        elif place[0] == _NO_SLOT:
            return f"there is no page before it that {rule} could speak of"
        reason = self._why_not_there(place, base, is_own=rule is None)
        self._note(place, base)
        return reason

    def _inherited(self, step: Step) -> tuple[str | None, Place | None]:
        """The first rule that speaks of a page, and its place; nothing for a page of its own."""
        slot, delta = self._last
        places = {
            InheritRule.SAME_PAGE: self._last,
            InheritRule.INC_PAGE: (slot, delta + 1),
            InheritRule.PREV_PAGE: self._sensed[-2:][0] if self._sensed else self._last,
            InheritRule.PGM_SAME_PAGE: self._written,
            InheritRule.SAME_PAGE_FROM_PROGRAM_SUSPEND: (_SUSPENDED_SLOT, 0),
        }
        for rule in step.rules:
            place = places.get(InheritRule(rule))
            if place is not None:
                return rule, place
        return None, None

    def _why_not_there(self, place: Place, base: OpBase, *, is_own: bool) -> str | None:
        if self._first.role in _SUSPENDS and place != (_SUSPENDED_SLOT, 0):
            return (
                f"after {self._first.name} no page can be addressed but that of a suspended program"
            )
        if is_own:
            return None
        writable = place[0] >= 0 and self._writable[place[0]]
        if base.role is Role.ERASE or (base.role in _PROGRAMS and not writable):
            return f"{base.name} can't have a page that another op reads, programs or erases"
        if base.role is Role.PROGRAM and place in self._programmed:
            return f"{base.name} programs a page that an op before it has programmed"
        if base.role in _READS and writable and place not in self._programmed:
            return f"{base.name} reads a page that no op before it has programmed"
        return None

    def _new(self, base: OpBase) -> Place:
        self._writable.append(base.role in (*_PROGRAMS, Role.ERASE))
        return len(self._writable) - 1, 0

    def _note(self, place: Place, base: OpBase) -> None:
        self._last = place
        if base.role in _SENSES:
            self._sensed.append(place)
        if base.role in _PROGRAMS:
            self._written = place
        if base.role is Role.PROGRAM:
            self._programmed.append(place)
