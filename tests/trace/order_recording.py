"""Calls of a WorkOrderRecorder, of every kind that it takes, and some that it refuses."""

from __future__ import annotations

from typing import Any

from nandtrace import WORKORDER, WorkOrderLimits, WorkOrderRecorder
from tests.check.small_orders import live_order, order_state, totals
from tests.trace.recording import Recording

LIMITS = WorkOrderLimits()
READING = {"total_bytes": 1_000, "available_bytes": 400}

EVERY_KIND: list[tuple[str, str, dict[str, Any]]] = [
    ("restart", "RESTART", {}),
    ("recover", "RECOVER", {"order": 2, "state": "COMPLETED"}),
    ("handler", "HANDLER", {"is_set": True}),
    (
        "enqueue",
        "ENQUEUE",
        {"order": 3, "id": "µ", "priority": -7, "max_retries": 1, "depth": 1},
    ),
    (
        "refuse",
        "REFUSE",
        {"id": "x", "priority": 2, "refusal": "FULL", "depth": 3, "reserved": 1},
    ),
    ("mode", "MODE", {"mode": "RUNNING"}),
    ("pressure", "PRESSURE", {"level": "WARNING", **READING}),
    ("claim", "CLAIM", {"order": 3, "attempt": 1, "slot": 1, **READING}),
    ("hold", "HOLD", {"gate": "QUEUE"}),
    ("hold", "HOLD", {"gate": "STAGGER", "order": 4, "until_ns": 9}),
    ("hold", "HOLD", {"gate": "MEMORY", "order": 4, **READING}),
    ("health", "HEALTH", {"healthy": False}),
    ("ready", "READY", {"order": 3}),
    ("complete", "COMPLETE", {"order": 4}),
    (
        "fail",
        "FAIL",
        {
            "order": 3,
            "attempt": 1,
            "cause": "ERROR",
            "error": "KeyError: 1",
            "state": "WAITING_RETRY",
            "due_ns": 8,
        },
    ),
    ("fail", "FAIL", {"order": 3, "attempt": 2, "cause": "LEASE", "state": "FAILED"}),
    ("retry", "RETRY", {"order": 3}),
    ("terminate", "TERMINATE", {"order": 5, "why": "STOP", "deadline_ns": 12}),
    ("cancel", "CANCEL", {"order": 5, "reason": "STOPPED"}),
    ("release", "RELEASE", {"order": 5, "slot": 0, "forced": True}),
    ("stray", "STRAY", {"order": 5, "slot": 0}),
    ("mode", "MODE", {"mode": "STOPPING", "until_ns": 11}),
]
"""Call, kind and values: what is written is what is read."""

BUSY: dict[str, Any] = {
    "mode": "STOPPING",
    "handler": True,
    "last_claim_ns": 4,
    "pressure": "CRITICAL",
    "healthy": False,
    "next_order": 9,
    "slots": [[0, 1], [2, 4]],
    "orders": [
        live_order(1, "µ", "RUNNING", claimed_ns=2, terminate={"why": "LEASE", "deadline_ns": 9}),
        live_order(4, "d", "PREPARING", claimed_ns=4, attempts=1, priority=-3),
        live_order(7, "g", "WAITING_RETRY", due_ns=12, attempts=2, max_retries=2),
        live_order(8, "h", "PENDING", since_ns=5),
    ],
    "totals": totals(enqueued=9, claimed=8, completed=5, retried=1),
}


BAD_VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("ready", {"order": "a"}, "READY.order: 'a' is not an integer"),
    ("cancel", {"order": 1, "reason": 3}, "3 is not a string"),
    ("enqueue", {"order": 1, "id": 7, "depth": 1}, "7 is not a string"),
    (
        "terminate",
        {"order": 1, "why": "STOP", "deadline_ns": None},
        "TERMINATE.deadline_ns: None is not an integer",
    ),
    (
        "claim",
        {"order": 0, "attempt": 1, "slot": 0, "total_bytes": 2**63, "available_bytes": 0},
        "CLAIM.total_bytes: .* does not fit 64 bits",
    ),
]

BAD_STATES: list[tuple[dict[str, Any], str]] = [
    ({"clock_ns": 0.5}, "snapshot: clock_ns must be integer"),
    ({"clock_ns": -1}, "snapshot: clock_ns must be bigger than or equal to 0"),
    ({"next_order": None}, "snapshot: next_order must be integer"),
    ({"mode": "BORED"}, "snapshot: mode must be one of"),
    ({"handler": 1}, "snapshot: handler must be boolean"),
    ({"last_claim_ns": "0"}, "snapshot: last_claim_ns must be"),
    ({"pressure": None}, "snapshot: pressure must be one of"),
    ({"healthy": None}, "snapshot: healthy must be boolean"),
    ({"slots": [[0]]}, r"snapshot: slots\.0 must contain at least 2 items"),
    ({"slots": [[0, -1]]}, r"snapshot: slots\.0\.1 must be bigger than or equal to 0"),
    ({"orders": {}}, "snapshot: orders must be array"),
    ({"totals": {"enqueued": 1}}, "snapshot: totals must contain"),
    ({"totals": totals(lost=1)}, "snapshot: totals must not contain"),
]

ORDERS = Recording(
    WORKORDER,
    WorkOrderRecorder,
    {"limits": LIMITS},
    EVERY_KIND,
    order_state,
    order_state(**BUSY, clock_ns=9),
    ("CRASHED", "STOPPED"),
    BAD_VALUES,
    BAD_STATES,
)
