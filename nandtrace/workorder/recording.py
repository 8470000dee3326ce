"""Recordings of the scheduler, and how a new process continues one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nandtrace.errors import StorageError, TraceError, WorkOrderError
from nandtrace.trace.chunk import Chunk
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.event import events_of
from nandtrace.trace.reader import TraceReader
from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.vocab.workorder import WORKORDER, RunEnd
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.fold import LogState

GENERATOR = "nandtrace.workorder"
VERSION = 1
"""Of the scheduler: it grows when the same scenario gives other events."""

CHECKPOINT_EVENTS = 100_000

BEFORE_SUFFIX = ".before"
"""What a recording is called while its continuation takes it over."""


@dataclass(frozen=True, slots=True)
class Continued:
    """A recording that goes on: in which state, and at which time of its clock."""

    recorder: WorkOrderRecorder
    state: Mapping[str, Any]
    time_ns: int


def new_recorder(
    path: str | os.PathLike[str],
    config: SchedulerConfig,
    *,
    is_virtual: bool,
    identity: Mapping[str, Any] | None = None,
    compress: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> WorkOrderRecorder:
    """A recorder for a scheduler with this configuration. Raises StorageError like all recorders."""
    return WorkOrderRecorder(
        path,
        limits=config.limits(is_virtual=is_virtual),
        identity={"generator": GENERATOR, "version": VERSION, **(identity or {})},
        compress=compress,
        provenance=provenance,
    )


def continued(
    path: str | os.PathLike[str],
    config: SchedulerConfig,
    *,
    is_virtual: bool = False,
    identity: Mapping[str, Any] | None = None,
) -> Continued | None:
    """Go on with a recording that was stopped, or whose process died; None where nothing was recorded.

    What was recorded is never in danger: until it is taken over it keeps a file of its own. A crash in here
    loses nothing. Raises StorageError where files can't be written, TraceError for a file that is no trace of
    work orders or is damaged before its end, and WorkOrderError where the limits are not those of its header.
    """
    target = Path(path)
    source = _source(target)
    if source is None:
        return None
    with TraceReader(source) as reader:
        _check_limits(reader, config, is_virtual=is_virtual)
    source = _set_aside(target, source)
    with TraceReader(source) as reader:
        recorder = new_recorder(target, config, is_virtual=is_virtual, identity=identity)
        try:
            log = _take_over(reader, recorder)
            with _storage_errors(source):
                source.unlink()
        except BaseException:
            recorder.discard()
            raise
    if log.state is None:
        recorder.discard()
        return None
    return Continued(recorder, log.state.snapshot(), log.time_ns)


def state_of_log(path: str | os.PathLike[str]) -> tuple[dict[str, Any], int]:
    """The state that a log tells, complete or not, and the time of its last event.

    Raises TraceError where it tells none.
    """
    with TraceReader(path) as reader:
        log = _Log(reader)
        for _ in log.chunks():
            pass
    if log.state is None:
        raise TraceError(str(path), "it holds no event")
    return log.state.snapshot(), log.time_ns


def _source(target: Path) -> Path | None:
    """The file that holds what was recorded."""
    partial = partial_path(target)
    with _storage_errors(target):
        if _before(target).exists():
            return _before(target)
        if partial.exists() and _is_empty(partial):
            partial.unlink()
        return next((path for path in (partial, target) if path.exists()), None)


def _set_aside(target: Path, source: Path) -> Path:
    """Give what was recorded a name of its own, out of the way of its continuation."""
    before = _before(target)
    with _storage_errors(target):
        if source == before:
            # A continuation died before it had taken everything over, and recorded nothing of its own.
            partial_path(target).unlink(missing_ok=True)
        else:
            source.replace(before)
    return before


def _before(target: Path) -> Path:
    return target.with_name(target.name + BEFORE_SUFFIX)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(str(path), error) from error


class _Log:
    """A log that is read from its beginning as far as it is whole, and the state that it tells."""

    def __init__(self, reader: TraceReader) -> None:
        _check_domain(reader)
        self._reader = reader
        self.state: LogState | None = None
        self.time_ns = 0
        self.end: str | None = None
        """Why the last run ended; None while it is open."""

    def chunks(self) -> Iterator[Chunk]:
        """The chunks before the end or the cut, each folded before it is given."""
        cut: str | None = None
        for item in self._reader.walk():
            if not isinstance(item, Chunk):
                cut = item.reason
            elif cut is not None:
                raise TraceError(str(self._reader.path), f"it is damaged before its end: {cut}")
            else:
                self._fold(item)
                yield item

    def _fold(self, chunk: Chunk) -> None:
        states = {item.seq: item.state for item in chunk.snapshots}
        for event in events_of(chunk, self._reader.header.vocabulary):
            self.time_ns, self.end = event.time_ns, event.fields.get("end")
            if event.kind == "RUN_BEGIN":
                self.state = LogState(states[event.seq])
            elif self.state is not None:
                self.state.apply(event)


def _take_over(reader: TraceReader, recorder: WorkOrderRecorder) -> _Log:
    """Copy a log, and end it where its process did not."""
    log = _Log(reader)
    for chunk in log.chunks():
        recorder.take_over(chunk)
    if log.state is None:
        return log
    state = log.state.snapshot()
    if log.end == RunEnd.CHECKPOINT:
        # It died between two runs.
        recorder.begin_run(log.time_ns, snapshot=state)
    if log.end in (None, RunEnd.CHECKPOINT):
        recorder.end_run(log.time_ns, RunEnd.CRASHED, snapshot=state)
    recorder.flush()
    return log


def _check_domain(reader: TraceReader) -> None:
    if reader.header.domain != WORKORDER.domain:
        raise TraceError(str(reader.path), f"of the domain {reader.header.domain}", "header")


def _check_limits(reader: TraceReader, config: SchedulerConfig, *, is_virtual: bool) -> None:
    _check_domain(reader)
    limits = asdict(config.limits(is_virtual=is_virtual))
    for name, value in limits.items():
        before = reader.header.device.get(name)
        if before != value:
            raise WorkOrderError(
                f"{reader.path}: {name} was {before}, and is {value}: a recording keeps its limits"
            )


def _is_empty(partial: Path) -> bool:
    """Whether the process died before it had written anything."""
    try:
        with TraceReader(partial):
            return False
    except TraceError:
        return True
