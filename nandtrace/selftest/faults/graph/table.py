"""The table of faulty graph schedulers."""

from __future__ import annotations

from nandtrace.selftest.faults.graph import edges, life, serving, turns
from nandtrace.selftest.faults.graph.fault import GraphFault
from nandtrace.selftest.faults.graph.graphs import (
    broken,
    end_ticks,
    failing,
    in_turn,
    late,
    line,
    opened,
    reading,
    relayed,
    reranked,
    resized,
    say,
    ticking,
    told,
)

_BUSY = ticking((0.001, "high"), (0.001, "normal"))
_ALIKE = ticking((0.001, None), (0.001, None), (0.001, None))
_IDLING = ticking((0.01, "control"), (0.05, "high"))
_ALONE = ticking((0.01, None))
_OFF_GRID = ticking((0.0015, None), (0.0015, None))
_SLOWER = ticking((0.003, None), (0.001, None))

_PAIR = line("11")
_BLOCKED = line("1111", capacity=1)
_SLOW = line("11111", batch=1, timeout_ns=2_000)

GRAPH_FAULTS = (
    GraphFault(serving.StrictPriority, "weighted-fairness", _BUSY, 0.006),
    GraphFault(serving.LowestBandFirst, "weighted-fairness", _BUSY, 0.006),
    GraphFault(life.IdleForgetsCredits, "weighted-fairness", _IDLING, 0.055),
    GraphFault(serving.LastInFirstServed, "round-robin", _ALIKE, 0.008),
    GraphFault(life.ReshufflesAtCheckpoints, "round-robin", _ALIKE, 0.008, 1),
    GraphFault(life.ReshufflesSnapshots, "checkpoint-matches-replay", _ALIKE, 0.008, 1),
    GraphFault(serving.SleepsThrough, "idle-only-when-idle", _ALIKE, 0.015),
    GraphFault(life.FinishesEarly, "idle-only-when-idle", _ALONE, 0.02),
    GraphFault(serving.WakesTheWrongNode, "ready-only", line("11111", batch=1)),
    GraphFault(turns.LateTime, "ready-only", _PAIR),
    GraphFault(serving.BandIgnoresOverride, "band", _BUSY, 0.003),
    GraphFault(life.KnobWithoutEffect, "band", line(in_turn(say("1"), reranked("high")))),
    GraphFault(serving.BlockedTakesData, "blocked-yield", relayed),
    GraphFault(turns.TicksWhileBlocked, "blocked-yield", told),
    GraphFault(serving.LowestInputFirst, "delivery", reading("1", side="high")),
    GraphFault(turns.SticksToAnInput, "delivery", reading("11", side="normal")),
    GraphFault(turns.SwallowsMessages, "delivery", line("1111")),
    GraphFault(turns.ExceedsTheBatch, "batch-bound", line("11", batch=1)),
    GraphFault(edges.ForgetsPending, "edge-conservation", _BLOCKED),
    GraphFault(edges.FlushLoses, "edge-fifo", line("11111", capacity=1)),
    GraphFault(edges.FlushTwice, "edge-conservation", _BLOCKED),
    GraphFault(edges.NeverFlushes, "flush-prompt", _BLOCKED),
    GraphFault(life.GrowsLate, "flush-prompt", line(in_turn(say("11"), resized(2)), capacity=1)),
    GraphFault(edges.LostWake, "flush-prompt", _BLOCKED),
    GraphFault(edges.SilentWake, "flush-prompt", _BLOCKED),
    GraphFault(edges.OneTooMany, "edge-capacity", _BLOCKED),
    GraphFault(edges.WrongDepth, "edge-capacity", _PAIR),
    GraphFault(edges.Lifo, "edge-fifo", _PAIR),
    GraphFault(edges.DropsControl, "put-result", line("1c", capacity=1, policy="drop")),
    GraphFault(edges.EvictsControl, "put-result", line("c11", capacity=2, policy="latest")),
    GraphFault(edges.EvictsNewest, "put-result", line("111", capacity=2, policy="latest")),
    GraphFault(edges.MergesIntoOldest, "put-result", line("111", capacity=2, policy="coalesce")),
    GraphFault(edges.OvertakesPending, "put-result", line("1c1", capacity=1, policy="drop")),
    GraphFault(edges.SkipsNumbers, "put-result", _PAIR),
    GraphFault(turns.StarvedTicks, "tick-cadence", late, 0.006),
    GraphFault(turns.DriftingTicks, "tick-cadence", _OFF_GRID, 0.008),
    GraphFault(turns.UncountedTicks, "tick-cadence", _ALIKE, 0.008),
    GraphFault(turns.BurstsOfTicks, "tick-cadence", _ALIKE, 0.008),
    GraphFault(turns.EarlyTicks, "tick-cadence", _SLOWER, 0.004),
    GraphFault(
        turns.EndlessTicks,
        "ready-only",
        ticking((0.01, None), deed=end_ticks),
        0.025,
    ),
    GraphFault(turns.TicksAfterShutdown, "shutdown-drained", _ALIKE, 0.002),
    GraphFault(turns.GoesOnAfterErrors, "error-isolated", failing("11")),
    GraphFault(turns.RetriesTwice, "delivery", failing("1", is_once=True), 0.005),
    GraphFault(turns.ForgetsAttempts, "error-isolated", failing("1"), 0.005),
    GraphFault(turns.LosesHeld, "error-isolated", failing("11")),
    GraphFault(turns.DisabledInWordOnly, "error-isolated", broken),
    GraphFault(turns.DisablesQuietly, "error-isolated", broken),
    GraphFault(turns.GivesUpAtOnce, "error-isolated", failing("1")),
    GraphFault(turns.ErrorTwice, "error-isolated", failing("1", policy="skip")),
    GraphFault(turns.HushesErrors, "error-isolated", failing("1", policy="stop")),
    GraphFault(life.DoubleStart, "start-topological", _PAIR),
    GraphFault(life.MissingStart, "start-topological", _PAIR),
    GraphFault(life.WrongStartOrder, "start-topological", line("1", is_reversed=True)),
    GraphFault(life.WrongStopOrder, "stop-reverse", _PAIR),
    GraphFault(life.StopsWhatNeverStarted, "stop-reverse", broken),
    GraphFault(life.ForgetsToStop, "stop-reverse", _PAIR),
    GraphFault(life.EvictsOnShrink, "edge-conservation", line(in_turn(say("11"), resized(1)))),
    GraphFault(life.WrongOldValue, "mutator-effect", line(resized(1))),
    GraphFault(
        life.ChangesQuietly, "edge-capacity", line(in_turn(resized(2), say("11")), capacity=1)
    ),
    GraphFault(life.LeavesUnsaid, "shutdown-drained", broken),
    GraphFault(life.LeftoversTwice, "edge-conservation", broken),
    GraphFault(life.GivesUpTheDrain, "shutdown-drained", _SLOW, 0.0005),
    GraphFault(life.DrainsForGood, "shutdown-drained", _SLOW, 0.0005),
    GraphFault(life.ShutdownTwice, "shutdown-drained", _PAIR),
    GraphFault(life.WrongDeadline, "shutdown-drained", _PAIR),
    GraphFault(life.LateSend, "shutdown-drained", opened),
    GraphFault(life.ChangesBetweenRuns, "checkpoint-continuity", line("1"), None, 1),
    GraphFault(life.CheckpointMisstates, "checkpoint-matches-replay", line("1")),
)
