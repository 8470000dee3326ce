"""The gates, in their order: which one is closed, what the decision says, what opens it."""

from __future__ import annotations

import pytest

from nandtrace.vocab import NULL
from nandtrace.workorder import (
    NullLog,
    Scheduler,
    StaggerWait,
    VirtualClock,
    WorkOrder,
    run_virtual,
)
from tests.workorder.orders import (
    MB,
    Memory,
    S,
    Stage,
    Worker,
    config_of,
    fails,
    hangs,
    play,
    settle,
    takes,
)

DECISIONS = ("CLAIM", "HOLD")


def test_the_first_closed_gate_decides() -> None:
    """All seven are closed at first, and opened one after another."""

    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        stage.enqueue("a")
        scheduler.start()
        await stage.until(1)
        stage.memory.used_mb = 950
        scheduler.set_handler(None)
        scheduler.pause()
        stage.enqueue("b")
        await settle()
        scheduler.dequeue("b")
        scheduler.resume()
        await settle()
        stage.enqueue("c")
        await settle()
        scheduler.set_handler(Worker(default=hangs))
        await stage.until(4.5)
        stage.memory.used_mb = 850
        await stage.until(6.5)
        scheduler.cancel("a")
        await stage.until(7)
        stage.memory.used_mb = 700
        await stage.until(9)

    log = play(
        body, Worker({"a": hangs}), stagger_s=3, memory_per_slot_mb=200, resource_poll_s=1_000
    )
    assert log.story(*DECISIONS, "PRESSURE", "RELEASE", "HEALTH") == [
        "0 CLAIM 0 1 0",
        "0 HOLD QUEUE - -",
        "0 HEALTH 0",
        "1 HOLD RUNNING - -",
        "1 HOLD QUEUE - -",
        "1 HOLD HANDLER - -",
        "1 HOLD STAGGER 2 3",
        f"3 PRESSURE CRITICAL {1000 * MB} {50 * MB}",
        "3 HOLD PRESSURE 2 -",
        "4 HOLD PRESSURE 2 -",
        f"5 PRESSURE WARNING {1000 * MB} {150 * MB}",
        "5 HOLD SLOT 2 -",
        "6.5 RELEASE 0 0 0",
        "6.5 HOLD MEMORY 2 -",
        "6.5 HEALTH 1",
        f"7.5 PRESSURE NONE {1000 * MB} {300 * MB}",
        "7.5 CLAIM 2 1 0",
        "7.5 HOLD QUEUE - -",
        "7.5 HEALTH 0",
    ]


def test_a_decision_reads_the_memory_once_where_it_gets_so_far() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        assert stage.memory.reads == 0
        stage.scheduler.start()
        await settle()
        assert stage.memory.reads == 2
        await stage.until(1)
        assert stage.memory.reads == 3

    log = play(body)
    assert log.story(*DECISIONS) == [
        "0 CLAIM 0 1 0",
        "0 HOLD SLOT 1 -",
        "1 CLAIM 1 1 0",
        "1 HOLD QUEUE - -",
    ]


# ---- stagger


def test_the_stagger_ends_exactly() -> None:
    async def body(stage: Stage) -> None:
        stage.listen(StaggerWait)
        stage.scheduler.start()
        await stage.until(0.25)
        stage.enqueue("a", "b", "c")
        await stage.until(6)
        assert stage.told == [StaggerWait("b", 2_500_000_000), StaggerWait("c", 2_500_000_000)]

    log = play(body, Worker(default=hangs), slots=3, stagger_s=2.5)
    assert log.story(*DECISIONS) == [
        "0 HOLD QUEUE - -",
        "0.25 CLAIM 0 1 0",
        "0.25 HOLD STAGGER 1 2.75",
        "2.75 CLAIM 1 1 1",
        "2.75 HOLD STAGGER 2 5.25",
        "5.25 CLAIM 2 1 2",
        "5.25 HOLD QUEUE - -",
    ]


def test_the_stagger_counts_from_claims_not_from_decisions_or_ends() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.scheduler.join()

    log = play(body, Worker({"a": [fails(1), takes(1)]}), max_retries=1, backoff_s=7, stagger_s=3)
    assert log.story(*DECISIONS, "RETRY", "RELEASE") == [
        "0 CLAIM 0 1 0",
        "0 HOLD STAGGER 1 3",
        "1 RELEASE 0 0 0",
        "1 HOLD STAGGER 1 3",
        "3 CLAIM 1 1 0",
        "3 HOLD QUEUE - -",
        "4 RELEASE 1 0 0",
        "4 HOLD QUEUE - -",
        "8 RETRY 0",
        "8 CLAIM 0 2 0",
        "8 HOLD QUEUE - -",
        "9 RELEASE 0 0 0",
    ]


def test_a_stagger_that_ends_in_a_pause_is_over() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await settle()
        stage.scheduler.pause()
        await stage.until(5)
        stage.scheduler.resume()
        await settle()

    assert play(body, Worker(default=hangs), slots=2, stagger_s=3).story(*DECISIONS)[-2:] == [
        "5 CLAIM 1 1 1",
        "5 HOLD QUEUE - -",
    ]


