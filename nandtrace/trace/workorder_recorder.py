"""The recorder of work-order traces: the calls with which a work-order scheduler writes its trace.

    limits = WorkOrderLimits(slots=1, stagger_ns=0)
    with WorkOrderRecorder("orders.mpk", limits=limits) as recorder:
        recorder.begin_run(0, snapshot=state())
        recorder.handler(0, is_set=True)
        recorder.enqueue(0, order=0, id="build", depth=1)
        recorder.mode(0, "RUNNING")
        recorder.claim(0, order=0, attempt=1, slot=0, total_bytes=2**35, available_bytes=2**34)
        recorder.hold(0, "QUEUE")
        recorder.ready(0, 0)
        recorder.complete(5_000_000, 0)
        recorder.release(5_000_000, order=0, slot=0)
        recorder.hold(5_000_000, "QUEUE")
        ...
        recorder.end_run(9_000_000, "STOPPED", snapshot=state())

Times are integer nanoseconds. docs/workorder-model.md says when each event is written, and
schemas/snapshot-workorder.schema.json what a snapshot holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from nandtrace.errors import RecordError
from nandtrace.trace.chunk import CHUNK_EVENTS
from nandtrace.trace.chunk_file import ChunkSink
from nandtrace.trace.header import Header
from nandtrace.trace.run_recorder import RunRecorder, or_null
from nandtrace.trace.snapshot_schema import check_device, check_snapshot
from nandtrace.vocab import WORKORDER
from nandtrace.vocab.workorder import COLUMN_WORDS, Policy

_MODE = WORKORDER.by_name["MODE"].code
_HANDLER = WORKORDER.by_name["HANDLER"].code
_ENQUEUE = WORKORDER.by_name["ENQUEUE"].code
_REFUSE = WORKORDER.by_name["REFUSE"].code
_CLAIM = WORKORDER.by_name["CLAIM"].code
_HOLD = WORKORDER.by_name["HOLD"].code
_READY = WORKORDER.by_name["READY"].code
_COMPLETE = WORKORDER.by_name["COMPLETE"].code
_FAIL = WORKORDER.by_name["FAIL"].code
_RETRY = WORKORDER.by_name["RETRY"].code
_TERMINATE = WORKORDER.by_name["TERMINATE"].code
_CANCEL = WORKORDER.by_name["CANCEL"].code
_RELEASE = WORKORDER.by_name["RELEASE"].code
_STRAY = WORKORDER.by_name["STRAY"].code
_PRESSURE = WORKORDER.by_name["PRESSURE"].code
_HEALTH = WORKORDER.by_name["HEALTH"].code
_RESTART = WORKORDER.by_name["RESTART"].code
_RECOVER = WORKORDER.by_name["RECOVER"].code


@dataclass(frozen=True, slots=True)
class WorkOrderLimits:
    """The constants of a work-order scheduler, as the header has them.

    `max_depth` and `lease_ns` are None where there is no bound. `decision_within_ns` is how late a timer
    may be: 0 by a virtual clock.
    """

    slots: int = 2
    memory_per_slot_bytes: int = 4_096 * 2**20
    warning_permille: int = 800
    critical_permille: int = 900
    memory_gating: bool = True
    stagger_ns: int = 5_000_000_000
    policy: str = Policy.FIFO
    max_depth: int | None = None
    backoff_ns: int = 1_000_000_000
    backoff_factor_permille: int = 2_000
    backoff_cap_ns: int = 60_000_000_000
    jitter_permille: int = 100
    lease_ns: int | None = None
    stop_grace_ns: int = 30_000_000_000
    terminate_grace_ns: int = 5_000_000_000
    poll_ns: int = 1_000_000_000
    resource_poll_ns: int = 5_000_000_000
    settle_ns: int = 0
    decision_within_ns: int = 0


class WorkOrderRecorder(RunRecorder):
    """Writes a work-order trace event by event, or in bulk as columns.

    `limits` are what the scheduler's rules depend on. `identity` and `provenance` are kept as given; only
    the first is digested. Runs are numbered from `first_run`. A `sink` takes the chunks in place of the
    file (nandtrace.trace.chunk_file).

    In `names`, the words of the vocabulary keep their codes through the trace; ids and texts of errors
    may not.

    Raises RecordError for limits that make no sense, a value that is not of its column or a call out of
    order, StorageError when the file can't be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        limits: WorkOrderLimits,
        identity: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        first_run: int = 0,
        sink: ChunkSink | None = None,
    ) -> None:
        super().__init__(
            path,
            Header(WORKORDER, dict(identity or {}), _device(limits)),
            partial(check_snapshot, WORKORDER.domain),
            provenance=provenance,
            compress=compress,
            chunk_events=chunk_events,
            first_run=first_run,
            sink=sink,
            pinned=_lasting_names(),
        )

    # ---- run boundaries

    def begin_run(self, time_ns: int, *, snapshot: Mapping[str, Any]) -> int:
        """Begin a run with the scheduler's complete state; returns the run's index."""
        return self._begin_run(time_ns, (), snapshot)

    def end_run(self, time_ns: int, end: str, *, snapshot: Mapping[str, Any]) -> None:
        """End the run. `end` says why (vocab.workorder.RunEnd)."""
        self._end_run(time_ns, (self._name(end),), snapshot)

    # ---- the life of the scheduler

    def mode(self, time_ns: int, mode: str, until_ns: int | None = None) -> None:
        """The mode (vocab.workorder.Mode) changes; `until_ns` is the end of STOPPING's grace period."""
        self._append(_MODE, time_ns, self._run, (self._name(mode), or_null(until_ns)))

    def handler(self, time_ns: int, is_set: bool) -> None:
        """A handler is set, or taken away."""
        self._append(_HANDLER, time_ns, self._run, (int(is_set),))

    def pressure(self, time_ns: int, level: str, *, total_bytes: int, available_bytes: int) -> None:
        """A reading gives another level (vocab.workorder.Pressure) than the one told last."""
        values = (self._name(level), total_bytes, available_bytes)
        self._append(_PRESSURE, time_ns, self._run, values)

    def health(self, time_ns: int, healthy: bool) -> None:
        """The scheduler is healthy from now on, or no longer."""
        self._append(_HEALTH, time_ns, self._run, (int(healthy),))

    def restart(self, time_ns: int) -> None:
        """A new process goes on where the log ended."""
        self._append(_RESTART, time_ns, self._run, ())

    # ---- the queue; `depth` is how many orders it holds afterwards

    def enqueue(
        self,
        time_ns: int,
        *,
        order: int,
        id: str,  # noqa: A002 - the column's name, as of all calls
        depth: int,
        priority: int = 0,
        max_retries: int = 0,
    ) -> None:
        """An order is accepted, with this number."""
        values = (order, self._name(id), priority, max_retries, depth)
        self._append(_ENQUEUE, time_ns, self._run, values)

    def refuse(
        self,
        time_ns: int,
        *,
        id: str,  # noqa: A002 - the column's name, as of all calls
        refusal: str,
        depth: int,
        reserved: int,
        priority: int = 0,
    ) -> None:
        """An order is not accepted (vocab.workorder.Refusal); active orders reserve `reserved` places."""
        values = (self._name(id), priority, self._name(refusal), depth, reserved)
        self._append(_REFUSE, time_ns, self._run, values)

    # ---- what the pump decides

    def claim(
        self,
        time_ns: int,
        *,
        order: int,
        attempt: int,
        slot: int,
        total_bytes: int,
        available_bytes: int,
    ) -> None:
        """An order is claimed for its next attempt, with a slot and the reading that allowed it."""
        values = (order, attempt, slot, total_bytes, available_bytes)
        self._append(_CLAIM, time_ns, self._run, values)

    def hold(
        self,
        time_ns: int,
        gate: str,
        *,
        order: int | None = None,
        until_ns: int | None = None,
        total_bytes: int | None = None,
        available_bytes: int | None = None,
    ) -> None:
        """Nothing is claimed, since a gate (vocab.workorder.Gate) is closed.

        `order` would have been claimed, from STAGGER on. STAGGER opens at `until_ns`. From PRESSURE on the
        reading stands here.
        """
        values = (or_null(order), or_null(until_ns), or_null(total_bytes), or_null(available_bytes))
        self._append(_HOLD, time_ns, self._run, (self._name(gate), *values))

    # ---- the life of an order

    def ready(self, time_ns: int, order: int) -> None:
        """The preparations are over, the handler works on the order."""
        self._append(_READY, time_ns, self._run, (order,))

    def complete(self, time_ns: int, order: int) -> None:
        """The handler has done its work."""
        self._append(_COMPLETE, time_ns, self._run, (order,))

    def fail(
        self,
        time_ns: int,
        *,
        order: int,
        attempt: int,
        cause: str,
        state: str,
        error: str | None = None,
        due_ns: int | None = None,
    ) -> None:
        """An attempt failed (vocab.workorder.FailCause): the order's new state, and when a retry is due."""
        name = self._name
        values = (order, attempt, name(cause), name(error), name(state), or_null(due_ns))
        self._append(_FAIL, time_ns, self._run, values)

    def retry(self, time_ns: int, order: int) -> None:
        """The order's retry is due."""
        self._append(_RETRY, time_ns, self._run, (order,))

    def terminate(self, time_ns: int, *, order: int, why: str, deadline_ns: int) -> None:
        """A handler is asked to end (vocab.workorder.TerminateWhy) until a deadline."""
        self._append(_TERMINATE, time_ns, self._run, (order, self._name(why), deadline_ns))

    def cancel(self, time_ns: int, order: int, reason: str) -> None:
        """An order is cancelled (vocab.workorder.CancelReason)."""
        self._append(_CANCEL, time_ns, self._run, (order, self._name(reason)))

    def recover(self, time_ns: int, order: int, state: str) -> None:
        """After a restart an order goes on in this state."""
        self._append(_RECOVER, time_ns, self._run, (order, self._name(state)))

    # ---- slots

    def release(self, time_ns: int, *, order: int, slot: int, forced: bool = False) -> None:
        """A slot is free; `forced` where the handler was abandoned."""
        self._append(_RELEASE, time_ns, self._run, (order, slot, int(forced)))

    def stray(self, time_ns: int, *, order: int, slot: int) -> None:
        """An abandoned handler gives back a slot that is no longer its own."""
        self._append(_STRAY, time_ns, self._run, (order, slot))


def _device(limits: WorkOrderLimits) -> dict[str, Any]:
    """The header's map. Raises RecordError, which names the entry, where it makes no sense."""
    # A member of Policy as the plain text that a header takes.
    device = asdict(limits) | {"policy": str(limits.policy)}
    try:
        check_device(WORKORDER.domain, device)
    except ValueError as error:
        raise RecordError(str(error)) from error
    if limits.warning_permille > limits.critical_permille:
        raise RecordError(
            f"device: warning_permille is {limits.warning_permille}, above critical_permille,"
            f" {limits.critical_permille}"
        )
    return device


def _lasting_names() -> Iterator[str]:
    for words in COLUMN_WORDS.values():
        yield from (word.value for word in words)
