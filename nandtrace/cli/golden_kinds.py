"""The kinds of goldens: each knows how it is recorded, and what its companion says of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from nandtrace.cli.graph_recording import record_repeatable
from nandtrace.cli.recording_options import GraphChoices, WorkOrderChoices
from nandtrace.cli.workorder_recording import record_scenario_file
from nandtrace.errors import UsageError
from nandtrace.nand.chosen import Choices
from nandtrace.nand.recipes import new_job
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
        return " ".join(self.choices.arguments())


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


@dataclass(frozen=True, slots=True)
class WorkOrderGolden(Golden):
    """A recording of a scenario of work orders."""

    choices: WorkOrderChoices
    scenario: str
    """The scenario's file, as the manifest names it."""

    def _record(self, trace: Path) -> None:
        record_scenario_file(self.choices, trace)

    @property
    def source(self) -> tuple[str, str]:
        return "workorder", self.scenario

    @property
    def options_text(self) -> str:
        seed, checkpoint = self.choices.seed, self.choices.checkpoint
        parts = [
            f"--seed {seed}" if seed is not None else "",
            f"--checkpoint {checkpoint}" if checkpoint is not None else "",
        ]
        return " ".join(part for part in parts if part) or "none"
