"""What wakes the pump: when a decision is due, and when one may come."""

from __future__ import annotations

from nandtrace.check.workorder.state import SchedulerState
from nandtrace.vocab.workorder import Gate, Mode, Pressure

_RUNNING = Mode.RUNNING

NEVER = 2**63
"""Later than any time."""


class Pump:
    """When the next decision is due (`due_ns`), and from when on it may come unprompted (`timer_ns`).

    A wake-up makes it due at once, but where the mode is not RUNNING: there it may come and need not.
    While PRESSURE or MEMORY hold the pump it polls: `due_ns` then counts from the last HOLD, `timer_ns`
    from the last that was not the answer to a wake-up.
    """

    def __init__(self, state: SchedulerState) -> None:
        self._state = state
        self.sleep()

    def sleep(self) -> None:
        """Nothing is due."""
        self.due_ns = self.timer_ns = NEVER
        self._woken = False
        self._polled_ns: int | None = None

    def begin(self, time_ns: int) -> None:
        """A run begins, after a HOLD: at which gate, its snapshot tells; when, it does not."""
        self.sleep()
        state, limits = self._state, self._state.limits
        if limits.decision_within_ns:
            # By a real clock a gate may have opened since, and what it opened for may be on its way.
            self.timer_ns = time_ns
        if state.mode is not _RUNNING or not state.pending or not state.handler:
            return
        if self.is_staggered(time_ns):
            self.due_ns = self.timer_ns = self.stagger_ends()
            return
        is_critical = limits.memory_gating and state.pressure is Pressure.CRITICAL
        if is_critical or len(state.slots.held) < limits.slots:
            self.due_ns, self.timer_ns = time_ns + limits.poll_ns, time_ns

    def stagger_ends(self) -> int:
        """When the stagger after the last CLAIM ends."""
        last_ns = self._state.last_claim_ns
        return 0 if last_ns is None else last_ns + self._state.limits.stagger_ns

    def is_staggered(self, time_ns: int) -> bool:
        """Whether the last CLAIM is too short ago for another."""
        last_ns = self._state.last_claim_ns
        return last_ns is not None and time_ns < last_ns + self._state.limits.stagger_ns

    def wake(self, time_ns: int) -> None:
        """Something has happened that needs a decision."""
        self._woken = True
        if self._state.mode is _RUNNING:
            self.due_ns = min(self.due_ns, time_ns)

    def close(self) -> None:
        """A gate has closed before the one that holds the pump: its timer decides nothing any more."""
        if not self._woken or self._state.mode is not _RUNNING:
            self.due_ns = NEVER

    def may_decide(self, time_ns: int) -> bool:
        """Whether something asks for a decision now."""
        return self._woken or time_ns >= self.timer_ns

    def claimed(self, time_ns: int) -> None:
        """After a CLAIM comes another decision."""
        self.sleep()
        self._woken = True
        self.due_ns = time_ns

    def held(self, gate: Gate | None, time_ns: int) -> None:
        """The pump waits at a gate."""
        woken, polled_ns = self._woken, self._polled_ns
        self.sleep()
        if gate is Gate.STAGGER:
            self.due_ns = self.timer_ns = self.stagger_ends()
        elif gate is Gate.PRESSURE or gate is Gate.MEMORY:
            poll_ns = self._state.limits.poll_ns
            self._polled_ns = polled_ns if woken and polled_ns is not None else time_ns
            self.timer_ns = self._polled_ns + poll_ns
            self.due_ns = time_ns + poll_ns

    def give_up(self) -> None:
        """A decision that was due has been reported missing; it may still come."""
        self.due_ns = NEVER
        self._woken = True
