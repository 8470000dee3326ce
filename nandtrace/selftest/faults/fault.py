"""A fault: a faulty scheduler, where it shows, and what finds it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from inspect import cleandoc
from pathlib import Path
from typing import ClassVar

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Fault(ABC):
    """A faulty scheduler, or a faulty part of one, and a recording that it spoils.

    `invariant` is the rule that it breaks, `seed` the first one with which it is caught. A domain's own
    class says what is recorded.
    """

    kind: type
    invariant: str | None
    seed: int = field(default=0, kw_only=True)

    seeds: ClassVar[int] = 1
    """Within so many seeds, from 0 on, every fault of the domain is caught."""

    @abstractmethod
    def record(self, path: Path, seed: int) -> None:
        """Record what the faulty scheduler does."""

    def is_found(self, path: Path, violated: Collection[str]) -> bool:  # noqa: ARG002 - for others
        """Whether it shows in a recording that violates these invariants."""
        return self.invariant in violated

    @property
    def id(self) -> str:
        """The name of its class: `forgets-starts`."""
        return _CAPITAL.sub("-", self.kind.__name__).lower()

    @property
    def sentence(self) -> str:
        """What the scheduler does wrong."""
        return " ".join(cleandoc(self.kind.__doc__ or "").split())
