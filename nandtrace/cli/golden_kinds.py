"""The kinds of goldens: each knows how it is recorded, and what its companion says of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from nandtrace.cli.graph_recording import record_repeatable
from nandtrace.cli.recording import new_job
from nandtrace.cli.recording_options import Choices, GraphChoices
from nandtrace.errors import UsageError
from nandtrace.nand.recording import run_job
from nandtrace.units import ns_to_us_text


@dataclass(frozen=True, slots=True)
class Golden(ABC):
    """One entry: what is recorded, and which invariants its trace must violate (none: it is OK)."""

    name: str
    violated: tuple[str, ...]
    about: str

    @property
    def expected(self) -> str:
        """The verdict it must get, in words."""
        return f"VIOLATED {', '.join(self.violated)}" if self.violated else "OK"

    def record(self, trace: Path) -> None:
        """Record it as the manifest says. Raises UsageError that names it where that can't be done."""
        try:
            self._record(trace)
        except UsageError as error:
            raise UsageError(f"golden {self.name}: {error}") from error

    @abstractmethod
    def _record(self, trace: Path) -> None:
        """Record it. Raises UsageError."""

    @property
    @abstractmethod
    def source(self) -> tuple[str, str]:
        """What it is recorded from: the manifest's key and value."""

    @property
    @abstractmethod
    def options_text(self) -> str:
        """The options that it is recorded with, as those of `nandtrace record`."""


@dataclass(frozen=True, slots=True)
class NandGolden(Golden):
    """A recording of the NAND scheduler."""

    choices: Choices
    profile: str
    """The profile as the manifest names it."""

    def _record(self, trace: Path) -> None:
        job, _ = new_job(self.choices)
        run_job(trace, job)

    @property
    def source(self) -> tuple[str, str]:
        return "profile", self.profile

    @property
    def options_text(self) -> str:
        choices = self.choices
        blocks = ",".join(f"{die}:{block}" for die, block in choices.bad_blocks)
        switches = {"drain": choices.drain, "bootstrap": choices.bootstrap}
        parts = [
            f"--seed {choices.seed or 0}",
            f"--runs {choices.resolved_runs}",
            *(f"--run-until {ns_to_us_text(length_ns)}us" for length_ns in choices.run_for_ns),
            f"--max-hooks {choices.max_hooks}" if choices.max_hooks is not None else "",
            *(f"--{'' if on else 'no-'}{name}" for name, on in switches.items() if on is not None),
            f"--apply-policy {choices.apply_policy}" if choices.apply_policy else "",
            f"--bad-blocks {blocks}" if blocks else "",
        ]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class GraphGolden(Golden):
    """A recording of a graph."""

    choices: GraphChoices
    graph: str
    """The function that builds it, as the manifest names it."""

    def _record(self, trace: Path) -> None:
        record_repeatable(self.choices, trace)

    @property
    def source(self) -> tuple[str, str]:
        return "graph", self.graph

    @property
    def options_text(self) -> str:
        seed, until_ns, checkpoint = (
            self.choices.seed,
            self.choices.until_ns,
            self.choices.checkpoint,
        )
        parts = [
            f"--seed {seed}" if seed is not None else "",
            f"--until {ns_to_us_text(until_ns)}us" if until_ns is not None else "",
            f"--checkpoint {checkpoint}" if checkpoint is not None else "",
        ]
        return " ".join(part for part in parts if part) or "none"
