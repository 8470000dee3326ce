"""The complete state as plain data: schemas/snapshot-workorder.schema.json describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nandtrace.workorder.book import Record
from nandtrace.workorder.transitions import Transitions


def take_snapshot(state: Transitions, now_ns: int) -> dict[str, Any]:
    """The state now; by a real clock the reading is the one that its event has."""
    return {
        "clock_ns": now_ns,
        "next_order": state.book.next_number,
        "mode": state.mode.value,
        "handler": state.has_handler,
        "last_claim_ns": state.last_claim_ns,
        "pressure": state.monitor.pressure.value,
        "healthy": state.monitor.healthy,
        "slots": [list(held) for held in state.monitor.held()],
        "orders": [_order_map(record) for record in state.book.records()],
        "totals": asdict(state.book.totals),
    }


def _order_map(record: Record) -> dict[str, Any]:
    why = record.terminate
    return {
        "order": record.number,
        "id": record.id,
        "state": record.state.value,
        "priority": record.order.priority,
        "max_retries": record.max_retries,
        "attempts": record.attempts,
        "since_ns": record.since_ns,
        "claimed_ns": record.claimed_ns,
        "due_ns": record.due_ns,
        "terminate": None if why is None else {"why": why.value, "deadline_ns": record.deadline_ns},
    }
