"""Recordings of scenarios: a trace keeps all that the scheduler does, also across crashes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.vocab.workorder import Mode, OrderState, RunEnd
from nandtrace.workorder.clock import VirtualClock, run_virtual
from nandtrace.workorder.recording import CHECKPOINT_EVENTS, new_recorder, state_of_log
from nandtrace.workorder.scenario import Scenario, Step
from nandtrace.workorder.scenario_life import Life, Script
from nandtrace.workorder.scenario_log import ScenarioLog
from nandtrace.workorder.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """What was recorded. `totals` are those of the last snapshot, `left` counts live orders by state."""

    runs: int
    events: int
    time_ns: int
    bytes: int
    digest: str
    totals: Mapping[str, int]
    left: Mapping[str, int]


def record_scenario(
    path: str | os.PathLike[str],
    scenario: Scenario,
    *,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
    checkpoint_events: int = CHECKPOINT_EVENTS,
    scheduler_class: type[Scheduler] | None = None,
) -> ScenarioSummary:
    """Run a scenario by a virtual clock and record it: the same one gives the same trace, byte by byte.

    The scheduler may be of a class of one's own. Raises StorageError when the trace can't be written. An
    interrupt leaves no trace.
    """
    recorder = new_recorder(
        path,
        scenario.config,
        is_virtual=True,
        identity={
            "scenario": scenario.name,
            "seed": scenario.config.seed,
            "content": dict(scenario.plain),
        },
        compress=compress,
        provenance=provenance,
    )
    try:
        with recorder:
            _Playing(Path(path), recorder, scenario, checkpoint_events, scheduler_class).play()
    except Exception:
        raise
    except BaseException:
        # Not cut short by a failure, after which the trace would be worth reading.
        recorder.discard()
        raise
    return _summary(Path(path))


class _Playing:
    """A scenario that is played into a recorder, process after process."""

    def __init__(
        self,
        path: Path,
        recorder: WorkOrderRecorder,
        scenario: Scenario,
        checkpoint_events: int,
        scheduler_class: type[Scheduler] | None,
    ) -> None:
        self._path = path
        self._recorder = recorder
        self._script = Script(scenario)
        self._checkpoint_events = checkpoint_events
        self._scheduler_class = scheduler_class

    def play(self) -> None:
        crash, time_ns = self._live(0)
        while crash is not None:
            crash, time_ns = self._live(time_ns, self._state(), crash.known)

    def _live(
        self,
        begin_ns: int,
        state: Mapping[str, Any] | None = None,
        known: Mapping[str, OrderState] | None = None,
    ) -> tuple[Step | None, int]:
        """One process; returns its crash, and the time."""
        log = ScenarioLog(self._recorder, self._checkpoint_events)

        async def live(clock: VirtualClock) -> tuple[Step | None, int]:
            own = self._scheduler_class
            life = Life(clock, self._script, log, state, known, scheduler_class=own)
            return await life.run(), clock.now_ns()

        return run_virtual(live, begin_ns)

    def _state(self) -> dict[str, Any]:
        """The state that the log of a process that died tells; the log is ended with it."""
        self._recorder.flush()
        state, time_ns = state_of_log(partial_path(self._path))
        if state["mode"] != Mode.STOPPED:
            self._recorder.end_run(time_ns, RunEnd.CRASHED, snapshot=state)
        return state


def _summary(path: Path) -> ScenarioSummary:
    with TraceReader(path) as reader:
        index = reader.index
        last = reader.chunk(len(index.chunks) - 1)
        state = last.snapshots[-1].state
        return ScenarioSummary(
            runs=index.chunks[-1].last_run + 1,
            events=index.events,
            time_ns=max(entry.max_time_ns for entry in index.chunks),
            bytes=path.stat().st_size,
            digest=index.digest().hex(),
            totals=state["totals"],
            left=_by_state(state["orders"]),
        )


def _by_state(orders: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = Counter(order["state"] for order in orders)
    return {state.value: counts[state] for state in OrderState if counts[state]}
