"""The work of `nandtrace record workorder`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.cli.provenance import collect_provenance
from nandtrace.cli.recording_options import SUFFIX, Extras, WorkOrderChoices
from nandtrace.cli.recording_report import refuse_same
from nandtrace.cli.status_line import status_line
from nandtrace.report.workorder_recording import workorder_summary_json, workorder_summary_lines
from nandtrace.workorder.recording import CHECKPOINT_EVENTS
from nandtrace.workorder.scenario import Scenario
from nandtrace.workorder.scenario_loading import load_scenario
from nandtrace.workorder.scenario_recording import ScenarioSummary, record_scenario


@dataclass(frozen=True, slots=True)
class WorkOrderDone:
    """A recording of a scenario that was made, and the wall time it took."""

    trace: Path
    scenario: Scenario
    summary: ScenarioSummary
    seconds: float

    verdict: None = None
    """It is not verified on the way."""

    @property
    def orders_per_s(self) -> float:
        return self.summary.totals["enqueued"] / self.seconds if self.seconds > 0 else 0.0

    @property
    def rate_text(self) -> str:
        return f"{self.orders_per_s:,.0f} orders/s"

    def lines(self) -> Iterator[str]:
        """What was recorded."""
        return workorder_summary_lines(str(self.trace), self.summary)

    def remarks(self) -> Iterator[str]:
        """Nothing: what failed is in the trace, as the scenario wanted it."""
        return iter(())

    def document(self) -> dict[str, Any]:
        """As schemas/record-workorder.schema.json describes it, but for the verdict."""
        return {
            "version": 1,
            "trace": str(self.trace),
            "scenario": self.scenario.name,
            "seed": self.scenario.config.seed,
            **workorder_summary_json(self.summary),
            "seconds": self.seconds,
            "orders_per_s": self.orders_per_s,
        }


def record_anew(choices: WorkOrderChoices, output: Path | None, extras: Extras) -> WorkOrderDone:
    """Record a scenario. Raises UsageError for one that makes no sense; nothing is written then."""
    trace = output or Path(f"{choices.scenario.stem}{SUFFIX}")
    refuse_same(trace, choices.scenario, "scenario")
    scenario = load_scenario(choices.scenario, choices.seed)
    provenance = collect_provenance() if extras.with_provenance else None
    begin = time.perf_counter()
    with status_line("recording"):
        summary = _record(choices, scenario, trace, extras.compress, provenance)
    return WorkOrderDone(trace, scenario, summary, time.perf_counter() - begin)


def record_scenario_file(choices: WorkOrderChoices, trace: Path) -> None:
    """Record a scenario without a word. Raises like `record_anew`."""
    _record(choices, load_scenario(choices.scenario, choices.seed), trace)


def _record(
    choices: WorkOrderChoices,
    scenario: Scenario,
    trace: Path,
    compress: bool = False,
    provenance: dict[str, str] | None = None,
) -> ScenarioSummary:
    return record_scenario(
        trace,
        scenario,
        compress=compress,
        provenance=provenance,
        checkpoint_events=choices.checkpoint or CHECKPOINT_EVENTS,
    )
