"""Faults of orders and attempts: slots, states, the queue, retries."""

from __future__ import annotations

from functools import partial
from typing import Any

from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import FailCause, OrderState
from nandtrace.workorder import Attempt, Reading, ResourceMonitor, Scheduler, WorkOrder
from nandtrace.workorder.book import OrderBook, Record
from nandtrace.workorder.gates import Decision, Gates
from nandtrace.workorder.transitions import Transitions
from nandtrace.workorder.workers import Workers

# ---- slots


class LeakedSlot(Transitions):
    """The slot of an order that failed is never released."""

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        record = self.book.of_number(attempt.number)
        if record is None or record.state is not OrderState.WAITING_RETRY:
            super().release(attempt, forced=forced)


class SlotLostOnTheWay(ResourceMonitor):
    """Slot 1 is said to be released, and is not free for anybody."""

    @property
    def has_free_slot(self) -> bool:
        return bool(self._released) or self._next < self.slots

    def release(self, slot: int, holder: int) -> bool:
        released = super().release(slot, holder)
        if slot == 1 and 1 in self._released:
            self._released.remove(1)
        return released


class ReleasedTwice(Transitions):
    """A slot is released twice."""

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        super().release(attempt, forced=forced)
        self.log.release(self.clock.now_ns(), attempt.number, attempt.slot, int(forced))


class ReleasedLater(Transitions):
    """A slot is released with the next event after that of the end."""

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        now_ns = self.clock.now_ns()
        released = self.monitor.release(attempt.slot, attempt.number)
        assert released
        self.clock.call_at(
            now_ns, lambda: self.log.release(now_ns, attempt.number, attempt.slot, int(forced))
        )


class ReleasesAnother(Transitions):
    """The slot that is written as released is another one."""

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        now_ns, slot = self.clock.now_ns(), (attempt.slot + 1) % self.monitor.slots
        self.monitor.release(attempt.slot, attempt.number)
        self.log.release(now_ns, attempt.number, slot, int(forced))


class SaysForced(Transitions):
    """Every release of a handler that was asked to end is said to be forced."""

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        outcome = self.book.outcome(attempt.order.id)
        cancelled = outcome is not None and outcome.state is OrderState.CANCELLED
        super().release(attempt, forced=forced or cancelled)


class OneSlotMore(ResourceMonitor):
    """There is one slot more than there may be, for those who find none."""

    extra = False

    @property
    def has_free_slot(self) -> bool:
        if not super().has_free_slot and not self.extra:
            self.extra = True
            self._released.append(self.slots)
            return True
        return super().has_free_slot


class HighestFreeSlot(ResourceMonitor):
    """The highest free slot is taken."""

    def acquire(self, holder: int) -> int:
        slot = max(slot for slot in range(self.slots) if self.holder(slot) is None)
        self.take(slot, holder)
        return slot


class SharesSlots(ResourceMonitor):
    """Slot 0 is given to a second order while the first has it."""

    def acquire(self, holder: int) -> int:
        slot = super().acquire(holder)
        return 0 if 0 in self._used and slot == 1 else slot

    def release(self, slot: int, holder: int) -> bool:
        if self.holder(slot) == holder:
            super().release(slot, holder)
        return True


class InventsStrays(Workers):
    """A handler that ended in time gives its slot back once more."""

    def _settle(self, work: Any, *, forced: bool) -> None:
        super()._settle(work, forced=forced)
        self._state.stray(work.attempt)


# ---- states


class DoubleClaim(Gates):
    """An order that is being worked on is claimed again, once, when a slot is free."""

    done = False

    def decide(self, now_ns: int) -> Decision:
        decision = super().decide(now_ns)
        active = self._state.book.active_records()
        if decision.gate is not None or self.done or not active:
            return decision
        self.done = True
        reading = decision.reading
        assert reading is not None
        log, first, monitor = self._state.log, active[0], self._state.monitor
        free = next(slot for slot in range(monitor.slots) if monitor.holder(slot) is None)
        log.claim(
            *(now_ns, first.number, first.attempts + 1, free),
            *(reading.total_bytes, reading.available_bytes),
        )
        return decision


class SkipsAnAttempt(Transitions):
    """Attempts are counted by two from the second on."""

    def claim(self, now_ns: int, record: Record, reading: Reading) -> Attempt:
        record.attempts += record.attempts == 1
        return super().claim(now_ns, record, reading)


class NeverReady(Transitions):
    """That an order is being worked on is not written."""

    def ready(self, record: Record) -> None:
        self._enter(record, OrderState.RUNNING, self.clock.now_ns())


class ReadyTwice(Transitions):
    """An order becomes ready twice."""

    def ready(self, record: Record) -> None:
        super().ready(record)
        self.log.ready(self.clock.now_ns(), record.number)


