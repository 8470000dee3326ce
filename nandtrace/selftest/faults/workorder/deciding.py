"""Faults of decisions: gates, the order of claims, the pump and what wakes it."""

from __future__ import annotations

import heapq
from dataclasses import replace
from functools import partial
from typing import Any

from nandtrace.vocab.workorder import Gate, Mode, Pressure
from nandtrace.workorder import Reading, ResourceMonitor
from nandtrace.workorder.book import OrderBook, Record
from nandtrace.workorder.gates import Decision, Gates
from nandtrace.workorder.pump import Pump
from nandtrace.workorder.transitions import Transitions

# ---- gates


class IgnoresCritical(Gates):
    """An order is claimed under critical pressure."""

    def _resource_gate(self, reading: Reading, now_ns: int) -> Gate | None:
        gate = super()._resource_gate(reading, now_ns)
        return None if gate is Gate.PRESSURE and self._state.monitor.has_free_slot else gate


class CriticalExclusive(ResourceMonitor):
    """Pressure is critical only above its threshold."""

    def level_of(self, reading: Reading) -> Pressure:
        level = super().level_of(reading)
        used = reading.used_bytes * 1000
        at_threshold = used == self._limits.critical_permille * reading.total_bytes
        return Pressure.WARNING if at_threshold else level


class StaggerOfOneBefore(Gates):
    """The stagger is measured from the claim before the last."""

    claims: tuple[int, int] | None = None

    def _stagger_end_ns(self) -> int:
        last_ns = self._state.last_claim_ns
        if last_ns is None:
            return 0
        before = self.claims or (last_ns, last_ns)
        self.claims = before if before[1] == last_ns else (before[1], last_ns)
        return self.claims[0] + self._state.limits.stagger_ns


class StaggerFromEnds(Gates):
    """The stagger is measured from when an order last left its slot."""

    def _stagger_end_ns(self) -> int:
        ended = self._state.book._ended
        if not ended:
            return super()._stagger_end_ns()
        return ended[-1].history[-1].time_ns + self._state.limits.stagger_ns


class NoStaggerForRetries(Gates):
    """A retried order does not wait for the stagger."""

    def _stagger_end_ns(self) -> int:
        head = self._state.book.head()
        return 0 if head is not None and head.attempts else super()._stagger_end_ns()


class IgnoresMemory(Gates):
    """Nobody asks whether there is memory for one more."""

    def _resource_gate(self, reading: Reading, now_ns: int) -> Gate | None:
        gate = super()._resource_gate(reading, now_ns)
        return None if gate is Gate.MEMORY else gate


class ForgetsSettling(Transitions):
    """Memory that slots will take but have not taken yet is given to others."""

    def settling(self, _: int) -> int:
        return 0


class SettlesForEver(Transitions):
    """Slots in use are counted with their memory long after the reading shows it."""

    def settling(self, _: int) -> int:
        return len(self.monitor.held()) if self.limits.settle_ns else 0


class MemoryBeforeSlots(Gates):
    """Memory is asked for before a slot is."""

    def _resource_gate(self, reading: Reading, now_ns: int) -> Gate | None:
        gate = super()._resource_gate(reading, now_ns)
        settling = self._state.settling(now_ns)
        if gate is Gate.SLOT and not self._state.monitor.has_memory(reading, settling):
            return Gate.MEMORY
        return gate


class ClaimsInPauses(Gates):
    """A pause holds nobody up."""

    def decide(self, now_ns: int) -> Decision:
        mode = self._state.mode
        if mode is Mode.PAUSED:
            self._state.mode = Mode.RUNNING
        decision = super().decide(now_ns)
        self._state.mode = mode
        return decision


class ClaimsWhileStopping(Gates):
    """Who waits when the stop comes is claimed nevertheless."""

    def decide(self, now_ns: int) -> Decision:
        mode = self._state.mode
        if mode is Mode.STOPPING:
            self._state.mode = Mode.RUNNING
        decision = super().decide(now_ns)
        self._state.mode = mode
        return decision


class ReadsTooMuch(Gates):
    """A decision that is made before the pressure is asked for has a reading."""

    def decide(self, now_ns: int) -> Decision:
        decision = super().decide(now_ns)
        if decision.gate is Gate.STAGGER:
            return replace(decision, reading=self._state.monitor.memory())
        return decision


