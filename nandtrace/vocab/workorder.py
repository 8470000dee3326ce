"""The words of the work-order domain: kinds of events, their columns, a snapshot's fields. Data only.

An order waits in a queue until the pump claims it, with a slot, when the resources allow. A run is one
stretch of the scheduler's life between two snapshots. Orders are counted from 0 in the order in which
they were accepted. Columns are only appended.
"""

from __future__ import annotations

from enum import StrEnum

from nandtrace.vocab.model import Column, ColumnType, Kind, SnapshotField, Vocabulary

TIME, FLAG, NAME = ColumnType.TIME, ColumnType.FLAG, ColumnType.NAME


class OrderState(StrEnum):
    """The life of an order."""

    PENDING = "PENDING"
    PREPARING = "PREPARING"
    RUNNING = "RUNNING"
    WAITING_RETRY = "WAITING_RETRY"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


WAITING = frozenset({OrderState.PENDING, OrderState.WAITING_RETRY})
"""They have a place in the queue."""

ACTIVE = frozenset({OrderState.PREPARING, OrderState.RUNNING})
"""They hold a slot."""

TERMINAL = frozenset({OrderState.COMPLETED, OrderState.FAILED, OrderState.CANCELLED})


class Mode(StrEnum):
    """The life of the scheduler."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"


class Gate(StrEnum):
    """What must be open for a claim, in the order in which it is asked."""

    RUNNING = "RUNNING"
    QUEUE = "QUEUE"
    HANDLER = "HANDLER"
    STAGGER = "STAGGER"
    PRESSURE = "PRESSURE"
    SLOT = "SLOT"
    MEMORY = "MEMORY"


MEMORY_GATES = frozenset({Gate.PRESSURE, Gate.MEMORY})
"""No event says when they open: they are asked again and again."""


class Pressure(StrEnum):
    """How much of the memory is in use."""

    NONE = "NONE"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class Policy(StrEnum):
    """Which pending order is claimed."""

    FIFO = "fifo"
    PRIORITY = "priority"
    """The highest priority first, and in the order of their acceptance within one."""


class Refusal(StrEnum):
    """Why an order was not accepted."""

    FULL = "FULL"
    DUPLICATE = "DUPLICATE"
    """An order with this id is live."""

    STOPPING = "STOPPING"


class FailCause(StrEnum):
    """Why an attempt failed."""

    ERROR = "ERROR"
    """The handler raised."""

    LEASE = "LEASE"
    """The lease was over."""


class TerminateWhy(StrEnum):
    """Why a handler is told to end."""

    LEASE = "LEASE"
    CANCEL = "CANCEL"
    STOP = "STOP"


class CancelReason(StrEnum):
    """Why an order was cancelled."""

    REQUESTED = "REQUESTED"
    DEQUEUED = "DEQUEUED"
    STOPPED = "STOPPED"


class RunEnd(StrEnum):
    """Why a run, a stretch of the trace, ends."""

    CHECKPOINT = "CHECKPOINT"
    STOPPED = "STOPPED"
    CRASHED = "CRASHED"
    """Written by the next process, which found the log without an end."""


COLUMN_WORDS: dict[str, type[StrEnum]] = {
    "end": RunEnd,
    "mode": Mode,
    "refusal": Refusal,
    "gate": Gate,
    "cause": FailCause,
    "state": OrderState,
    "why": TerminateWhy,
    "reason": CancelReason,
    "level": Pressure,
}
"""The columns, of whatever kind, that hold words of one enumeration each."""

_ORDER, _SLOT, _ID, _PRIORITY, _ATTEMPT = (
    Column("order"),
    Column("slot"),
    Column("id", NAME),
    Column("priority"),
    Column("attempt"),
)
_STATE = Column("state", NAME)
_READING = (Column("total_bytes"), Column("available_bytes"))

WORKORDER = Vocabulary(
    domain="workorder",
    kinds=(
        Kind(0, "RUN_BEGIN"),
        Kind(1, "RUN_END", (Column("end", NAME),)),
        Kind(2, "MODE", (Column("mode", NAME), Column("until_ns", TIME))),
        Kind(3, "HANDLER", (Column("is_set", FLAG),)),
        Kind(4, "ENQUEUE", (_ORDER, _ID, _PRIORITY, Column("max_retries"), Column("depth"))),
        Kind(
            5,
            "REFUSE",
            (_ID, _PRIORITY, Column("refusal", NAME), Column("depth"), Column("reserved")),
        ),
        Kind(6, "CLAIM", (_ORDER, _ATTEMPT, _SLOT, *_READING)),
        Kind(
            7,
            "HOLD",
            (Column("gate", NAME), _ORDER, Column("until_ns", TIME), *_READING),
        ),
        Kind(8, "READY", (_ORDER,)),
        Kind(9, "COMPLETE", (_ORDER,)),
        Kind(
            10,
            "FAIL",
            (
                _ORDER,
                _ATTEMPT,
                Column("cause", NAME),
                Column("error", NAME),
                _STATE,
                Column("due_ns", TIME),
            ),
        ),
        Kind(11, "RETRY", (_ORDER,)),
        Kind(12, "TERMINATE", (_ORDER, Column("why", NAME), Column("deadline_ns", TIME))),
        Kind(13, "CANCEL", (_ORDER, Column("reason", NAME))),
        Kind(14, "RELEASE", (_ORDER, _SLOT, Column("forced", FLAG))),
        Kind(15, "STRAY", (_ORDER, _SLOT)),
        Kind(16, "PRESSURE", (Column("level", NAME), *_READING)),
        Kind(17, "HEALTH", (Column("healthy", FLAG),)),
        Kind(18, "RESTART"),
        Kind(19, "RECOVER", (_ORDER, _STATE)),
    ),
    snapshot=(
        SnapshotField("clock_ns"),
        SnapshotField("next_order", derivable=True),
        SnapshotField("mode", derivable=True),
        SnapshotField("handler", derivable=True),
        SnapshotField("last_claim_ns", derivable=True),
        SnapshotField("pressure", derivable=True),
        SnapshotField("healthy", derivable=True),
        SnapshotField("slots", derivable=True),
        SnapshotField("orders", derivable=True),
        SnapshotField("totals", derivable=True),
    ),
)
