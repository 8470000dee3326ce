"""The words of the NAND domain: kinds of events, their columns, the fields of a snapshot. Data only.

A run is one call of the scheduler. An op is one NAND operation. A segment is one uninterrupted
execution of an op; an op suspended and resumed n times has n + 1 segments. Columns are only appended.
"""

from __future__ import annotations

from enum import StrEnum

from nandtrace.vocab.model import Column, ColumnType, Kind, ListColumn, SnapshotField, Vocabulary

INT, TIME, FLAG, NAME = ColumnType.INT, ColumnType.TIME, ColumnType.FLAG, ColumnType.NAME


class Axis(StrEnum):
    """What a suspend acts on."""

    ERASE = "ERASE"
    PROGRAM = "PROGRAM"


class Source(StrEnum):
    """Why a segment was committed."""

    PROPOSAL = "PROPOSAL"
    SEQUENCE = "SEQUENCE"
    BOOTSTRAP = "BOOTSTRAP"
    BACKLOG = "BACKLOG"
    RESUME_CHAIN = "RESUME_CHAIN"
    DRAIN = "DRAIN"


class Outcome(StrEnum):
    """How a segment ended. Without one, an OP_END means COMPLETED."""

    COMPLETED = "COMPLETED"
    SUSPENDED = "SUSPENDED"
    RESET = "RESET"


class RunEnd(StrEnum):
    """What a run did with what was still queued."""

    DRAINED = "DRAINED"
    CARRIED = "CARRIED"
    DROPPED = "DROPPED"


class RunStop(StrEnum):
    """Why a run stopped: its time was over, or its budget of hooks, or somebody asked for it."""

    RUN_UNTIL = "run_until"
    HOOKS = "hooks"
    REQUEST = "request"


class Hook(StrEnum):
    """What the scheduler dispatches beside OP_START and OP_END."""

    PHASE_HOOK = "PHASE_HOOK"
    BACKLOG_REFILL = "BACKLOG_REFILL"
    BACKLOG_RETRY = "BACKLOG_RETRY"
    QUEUE_REFILL = "QUEUE_REFILL"


class CancelReason(StrEnum):
    """Why a queued event was withdrawn."""

    SUSPEND = "SUSPEND"
    RESET = "RESET"


class State(StrEnum):
    """States of a segment that the checker knows by name; a scheduler may have more."""

    ISSUE = "ISSUE"
    CORE_BUSY = "CORE_BUSY"
    DATA_IN = "DATA_IN"
    DATA_OUT = "DATA_OUT"


class Scope(StrEnum):
    """What an op of a base holds while it runs, beside the bus."""

    NONE = "NONE"
    PLANE_SET = "PLANE_SET"
    DIE_WIDE = "DIE_WIDE"


class Role(StrEnum):
    """What an op of a base means to the device."""

    ERASE = "ERASE"
    PROGRAM = "PROGRAM"
    """Its completion programs its page."""

    LOAD = "LOAD"
    """Fills a latch for a program that follows; programs nothing itself."""

    READ = "READ"
    """Senses a page into the plane's output register."""

    CACHE_READ = "CACHE_READ"
    """Moves the page sensed before to the output register, and senses its own."""

    CACHE_READ_END = "CACHE_READ_END"
    """Moves the page sensed last to the output register. Its address says nothing."""

    DATA_OUT = "DATA_OUT"
    """Delivers the output register."""

    ERASE_SUSPEND = "ERASE_SUSPEND"
    ERASE_RESUME = "ERASE_RESUME"
    PROGRAM_SUSPEND = "PROGRAM_SUSPEND"
    PROGRAM_RESUME = "PROGRAM_RESUME"
    RESET = "RESET"
    """Ends everything on all dies."""

    RESET_LUN = "RESET_LUN"
    """Ends everything on its die."""

    ODT_DISABLE = "ODT_DISABLE"
    ODT_ENABLE = "ODT_ENABLE"
    OTHER = "OTHER"


class InheritRule(StrEnum):
    """How an op of a sequence gets its address from those before it."""

    NONE = "none"
    """An address of its own, legal for its base."""

    SAME_PAGE = "same_page"
    INC_PAGE = "inc_page"
    PREV_PAGE = "prev_page"
    """The page of the read before the last one, which a cache read moved to the output register;
    where there was one read only, its page."""

    PGM_SAME_PAGE = "pgm_same_page"
    """The page of the last program or load of the sequence; the first one chooses."""

    SAME_CELLTYPE = "same_celltype"
    MULTI = "multi"
    """As many planes as the op before it; ops that address one plane come once per plane."""

    SAME_PAGE_FROM_PROGRAM_SUSPEND = "same_page_from_program_suspend"
    """The page of the program that is suspended on the die."""

    SAME_REG = "same_reg"
    """The register that was set; has no address."""


class BootstrapStage(StrEnum):
    """What a bootstrap does now, in this order."""

    ERASE = "ERASE"
    PROGRAM = "PROGRAM"
    READ = "READ"
    DONE = "DONE"


END = "END"
"""In a key BASE.END: the time after an op, until the next one holds its planes."""


