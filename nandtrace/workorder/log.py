"""Where the scheduler writes what it does: a trace, a program's own hooks, or nowhere."""

from __future__ import annotations

from nandtrace.trace.event_log import EventLog, RecordingLog, Row, SilentLog
from nandtrace.trace.workorder_recorder import WorkOrderRecorder
from nandtrace.vocab.workorder import WORKORDER


class WorkOrderLog(EventLog):
    """One hook for each kind of event (nandtrace.vocab.workorder)."""

    vocabulary = WORKORDER

    mode: Row
    handler: Row
    enqueue: Row
    refuse: Row
    claim: Row
    hold: Row
    ready: Row
    complete: Row
    fail: Row
    retry: Row
    terminate: Row
    cancel: Row
    release: Row
    stray: Row
    pressure: Row
    health: Row
    restart: Row
    recover: Row


class NullLog(SilentLog, WorkOrderLog):
    """Keeps nothing. A program's own hooks derive from it and replace what they want."""


class TraceLog(RecordingLog, WorkOrderLog):
    """Writes every event through a recorder, with a snapshot every `checkpoint_events` events or so."""


class JournalLog(TraceLog):
    """A TraceLog that is ahead of what it tells of.

    What was decided is with the operating system before anything comes of it, so that a process that is
    killed leaves a log with all that it began.
    """

    def __init__(self, recorder: WorkOrderRecorder, checkpoint_events: int) -> None:
        super().__init__(recorder, checkpoint_events)
        self._flush = recorder.flush
        self._append_claim = self.claim
        self._has_claims = False
        self.claim = self._claim

    def _claim(self, *values: int) -> None:
        self._has_claims = True
        self._append_claim(*values)

    def wants_checkpoint(self) -> bool:
        if self._has_claims:
            self._has_claims = False
            self._flush()
        return super().wants_checkpoint()
