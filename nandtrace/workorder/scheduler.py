"""The scheduler of work orders: a queue, and one pump that claims from it when the gates are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nandtrace.errors import DuplicateOrder, QueueFull, SchedulerStopped, WorkOrderError
from nandtrace.vocab.workorder import (
    ACTIVE,
    TERMINAL,
    CancelReason,
    Mode,
    OrderState,
    Refusal,
    RunEnd,
    TerminateWhy,
)
from nandtrace.workorder.book import HistoryEntry, Record
from nandtrace.workorder.clock import Clock, RealClock, Timer
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.listeners import Listener, Listeners
from nandtrace.workorder.log import NullLog, WorkOrderLog
from nandtrace.workorder.monitor import ResourceMonitor
from nandtrace.workorder.order import (
    FunctionHandler,
    Handler,
    HandlerFunction,
    Outcome,
    WorkOrder,
)
from nandtrace.workorder.probe import Probe, SystemProbe
from nandtrace.workorder.pump import Pump
from nandtrace.workorder.restoring import load_state
from nandtrace.workorder.snapshot import take_snapshot
from nandtrace.workorder.statistics import Statistics
from nandtrace.workorder.transitions import Transitions
from nandtrace.workorder.values import duration_ns_of
from nandtrace.workorder.waiting import Waiting
from nandtrace.workorder.workers import Workers


class Scheduler:
    """Claims queued orders one by one, as slots and memory allow, and has the handler work on them.

    It belongs to one asyncio event loop, in which it is made and used. Without a probe it reads this
    machine's memory, without a clock it goes by the system's. With a `log` it writes down all that it does.

    With a `state`, a snapshot, it continues where another process ended: `payloads` gives the payload of
    each live order by its id, and `known` how orders have ended that the state still takes for live.

    A scheduler that has stopped stays so. Raises WorkOrderError for what makes no sense. Where the log can't
    be written, or the probe fails, nothing goes on: handlers are cancelled, and every later call, and whoever
    waits, is told of it by the same exception.
    """

    def __init__(
        self,
        config: SchedulerConfig | None = None,
        handler: Handler | HandlerFunction | None = None,
        *,
        clock: Clock | None = None,
        probe: Probe | None = None,
        log: WorkOrderLog | None = None,
        state: Mapping[str, Any] | None = None,
        payloads: Callable[[str], object] | None = None,
        known: Mapping[str, OrderState] | None = None,
    ) -> None:
        self.config = config or SchedulerConfig()
        self.clock = clock or RealClock()
        self._log = log or NullLog()
        limits = self.config.limits(is_virtual=self.clock.is_virtual)
        self._listeners = Listeners()
        self.monitor = ResourceMonitor(limits, probe or SystemProbe(), self._listeners)
        self._state = Transitions(
            limits,
            seed=self.config.seed,
            clock=self.clock,
            monitor=self.monitor,
            listeners=self._listeners,
            log=self._log,
        )
        self._waiting = Waiting()
        self._workers = Workers(self._state, self._safely, self._attempt_over)
        self._pump = Pump(self._state, self._workers, self._safely, self._give_room)
        self._grace_timer: Timer | None = None
        self._retry_timers: dict[int, Timer] = {}
        self._begin(state, payloads or (lambda _: None), known or {})
        if handler is not None:
            self.set_handler(handler)

    def _begin(
        self,
        state: Mapping[str, Any] | None,
        payloads: Callable[[str], object],
        known: Mapping[str, OrderState],
    ) -> None:
        if state is None:
            now_ns = self.clock.now_ns()
            self._log.begin_run(now_ns, lambda: take_snapshot(self._state, now_ns))
            return
        for order_id, state_known in known.items():
            if state_known not in TERMINAL:
                raise WorkOrderError(
                    f"order {order_id!r} is known as {state_known}: that is no end"
                )
        load_state(self._state, state, payloads)
        self._log.begin_run(state["clock_ns"], lambda: dict(state))
        self._state.restart()
        for record in self._state.book.records():
            lost = OrderState.PENDING if record.state in ACTIVE else None
            end = known.get(record.id) or lost
            if end is not None:
                self._state.recover(record, end)
            elif record.state is OrderState.WAITING_RETRY:
                self._await_retry(record)

    # ---- orders

    def enqueue(self, order: WorkOrder) -> int:
        """Accept an order; returns its number in the trace.

        Raises SchedulerStopped from the stop on, DuplicateOrder while an order with this id is live, and
        QueueFull, with the depth, where there is no room.
        """
        book = self._state.book
        self._waiting.check()
        with self._listeners.held():
            if self.mode in (Mode.STOPPING, Mode.STOPPED):
                self._refuse(order, Refusal.STOPPING)
                raise SchedulerStopped(f"order {order.id!r}: the scheduler has stopped")
            if book.of_id(order.id) is not None:
                self._refuse(order, Refusal.DUPLICATE)
                raise DuplicateOrder(f"order {order.id!r}: an order with this id is live")
            if book.is_full:
                self._refuse(order, Refusal.FULL)
                raise QueueFull(order.id, book.depth)
            retries = self.config.max_retries if order.max_retries is None else order.max_retries
            record = self._state.enqueue(order, retries)
            self._pump.wake()
        return record.number

    def _refuse(self, order: WorkOrder, refusal: Refusal) -> None:
        if self.mode is not Mode.STOPPED:
            self._state.refuse(order, refusal)

    async def submit(self, order: WorkOrder) -> int:
        """Accept an order as soon as there is room, first come, first served; returns its number.

        Else it raises like `enqueue`.
        """
        place = self._waiting.line_up()
        try:
            while self._must_wait(place):
                await self._waiting.room(place)
            return self.enqueue(order)
        finally:
            self._waiting.leave(place)
            self._give_room()

    def _must_wait(self, place: object) -> bool:
        if self.mode in (Mode.STOPPING, Mode.STOPPED):
            return False
        return self._state.book.is_full or not self._waiting.is_first(place)

    def dequeue(self, order_id: str) -> bool:
        """Take a PENDING order out of the queue; False where it is not there (any more)."""
        record = self._live(order_id)
        if record is None or record.state is not OrderState.PENDING:
            return False
        self._cancel_waiting(record, CancelReason.DEQUEUED)
        return True

    def cancel(self, order_id: str) -> bool:
        """Cancel a live order; False where it is not live.

        One that is being worked on keeps its slot until its handler has ended: `wait` for that.
        """
        record = self._live(order_id)
        if record is None:
            return False
        if record.state in ACTIVE:
            with self._listeners.held():
                self._workers.terminate(record, TerminateWhy.CANCEL)
        else:
            self._cancel_waiting(record, CancelReason.REQUESTED)
        return True

    def _live(self, order_id: str) -> Record | None:
        """The order, while something can still happen to it."""
        self._waiting.check()
        return None if self.mode is Mode.STOPPED else self._state.book.of_id(order_id)

    def _cancel_waiting(self, record: Record, reason: CancelReason) -> None:
        with self._listeners.held():
            timer = self._retry_timers.pop(record.number, None)
            if timer is not None:
                timer.cancel()
            self._state.cancel(record, reason)
            self._order_over(record)

    async def wait(self, order_id: str) -> Outcome:
        """Wait until an order has ended.

        Of orders that have ended the last 1 000 are known. Raises WorkOrderError where no such order is,
        SchedulerStopped where the scheduler stops first.
        """
        record = self._live(order_id)
        if record is not None:
            return await self._waiting.outcome(record.number)
        outcome = self._state.book.outcome(order_id)
        if outcome is not None:
            return outcome
        if self._state.book.of_id(order_id) is not None:
            raise SchedulerStopped(f"order {order_id!r}: the scheduler has stopped before its end")
        raise WorkOrderError(f"order {order_id!r}: no such order is known")

    async def join(self) -> None:
        """Wait until no order is live, or the scheduler has stopped."""
        self._waiting.check()
        while self._state.book.live and self.mode is not Mode.STOPPED:
            await self._waiting.idle()

    # ---- life

    @property
    def mode(self) -> Mode:
        """NEW, RUNNING, PAUSED, STOPPING or STOPPED."""
        return self._state.mode

    def start(self) -> None:
        """Begin to claim; nothing where it has begun. Raises SchedulerStopped from the stop on."""
        self._waiting.check()
        if self.mode in (Mode.STOPPING, Mode.STOPPED):
            raise SchedulerStopped("the scheduler has stopped; it does not start again")
        if self.mode is Mode.NEW:
            self._state.change_mode(Mode.RUNNING)
            self._pump.start()

    def pause(self) -> None:
        """Claim no more until `resume`; what is active goes on. Only while it runs."""
        self._waiting.check()
        if self.mode is Mode.RUNNING:
            self._state.change_mode(Mode.PAUSED)

    def resume(self) -> None:
        """Claim again, after a pause."""
        self._waiting.check()
        if self.mode is Mode.PAUSED:
            self._state.change_mode(Mode.RUNNING)
            self._pump.wake()

    async def stop(self, grace_s: float | None = None) -> None:
        """Claim and accept nothing more, and wait for what is active.

        After the grace period, by default the configuration's, handlers are told to end. What is in the
        queue stays there. Returns once nothing is active; at once where the scheduler has stopped. A stop
        that is called again waits for the first, whose grace it does not change.
        """
        grace_ns = self._state.limits.stop_grace_ns
        if grace_s is not None:
            grace_ns = duration_ns_of(grace_s, "grace_s")
        if self.mode not in (Mode.STOPPING, Mode.STOPPED):
            self._stop(grace_ns)
        if self.mode is not Mode.STOPPED:
            await self._waiting.stopped()

    def _stop(self, grace_ns: int) -> None:
        self._waiting.check()
        until_ns = self._state.begin_stop(grace_ns)
        self._pump.stop()
        for timer in self._retry_timers.values():
            timer.cancel()
        self._retry_timers.clear()
        self._waiting.stopping()
        if self._state.book.active:
            grace_over = partial(self._safely, self._grace_over)
            self._grace_timer = self.clock.call_at(until_ns, grace_over)
        else:
            self._end()

    def abandon(self) -> None:
        """Give up at once, as if the process had died: nothing is settled, and nothing logged any more.

        Handlers are cancelled. A log can be continued from here.
        """
        if self._waiting.error is None:
            self._break_off(SchedulerStopped("the scheduler was given up"))

    def _grace_over(self) -> None:
        with self._listeners.held():
            for record in self._state.book.active_records():
                self._workers.terminate(record, TerminateWhy.STOP)

    def _end(self) -> None:
        if self._grace_timer is not None:
            self._grace_timer.cancel()
        self._state.change_mode(Mode.STOPPED)
        now_ns = self.clock.now_ns()
        self._log.end_run(now_ns, RunEnd.STOPPED, lambda: take_snapshot(self._state, now_ns))
        self._waiting.end()

    def set_handler(self, handler: Handler | HandlerFunction | None) -> None:
        """Who works on orders from now on; None takes the handler away.

        Raises SchedulerStopped once the scheduler has stopped.
        """
        self._waiting.check()
        if self.mode is Mode.STOPPED:
            raise SchedulerStopped("the scheduler has stopped; it takes no handler any more")
        if handler is not None and not isinstance(handler, Handler):
            if not callable(handler):
                raise WorkOrderError(f"{handler!r} is no handler")
            handler = FunctionHandler(handler)
        self._pump.handler = handler
        self._state.set_handler(is_set=handler is not None)
        if handler is not None:
            self._pump.wake()

    # ---- watching

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a function called with each event (workorder.events); returns what ends that.

        It is called after the change, and may call the scheduler. What it raises is counted.
        """
        return self._listeners.subscribe(listener)

    def statistics(self) -> Statistics:
        """Figures of the work so far."""
        book, waits, totals = self._state.book, self._state.waits, self._state.book.totals
        return Statistics(
            depth=book.depth,
            active=book.active,
            pending=book.counts[OrderState.PENDING],
            waiting_retry=book.counts[OrderState.WAITING_RETRY],
            enqueued=totals.enqueued,
            refused=totals.refused,
            claimed=totals.claimed,
            retried=totals.retried,
            completed=totals.completed,
            failed=totals.failed,
            cancelled=totals.cancelled,
            average_wait_s=waits.average_s,
            p95_wait_s=waits.p95_s,
            strays=self._state.strays,
            listener_errors=self._listeners.errors,
        )

    def history(self, order_id: str) -> list[HistoryEntry]:
        """The states that an order went through; empty where no such order is known (any more)."""
        return self._state.book.history(order_id)

    def snapshot(self) -> dict[str, Any]:
        """The complete state, as schemas/snapshot-workorder.schema.json describes it."""
        return take_snapshot(self._state, self.clock.now_ns())

    # ---- what happens to orders

    def _attempt_over(self, record: Record) -> None:
        """An attempt was settled and its slot released."""
        if record.state is OrderState.WAITING_RETRY:
            if self.mode is not Mode.STOPPING:
                self._await_retry(record)
        else:
            self._order_over(record)
        if self.mode is Mode.STOPPING and not self._state.book.active:
            self._end()
        else:
            self._pump.wake()

    def _await_retry(self, record: Record) -> None:
        assert record.due_ns is not None
        retry = partial(self._safely, self._retry, record)
        self._retry_timers[record.number] = self.clock.call_at(record.due_ns, retry)

    def _retry(self, record: Record) -> None:
        with self._listeners.held():
            del self._retry_timers[record.number]
            self._state.retry(record)
            self._pump.wake()

    def _order_over(self, record: Record) -> None:
        """An order has ended: who waits for that, or for its place, goes on."""
        self._waiting.order_over(record)
        self._give_room()
        if not self._state.book.live:
            self._waiting.all_over()

    def _give_room(self) -> None:
        if not self._state.book.is_full:
            self._waiting.room_free()

    def _safely(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call what the event loop is to call: what goes wrong is raised to all who wait for this scheduler.

        A log that can't be written or a probe that fails leave nothing to go on with.
        """
        if self._waiting.error is not None:
            return
        try:
            callback(*arguments)
        except Exception as error:
            self._break_off(error)

    def _break_off(self, error: BaseException) -> None:
        self._pump.stop()
        for timer in (self._grace_timer, *self._retry_timers.values()):
            if timer is not None:
                timer.cancel()
        self._waiting.break_off(error)
        self._workers.cancel_all()
