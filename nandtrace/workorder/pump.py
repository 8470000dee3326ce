"""The pump: the one place where claims are decided, and what wakes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from nandtrace.vocab.workorder import MEMORY_GATES, Mode, Pressure, RunEnd
from nandtrace.workorder.clock import Timer
from nandtrace.workorder.gates import Decision, Gates
from nandtrace.workorder.order import Handler
from nandtrace.workorder.snapshot import take_snapshot
from nandtrace.workorder.transitions import Transitions
from nandtrace.workorder.workers import Workers

Safely = Callable[..., None]
"""Calls a function with arguments, and sees to what it raises."""


class Pump:
    """Claims until a gate is closed, then sleeps until something may have opened it.

    `settled` is called after each series of decisions. The pump has the handler, and its own two timers.
    """

    def __init__(
        self, state: Transitions, workers: Workers, safely: Safely, settled: Callable[[], None]
    ) -> None:
        self.handler: Handler | None = None
        self.gates = Gates(state)
        self._state = state
        self._workers = workers
        self._safely = safely
        self._settled = settled
        self._is_woken = False
        self._wake_timer: Timer | None = None
        self._poll_timer: Timer | None = None

    def start(self) -> None:
        """The scheduler runs from now on."""
        self._poll_resources_later()
        self.wake()

    def stop(self) -> None:
        """No order will be claimed any more."""
        for timer in (self._wake_timer, self._poll_timer):
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Decide, once, when all of this moment has happened."""
        if not self._is_woken and self._state.mode is not Mode.NEW:
            self._is_woken = True
            asyncio.get_running_loop().call_soon(self._safely, self._decide_all)

    def _decide_all(self) -> None:
        self._is_woken = False
        if self._state.mode is Mode.STOPPED:
            return
        if self._wake_timer is not None:
            self._wake_timer.cancel()
        with self._state.listeners.held():
            decision = self._decide()
            while decision.gate is None:
                decision = self._decide()
            self._state.tell_health()
            self._sleep(decision)
            if self._state.log.wants_checkpoint():
                self._checkpoint()
            self._settled()

    def _decide(self) -> Decision:
        """One decision, and what follows from it."""
        now_ns = self._state.clock.now_ns()
        decision = self.gates.decide(now_ns)
        reading, record = decision.reading, decision.record
        if reading is not None:
            self._state.read_pressure(now_ns, reading)
        if decision.gate is not None:
            self._state.hold(now_ns, decision.gate, record, decision.until_ns, reading)
            return decision
        assert record is not None
        assert reading is not None
        assert self.handler is not None
        attempt = self._state.claim(now_ns, record, reading)
        self._workers.start(record, attempt, self.handler)
        return decision

    def _sleep(self, decision: Decision) -> None:
        """Set the timer that wakes the pump where no event would."""
        clock, due_ns = self._state.clock, decision.until_ns
        if decision.gate in MEMORY_GATES:
            due_ns = clock.now_ns() + self._state.limits.poll_ns
        if due_ns is not None:
            self._wake_timer = clock.call_at(due_ns, partial(self._safely, self.wake))

    def _checkpoint(self) -> None:
        log, now_ns = self._state.log, self._state.clock.now_ns()
        state = take_snapshot(self._state, now_ns)
        log.end_run(now_ns, RunEnd.CHECKPOINT, lambda: state)
        log.begin_run(now_ns, lambda: state)

    def _poll_resources_later(self) -> None:
        clock = self._state.clock
        due_ns = clock.now_ns() + self._state.limits.resource_poll_ns
        self._poll_timer = clock.call_at(due_ns, partial(self._safely, self._poll_resources))

    def _poll_resources(self) -> None:
        """Read the memory without a decision; whoever waits for the pressure to fall is woken."""
        self._poll_resources_later()
        monitor = self._state.monitor
        with self._state.listeners.held():
            before = monitor.pressure
            if self._state.read_pressure(self._state.clock.now_ns(), monitor.memory()):
                self._state.tell_health()
                if before is Pressure.CRITICAL:
                    self.wake()
