"""Reference checker: the snapshots at both ends of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry
from tests.reference.workorder.rule import Stretch
from tests.reference.workorder.state import Order, State

BLANK: dict[str, Any] = {
    "next_order": 0,
    "mode": "NEW",
    "handler": False,
    "last_claim_ns": None,
    "pressure": "NONE",
    "healthy": True,
    "slots": [],
    "orders": [],
    "totals": dict.fromkeys(
        ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled"), 0
    ),
}
ENDS = ("CHECKPOINT", "STOPPED", "CRASHED")


def continuity(run: Stretch, before: Stretch | None) -> Iterator[tuple[str, int]]:
    """checkpoint-continuity of the begin of a run, and of its end."""
    begin, end = run.entries[0], run.entries[-1]
    last = before.entries[-1] if before else None
    if begin.kind == "RUN_BEGIN":
        yield from _begins(begin, last)
    for entry in run.entries:
        if entry.snapshot is not None and entry.snapshot["clock_ns"] != entry.time_ns:
            yield "checkpoint-continuity", entry.seq
    if end.kind != "RUN_END":
        return
    if end.get("end") not in ENDS or end.snapshot is None:
        yield "checkpoint-continuity", end.seq
    if end.get("end") == "CHECKPOINT" and not _follows_decision(run.entries):
        yield "checkpoint-continuity", end.seq


def _begins(begin: Entry, last: Entry | None) -> Iterator[tuple[str, int]]:
    snapshot = begin.snapshot
    if snapshot is None:
        yield "checkpoint-continuity", begin.seq
    elif last is None:
        if begin.run == 0 and not _is_blank(snapshot):
            yield "checkpoint-continuity", begin.seq
    elif begin.time_ns != last.time_ns or _is_other(snapshot, last):
        yield "checkpoint-continuity", begin.seq


def _is_other(snapshot: dict[str, Any], last: Entry) -> bool:
    """Is it another state than the one in which the run before ended?"""
    return last.kind == "RUN_END" and last.snapshot not in (None, snapshot)


def _is_blank(snapshot: dict[str, Any]) -> bool:
    return all(snapshot.get(key) == value for key, value in BLANK.items())


def _follows_decision(entries: list[Entry]) -> bool:
    before = entries[-2] if len(entries) > 1 else entries[-1]
    if before.kind == "HEALTH":
        before = entries[-3] if len(entries) > 2 else before
    return before.kind == "HOLD"


def replayed(end: Entry, state: State) -> Iterator[tuple[str, int]]:
    """checkpoint-matches-replay."""
    told = end.snapshot or {}
    names = ("next_order", "mode", "handler", "last_claim_ns", "pressure", "healthy", "totals")
    is_same = all(told[name] == getattr(state, name) for name in names)
    is_same = is_same and not _orders_differ(told["orders"], state)
    if not is_same or _slots_differ(told["slots"], state):
        yield "checkpoint-matches-replay", end.seq


def _orders_differ(told: list[dict[str, Any]], state: State) -> bool:
    """Are the orders told otherwise? Of one that no ENQUEUE told of, only its number is known."""
    rows = {row["order"]: row for row in told}
    for order in state.live():
        row = rows.pop(order.number, None)
        if order.number in state.ghosts:
            continue
        if _never_told(order) and row is not None:
            return True
        if not order.in_doubt and not order.is_missing and row != _told(order):
            return True
    return bool(rows)


def _never_told(order: Order) -> bool:
    """An order that no ENQUEUE told of, and that was not just claimed."""
    return order.is_missing and not order.id and order.state != "PREPARING"


def _slots_differ(told: list[list[int]], state: State) -> bool:
    known = {slot: number for slot, number in told if not _is_unknown(number, state)}
    return known != {s: n for s, n in state.slots.items() if not _is_unknown(n, state)}


def _is_unknown(number: int, state: State) -> bool:
    order = state.find(number)
    return order is not None and (order.in_doubt or order.has_unknown_slot)


def _told(order: Order) -> dict[str, Any]:
    return {
        "order": order.number,
        "id": order.id,
        "state": order.state,
        "priority": order.priority,
        "max_retries": order.max_retries,
        "attempts": order.attempts,
        "since_ns": order.since_ns,
        "claimed_ns": order.claimed_ns if order.is_active else None,
        "due_ns": order.due_ns if order.state == "WAITING_RETRY" else None,
        "terminate": order.terminate if order.is_active else None,
    }
