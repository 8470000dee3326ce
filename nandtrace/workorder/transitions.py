"""All that changes the scheduler's state: each change is made here, logged here, and told from here."""

from __future__ import annotations

from typing import Any

from nandtrace.trace.workorder_recorder import WorkOrderLimits
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import (
    ACTIVE,
    MEMORY_GATES,
    TERMINAL,
    CancelReason,
    FailCause,
    Gate,
    Mode,
    OrderState,
    Refusal,
    TerminateWhy,
)
from nandtrace.workorder.book import OrderBook, Record
from nandtrace.workorder.clock import Clock
from nandtrace.workorder.events import (
    Backpressure,
    MemoryWait,
    QueueEmpty,
    StaggerWait,
    StateChanged,
    StrayRelease,
    TerminalReached,
    WorkClaimed,
)
from nandtrace.workorder.listeners import Listeners
from nandtrace.workorder.log import WorkOrderLog
from nandtrace.workorder.monitor import ResourceMonitor
from nandtrace.workorder.order import Attempt, Outcome, WorkOrder
from nandtrace.workorder.probe import Reading
from nandtrace.workorder.retries import retry_delay_ns
from nandtrace.workorder.statistics import Waits


class Transitions:
    """The state of a scheduler, and one method for each kind of event that changes it.

    Callers have asked whether a transition is legal: an illegal one is a defect, and asserted.
    """

    def __init__(
        self,
        limits: WorkOrderLimits,
        *,
        seed: int,
        clock: Clock,
        monitor: ResourceMonitor,
        listeners: Listeners,
        log: WorkOrderLog,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.monitor = monitor
        self.listeners = listeners
        self.log = log
        self.book = OrderBook(limits)
        self.waits = Waits()
        self.mode = Mode.NEW
        self.has_handler = False
        self.last_claim_ns: int | None = None
        self.strays = 0
        self._seed = seed

    # ---- the scheduler

    def change_mode(self, mode: Mode) -> None:
        self.mode = mode
        self.log.mode(self.clock.now_ns(), self.log.code(mode), NULL)

    def begin_stop(self, grace_ns: int) -> int:
        """STOPPING; returns when the grace period ends."""
        now_ns = self.clock.now_ns()
        self.mode = Mode.STOPPING
        self.log.mode(now_ns, self.log.code(self.mode), now_ns + grace_ns)
        return now_ns + grace_ns

    def set_handler(self, *, is_set: bool) -> None:
        self.has_handler = is_set
        self.log.handler(self.clock.now_ns(), int(is_set))

    def read_pressure(self, now_ns: int, reading: Reading) -> bool:
        """Take over the pressure of a reading; returns whether it is another one."""
        if not self.monitor.note(reading):
            return False
        level = self.log.code(self.monitor.pressure)
        self.log.pressure(now_ns, level, *_figures(reading))
        return True

    def tell_health(self) -> None:
        """Say it, where the scheduler became healthy or is no longer."""
        if self.monitor.note_health():
            self.log.health(self.clock.now_ns(), int(self.monitor.healthy))

    # ---- the queue

    def enqueue(self, order: WorkOrder, max_retries: int) -> Record:
        now_ns, book = self.clock.now_ns(), self.book
        record = book.add(order, max_retries, now_ns)
        book.totals.enqueued += 1
        code = self.log.code(order.id)
        self.log.enqueue(now_ns, record.number, code, order.priority, max_retries, book.depth)
        self.listeners.tell(StateChanged(order.id, None, OrderState.PENDING))
        return record

    def refuse(self, order: WorkOrder, refusal: Refusal) -> None:
        book, code = self.book, self.log.code
        book.totals.refused += 1
        self.log.refuse(
            *(self.clock.now_ns(), code(order.id), order.priority, code(refusal)),
            *(book.depth, book.reserved),
        )
        if refusal is Refusal.FULL:
            self.listeners.tell(Backpressure(book.depth))

    # ---- decisions

    def hold(
        self,
        now_ns: int,
        gate: Gate,
        record: Record | None,
        until_ns: int | None,
        reading: Reading | None,
    ) -> None:
        """Nobody is claimed. `now_ns` is the time that the decision was made for."""
        self.log.hold(
            *(now_ns, self.log.code(gate), NULL if record is None else record.number),
            *(NULL if until_ns is None else until_ns, *_figures(reading)),
        )
        if gate is Gate.QUEUE:
            self.listeners.tell(QueueEmpty())
        elif gate is Gate.STAGGER:
            assert record is not None
            assert until_ns is not None
            self.listeners.tell(StaggerWait(record.id, until_ns - now_ns))
        elif gate in MEMORY_GATES:
            assert record is not None
            assert reading is not None
            self.listeners.tell(MemoryWait(record.id, gate, reading))

    def claim(self, now_ns: int, record: Record, reading: Reading) -> Attempt:
        """The order gets a slot and its next attempt."""
        assert record.state is OrderState.PENDING
        self.waits.add(now_ns - record.since_ns)
        slot = self.monitor.acquire(record.number)
        record.slot, record.claimed_ns = slot, now_ns
        record.attempts += 1
        self.last_claim_ns = now_ns
        self.book.totals.claimed += 1
        self.log.claim(now_ns, record.number, record.attempts, slot, *_figures(reading))
        self.listeners.tell(WorkClaimed(record.id, record.attempts, slot))
        self._enter(record, OrderState.PREPARING, now_ns)
        return Attempt(record.order, record.number, record.attempts, slot)

    def settling(self, now_ns: int) -> int:
        """How many slots were claimed so lately that a reading does not show their memory yet."""
        settle_ns = self.limits.settle_ns
        if not settle_ns:
            return 0
        active = (self.book.of_number(number) for _, number in self.monitor.held())
        claims = (record.claimed_ns for record in active if record is not None)
        return sum(
            now_ns - claimed_ns < settle_ns for claimed_ns in claims if claimed_ns is not None
        )

    # ---- attempts

    def ready(self, record: Record) -> None:
        assert record.state is OrderState.PREPARING
        now_ns = self.clock.now_ns()
        self.log.ready(now_ns, record.number)
        self._enter(record, OrderState.RUNNING, now_ns)

    def terminate(self, record: Record, why: TerminateWhy) -> None:
        """The handler is asked to end; a wish that came before is overridden, its deadline stays."""
        assert record.state in ACTIVE
        now_ns = self.clock.now_ns()
        if record.terminate is None:
            record.deadline_ns = now_ns + self.limits.terminate_grace_ns
        record.terminate = why
        self.log.terminate(now_ns, record.number, self.log.code(why), record.deadline_ns)

    def complete(self, record: Record, result: object) -> None:
        assert record.state is OrderState.RUNNING
        now_ns = self.clock.now_ns()
        self.log.complete(now_ns, record.number)
        record.outcome = Outcome(OrderState.COMPLETED, record.attempts, result)
        self._leave_slot(record, OrderState.COMPLETED, now_ns, "")

    def fail(self, record: Record, cause: FailCause, error: str | None) -> None:
        """The attempt failed: the order waits for its retry, or has had its last."""
        assert record.state in ACTIVE
        now_ns, code = self.clock.now_ns(), self.log.code
        state, due_ns = OrderState.FAILED, NULL
        if record.has_attempts_left:
            delay_ns = retry_delay_ns(self.limits, self._seed, record.id, record.attempts)
            state, due_ns = OrderState.WAITING_RETRY, now_ns + delay_ns
            record.due_ns = due_ns
        else:
            record.outcome = Outcome(state, record.attempts, error=error or cause.value)
        self.log.fail(
            *(now_ns, record.number, record.attempts, code(cause)),
            *(NULL if error is None else code(error), code(state), due_ns),
        )
        self._leave_slot(record, state, now_ns, error or cause.value)

    def cancel(self, record: Record, reason: CancelReason) -> None:
        """The order ends; an active one must have lost its handler."""
        now_ns = self.clock.now_ns()
        self.log.cancel(now_ns, record.number, self.log.code(reason))
        record.outcome = Outcome(OrderState.CANCELLED, record.attempts, error=reason.value)
        self._leave_slot(record, OrderState.CANCELLED, now_ns, reason.value)

    def release(self, attempt: Attempt, *, forced: bool) -> None:
        """The attempt's slot is free."""
        released = self.monitor.release(attempt.slot, attempt.number)
        assert released
        self.log.release(self.clock.now_ns(), attempt.number, attempt.slot, int(forced))

    def stray(self, attempt: Attempt) -> None:
        """A handler gives back a slot that was taken from it before."""
        self.strays += 1
        if self.mode is not Mode.STOPPED:
            self.log.stray(self.clock.now_ns(), attempt.number, attempt.slot)
        self.listeners.tell(StrayRelease(attempt.order.id, attempt.slot))

    def retry(self, record: Record) -> None:
        """The order is back in its place of the queue."""
        assert record.state is OrderState.WAITING_RETRY
        now_ns = self.clock.now_ns()
        record.due_ns = None
        self.book.totals.retried += 1
        self.log.retry(now_ns, record.number)
        self._enter(record, OrderState.PENDING, now_ns)

    # ---- recovery

    def restart(self) -> None:
        """A new life begins: what belonged to the process before is void."""
        self.mode, self.has_handler = Mode.NEW, False
        for slot, number in self.monitor.held():
            record = self.book.of_number(number)
            if record is None or record.state not in ACTIVE:
                # The log was cut between the end of the attempt and its release.
                self.monitor.release(slot, number)
                if record is not None:
                    record.slot = None
        for record in self.book.active_records():
            record.terminate = None
        self.monitor.forget()
        self.log.restart(self.clock.now_ns())

    def recover(self, record: Record, state: OrderState) -> None:
        """An order's work was lost (PENDING), or is known to have ended before the restart."""
        now_ns, was_active = self.clock.now_ns(), record.state in ACTIVE
        assert state in TERMINAL or (was_active and state is OrderState.PENDING)
        self.log.recover(now_ns, record.number, self.log.code(state))
        if record.slot is not None:
            released = self.monitor.release(record.slot, record.number)
            assert released
        if state in TERMINAL:
            record.outcome = Outcome(state, record.attempts)
        record.due_ns = None
        self._leave_slot(record, state, now_ns, "recovered")
        if was_active and state is OrderState.PENDING:
            record.attempts -= 1

    # ---- within

    def _leave_slot(self, record: Record, state: OrderState, now_ns: int, why: str) -> None:
        record.slot, record.claimed_ns, record.terminate = None, None, None
        self._enter(record, state, now_ns, why)

    def _enter(self, record: Record, state: OrderState, now_ns: int, why: str = "") -> None:
        old = record.state
        self.book.enter(record, state, now_ns, why)
        self.listeners.tell(StateChanged(record.id, old, state))
        if record.outcome is not None:
            self.listeners.tell(TerminalReached(record.id, record.outcome))


def _figures(reading: Reading | None) -> tuple[Any, Any]:
    return (NULL, NULL) if reading is None else (reading.total_bytes, reading.available_bytes)
