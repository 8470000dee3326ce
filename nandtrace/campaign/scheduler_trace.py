"""The trace of a campaign's own scheduler: one life after another in one file, as long as the limits stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from nandtrace.errors import StorageError, TraceError, WorkOrderError
from nandtrace.trace import ChunkError
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.recording import BEFORE_SUFFIX, continued, new_recorder


@dataclass(frozen=True, slots=True)
class SchedulerTrace:
    """A trace about to be written; `state` and `time_ns` are where the life before ended, if any did."""

    recorder: WorkOrderRecorder
    state: Mapping[str, Any] | None = None
    time_ns: int = 0


def open_trace(path: Path, config: SchedulerConfig, name: str) -> SchedulerTrace:
    """Begin the trace of a campaign of this name, or go on with it.

    One that can't be continued is kept beside it as campaign.1.mpk, campaign.2.mpk and so on: the results
    are in the journal. Raises StorageError.
    """
    identity = {"campaign": name}
    for left in (*_cut_short(path), path):
        if left.is_dir():
            keep_trace(left)
    try:
        before = continued(path, config, identity=identity)
    except (WorkOrderError, TraceError, ChunkError):
        for left in _cut_short(path):
            keep_trace(left)
        keep_trace(path)
        before = None
    if before is not None:
        return SchedulerTrace(before.recorder, before.state, before.time_ns)
    return SchedulerTrace(new_recorder(path, config, is_virtual=False, identity=identity))


def is_cut(path: Path) -> bool:
    """Whether the life before was cut short, so that the trace is not whole."""
    return any(left.exists() for left in _cut_short(path))


def keep_trace(path: Path) -> None:
    """Give what there is of the trace a name of its own: campaign.1.mpk and so on. Raises StorageError."""
    if not path.exists():
        return
    stem = path.name.partition(".")[0]
    names = (path.with_name(f"{stem}.{number}.mpk") for number in count(1))
    free = next(name for name in names if not name.exists())
    try:
        path.replace(free)
    except OSError as error:
        raise StorageError(str(path), error) from error


def _cut_short(path: Path) -> tuple[Path, ...]:
    """What the trace is called while it is no whole one."""
    return path.with_name(path.name + BEFORE_SUFFIX), partial_path(path)
