"""The words of the graph domain: kinds of events, their columns, the fields of a snapshot. Data only.

A graph has nodes, and edges between ports of nodes. A turn is one node's share of the scheduler: it takes
a due tick, then messages from its edges. A run is what lies between two snapshots: a long trace has one
every so many events. Names are those of the header's `device` map. Columns are only appended.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from nandtrace.vocab.model import Column, ColumnType, Kind, SnapshotField, Vocabulary

TIME, FLAG, NAME = ColumnType.TIME, ColumnType.FLAG, ColumnType.NAME


class Band(IntEnum):
    """When a node is served: its share of the turns, and its place in each cycle."""

    NORMAL = 1
    HIGH = 2
    CONTROL = 3


class MessageType(StrEnum):
    """What a message is: only CONTROL is never dropped, evicted or merged."""

    DATA = "DATA"
    CONTROL = "CONTROL"
    ERROR = "ERROR"


class Policy(StrEnum):
    """What a full edge does with a message."""

    BLOCK = "block"
    """Keeps it pending; its producer yields until it has entered the edge."""

    DROP = "drop"
    LATEST = "latest"
    """Evicts the oldest."""

    COALESCE = "coalesce"
    """Merges it into the newest."""


class PutResult(StrEnum):
    """What became of a message that was put on an edge."""

    OK = "OK"
    BLOCKED = "BLOCKED"
    DROPPED = "DROPPED"
    REPLACED = "REPLACED"
    COALESCED = "COALESCED"


class Call(StrEnum):
    """A callback of a node."""

    START = "START"
    MESSAGE = "MESSAGE"
    TICK = "TICK"
    STOP = "STOP"


class ErrorPolicy(StrEnum):
    """What a node's exception means for the rest."""

    SKIP = "skip"
    RETRY = "retry"
    STOP = "stop"


class Disposition(StrEnum):
    """What became of the input of a callback that raised."""

    SKIPPED = "SKIPPED"
    RETRIED = "RETRIED"
    """It is held, and delivered again in a later turn."""

    STOPPED = "STOPPED"
    """The node is disabled and the graph shuts down."""

    DISABLED = "DISABLED"
    """The node never started, and takes part in nothing."""


class Mutable(StrEnum):
    """What of an edge can be changed while the graph runs."""

    PRIORITY = "PRIORITY"
    CAPACITY = "CAPACITY"


class ShutdownReason(StrEnum):
    """Why a graph shuts down."""

    FINISHED = "FINISHED"
    """Nothing is ready, and no tick will come."""

    REQUESTED = "REQUESTED"
    UNTIL = "UNTIL"
    """The time that it was to run is over."""

    ERROR = "ERROR"
    """A node with the error policy stop raised."""


class Place(StrEnum):
    """Where a message was left over."""

    QUEUED = "QUEUED"
    PENDING = "PENDING"
    HELD = "HELD"


class RunEnd(StrEnum):
    """Why a run, a stretch of the trace, ends."""

    CHECKPOINT = "CHECKPOINT"
    FINISHED = "FINISHED"


class NodeState(StrEnum):
    """The life of a node."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    DISABLED = "DISABLED"
    STOPPED = "STOPPED"


COLUMN_WORDS: dict[str, type[StrEnum]] = {
    "type": MessageType,
    "result": PutResult,
    "what": Mutable,
    "call": Call,
    "disposition": Disposition,
    "reason": ShutdownReason,
    "place": Place,
    "end": RunEnd,
}
"""The columns, of whatever kind, that hold words of one enumeration each."""

DEFAULT_FAIRNESS = {Band.CONTROL: 4, Band.HIGH: 2, Band.NORMAL: 1}
"""Turns of each band in a cycle, in the order of service."""

_MSG, _NODE, _EDGE, _DEPTH = (
    Column("msg"),
    Column("node", NAME),
    Column("edge", NAME),
    Column("depth"),
)

GRAPH = Vocabulary(
    domain="graph",
    kinds=(
        Kind(0, "RUN_BEGIN"),
        Kind(1, "RUN_END", (Column("end", NAME),)),
        Kind(2, "START", (_NODE,)),
        Kind(3, "TURN", (_NODE, Column("band"))),
        Kind(4, "TICK", (_NODE, Column("due_ns", TIME), Column("missed"))),
        Kind(
            5,
            "PUT",
            (
                _MSG,
                _EDGE,
                Column("type", NAME),
                Column("result", NAME),
                _DEPTH,
                Column("other"),
                Column("trace_id"),
            ),
        ),
        Kind(6, "FLUSH", (_MSG, _EDGE, _DEPTH)),
        Kind(7, "GET", (_MSG, _EDGE, _DEPTH)),
        Kind(8, "DELIVER", (_MSG, _NODE, _EDGE, Column("attempt"))),
        Kind(9, "BLOCK", (_NODE, _EDGE)),
        Kind(10, "WAKE", (_NODE, _EDGE)),
        Kind(11, "IDLE", (Column("until_ns", TIME),)),
        Kind(
            12,
            "MUTATE",
            (_EDGE, Column("what", NAME), Column("old"), Column("new"), _DEPTH),
        ),
        Kind(
            13,
            "ERROR",
            (
                _NODE,
                Column("call", NAME),
                _EDGE,
                _MSG,
                Column("attempt"),
                Column("disposition", NAME),
                Column("error", NAME),
            ),
        ),
        Kind(14, "DISABLE", (_NODE, _EDGE)),
        Kind(15, "TICKS_END", (_NODE,)),
        Kind(16, "SHUTDOWN", (Column("reason", NAME), Column("deadline_ns", TIME))),
        Kind(17, "LEFTOVER", (_MSG, _EDGE, Column("place", NAME))),
        Kind(18, "STOP", (_NODE,)),
    ),
    snapshot=(
        SnapshotField("clock_ns"),
        SnapshotField("next_msg", derivable=True),
        SnapshotField("credits", derivable=True),
        SnapshotField("nodes", derivable=True),
        SnapshotField("edges", derivable=True),
        SnapshotField("ready", derivable=True),
        SnapshotField("shutdown", derivable=True),
    ),
)
