"""What is to be shrunk, within which budget, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from nandtrace.shrinking.memory import Memory
from nandtrace.shrinking.search import Budget
from nandtrace.shrinking.sizes import Size

MEMORY_SUFFIX = ".shrink"

REPLAY = "replay"
"""Stands for an invariant where a trace alone shows nothing, and executing a run again does."""


class End(StrEnum):
    """Why a search was over."""

    COMPLETE = "complete"
    """Nothing that is tried makes it smaller."""

    BUDGET = "budget"
    INTERRUPTED = "interrupted"


class Way(StrEnum):
    """How a trace was made smaller."""

    RECORDING = "recording"
    """Recorded anew, with less."""

    EXCERPT = "excerpt"
    """Cut out of the trace."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of a search, by the path that they share but for their suffixes."""

    stem: Path

    @property
    def trace(self) -> Path:
        return self._with(".mpk")

    @property
    def base(self) -> Path:
        """What the trace goes on from, where it does."""
        return self._with("-base.mpk")

    @property
    def profile(self) -> Path:
        return self._with(".yaml")

    @property
    def scenario(self) -> Path:
        return self._with(".toml")

    @property
    def memory(self) -> Path:
        return self._with(MEMORY_SUFFIX)

    def _with(self, suffix: str) -> Path:
        return self.stem.with_name(self.stem.name + suffix)


@dataclass(frozen=True, slots=True)
class Task:
    """What is sought: a trace, the invariant that it violates, and where the smallest one goes.

    The invariant REPLAY seeks a run that differs when it alone is executed again.

    `scheduler_text` is how a command names the scheduler of the user's own; `told` hears of every
    candidate that was tried.
    """

    trace: Path
    digest: str
    invariant: str
    outputs: Outputs
    budget: Budget = field(default_factory=Budget)
    scheduler_text: str | None = None
    told: Callable[[int, Size], None] | None = None

    @property
    def sought(self) -> str:
        """What is sought, for a comment."""
        if self.invariant == REPLAY:
            return "One of its runs differs when it alone is executed again"
        return f"Violates {self.invariant}"

    @contextmanager
    def memory(self, way: Way) -> Iterator[Memory]:
        """What was tried before, for this very search by this version."""
        about = {
            "trace": self.digest,
            "invariant": self.invariant,
            "scheduler": self.scheduler_text,
            "way": way.value,
            "nandtrace": version("nandtrace"),
        }
        with Memory(self.outputs.memory, about) as memory:
            yield memory


@dataclass(frozen=True, slots=True)
class Written:
    """What was written beside a trace: the file that the commands record it from. Nothing for an excerpt."""

    source: Path | None = None
    commands: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came of it.

    `source` is the profile or scenario that it is recorded from. The last of `commands` records it from
    the files beside it; where it goes on from one of them, `base`, the first records that. An excerpt has
    none of them.
    """

    way: Way
    invariant: str
    trace: Path
    before: Size
    after: Size
    tried: int
    known_before: int
    end: End
    source: Path | None = None
    base: Path | None = None
    commands: tuple[tuple[str, ...], ...] = ()
