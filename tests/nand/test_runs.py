"""The bounds of runs: how a run ends, what is delivered then, and what the next one begins with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Verdict
from nandtrace.errors import UsageError
from nandtrace.nand.log import NullLog
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap
from nandtrace.nand.recording import record
from nandtrace.nand.scheduler import Scheduler
from nandtrace.vocab.nand import RunEnd
from tests.nand.devices import (
    SMALL,
    Recording,
    block,
    built_in,
    events_in,
    run_script,
    scripted,
    step,
)

ERASE = step(0, "Block_Erase_SLC", 0)
OTHER_DIE = step(0.1, "Block_Erase_SLC", 0, die=1)
PAGE = (ERASE, step(3100, "Page_Program_SLC", 0))


def test_what_is_reserved_is_drained(tmp_path: Path) -> None:
    """An erase of the other die waits for the bus: it starts after the end of the run, in its drain."""
    profile = scripted(ERASE, OTHER_DIE, step(0.1, "Nop"))
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=0.15)
    assert done.lines() == block(
        """
        0 RUN_BEGIN run_until=0.15
        0 HOOK PHASE_HOOK die=0 plane=0
        0 PROPOSE DEFAULT die=0 plane=0 Block_Erase_SLC
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0 STATE seg0 ISSUE until=0.3 bus
        0 STATE seg0 CORE_BUSY until=3000.3
        0.1 HOOK PHASE_HOOK die=1 plane=0
        0.1 PROPOSE DEFAULT die=1 plane=0 Block_Erase_SLC
        0.1 COMMIT seg1 op1 Block_Erase_SLC PROPOSAL 0.3..3000.6 1.0.0.0
        0.1 HOOK PHASE_HOOK die=0 plane=0
        0.1 PROPOSE ERASE.ISSUE die=0 plane=0 Nop
        0.1 COMMIT seg2 op2 Nop PROPOSAL 0.1..0.2 0.0.0.-
        0.1 OP_START seg2
        0.1 STATE seg2 ISSUE until=0.2
        0.2 OP_END seg2 COMPLETED
        0.2 DRAIN_BEGIN pending=3
        0.3 OP_START seg1
        0.3 STATE seg1 ISSUE until=0.6 bus
        0.3 STATE seg1 CORE_BUSY until=3000.6
        3000.3 OP_END seg0 COMPLETED drained
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3000.6 OP_END seg1 COMPLETED drained
        3000.6 APPLY_ERASE seg1 SLC 1.0.-
        3000.6 DRAIN_END delivered=3
        3000.6 RUN_END DRAINED run_until hooks=3 ops=3
        """
    )


def test_the_last_tick_crosses_the_end_of_the_run(tmp_path: Path) -> None:
    """The loop stops before a tick when the time has come, not before a tick that is later."""
    profile = scripted(ERASE)
    done = run_script(tmp_path / "a.mpk", profile, run_for_us=5)
    assert done.lines() == block(
        """
        0 RUN_BEGIN run_until=5
        0 HOOK PHASE_HOOK die=0 plane=0
        0 PROPOSE DEFAULT die=0 plane=0 Block_Erase_SLC
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0 STATE seg0 ISSUE until=0.3 bus
        0 STATE seg0 CORE_BUSY until=3000.3
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3000.3 RUN_END DRAINED run_until hooks=1 ops=1
        """
    )
    assert done.state()["clock_ns"] == 3_000_300


def test_nothing_pending_is_no_drain(tmp_path: Path) -> None:
    profile = scripted(step(1, "Nop"))
    done = run_script(tmp_path / "a.mpk", profile, runs=2, run_for_us=2)
    assert done.lines() == block(
        """
        0 RUN_BEGIN run_until=2
        1 HOOK PHASE_HOOK die=0 plane=0
        1 PROPOSE DEFAULT die=0 plane=0 Nop
        1 COMMIT seg0 op0 Nop PROPOSAL 1..1.1 0.0.0.-
        1 OP_START seg0
        1 STATE seg0 ISSUE until=1.1
        1.1 OP_END seg0 COMPLETED
        1.1 RUN_END DRAINED run_until hooks=1 ops=1
        1.1 RUN_BEGIN run_until=3.1
        1.1 RUN_END DRAINED run_until hooks=0 ops=0
        """
    )


def test_a_hook_budget_carries(tmp_path: Path) -> None:
    """What is reserved stays queued, with the hook that the budget did not reach; the last run drains."""
    profile = scripted(*PAGE)
    done = run_script(tmp_path / "a.mpk", profile, runs=2, run_for_us=3500, max_hooks=1)
    assert done.lines() == block(
        """
        0 RUN_BEGIN run_until=3500
        0 HOOK PHASE_HOOK die=0 plane=0
        0 PROPOSE DEFAULT die=0 plane=0 Block_Erase_SLC
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0 OP_START seg0
        0 STATE seg0 ISSUE until=0.3 bus
        0 STATE seg0 CORE_BUSY until=3000.3
        0 RUN_END CARRIED hooks hooks=1 ops=1
        0 RUN_BEGIN run_until=3500
        3000.3 OP_END seg0 COMPLETED
        3000.3 APPLY_ERASE seg0 SLC 0.0.-
        3100 HOOK PHASE_HOOK die=0 plane=0
        3100 PROPOSE ERASE.END die=0 plane=0 Page_Program_SLC
        3100 COMMIT seg1 op1 Page_Program_SLC PROPOSAL 3100..3407.98 0.0.0.0
        3100 OP_START seg1
        3100 STATE seg1 ISSUE until=3100.3 bus
        3100 STATE seg1 DATA_IN until=3107.98 bus
        3100 STATE seg1 CORE_BUSY until=3407.98
        3100 DRAIN_BEGIN pending=1
        3407.98 OP_END seg1 COMPLETED drained
        3407.98 APPLY_PGM seg1 SLC 0.0.0
        3407.98 DRAIN_END delivered=1
        3407.98 RUN_END DRAINED hooks hooks=1 ops=1
        """
    )
    assert done.state(0)["pending"] == [
        [3_000_300, "OP_END", 0],
        [3_100_000, "PHASE_HOOK", None],
    ]


def test_a_dropped_run_loses_its_ends(tmp_path: Path) -> None:
    """Its snapshot still says what was left, and the checker reports it; the next run begins anew."""
    path = tmp_path / "a.mpk"
    profile = scripted(ERASE, OTHER_DIE, step(0.1, "Nop"), step(4000, "Block_Erase_SLC", 1))
    record(path, profile, Options(runs=2, run_for_ns=(150, 5_000_000), drain=False))
    done = Recording(path, events_in(path))
    assert done.state(0)["pending"] == [
        [300, "OP_START", 1],
        [3_000_300, "OP_END", 0],
        [3_000_600, "OP_END", 1],
    ]
    verdict = done.verdict()
    assert verdict.verdict is Verdict.VIOLATED
    assert [item.id for item in verdict.invariants if item.violated] == [
        "one-op-start-per-segment",
        "one-op-end-per-segment",
        "no-open-segment-at-run-end",
    ]
    assert done.lines(only=("RUN_BEGIN", "COMMIT", "OP_END", "RUN_END")) == block(
        """
        0 RUN_BEGIN run_until=0.15
        0 COMMIT seg0 op0 Block_Erase_SLC PROPOSAL 0..3000.3 0.0.0.0
        0.1 COMMIT seg1 op1 Block_Erase_SLC PROPOSAL 0.3..3000.6 1.0.0.0
        0.1 COMMIT seg2 op2 Nop PROPOSAL 0.1..0.2 0.0.0.-
        0.2 OP_END seg2 COMPLETED
        0.2 RUN_END DROPPED run_until hooks=3 ops=3
        3000.6 RUN_BEGIN run_until=8000.6
        4000 COMMIT seg3 op3 Block_Erase_SLC PROPOSAL 4000..7000.3 0.1.1.0
        7000.3 OP_END seg3 COMPLETED
        7000.3 RUN_END DROPPED run_until hooks=1 ops=1
        """
    )


def test_refills_go_round_the_planes_of_all_dies(tmp_path: Path) -> None:
    """Each run begins with one, and the next follows a period later."""
    default = built_in("default")
    profile = replace(default, topology=SMALL, bootstrap=Bootstrap())
    path = tmp_path / "a.mpk"
    record(path, profile, Options(seed=1, runs=2, run_for_ns=(1_000_000, 300_000)))
    events = events_in(path)
    begins = [event.time_ns for event in events if event.kind == "RUN_BEGIN"]
    refills = [
        [
            (event.time_ns - begin, event.fields["die"], event.fields["plane"])
            for event in events
            if event.run == run and event.fields.get("hook") == "QUEUE_REFILL"
        ]
        for run, begin in enumerate(begins)
    ]
    assert refills[0] == [(100_000 * at, at // 4 % 2, at % 4) for at in range(11)]
    assert refills[1] == [(0, 1, 0), (100_000, 1, 1), (200_000, 1, 2), (300_000, 1, 3)]


def test_without_a_hook_to_spend_nothing_happens(tmp_path: Path) -> None:
    done = run_script(tmp_path / "a.mpk", scripted(ERASE), max_hooks=0)
    assert done.lines() == ["0 RUN_BEGIN run_until=20000", "0 RUN_END DRAINED hooks hooks=0 ops=0"]


def test_a_drained_scheduler_drains_nothing_again() -> None:
    scheduler = Scheduler(built_in("default"), seed=1, log=NullLog(), drain_on_exit=True)
    assert scheduler.run(5_000) is RunEnd.CARRIED
    assert scheduler.run_to(10_000_000, is_last=True) is RunEnd.DRAINED
    clock_ns = scheduler.model.clock_ns
    assert scheduler.drain_pending_op_end_events() == 0
    assert scheduler.drain_pending_op_end_events() == 0
    assert scheduler.model.clock_ns == clock_ns


def test_nothing_is_drained_between_runs() -> None:
    scheduler = Scheduler(built_in("default"), seed=1, log=NullLog(), drain_on_exit=True)
    assert scheduler.run(5_000) is RunEnd.CARRIED
    with pytest.raises(UsageError, match="between runs the log takes no events"):
        scheduler.drain_pending_op_end_events()


def test_a_closed_scheduler_does_not_run() -> None:
    scheduler = Scheduler(built_in("default"), seed=1, log=NullLog())
    scheduler.close()
    with pytest.raises(UsageError, match="the scheduler is closed"):
        scheduler.run(10)


def test_a_budget_is_a_count() -> None:
    scheduler = Scheduler(built_in("default"), seed=1, log=NullLog())
    with pytest.raises(ValueError, match="max_hooks is -1"):
        scheduler.run(10, max_hooks=-1)


def test_closing_drains_nothing() -> None:
    scheduler = Scheduler(scripted(ERASE), seed=1, log=NullLog(), drain_on_exit=True)
    scheduler.run(10, max_hooks=1)
    queued = len(scheduler.model.queue)
    scheduler.close()
    assert len(scheduler.model.queue) == queued == 1


def test_the_class_drains_only_when_told() -> None:
    scheduler = Scheduler(scripted(ERASE, OTHER_DIE, step(0.1, "Nop")), seed=1, log=NullLog())
    assert scheduler.run(0.15) is RunEnd.DROPPED


def test_an_end_off_the_grid_is_refused() -> None:
    scheduler = Scheduler(built_in("default"), seed=1, log=NullLog())
    with pytest.raises(ValueError, match=r"0\.005"):
        scheduler.run(0.005)


def test_ticks_by_hand() -> None:
    """A run can be made of ticks; between runs there are none."""
    scheduler = Scheduler(scripted(ERASE), seed=1, log=NullLog(), drain_on_exit=True)
    with pytest.raises(UsageError, match="no run is open"):
        scheduler.tick()
    scheduler.begin_run(10_000_000)
    with pytest.raises(UsageError, match="a run is open"):
        scheduler.begin_run(10_000_000)
    assert scheduler.tick() is True
    assert scheduler.model.clock_ns == 0
    assert scheduler.tick() is True
    assert scheduler.model.clock_ns == 3_000_300
    assert scheduler.model.addresses.applied[0][0] == -1
    assert scheduler.tick() is False
    assert scheduler.end_run() is RunEnd.DRAINED
    with pytest.raises(UsageError, match="no run is open"):
        scheduler.end_run()