# ---- memory


@pytest.mark.parametrize(
    ("used_mb", "level"), [(799, None), (800, "WARNING"), (899, "WARNING"), (900, "CRITICAL")]
)
def test_thresholds_of_the_pressure_are_inclusive(used_mb: int, level: str | None) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()

    lines = play(body, used_mb=used_mb, memory_per_slot_mb=1).lines("PRESSURE", *DECISIONS)
    told = [f"PRESSURE {level} {1000 * MB} {(1000 - used_mb) * MB}"] if level else []
    decided = ["HOLD PRESSURE 0 -"] if level == "CRITICAL" else ["CLAIM 0 1 0", "HOLD QUEUE - -"]
    assert lines == told + decided


@pytest.mark.parametrize(("needs_mb", "decision"), [(250, "CLAIM 0 1 0"), (251, "HOLD MEMORY 0 -")])
def test_a_claim_takes_memory_for_one_more_slot(needs_mb: float, decision: str) -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a")
        stage.scheduler.start()
        await settle()

    assert play(body, used_mb=750, memory_per_slot_mb=needs_mb).lines(*DECISIONS)[0] == decision


def test_without_memory_gating_neither_pressure_nor_memory_hold_anything() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await settle()

    log = play(body, used_mb=999, memory_gating=False)
    assert log.lines("PRESSURE", *DECISIONS, "HEALTH") == [
        f"PRESSURE CRITICAL {1000 * MB} {1 * MB}",
        "CLAIM 0 1 0",
        "HOLD SLOT 1 -",
        "HEALTH 0",
    ]


def test_slots_that_were_claimed_lately_are_counted_with_what_they_will_take() -> None:
    """Memory for two slots: the third waits until the first has settled, 3 s after its claim."""

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.scheduler.start()
        await stage.until(6.5)

    log = play(
        body,
        Worker(default=hangs),
        slots=3,
        used_mb=700,
        memory_per_slot_mb=150,
        stagger_s=1,
        settle_s=3,
    )
    assert log.story(*DECISIONS) == [
        "0 CLAIM 0 1 0",
        "0 HOLD STAGGER 1 1",
        "1 CLAIM 1 1 1",
        "1 HOLD STAGGER 2 2",
        "2 HOLD MEMORY 2 -",
        "3 CLAIM 2 1 2",
        "3 HOLD QUEUE - -",
    ]


def test_a_slot_that_is_given_back_settles_no_longer() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.until(1.5)

    worker = Worker(default=takes(1.5))
    log = play(body, worker, slots=2, used_mb=700, memory_per_slot_mb=200, settle_s=100)
    assert log.story(*DECISIONS) == [
        "0 CLAIM 0 1 0",
        "0 HOLD MEMORY 1 -",
        "1 HOLD MEMORY 1 -",
        "1.5 CLAIM 1 1 0",
        "1.5 HOLD QUEUE - -",
    ]


def test_readings_stand_in_the_decisions_that_took_them() -> None:
    events: list[tuple[object, ...]] = []

    class Readings(NullLog):
        def claim(self, *values: object) -> None:
            events.append(("CLAIM", *values))

        def hold(self, *values: object) -> None:
            events.append(("HOLD", *values))

    async def main(clock: VirtualClock) -> None:
        scheduler = Scheduler(config_of(), Worker(), clock=clock, probe=Memory(300), log=Readings())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        await settle()

    run_virtual(main)
    assert events[:2] == [
        ("CLAIM", 0, 0, 1, 0, 1000 * MB, 700 * MB),
        ("HOLD", 0, "QUEUE", NULL, NULL, NULL, NULL),
    ]


# ---- slots


def test_the_lowest_free_slot_is_taken() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c")
        stage.scheduler.start()
        await stage.until(2.5)
        stage.enqueue("d", "e")
        await stage.until(2.75)

    worker = Worker({"a": takes(1), "b": takes(9), "c": takes(2)}, default=takes(5))
    assert play(body, worker, slots=3).lines("CLAIM", "RELEASE") == [
        "CLAIM 0 1 0",
        "CLAIM 1 1 1",
        "CLAIM 2 1 2",
        "RELEASE 0 0 0",
        "RELEASE 2 2 0",
        "CLAIM 3 1 0",
        "CLAIM 4 1 2",
    ]


def test_no_more_orders_are_active_than_there_are_slots() -> None:
    active: list[int] = []

    async def body(stage: Stage) -> None:
        scheduler = stage.scheduler
        scheduler.subscribe(lambda _: active.append(scheduler.statistics().active))
        stage.enqueue(*(f"o{number}" for number in range(30)))
        scheduler.start()
        await scheduler.join()

    log = play(body, Worker(default=takes(0.5)), slots=2)
    assert max(active) == 2
    assert len(log.lines("CLAIM")) == 30


def test_the_default_stagger_is_five_seconds() -> None:
    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b")
        stage.scheduler.start()
        await stage.scheduler.join()
        assert stage.clock.now_ns() == 6 * S

    play(body, slots=2, stagger_s=5.0)