class SaysTheWrongEnd(Gates):
    """A decision says that the stagger ends later than it does."""

    def decide(self, now_ns: int) -> Decision:
        decision = super().decide(now_ns)
        if decision.until_ns is None:
            return decision
        return replace(decision, until_ns=decision.until_ns + 1)


# ---- who is next


class PriorityInverted(OrderBook):
    """The lowest priority is claimed first."""

    def _note(self, record: Record, why: str) -> None:
        by_priority, self._by_priority = self._by_priority, False
        super()._note(record, why)
        self._by_priority = by_priority
        if by_priority and (0, record.number) in self._queue:
            self._queue.remove((0, record.number))
            heapq.heapify(self._queue)
            heapq.heappush(self._queue, (record.order.priority, record.number))


class LastInFirstOut(OrderBook):
    """The newest order is claimed first."""

    def head(self) -> Record | None:
        waiting = [record for record in self.records() if record.state == "PENDING"]
        return waiting[-1] if waiting else None


class RetriesGoToTheEnd(OrderBook):
    """A retried order has lost its place in the queue."""

    def head(self) -> Record | None:
        waiting = [record for record in self.records() if record.state == "PENDING"]
        return min(waiting, key=lambda record: (record.attempts, record.number), default=None)


class OverlooksOrders(OrderBook):
    """The last order in the queue is taken for none."""

    def head(self) -> Record | None:
        return super().head() if self.counts["PENDING"] > 1 else None  # type: ignore[index]


# ---- the pump


class SleepsThroughReleases(Pump):
    """A slot that is released wakes nobody, where another is in use."""

    def wake(self) -> None:
        if self._state.monitor.held() and self._state.book.counts["RUNNING"]:  # type: ignore[index]
            return
        super().wake()


class SleepsTooLong(Pump):
    """The pump wakes a millisecond after the stagger's end."""

    def _sleep(self, decision: Decision) -> None:
        if decision.until_ns is not None:
            decision = replace(decision, until_ns=decision.until_ns + 1_000_000)
        super()._sleep(decision)


class NeverPolls(Pump):
    """Pressure and memory are looked at when something else happens."""

    def _sleep(self, decision: Decision) -> None:
        if decision.gate not in (Gate.PRESSURE, Gate.MEMORY):
            super()._sleep(decision)


class PollsSlots(Pump):
    """The pump looks every second whether a slot is free."""

    def _sleep(self, decision: Decision) -> None:
        super()._sleep(decision)
        if decision.gate is Gate.SLOT:
            clock = self._state.clock
            due_ns = clock.now_ns() + self._state.limits.poll_ns
            self._wake_timer = clock.call_at(due_ns, partial(self._safely, self.wake))


class StopsAfterOneClaim(Pump):
    """After a claim the pump waits for the next event."""

    def _decide(self) -> Decision:
        decision = super()._decide()
        return replace(decision, gate=Gate.SLOT) if decision.gate is None else decision


class SilentHolds(Transitions):
    """That there is nobody to claim is not written."""

    def hold(self, now_ns: int, gate: Gate, *args: Any) -> None:
        if gate is not Gate.QUEUE:
            super().hold(now_ns, gate, *args)


# ---- resources


class SilentPressure(Transitions):
    """A warning is not told."""

    def read_pressure(self, now_ns: int, reading: Reading) -> bool:
        before = self.monitor.pressure
        if self.monitor.level_of(reading) is Pressure.WARNING:
            self.monitor.pressure = Pressure.WARNING
            return before is not Pressure.WARNING
        return super().read_pressure(now_ns, reading)


class RepeatsPressure(ResourceMonitor):
    """A level that is not NONE is told with every reading."""

    def note(self, reading: Reading) -> bool:
        return super().note(reading) or self.pressure is not Pressure.NONE


class LatePressure(Transitions):
    """The pressure is told after the decision that its reading was taken for."""

    late: Reading | None = None

    def read_pressure(self, _: int, reading: Reading) -> bool:
        self.late = reading
        return False

    def hold(self, now_ns: int, *args: Any) -> None:
        super().hold(now_ns, *args)
        if self.late is not None:
            super().read_pressure(now_ns, self.late)


class ForgetsHealth(Transitions):
    """That the scheduler is healthy again is not told."""

    def tell_health(self) -> None:
        if self.monitor.healthy:
            super().tell_health()


class HealthOfEachMoment(Pump):
    """Health is told between two claims."""

    def _decide(self) -> Decision:
        self._state.tell_health()
        return super()._decide()
