"""The search for something smaller: what is the best so far, what was tried, and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from nandtrace.shrinking.memory import Memory
from nandtrace.shrinking.sizes import Size

TrialT = TypeVar("TrialT")


class BudgetSpentError(Exception):
    """No more candidates may be tried."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be tried: so many candidates, and until `is_over` says so."""

    candidates: int | None = None
    is_over: Callable[[], bool] = lambda: False


class Search(Generic[TrialT]):
    """Tries candidates and keeps the smallest that does what is sought.

    `measure` records a candidate and says how large it is, None where it does not do what is sought; it
    may give up on one that is larger than the best. `key_of` tells candidates apart. What `memory` knows
    is not tried again, but counts as tried: so a search that goes on ends where it would have ended.
    """

    def __init__(
        self,
        start: TrialT,
        measure: Callable[[TrialT, Size | None], Size | None],
        key_of: Callable[[TrialT], str],
        *,
        budget: Budget,
        memory: Memory,
        told: Callable[[int, Size], None] | None = None,
    ) -> None:
        self._measure = measure
        self._key_of = key_of
        self._budget = budget
        self._memory = memory
        self._told = told
        self._seen: set[str] = set()
        self._best = start
        self._size: Size | None = None
        self.tried = 0

    @property
    def best(self) -> TrialT:
        return self._best

    @property
    def size(self) -> Size:
        """The size of the best. Only once something did what is sought."""
        assert self._size is not None
        return self._size

    def begin(self) -> bool:
        """Try what it starts from, whatever the budget; whether that does what is sought."""
        key = self._key_of(self._best)
        if key not in self._memory.sizes:
            self._memory.note(key, self._measure(self._best, None))
        self._seen.add(key)
        self._size = self._memory.sizes[key]
        return self._size is not None

    def attempt(self, candidate: TrialT) -> bool:
        """Try a candidate; whether it is the best now. Raises BudgetSpentError."""
        size = self._looked_at(candidate)
        if size is None or size >= self.size:
            return False
        self._best, self._size = candidate, size
        self._tell()
        return True

    def _looked_at(self, candidate: TrialT) -> Size | None:
        key = self._key_of(candidate)
        if key not in self._seen:
            self._check_budget(is_known=key in self._memory.sizes)
            if key not in self._memory.sizes:
                self._memory.note(key, self._measure(candidate, self._size))
            self._seen.add(key)
            self.tried += 1
            self._tell()
        return self._memory.sizes[key]

    def _check_budget(self, *, is_known: bool) -> None:
        """Raise BudgetSpentError where another one is too many; to look one up takes no time."""
        most = self._budget.candidates
        if (most is not None and self.tried >= most) or (not is_known and self._budget.is_over()):
            raise BudgetSpentError

    def _tell(self) -> None:
        if self._told is not None and self._size is not None:
            self._told(self.tried, self._size)
