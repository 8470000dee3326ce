"""The checker finds each fault that is seeded into the scheduler, under the rule that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nandtrace.workorder import Scheduler
from tests.workorder.faults import deciding, ending, working
from tests.workorder.faults.seeding import faulty
from tests.workorder.lives import (
    CROWD,
    SETTINGS,
    SQUEEZE,
    crowd,
    crowd_hands,
    everything,
    hands,
    interrupted,
    squeeze,
    squeeze_hands,
)
from tests.workorder.orders import die, record, revive, violated

FAULTS = [
    (deciding.IgnoresCritical, "no-critical-claim"),
    (deciding.CriticalExclusive, "no-critical-claim"),
    (deciding.StaggerOfOneBefore, "stagger"),
    (deciding.StaggerFromEnds, "stagger"),
    (deciding.NoStaggerForRetries, "stagger"),
    (deciding.IgnoresMemory, "claim-has-memory"),
    (deciding.ForgetsSettling, "claim-has-memory"),
    (deciding.SettlesForEver, "work-conserving"),
    (deciding.MemoryBeforeSlots, "work-conserving"),
    (deciding.ClaimsInPauses, "no-claim-when-stopped"),
    (deciding.ClaimsWhileStopping, "no-claim-when-stopped"),
    (deciding.ReadsTooMuch, "work-conserving"),
    (deciding.SaysTheWrongEnd, "work-conserving"),
    (deciding.PriorityInverted, "claim-order"),
    (deciding.LastInFirstOut, "claim-order"),
    (deciding.RetriesGoToTheEnd, "claim-order"),
    (deciding.OverlooksOrders, "work-conserving"),
    (deciding.SleepsThroughReleases, "work-conserving"),
    (deciding.SleepsTooLong, "work-conserving"),
    (deciding.NeverPolls, "work-conserving"),
    (deciding.PollsSlots, "work-conserving"),
    (deciding.StopsAfterOneClaim, "work-conserving"),
    (deciding.SilentHolds, "work-conserving"),
    (deciding.SilentPressure, "pressure-edge"),
    (deciding.RepeatsPressure, "pressure-edge"),
    (deciding.LatePressure, "pressure-edge"),
    (deciding.ForgetsHealth, "pressure-edge"),
    (deciding.HealthOfEachMoment, "pressure-edge"),
    (working.LeakedSlot, "slot-pairing"),
    (working.SlotLostOnTheWay, "work-conserving"),
    (working.ReleasedTwice, "slot-pairing"),
    (working.ReleasedLater, "slot-pairing"),
    (working.ReleasesAnother, "slot-pairing"),
    (working.SaysForced, "slot-pairing"),
    (working.OneSlotMore, "slot-bound"),
    (working.HighestFreeSlot, "claim-atomic"),
    (working.SharesASlot, "no-double-claim"),
    (working.InventsStrays, "slot-pairing"),
    (working.DoubleClaim, "no-double-claim"),
    (working.SkipsAnAttempt, "claim-atomic"),
    (working.NeverReady, "transition-legal"),
    (working.ReadyTwice, "transition-legal"),
    (working.ReadyAfterTheEnd, "terminal-absorbing"),
    (working.LosesAnOrder, "conservation"),
    (working.SkipsANumber, "conservation"),
    (working.AcceptsTooMany, "depth-bound"),
    (working.AcceptsTooFew, "depth-bound"),
    (working.ReservesNothing, "depth-bound"),
    (working.TakesDuplicates, "no-double-claim"),
    (working.MiscountsCancels, "checkpoint-matches-replay"),
    (working.RetriesTooEarly, "backoff"),
    (working.RetriesTooLate, "backoff"),
    (working.ForgetsRetries, "backoff"),
    (working.RetriesWhileStopping, "backoff"),
    (working.BacksOffWithoutCap, "backoff"),
    (working.BacksOffByOneMore, "backoff"),
    (working.OneTryTooMany, "retry-bound"),
    (working.GivesUpEarly, "retry-bound"),
    (ending.LeasesTooShort, "lease"),
    (ending.LeasesTooLong, "lease"),
    (ending.NoLease, "lease"),
    (ending.AbandonsEarly, "slot-pairing"),
    (ending.NeverAbandons, "lease"),
    (ending.NewDeadline, "lease"),
    (ending.AsksTwice, "lease"),
    (ending.CompletesTheCancelled, "lease"),
    (ending.FailsTheCancelled, "lease"),
    (ending.ImpatientStop, "no-claim-when-stopped"),
    (ending.PatientStop, "no-claim-when-stopped"),
    (ending.StopsTooSoon, "no-claim-when-stopped"),
    (ending.CheckpointMisstates, "checkpoint-matches-replay"),
    (ending.CheckpointForgets, "checkpoint-continuity"),
    (ending.ForgetsARecovery, "recovery"),
    (ending.RecoversBackwards, "recovery"),
    (ending.RecoversWhoWaits, "recovery"),
    (ending.CountsTheInterrupted, "claim-atomic"),
    (ending.RecoversLater, "recovery"),
    (ending.RestartsQuietly, "recovery"),
    (ending.RestartsAtRandom, "stagger"),
    (ending.BeginsAnew, "checkpoint-continuity"),
]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a process left that died in the middle of everything."""

    return die(tmp_path_factory.mktemp("left") / "a.mpk", interrupted, hands(), **SETTINGS)


def _lives(
    path: Path, left: bytes, scheduler_class: type[Scheduler], checkpoint_events: int
) -> Iterator[list[str]]:
    """The invariants that each life violates which this scheduler leads."""
    for body, handler, settings in (
        (everything, hands(), SETTINGS),
        (crowd, crowd_hands(), CROWD),
        (squeeze, squeeze_hands(), SQUEEZE),
    ):
        record(
            *(path, body, handler),
            scheduler_class=scheduler_class,
            checkpoint_events=checkpoint_events,
            **settings,
        )
        yield violated(path)
    path.unlink()
    revive(path, crowd, hands(), left=left, scheduler_class=scheduler_class, **SETTINGS)
    yield violated(path)


@pytest.mark.parametrize("checkpoint_events", [20, 100_000])
def test_without_a_fault_nothing_is_found(
    tmp_path: Path, left: bytes, checkpoint_events: int
) -> None:
    found = list(_lives(tmp_path / "a.mpk", left, Scheduler, checkpoint_events))
    assert found == [[], [], [], []]


@pytest.mark.parametrize(
    ("part", "invariant"), FAULTS, ids=[f"{part.__name__}" for part, _ in FAULTS]
)
def test_a_fault_is_found(tmp_path: Path, left: bytes, part: type, invariant: str) -> None:
    lives = _lives(tmp_path / "a.mpk", left, faulty(part), 20)
    assert any(invariant in found for found in lives)