class SuspendCloses(StrEnum):
    """What closes a segment that a suspend cuts: an OP_END of its own, or the CANCEL alone."""

    OP_END = "op_end"
    CANCEL = "cancel"


class ApplyPolicy(StrEnum):
    """When a program counts: once per completed op, or at every ended segment."""

    PER_OP = "per_op"
    PER_SEGMENT = "per_segment"


DISPATCH_PRIORITY = {
    "OP_END": 0,
    Hook.PHASE_HOOK.value: 1,
    Hook.BACKLOG_REFILL.value: 2,
    Hook.BACKLOG_RETRY.value: 3,
    Hook.QUEUE_REFILL.value: 4,
    "OP_START": 5,
}
"""Order of dispatch among events of equal time."""

NEVER_ERASED = -2
ERASED = -1
"""`addr_state` of a block; from 0 on it is the last programmed page."""

DEFAULT_ERASE_BASES = ("ERASE",)

_TARGETS = ListColumn("targets", (Column("die"), Column("plane"), Column("block"), Column("page")))
_CELLS = ListColumn("cells", (Column("die"), Column("block"), Column("page")))

NAND = Vocabulary(
    domain="nand",
    kinds=(
        Kind(0, "RUN_BEGIN", (Column("run_until_ns", TIME),)),
        Kind(
            1,
            "RUN_END",
            (Column("end", NAME), Column("stop", NAME), Column("hooks"), Column("ops")),
        ),
        Kind(2, "HOOK", (Column("hook", NAME), Column("die"), Column("plane"))),
        Kind(
            3,
            "PROPOSE",
            (
                Column("phase_key", NAME),
                Column("die"),
                Column("plane"),
                Column("op_name", NAME),
                Column("reason", NAME),
            ),
        ),
        Kind(
            4,
            "COMMIT",
            (
                Column("seg"),
                Column("op"),
                Column("op_name", NAME),
                Column("base", NAME),
                Column("source", NAME),
                Column("start_ns", TIME),
                Column("end_ns", TIME),
            ),
            (_TARGETS,),
        ),
        Kind(
            5,
            "OP_START",
            (Column("seg"), Column("op"), Column("op_name", NAME), Column("base", NAME)),
        ),
        Kind(
            6,
            "OP_END",
            (
                Column("seg"),
                Column("outcome", NAME),
                Column("drained", FLAG),
                Column("op"),
                Column("op_name", NAME),
                Column("base", NAME),
            ),
            (_TARGETS,),
        ),
        Kind(
            7,
            "STATE",
            (Column("seg"), Column("state", NAME), Column("until_ns", TIME), Column("bus", FLAG)),
        ),
        Kind(
            8,
            "SUSPEND",
            (
                Column("die"),
                Column("axis", NAME),
                Column("op"),
                Column("at_ns", TIME),
                Column("remaining_ns", TIME),
                Column("by_seg"),
            ),
        ),
        Kind(
            9,
            "RESUME",
            (
                Column("die"),
                Column("axis", NAME),
                Column("op"),
                Column("ok", FLAG),
                Column("remaining_ns", TIME),
                Column("by_seg"),
                Column("source", NAME),
            ),
        ),
        Kind(
            10,
            "CANCEL",
            (
                Column("seg"),
                Column("event", NAME),
                Column("due_ns", TIME),
                Column("reason", NAME),
            ),
        ),
        Kind(
            11,
            "APPLY_ERASE",
            (Column("seg"), Column("celltype", NAME), Column("aborted", FLAG)),
            (_CELLS,),
        ),
        Kind(
            12,
            "APPLY_PGM",
            (Column("seg"), Column("celltype", NAME), Column("aborted", FLAG)),
            (_CELLS,),
        ),
        Kind(
            13,
            "LATCH",
            (
                Column("on", FLAG),
                Column("die"),
                Column("plane"),
                Column("latch", NAME),
                Column("seg"),
            ),
        ),
        Kind(
            14,
            "CACHE",
            (
                Column("on", FLAG),
                Column("die"),
                Column("plane"),
                Column("cache", NAME),
                Column("seg"),
            ),
        ),
        Kind(15, "ODT", (Column("on", FLAG), Column("die"), Column("seg"))),
        Kind(
            16,
            "BACKLOG",
            (Column("on", FLAG), Column("op"), Column("op_name", NAME), Column("die")),
        ),
        Kind(17, "BOOTSTRAP", (Column("stage", NAME),)),
        Kind(18, "DRAIN_BEGIN", (Column("pending"),)),
        Kind(19, "DRAIN_END", (Column("delivered"),)),
    ),
    snapshot=(
        SnapshotField("ongoing", derivable=True),
        SnapshotField("suspended_erase", derivable=True),
        SnapshotField("suspended_program", derivable=True),
        SnapshotField("pending"),
        SnapshotField("addr_state", derivable=True),
        SnapshotField("cell_modes", derivable=True),
        SnapshotField("clock_ns"),
        SnapshotField("latches", derivable=True),
        SnapshotField("caches", derivable=True),
        SnapshotField("odt_disabled", derivable=True),
        SnapshotField("backlog", derivable=True),
        SnapshotField("bootstrap"),
    ),
)
