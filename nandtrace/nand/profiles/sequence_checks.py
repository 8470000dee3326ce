"""Is a sequence legal by the profile alone? What its own ops leave behind must not exclude a later one.

Known from the sequence alone: the op that held the planes last, the latches it filled and the cache
states it entered, what it suspended, and whether it switched ODT off. No reset and no resume is part of
a sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nandtrace.nand.profile import Exclusions, OpBase, Step
from nandtrace.vocab.nand import Axis, Role, Scope

_SUSPENDS = {Role.ERASE_SUSPEND: Axis.ERASE, Role.PROGRAM_SUSPEND: Axis.PROGRAM}


def first_illegal_step(
    start: str,
    steps: Iterable[Step],
    bases: Mapping[str, OpBase],
    exclusions: Exclusions,
) -> tuple[int, str] | None:
    """The first step that what came before excludes, and in which state; None for a legal sequence."""
    left = _Left(exclusions)
    left.complete(bases[start])
    for at, step in enumerate(steps):
        state = left.excluding_state(step.base)
        if state is not None:
            return at, state
        left.complete(bases[step.base])
    return None


@dataclass(slots=True)
class _Left:
    """What the ops of a sequence leave behind, as far as the sequence alone tells."""

    rules: Exclusions
    last: str | None = None
    latches: dict[str, None] = field(default_factory=dict)
    caches: dict[str, None] = field(default_factory=dict)
    suspended: Axis | None = None
    odt_disabled: bool = False

    def excluding_state(self, base: str) -> str | None:
        for table, state in self._states():
            groups = table.get(state, ())
            if any(base in self.rules.groups.get(group, ()) for group in groups):
                return state
        return None

    def _states(self) -> Iterable[tuple[Mapping[str, tuple[str, ...]], str]]:
        if self.last is not None:
            yield self.rules.by_op_state, f"{self.last}.END"
        for latch in self.latches:
            yield self.rules.by_latch_state, latch
        for cache in self.caches:
            yield self.rules.by_cache_state, cache
        if self.suspended is not None:
            yield self.rules.by_suspend_state, f"{self.suspended}_SUSPENDED"
        if self.odt_disabled:
            yield self.rules.by_odt_state, "ODT_DISABLE"

    def complete(self, base: OpBase) -> None:
        if base.scope is not Scope.NONE and not base.instant:
            self.last = base.name
        for latch in base.frees:
            self.latches.pop(latch, None)
        if base.fills is not None:
            self.latches[base.fills] = None
        for cache in base.leaves:
            self.caches.pop(cache, None)
        if base.enters is not None:
            self.caches[base.enters] = None
        if base.role in _SUSPENDS:
            self.suspended = _SUSPENDS[base.role]
        if base.role in (Role.ODT_DISABLE, Role.ODT_ENABLE):
            self.odt_disabled = base.role is Role.ODT_DISABLE
