"""A small work-order trace, as calls of a WorkOrderRecorder that a test may change before it records them.

Two orders share a slot: the first fails, waits while the second has its turn, and is done at its second
attempt. A checkpoint lies between the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace.trace.workorder_recorder import WorkOrderLimits, WorkOrderRecorder

Call = tuple[str, dict[str, Any]]

MS = 1_000_000
GIB = 2**30
READING = {"total_bytes": 16 * GIB, "available_bytes": 8 * GIB}
LIMITS: dict[str, Any] = {"slots": 1, "stagger_ns": 0, "backoff_ns": MS, "jitter_permille": 0}
"""Of the small trace, where they are not the defaults."""

_TOTALS = ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled")


def order_calls() -> list[Call]:
    """30 events in two runs, the second of which begins at event 14."""
    grace = {"until_ns": 6 * MS + 30_000 * MS}
    return [
        _call("begin_run", 0, snapshot=order_state()),
        _call("handler", 0, is_set=True),
        _call("enqueue", 0, order=0, id="build", depth=1, max_retries=1),
        _call("enqueue", 0, order=1, id="test", depth=2),
        _call("mode", 0, mode="RUNNING"),
        _call("claim", 0, order=0, attempt=1, slot=0, **READING),
        _call("hold", 0, gate="SLOT", order=1, **READING),
        _call("health", 0, healthy=False),
        _call("ready", 0, order=0),
        _call("fail", 2 * MS, **_failed()),
        _call("release", 2 * MS, order=0, slot=0),
        _call("claim", 2 * MS, order=1, attempt=1, slot=0, **READING),
        _call("hold", 2 * MS, gate="QUEUE"),
        _call("end_run", 2 * MS, end="CHECKPOINT", snapshot=_half()),
        _call("begin_run", 2 * MS, snapshot=_half()),
        _call("ready", 2 * MS, order=1),
        _call("retry", 3 * MS, order=0),
        _call("hold", 3 * MS, gate="SLOT", order=0, **READING),
        _call("complete", 4 * MS, order=1),
        _call("release", 4 * MS, order=1, slot=0),
        _call("claim", 4 * MS, order=0, attempt=2, slot=0, **READING),
        _call("hold", 4 * MS, gate="QUEUE"),
        _call("ready", 4 * MS, order=0),
        _call("complete", 5 * MS, order=0),
        _call("release", 5 * MS, order=0, slot=0),
        _call("hold", 5 * MS, gate="QUEUE"),
        _call("health", 5 * MS, healthy=True),
        _call("mode", 6 * MS, mode="STOPPING", **grace),
        _call("mode", 6 * MS, mode="STOPPED"),
        _call("end_run", 6 * MS, end="STOPPED", snapshot=_last()),
    ]


def record_orders(path: Path, calls: list[Call] | None = None, **limits: Any) -> Path:
    """Record calls, with such limits, in chunks of 8 events or so."""
    whole = WorkOrderLimits(**LIMITS | limits)
    with WorkOrderRecorder(path, limits=whole, chunk_events=8) as recorder:
        for method, values in order_calls() if calls is None else calls:
            getattr(recorder, method)(**values)
    return path


def order_state(**changes: Any) -> dict[str, Any]:
    """The snapshot of a scheduler that has done nothing, with changes."""
    return {
        "clock_ns": 0,
        "next_order": 0,
        "mode": "NEW",
        "handler": False,
        "last_claim_ns": None,
        "pressure": "NONE",
        "healthy": True,
        "slots": [],
        "orders": [],
        "totals": totals(),
    } | changes


def totals(**counts: int) -> dict[str, int]:
    """The totals of a snapshot; what is not named is 0."""
    return dict.fromkeys(_TOTALS, 0) | counts


def live_order(order: int, id_: str, state: str, **changes: Any) -> dict[str, Any]:
    """An order of a snapshot that waits for its first attempt, with changes."""
    return {
        "order": order,
        "id": id_,
        "state": state,
        "priority": 0,
        "max_retries": 0,
        "attempts": 0,
        "since_ns": 0,
        "claimed_ns": None,
        "due_ns": None,
        "terminate": None,
    } | changes


def _failed() -> dict[str, Any]:
    return {
        "order": 0,
        "attempt": 1,
        "cause": "ERROR",
        "error": "ValueError: no luck",
        "state": "WAITING_RETRY",
        "due_ns": 3 * MS,
    }


def _half() -> dict[str, Any]:
    first = {"max_retries": 1, "attempts": 1, "since_ns": 2 * MS, "due_ns": 3 * MS}
    second = {"attempts": 1, "since_ns": 2 * MS, "claimed_ns": 2 * MS}
    return order_state(
        clock_ns=2 * MS,
        next_order=2,
        mode="RUNNING",
        handler=True,
        last_claim_ns=2 * MS,
        healthy=False,
        slots=[[0, 1]],
        orders=[
            live_order(0, "build", "WAITING_RETRY", **first),
            live_order(1, "test", "PREPARING", **second),
        ],
        totals=totals(enqueued=2, claimed=2),
    )


def _last() -> dict[str, Any]:
    return order_state(
        clock_ns=6 * MS,
        next_order=2,
        mode="STOPPED",
        handler=True,
        last_claim_ns=4 * MS,
        totals=totals(enqueued=2, claimed=3, retried=1, completed=2),
    )


def _call(method: str, time_ns: int, **values: Any) -> Call:
    return method, {"time_ns": time_ns, **values}