class ReadyAfterTheEnd(Workers):
    """An order is heard of after its end."""

    def _settle(self, work: Any, *, forced: bool) -> None:
        super()._settle(work, forced=forced)
        if work.record.outcome is not None:
            self._state.log.ready(self._state.clock.now_ns(), work.record.number)


class LosesAnOrder(OrderBook):
    """The second order is accepted and forgotten."""

    def add(self, order: WorkOrder, max_retries: int, now_ns: int) -> Record:
        record = super().add(order, max_retries, now_ns)
        if record.number == 1:
            del self._live[record.number], self._numbers[record.id]
        return record


class SkipsNumbers(OrderBook):
    """A number is given to no order."""

    def add(self, order: WorkOrder, max_retries: int, now_ns: int) -> Record:
        self.next_number += self.next_number == 1
        return super().add(order, max_retries, now_ns)


class AcceptsTooMany(OrderBook):
    """The queue takes one more than it may."""

    @property
    def is_full(self) -> bool:
        return self._max_depth is not None and self.depth + self.reserved > self._max_depth


class AcceptsTooFew(OrderBook):
    """The queue is full one order too early."""

    @property
    def is_full(self) -> bool:
        return self._max_depth is not None and self.depth + self.reserved >= self._max_depth - 1


class ReservesNothing(OrderBook):
    """Active orders keep no place for their retries."""

    @staticmethod
    def _reserves(_: Record) -> int:
        return 0


class TakesDuplicates(OrderBook):
    """An order is accepted whose id is live."""

    def of_id(self, _: str) -> Record | None:
        return None

    def put(self, record: Record) -> None:
        self._numbers.pop(record.id, None)
        super().put(record)

    def _end(self, record: Record) -> None:
        self._numbers.setdefault(record.id, record.number)
        super()._end(record)


class MiscountsCancels(Transitions):
    """Cancelled orders are counted as failed."""

    def cancel(self, record: Record, *args: Any) -> None:
        super().cancel(record, *args)
        self.book.totals.cancelled -= 1
        self.book.totals.failed += 1


# ---- retries


class RetriesTooEarly(Scheduler):
    """A retry comes a nanosecond before it is due."""

    def _await_retry(self, record: Record) -> None:
        assert record.due_ns is not None
        retry = partial(self._safely, self._retry, record)
        self._retry_timers[record.number] = self.clock.call_at(record.due_ns - 1, retry)


class RetriesTooLate(Scheduler):
    """A retry comes when it is due and a little later."""

    def _await_retry(self, record: Record) -> None:
        assert record.due_ns is not None
        retry = partial(self._safely, self._retry, record)
        self._retry_timers[record.number] = self.clock.call_at(record.due_ns + 1_000, retry)


class ForgetsRetries(Scheduler):
    """A failed order waits for ever."""

    def _await_retry(self, record: Record) -> None:
        pass


class RetriesWhileStopping(Scheduler):
    """Retries fall due after the stop."""

    def _stop(self, grace_ns: int) -> None:
        timers, self._retry_timers = self._retry_timers, {}
        super()._stop(grace_ns)
        self._retry_timers = timers


class _OwnDelay(Transitions):
    """FAIL with another delay than the right one."""

    def delay_ns(self, record: Record) -> int:
        raise NotImplementedError

    def fail(self, record: Record, cause: FailCause, error: str | None) -> None:
        if not record.has_attempts_left:
            super().fail(record, cause, error)
            return
        now_ns, code = self.clock.now_ns(), self.log.code
        record.due_ns = now_ns + self.delay_ns(record)
        state = OrderState.WAITING_RETRY
        self.log.fail(
            *(now_ns, record.number, record.attempts, code(cause)),
            *(NULL if error is None else code(error), code(state), record.due_ns),
        )
        due_ns = record.due_ns
        self._leave_slot(record, state, now_ns, error or cause)
        record.due_ns = due_ns


class BacksOffWithoutCap(_OwnDelay):
    """The delay grows past its cap."""

    def delay_ns(self, record: Record) -> int:
        return int(self.limits.backoff_ns * 2 ** (record.attempts - 1))


class BacksOffByOneMore(_OwnDelay):
    """The first delay is that of the second attempt."""

    def delay_ns(self, record: Record) -> int:
        return min(int(self.limits.backoff_ns * 2**record.attempts), self.limits.backoff_cap_ns)


class OneTryTooMany(OrderBook):
    """Orders that have had their last attempt are tried again."""

    def add(self, order: WorkOrder, max_retries: int, now_ns: int) -> Record:
        record = super().add(order, max_retries, now_ns)
        record.max_retries += 1
        return record


class GivesUpEarly(OrderBook):
    """An order has failed while it still had an attempt."""

    def add(self, order: WorkOrder, max_retries: int, now_ns: int) -> Record:
        record = super().add(order, max_retries, now_ns)
        record.max_retries = max(max_retries - 1, 0)
        return record
