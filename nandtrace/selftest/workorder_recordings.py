"""Recordings of the work-order scheduler: scenarios in which everything happens that rules are about."""

from __future__ import annotations

from functools import partial
from importlib import resources
from pathlib import Path

from nandtrace.selftest.recording import Recording
from nandtrace.workorder.scenario_loading import load_scenario
from nandtrace.workorder.scenario_recording import record_scenario

_CHECKPOINT_EVENTS = 40


def _record(scenario: str, path: Path) -> None:
    with resources.as_file(resources.files("nandtrace.selftest") / "orders") as folder:
        loaded = load_scenario(folder / f"{scenario}.toml")
    record_scenario(path, loaded, checkpoint_events=_CHECKPOINT_EVENTS)


RECORDINGS = tuple(
    Recording(scenario, partial(_record, scenario)) for scenario in ("ungated", "endings", "busy")
)
