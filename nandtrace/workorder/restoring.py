"""A scheduler's state from a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nandtrace.errors import WorkOrderError
from nandtrace.trace.snapshot_schema import check_snapshot
from nandtrace.vocab import WORKORDER
from nandtrace.vocab.workorder import Mode, OrderState, Pressure, TerminateWhy
from nandtrace.workorder.book import Record, Totals
from nandtrace.workorder.order import WorkOrder
from nandtrace.workorder.transitions import Transitions


def load_state(
    state: Transitions, snapshot: Mapping[str, Any], payloads: Callable[[str], object]
) -> None:
    """Make a new scheduler's state that of a snapshot; each order gets its payload by its id.

    Raises WorkOrderError, which names the field, for a snapshot that is none or does not fit the limits.
    """
    try:
        check_snapshot(WORKORDER.domain, dict(snapshot))
    except ValueError as error:
        raise WorkOrderError(f"the state to continue from: {error}") from error
    state.mode = Mode(snapshot["mode"])
    state.has_handler = snapshot["handler"]
    state.last_claim_ns = snapshot["last_claim_ns"]
    state.monitor.pressure = Pressure(snapshot["pressure"])
    state.monitor.healthy = snapshot["healthy"]
    state.book.next_number = snapshot["next_order"]
    state.book.totals = Totals(**snapshot["totals"])
    for entry in snapshot["orders"]:
        _load_order(state, entry, payloads)
    for slot, number in snapshot["slots"]:
        _load_slot(state, slot, number)


def _load_order(
    state: Transitions, entry: Mapping[str, Any], payloads: Callable[[str], object]
) -> None:
    if state.book.of_id(entry["id"]) is not None:
        raise WorkOrderError(f"the state to continue from: two orders {entry['id']!r}")
    order = WorkOrder(entry["id"], payloads(entry["id"]), entry["priority"], entry["max_retries"])
    terminate = entry["terminate"]
    state.book.put(
        Record(
            number=entry["order"],
            order=order,
            max_retries=entry["max_retries"],
            since_ns=entry["since_ns"],
            state=OrderState(entry["state"]),
            attempts=entry["attempts"],
            claimed_ns=entry["claimed_ns"],
            due_ns=entry["due_ns"],
            terminate=None if terminate is None else TerminateWhy(terminate["why"]),
            deadline_ns=0 if terminate is None else terminate["deadline_ns"],
        )
    )


def _load_slot(state: Transitions, slot: int, number: int) -> None:
    monitor = state.monitor
    if slot >= monitor.slots or monitor.holder(slot) is not None:
        raise WorkOrderError(f"the state to continue from: slot {slot} can't be held")
    monitor.take(slot, number)
    record = state.book.of_number(number)
    if record is not None:
        record.slot = slot
