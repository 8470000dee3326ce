"""Faults of time and resources: the queue, the bus, and the planes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nandtrace.nand.bus import Bus
from nandtrace.nand.choices import Room
from nandtrace.nand.decisions import Decision, Refusal, Reservation
from nandtrace.nand.log import EventLog
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op
from nandtrace.nand.planner import Planner
from nandtrace.nand.profile import Profile
from nandtrace.nand.queue import Due, Entry, EventQueue
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Segment
from nandtrace.trace.recorder import Target
from nandtrace.units import QUANTUM_NS
from nandtrace.vocab.nand import Role, Source

_UNKNOWN_PRIORITY = 9


class _EndsLast(EventQueue):
    """Keeps OP_ENDs under the priority of a kind that it does not know."""

    def push(self, time_ns: int, due: int, what: Any) -> int:
        return super().push(time_ns, _UNKNOWN_PRIORITY if due == Due.OP_END else due, what)

    def pop(self) -> Entry:
        return _named(super().pop())

    def entries(self) -> list[Entry]:
        return [_named(entry) for entry in super().entries()]

    def keep(self, kept: list[Entry]) -> None:
        super().keep(
            [
                (time_ns, _UNKNOWN_PRIORITY if due == Due.OP_END else due, entry_id, what)
                for time_ns, due, entry_id, what in kept
            ]
        )


def _named(entry: Entry) -> Entry:
    time_ns, due, entry_id, what = entry
    return time_ns, Due.OP_END if due == _UNKNOWN_PRIORITY else due, entry_id, what


class _ModelEndsLast(Model):
    queue_class = _EndsLast


class EndsLast(Scheduler):
    """OP_END has no priority of its own, and the default one puts it last among events of equal time."""

    model_class = _ModelEndsLast


class _LastInFirstOut(EventQueue):
    def push(self, time_ns: int, due: int, what: Any) -> int:
        self._next_id -= 2
        return super().push(time_ns, due, what)


class _ModelLastInFirstOut(Model):
    queue_class = _LastInFirstOut


class DispatchesLastQueuedFirst(Scheduler):
    """Events of equal time and kind are dispatched in the reverse of the order of queueing."""

    model_class = _ModelLastInFirstOut


class _EndsLate(Reserver):
    def _queue(self, die: Die, segment: Segment) -> None:
        super()._queue(die, segment)
        queue = self._model.queue
        queue.withdraw(segment.end_id)
        segment.end_id = queue.push(segment.end_ns + QUANTUM_NS, Due.OP_END, segment)


class EndsLate(Scheduler):
    """Every op ends a quantum after its time."""

    reserver_class = _EndsLate


class _HoldsNothing(Reserver):
    def commit_decision(
        self, die: Die, decision: Decision, source: Source, op_id: int | None = None
    ) -> None:
        before = [plane.tail_ns for plane in die.planes]
        super().commit_decision(die, decision, source, op_id)
        for plane, tail_ns in zip(die.planes, before, strict=True):
            plane.tail_ns = tail_ns


class HoldsNoPlanes(Scheduler):
    """What is reserved does not hold its planes: when they are free again is never written down."""

    reserver_class = _HoldsNothing


class _RoomForAll(Model):
    def room(self, die: Die, plane: int, now_ns: int) -> Room:
        room = super().room(die, plane, now_ns)
        return Room.ALL if room is Room.INTERLEAVE else room


class InterleavesAnything(Scheduler):
    """Beside an op that leaves other planes free, any op may run there."""

    model_class = _RoomForAll


class _ForgetsEarly(Bus):
    def forget(self, now_ns: int) -> None:
        self.slots = [slot for slot in self.slots if slot[0] > now_ns]


class _ModelForgetsEarly(Model):
    bus_class = _ForgetsEarly


class FreesBusEarly(Scheduler):
    """The bus counts as free as soon as somebody has begun to use it."""

    model_class = _ModelForgetsEarly


class _AsksNobody(Planner):
    def _start(self, die: Die, op: Op, touched: int) -> int | Refusal:
        start = super()._start(die, op, touched)
        is_poll = op.instant and not op.switches
        return self._model.clock_ns if is_poll and start is Refusal.NO_BUS else start


class PollsWithoutBus(Scheduler):
    """A status read does not wait for the bus."""

    planner_class = _AsksNobody


class _DeliversAtOnce(Planner):
    def _add(self, items: list[Reservation], op: Op, targets: tuple[Target, ...]) -> None:
        before = items[-1]
        super()._add(items, op, targets)
        if op.role is Role.DATA_OUT and before.op is op:
            items[-1] = Reservation(op, targets, before.start_ns)


class OverlapsPlanesOnBus(Scheduler):
    """After a multi-plane read all planes deliver their data at once, over the one bus."""

    planner_class = _DeliversAtOnce


class _IgnoresGap(Planner):
    def _add(self, items: list[Reservation], op: Op, targets: tuple[Target, ...]) -> None:
        before = items[-1]
        super()._add(items, op, targets)
        if op.holds_planes:
            start_ns = before.start_ns + before.op.total_ns // 20 * 10
            items[-1] = Reservation(op, targets, start_ns)


class StartsBeforeEnd(Scheduler):
    """The next op of a sequence starts when the one before it is half done."""

    planner_class = _IgnoresGap


class _ShortReads(Model):
    def __init__(self, profile: Profile, seed: int, log: EventLog) -> None:
        super().__init__(profile, seed, log)
        for op in self.catalogue.ops:
            if op.role is Role.READ:
                *before, busy = op.states
                short = replace(busy, duration_ns=busy.duration_ns - QUANTUM_NS)
                op.states, op.total_ns = (*before, short), op.total_ns - QUANTUM_NS


class ReadsTooFast(Scheduler):
    """The busy time of reads is rounded down, a quantum short."""

    model_class = _ShortReads
