"""The drain at a run's end: what is reserved is delivered, what is suspended is resumed and finished."""

from __future__ import annotations

from nandtrace.nand.decisions import Decision, Reservation, die_target, remaining_pattern
from nandtrace.nand.effects import Effects
from nandtrace.nand.model import Model
from nandtrace.nand.queue import Due
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.state import Die
from nandtrace.vocab.nand import Axis, Source


class Drain:
    """Delivers OP_STARTs and OP_ENDs in order with all their effects, and nothing else."""

    def __init__(self, model: Model, effects: Effects, reserver: Reserver) -> None:
        self._model = model
        self._effects = effects
        self._reserver = reserver

    def has_work(self) -> bool:
        """Whether a segment is open or an op suspended."""
        return any(die.open or die.is_suspended for die in self._model.dies)

    def drain(self) -> int:
        """Drain; returns how many events were delivered. The clock ends at the last of them."""
        if not self.has_work():
            return 0
        model = self._model
        pending = [
            entry for entry in model.queue.entries() if entry[1] in (Due.OP_START, Due.OP_END)
        ]
        model.log.drain_begin(model.clock_ns, len(pending))
        model.queue.keep(pending)
        model.draining = True
        delivered = self._deliver() + self._finish_suspended()
        model.draining = False
        model.log.drain_end(model.clock_ns, delivered)
        return delivered

    def _deliver(self) -> int:
        model, effects = self._model, self._effects
        delivered = 0
        while (time_ns := model.queue.next_time()) is not None:
            model.clock_ns = time_ns
            _, due, _, segment = model.queue.pop()
            if due == Due.OP_END:
                effects.end(segment)
            else:
                effects.start(segment)
            delivered += 1
        return delivered

    def _finish_suspended(self) -> int:
        """Resume what is suspended, one op of each die at a time, until nothing is."""
        dies, delivered = self._model.dies, 0
        while any(die.is_suspended for die in dies):
            for die in dies:
                if die.is_suspended:
                    self._resume(die, self._next_axis(die))
            delivered += self._deliver()
        return delivered

    def _next_axis(self, die: Die) -> Axis:
        """Which of its suspended ops a die resumes first: a program before an erase."""
        return Axis.PROGRAM if die.suspended[Axis.PROGRAM] else Axis.ERASE

    def _resume(self, die: Die, axis: Axis) -> None:
        """Commit the resume of what was suspended last."""
        model = self._model
        op, suspended = model.catalogue.resume_ops[axis], die.suspended[axis][-1]
        chain = remaining_pattern(suspended.remaining)
        pattern = op.pattern + tuple((op.total_ns + a, op.total_ns + b) for a, b in chain)
        start = model.bus.earliest(pattern, max(model.clock_ns, die.tail_ns()))
        assert start is not None, "without a limit the bus is free at some time"
        items = [Reservation(op, die_target(die.number, 0), start)]
        decision = Decision(items, model.all_planes, resumed=suspended)
        self._reserver.commit_decision(die, decision, Source.DRAIN)
