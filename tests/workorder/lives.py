"""Lives in which much happens, for tests of recovery and for faults to show in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nandtrace.errors import WorkOrderError
from tests.workorder.orders import Stage, Worker, deaf, fails, hangs, settle, takes


async def everything(stage: Stage) -> None:
    """Orders in every state, one after another; every kind of event that there is in one process."""
    scheduler = stage.scheduler
    stage.enqueue("ok", "slow", "late")
    stage.enqueue("again", max_retries=1)
    stage.enqueue("left", priority=-1)
    with suppress(WorkOrderError):
        stage.enqueue("ok")
    scheduler.start()
    await stage.until(1.25)
    scheduler.pause()
    stage.memory.used_mb = 920
    await stage.until(2.5)
    scheduler.resume()
    await stage.until(3)
    stage.memory.used_mb = 850
    await stage.until(7)
    scheduler.cancel("slow")
    stage.enqueue("more", max_retries=3)
    scheduler.dequeue("left")
    await stage.until(16)
    stage.enqueue("last", "never")
    await stage.until(16.5)
    await scheduler.stop(1)


SETTINGS: dict[str, Any] = {
    "slots": 2,
    "stagger_s": 0.5,
    "policy": "priority",
    "lease_s": 6,
    "terminate_grace_s": 2,
    "backoff_s": 1,
    "jitter": 0.1,
    "settle_s": 1,
    "max_depth": 8,
}


def hands() -> Worker:
    return Worker(
        {
            "slow": deaf(9),
            "late": hangs,
            "again": [fails(1), takes(1)],
            "more": [fails(0.5), fails(0.5), takes(0.5)],
            "last": deaf(2.5),
        },
        prepares={"ok": takes(0.5)},
    )


async def interrupted(stage: Stage) -> None:
    """An order in each live state, and a claim a moment ago."""
    stage.enqueue("again", max_retries=1, priority=2)
    stage.scheduler.start()
    await stage.until(1.1)
    stage.enqueue("slow", "late", max_retries=1)
    await stage.until(1.75)
    stage.enqueue("left")
    await settle()


async def crowd(stage: Stage) -> None:
    """More orders than there is room for, with nothing but slots between them and their claims."""
    scheduler = stage.scheduler
    scheduler.start()
    for number in range(30):
        with suppress(WorkOrderError):
            stage.enqueue(f"o{number}", max_retries=number % 3, priority=number % 2)
        if number == 12:
            scheduler.pause()
        if number == 16:
            scheduler.resume()
        if number == 20:
            scheduler.cancel("o19")
            scheduler.cancel("o20")
        await stage.until(number / 4)
    scheduler.set_handler(None)
    await stage.until(8)
    scheduler.set_handler(crowd_hands())
    await stage.until(12)
    for order_id in ("hangs", "fails", "x", "y", "z"):
        with suppress(WorkOrderError):
            stage.enqueue(order_id, max_retries=1)
    await stage.until(13)
    await scheduler.stop(1.5)


CROWD: dict[str, Any] = {"slots": 2, "max_depth": 5, "backoff_s": 0.6, "backoff_cap_s": 1}


def crowd_hands() -> Worker:
    """Every third order fails as often as it may, others once."""
    acts: dict[str, Any] = {f"o{number}": fails(0.3) for number in range(2, 30, 3)}
    acts |= {f"o{number}": [fails(0.2), takes(0.1)] for number in range(1, 30, 5)}
    return Worker({**acts, "hangs": hangs, "fails": fails(0.6)}, default=takes(0.4))


async def squeeze(stage: Stage) -> None:
    """A memory that is nearly full, then full, then not."""
    scheduler = stage.scheduler
    stage.enqueue("a", "b", "c", "d", "e", "f")
    scheduler.start()
    for second, used_mb in ((1, 760), (2, 860), (4, 900), (6.5, 850), (9, 500), (12, 920), (14, 0)):
        await stage.until(second + 0.1)
        stage.memory.used_mb = used_mb
    await stage.until(20)
    await scheduler.stop()


SQUEEZE: dict[str, Any] = {
    "slots": 4,
    "memory_per_slot_mb": 90,
    "settle_s": 2.5,
    "resource_poll_s": 1.7,
}


def squeeze_hands() -> Worker:
    """They take long enough to fill the slots."""
    return Worker(default=takes(3))
