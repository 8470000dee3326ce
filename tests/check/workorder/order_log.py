"""Hand-made logs of work orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from nandtrace.vocab.workorder import WORKORDER
from tests.check.hand_made import HandMadeLog, State

TOTAL = 1000
"""Bytes of memory."""

FREE = 700
"""Bytes available where nothing else is said: no pressure, and memory for every slot."""


@dataclass
class OrderLog(HandMadeLog):
    """A log of work orders."""

    vocabulary = WORKORDER

    def enqueue(self, order: int, name: str, depth: int, retries: int = 0, rank: int = 0) -> None:
        """Append an ENQUEUE."""
        self("ENQUEUE", order=order, id=name, priority=rank, max_retries=retries, depth=depth)

    def refuse(self, name: str, why: str, depth: int, reserved: int = 0) -> None:
        """Append a REFUSE."""
        self("REFUSE", id=name, priority=0, refusal=why, depth=depth, reserved=reserved)

    def claim(self, order: int, attempt: int, slot: int, free: int = FREE) -> None:
        """Append a CLAIM."""
        reading = {"total_bytes": TOTAL, "available_bytes": free}
        self("CLAIM", order=order, attempt=attempt, slot=slot, **reading)

    def hold(self, gate: str, order: int | None = None, free: int = FREE) -> None:
        """Append a HOLD, with a reading where it gets as far."""
        has_reading = gate in {"PRESSURE", "SLOT", "MEMORY"}
        reading = {"total_bytes": TOTAL, "available_bytes": free} if has_reading else {}
        self("HOLD", gate=gate, order=order, **reading)

    def stagger(self, order: int, until_ns: int) -> None:
        """Append a HOLD at STAGGER."""
        self("HOLD", gate="STAGGER", order=order, until_ns=until_ns)

    def complete(self, order: int, slot: int) -> None:
        """Append COMPLETE and RELEASE."""
        self("COMPLETE", order=order)
        self("RELEASE", order=order, slot=slot, forced=0)

    def fail(
        self, order: int, slot: int, attempt: int, due_ns: int | None, cause: str = "ERROR"
    ) -> None:
        """Append FAIL, to WAITING_RETRY where it is due again, and RELEASE."""
        to = "FAILED" if due_ns is None else "WAITING_RETRY"
        self("FAIL", order=order, attempt=attempt, cause=cause, error="?", state=to, due_ns=due_ns)
        self("RELEASE", order=order, slot=slot, forced=0)

    def cancel(self, order: int, reason: str, slot: int | None = None) -> None:
        """Append CANCEL, and RELEASE where it held a slot."""
        self("CANCEL", order=order, reason=reason)
        if slot is not None:
            self("RELEASE", order=order, slot=slot, forced=0)

    def pressure(self, level: str, free: int) -> None:
        """Append a PRESSURE."""
        self("PRESSURE", level=level, total_bytes=TOTAL, available_bytes=free)

    def next_run(self, end: str, snapshot: State) -> None:
        """Append a RUN_END, and a RUN_BEGIN in the same state."""
        self("RUN_END", snapshot, end=end)
        self.run += 1
        self("RUN_BEGIN", snapshot)

    def delayed(self, first: int, last: int, by_ns: int) -> OrderLog:
        """A log in which the events from one place up to another come later."""
        log = self.copy()
        for place in range(first, last + 1):
            event = log.events[place]
            log.events[place] = replace(event, time_ns=event.time_ns + by_ns)
        return log

    def limited(self, **limits: Any) -> OrderLog:
        """A log under other limits."""
        return replace(self.copy(), device=self.device | limits)


def device(**others: Any) -> State:
    """A header's device map: two slots, no stagger, no jitter, what is usual for the rest."""
    return {
        "slots": 2,
        "memory_per_slot_bytes": 100,
        "warning_permille": 800,
        "critical_permille": 900,
        "memory_gating": True,
        "stagger_ns": 0,
        "policy": "fifo",
        "max_depth": None,
        "backoff_ns": 100,
        "backoff_factor_permille": 2000,
        "backoff_cap_ns": 1000,
        "jitter_permille": 0,
        "lease_ns": None,
        "stop_grace_ns": 500,
        "terminate_grace_ns": 50,
        "poll_ns": 100,
        "resource_poll_ns": 500,
        "settle_ns": 0,
        "decision_within_ns": 0,
    } | others


def state(log: OrderLog, **others: Any) -> State:
    """A snapshot at `now` of a scheduler that has done nothing, but for other fields; `totals` may name
    those that are not 0."""
    totals = dict.fromkeys(
        ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled"), 0
    )
    counts = others.pop("totals", {})
    fresh = {
        "clock_ns": log.now,
        "next_order": 0,
        "mode": "NEW",
        "handler": False,
        "last_claim_ns": None,
        "pressure": "NONE",
        "healthy": True,
        "slots": [],
        "orders": [],
    }
    return fresh | {"totals": totals | counts} | others


def live(order: int, name: str, state_of: str, **others: Any) -> State:
    """A row of a snapshot's orders: without retries and never tried, but for other fields."""
    return {
        "order": order,
        "id": name,
        "state": state_of,
        "priority": 0,
        "max_retries": 0,
        "attempts": 0,
        "since_ns": 0,
        "claimed_ns": None,
        "due_ns": None,
        "terminate": None,
    } | others


Story = Callable[[], OrderLog]
