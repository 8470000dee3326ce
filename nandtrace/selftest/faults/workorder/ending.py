"""Faults of ends: of handlers, of the scheduler, of a process and what the next makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from nandtrace.vocab.workorder import Mode, OrderState, RunEnd, TerminateWhy
from nandtrace.workorder import NullLog, Scheduler
from nandtrace.workorder.book import Record
from nandtrace.workorder.pump import Pump
from nandtrace.workorder.snapshot import take_snapshot
from nandtrace.workorder.transitions import Transitions
from nandtrace.workorder.workers import Workers

# ---- asking to end


class _OtherLimits(Workers):
    """Workers that go by other limits than everybody else."""

    changes: dict[str, int]

    def start(self, *args: Any) -> None:
        limits = self._state.limits
        changed = {
            name: getattr(limits, name) + by
            for name, by in self.changes.items()
            if getattr(limits, name) is not None
        }
        self._state.limits = replace(limits, **changed)
        super().start(*args)
        self._state.limits = limits


class LeasesTooShort(_OtherLimits):
    """A lease ends early."""

    changes = {"lease_ns": -1_000}  # noqa: RUF012 - a constant of a fault


class LeasesTooLong(_OtherLimits):
    """A lease ends late."""

    changes = {"lease_ns": 1_000}  # noqa: RUF012 - a constant of a fault


class NoLease(_OtherLimits):
    """Hardly any lease ends."""

    changes = {"lease_ns": 10**15}  # noqa: RUF012 - a constant of a fault


class AbandonsEarly(Workers):
    """A handler loses its slot before its deadline."""

    def terminate(self, record: Record, why: TerminateWhy) -> None:
        super().terminate(record, why)
        work = self._works[record.number]
        assert work.deadline is not None
        work.deadline.cancel()
        early_ns = record.deadline_ns - 1_000
        work.deadline = self._state.clock.call_at(early_ns, partial(self._abandon, work))


class NeverAbandons(Workers):
    """Who is deaf keeps the slot past the deadline."""

    def _abandon(self, work: Any) -> None:
        pass


class NewDeadline(Transitions):
    """A cancel after a lease gives the handler more time."""

    def terminate(self, record: Record, why: TerminateWhy) -> None:
        record.terminate = None
        super().terminate(record, why)


class AsksTwice(Workers):
    """A handler is asked to end again and again."""

    def terminate(self, record: Record, why: TerminateWhy) -> None:
        super().terminate(record, why)
        if record.terminate is why:
            self._state.terminate(record, why)


class CompletesTheCancelled(Workers):
    """A handler that returns after it was asked to end has done its work."""

    def _end_attempt(self, work: Any) -> None:
        if work.task is not None and work.task.done() and not work.task.cancelled():
            work.record.terminate = None
        super()._end_attempt(work)


class FailsTheCancelled(Workers):
    """An order that was cancelled is tried again."""

    def _end_attempt(self, work: Any) -> None:
        if work.record.terminate is not None:
            work.record.terminate = TerminateWhy.LEASE
        super()._end_attempt(work)


class ImpatientStop(Scheduler):
    """A stop asks the handlers to end before its grace is over."""

    def _stop(self, grace_ns: int) -> None:
        super()._stop(grace_ns)
        if self.mode is Mode.STOPPING:
            self._grace_over()


class PatientStop(Scheduler):
    """A stop waits a second longer than its grace."""

    def _grace_over(self) -> None:
        self.clock.call_at(self.clock.now_ns() + 1_000_000_000, super()._grace_over)


class StopsTooSoon(Scheduler):
    """The scheduler has stopped while an order is active."""

    def _stop(self, grace_ns: int) -> None:
        self._state.begin_stop(grace_ns)
        self._pump.stop()
        self._waiting.stopping()
        for timer in self._retry_timers.values():
            timer.cancel()
        self._end()
        self._state.log = NullLog()


# ---- runs and lives


class CheckpointMisstates(Pump):
    """A checkpoint's snapshot has an order in another state."""

    def _checkpoint(self) -> None:
        records = [r for r in self._state.book.records() if r.state is OrderState.RUNNING]
        for record in records:
            record.state = OrderState.PREPARING
        super()._checkpoint()
        for record in records:
            record.state = OrderState.RUNNING


class CheckpointForgets(Pump):
    """The run after a checkpoint begins without the last order."""

    def _checkpoint(self) -> None:
        log, now_ns = self._state.log, self._state.clock.now_ns()
        state = take_snapshot(self._state, now_ns)
        log.end_run(now_ns, RunEnd.CHECKPOINT, lambda: state)
        waiting = [entry for entry in state["orders"] if entry["state"] != "PENDING"]
        log.begin_run(now_ns, lambda: {**state, "orders": waiting})


class ForgetsRecovery(Transitions):
    """That one order is recovered is not written."""

    def recover(self, record: Record, state: OrderState) -> None:
        log = self.log
        if record.slot == 0:
            self.log = NullLog()
        super().recover(record, state)
        self.log = log


class RecoversBackwards(Scheduler):
    """Orders are recovered from the last to the first."""

    def _begin(self, *args: Any) -> None:
        records = self._state.book.records
        self._state.book.records = lambda: reversed(list(records()))  # type: ignore[method-assign]
        super()._begin(*args)
        self._state.book.records = records  # type: ignore[method-assign]


class RecoversWhoWaits(Transitions):
    """An order that was not active is recovered."""

    def restart(self) -> None:
        super().restart()
        for record in list(self.book.records()):
            if record.state is OrderState.WAITING_RETRY:
                now_ns = self.clock.now_ns()
                self.log.recover(now_ns, record.number, self.log.code(OrderState.PENDING))
                record.due_ns = None
                self._enter(record, OrderState.PENDING, now_ns)


class CountsTheInterrupted(Transitions):
    """An attempt that was interrupted counts."""

    def recover(self, record: Record, state: OrderState) -> None:
        super().recover(record, state)
        if state is OrderState.PENDING:
            record.attempts += 1


class RecoversLater(Scheduler):
    """A handler is set before the orders are recovered."""

    def _begin(self, *args: Any) -> None:
        recover = self._state.recover

        def set_and_recover(record: Record, state: OrderState) -> None:
            if not self._state.has_handler:
                self._state.set_handler(is_set=True)
            recover(record, state)

        self._state.recover = set_and_recover  # type: ignore[method-assign]
        super()._begin(*args)


class RestartsQuietly(Transitions):
    """A new life begins and nobody writes it."""

    def restart(self) -> None:
        log, self.log = self.log, NullLog()
        super().restart()
        self.log = log


class RestartsAtRandom(Transitions):
    """A new life forgets when the last claim was."""

    def restart(self) -> None:
        super().restart()
        self.last_claim_ns = None


class BeginsAnew(Scheduler):
    """A new process begins with nothing of what the old one left."""

    def _begin(self, state: Mapping[str, Any] | None, *args: Any) -> None:
        super()._begin(None if state is None else {**state, "orders": [], "slots": []}, *args)
