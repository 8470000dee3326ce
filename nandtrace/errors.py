"""The errors of nandtrace.

NandtraceError
├── UsageError          the call was wrong: an option, a pattern, a profile (exit code 2)
│   ├── GraphError      a graph is wired or used wrongly; also a ValueError
│   └── WorkOrderError  the work-order scheduler is used wrongly; also a ValueError
│       ├── QueueFull        it takes no more orders for now
│       ├── DuplicateOrder   an order with this id is live
│       └── SchedulerStopped it takes no orders any more
├── InputError          an input can't be read: names file, place and reason (exit code 3)
│   ├── TraceError      not a trace, or a damaged one
│   └── LogError        a foreign log that does not follow its format
├── StorageError        the disk is full, a folder is not writable (exit code 3)
├── RecordError         a scheduler handed the recorder something that is no event
└── InternalError       a defect of nandtrace itself: please report it

A violated invariant is never an exception: it is data of a verdict.
"""

from __future__ import annotations


class NandtraceError(Exception):
    """Base of every error that nandtrace raises on purpose."""


class UsageError(NandtraceError):
    """The call was wrong; nothing was read or written."""


class GraphError(UsageError, ValueError):
    """A graph is wired or used wrongly: names the node, port or edge."""


class WorkOrderError(UsageError, ValueError):
    """The work-order scheduler is used wrongly: names the order or the setting."""


class QueueFull(WorkOrderError):  # noqa: N818 - a condition, as asyncio.QueueFull is
    """The queue takes no more orders for now; `depth` orders are in it."""

    def __init__(self, order_id: str, depth: int) -> None:
        self.depth = depth
        super().__init__(f"order {order_id!r}: the queue is full, {depth} orders are in it")


class DuplicateOrder(WorkOrderError):  # noqa: N818 - likewise
    """An order with this id is live."""


class SchedulerStopped(WorkOrderError):  # noqa: N818 - likewise
    """The scheduler takes no orders any more."""


class InputError(NandtraceError):
    """An input could not be read.

    `path` names the file, `place` the offset, line or field (empty where the whole file is meant).
    """

    def __init__(self, path: str, reason: str, place: str = "") -> None:
        self.path = path
        self.place = place
        self.reason = reason
        super().__init__(f"{path}: {place}: {reason}" if place else f"{path}: {reason}")


class TraceError(InputError):
    """The file is not a trace, or the asked-for part of it is damaged."""


class LogError(InputError):
    """A foreign log does not follow its format."""


class StorageError(NandtraceError):
    """Writing failed: disk full, folder missing or not writable."""

    def __init__(self, path: str, error: OSError) -> None:
        self.path = path
        reason = error.strerror or str(error)
        super().__init__(f"{path}: cannot write: {reason}")


class RecordError(NandtraceError):
    """A value handed to the recorder is no value of that column, or a call is out of order."""


class InternalError(NandtraceError):
    """nandtrace contradicts itself. Please report it."""
