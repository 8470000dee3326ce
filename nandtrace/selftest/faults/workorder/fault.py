"""Faults of the work-order scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from nandtrace.selftest.faults.fault import Fault
from nandtrace.selftest.faults.workorder.seeding import faulty
from nandtrace.workorder.recording import CHECKPOINT_EVENTS
from nandtrace.workorder.scenario import Scenario
from nandtrace.workorder.scenario_loading import load_scenario
from nandtrace.workorder.scenario_recording import record_scenario


@dataclass(frozen=True)
class OrderFault(Fault):
    """A faulty scheduler or part of one, and a scenario that it plays wrongly: a file beside this one."""

    name: str
    checkpoint_events: int = CHECKPOINT_EVENTS

    def record(self, path: Path, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        """Play the scenario and record it."""
        self.play(path, self.scenario())

    def play(self, path: Path, scenario: Scenario) -> None:
        """Have the faulty scheduler play any scenario."""
        record_scenario(
            path,
            scenario,
            checkpoint_events=self.checkpoint_events,
            scheduler_class=faulty(self.kind),
        )

    def scenario(self) -> Scenario:
        """The scenario in which it shows."""
        with resources.as_file(resources.files(__package__)) as folder:
            return load_scenario(folder / f"{self.name}.toml")
