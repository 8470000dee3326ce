"""The checker finds each fault that is seeded into the scheduler, under the rule that it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.graph import Scheduler, SchedulerConfig, VirtualClock, record_graph
from tests.graph.faults import edges, life, serving, turns
from tests.graph.faults.seeding import faulty
from tests.graph.nodes import echo, sayer
from tests.graph.recordings import busy, idling, verify

FAULTS = [
    (serving.StrictPriority, "weighted-fairness"),
    (serving.LowestBandFirst, "weighted-fairness"),
    (life.IdleForgetsCredits, "weighted-fairness"),
    (serving.LastInFirstServed, "round-robin"),
    (life.ReshufflesAtCheckpoints, "round-robin"),
    (serving.SleepsThrough, "idle-only-when-idle"),
    (life.FinishesEarly, "idle-only-when-idle"),
    (serving.WakesTheWrongNode, "ready-only"),
    (turns.LateTime, "ready-only"),
    (serving.BandIgnoresOverride, "band"),
    (life.KnobWithoutEffect, "band"),
    (serving.BlockedTakesData, "blocked-yield"),
    (turns.TicksWhileBlocked, "blocked-yield"),
    (serving.LowestInputFirst, "delivery"),
    (turns.SticksToAnInput, "delivery"),
    (turns.SwallowsMessages, "delivery"),
    (turns.OneMoreThanABatch, "batch-bound"),
    (edges.ForgetsPending, "edge-conservation"),
    (edges.FlushLoses, "edge-fifo"),
    (edges.FlushTwice, "edge-conservation"),
    (edges.NeverFlushes, "flush-prompt"),
    (life.GrowsLate, "flush-prompt"),
    (edges.LostWake, "flush-prompt"),
    (edges.SilentWake, "flush-prompt"),
    (edges.OneTooMany, "edge-capacity"),
    (edges.WrongDepth, "edge-capacity"),
    (edges.Lifo, "edge-fifo"),
    (edges.DropsControl, "put-result"),
    (edges.EvictsControl, "put-result"),
    (edges.EvictsNewest, "put-result"),
    (edges.MergesIntoOldest, "put-result"),
    (edges.OvertakesPending, "put-result"),
    (edges.SkipsNumbers, "put-result"),
    (turns.StarvedTicks, "tick-cadence"),
    (turns.DriftingTicks, "tick-cadence"),
    (turns.UncountedTicks, "tick-cadence"),
    (turns.BurstsOfTicks, "tick-cadence"),
    (turns.EarlyTicks, "tick-cadence"),
    (turns.EndlessTicks, "checkpoint-matches-replay"),
    (turns.TicksAfterShutdown, "shutdown-drained"),
    (turns.GoesOnAfterErrors, "error-isolated"),
    (turns.RetriesTwice, "delivery"),
    (turns.ForgetsAttempts, "error-isolated"),
    (turns.LosesHeld, "error-isolated"),
    (turns.DisabledInWordOnly, "error-isolated"),
    (turns.DisablesQuietly, "error-isolated"),
    (turns.GivesUpAtOnce, "error-isolated"),
    (turns.ErrorTwice, "error-isolated"),
    (turns.HushesErrors, "error-isolated"),
    (life.DoubleStart, "start-topological"),
    (life.MissingStart, "start-topological"),
    (life.WrongStartOrder, "start-topological"),
    (life.WrongStopOrder, "stop-reverse"),
    (life.StopsWhatNeverStarted, "stop-reverse"),
    (life.ForgetsToStop, "stop-reverse"),
    (life.EvictsOnShrink, "edge-conservation"),
    (life.WrongOldValue, "mutator-effect"),
    (life.ChangesQuietly, "edge-capacity"),
    (life.LeavesUnsaid, "shutdown-drained"),
    (life.LeftoversTwice, "edge-conservation"),
    (life.GivesUpTheDrain, "shutdown-drained"),
    (life.DrainsForGood, "shutdown-drained"),
    (life.ShutdownTwice, "shutdown-drained"),
    (life.WrongDeadline, "shutdown-drained"),
    (life.LateSend, "shutdown-drained"),
    (life.CheckpointInATurn, "checkpoint-continuity"),
    (life.CheckpointMisstates, "checkpoint-matches-replay"),
]


def _record(path: Path, scheduler_class: type[Scheduler], checkpoint_events: int) -> list[str]:
    """The invariants that graphs violate when this scheduler runs them: at ease, overloaded, idle."""
    found = set()
    for scheduler in (
        busy(scheduler_class),
        busy(scheduler_class, source_ms=0.01),
        idling(scheduler_class),
    ):
        record_graph(path, scheduler, until_ms=1, checkpoint_events=checkpoint_events)
        found.update(verify(path))
    return sorted(found)


@pytest.mark.parametrize("checkpoint_events", [500, 100_000])
def test_without_a_fault_nothing_is_found(tmp_path: Path, checkpoint_events: int) -> None:
    assert _record(tmp_path / "a.mpk", Scheduler, checkpoint_events) == []


@pytest.mark.parametrize(
    ("part", "invariant"), FAULTS, ids=[f"{part.__name__}" for part, _ in FAULTS]
)
def test_a_fault_is_found(tmp_path: Path, part: type, invariant: str) -> None:
    found = _record(tmp_path / "a.mpk", faulty(part), 500)
    assert invariant in found


def test_who_starves_from_one_run_of_the_trace_to_the_next_is_found(tmp_path: Path) -> None:
    """Runs so short that nobody has two turns in one: what counts is who waited before."""
    found = {}
    for engine in (None, life.ReshufflesAtCheckpoints, life.ReshufflesSnapshots):
        settings = SchedulerConfig(shutdown_timeout_s=0.000_02)
        scheduler = (faulty(engine) if engine else Scheduler)(settings, clock=VirtualClock())
        for number in range(40):
            name = f"n{number}"
            scheduler.register(sayer(name, 1, inputs="in", message=echo))
            scheduler.connect(f"{name}:out", f"{name}:in")
        record_graph(tmp_path / "a.mpk", scheduler, until_ms=1, checkpoint_events=1)
        found[engine] = verify(tmp_path / "a.mpk")
    assert found == {
        None: [],
        life.ReshufflesAtCheckpoints: ["round-robin", "checkpoint-matches-replay"],
        life.ReshufflesSnapshots: ["checkpoint-matches-replay"],
    }
