"""Faults of the drain, and of how a run ends."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.drain import Drain
from nandtrace.nand.effects import Effects
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Segment
from nandtrace.vocab.nand import Axis, Outcome, RunEnd, RunStop, Source


class _SkipsStarts(Effects):
    def start(self, segment: Segment) -> None:
        was_queued = segment.source not in (Source.DRAIN, Source.RESUME_CHAIN)
        if not (self._model.draining and was_queued):
            super().start(segment)


class ForgetsStarts(Scheduler):
    """The drain delivers the OP_ENDs that are queued, and forgets the OP_STARTs."""

    effects_class = _SkipsStarts


class _DeliversTwice(Drain):
    def drain(self) -> int:
        model = self._model
        pending = [segment for die in model.dies for segment in die.open]
        delivered = super().drain()
        completed = model.log.code(Outcome.COMPLETED.value)
        for segment in pending:
            model.log.op_end(model.clock_ns, segment.seg, completed, 1)
        return delivered


class DrainsTwice(Scheduler):
    """The drain runs twice, the second time with the list of OP_ENDs that the first one delivered."""

    drain_class = _DeliversTwice


class _ResumesNothing(Drain):
    def _finish_suspended(self) -> int:
        return 0


class LeavesSuspended(Scheduler):
    """The drain delivers what is queued, and leaves suspended what is suspended."""

    drain_class = _ResumesNothing


class _ResumesErasesFirst(Drain):
    def _next_axis(self, die: Die) -> Axis:
        return Axis.ERASE if die.suspended[Axis.ERASE] else Axis.PROGRAM


class DrainsErasesFirst(Scheduler):
    """The drain resumes an erase before the program that is suspended inside it."""

    drain_class = _ResumesErasesFirst


class _SetsClockBack(Drain):
    def drain(self) -> int:
        run_until_ns = self._model.clock_ns
        delivered = super().drain()
        self._model.clock_ns = run_until_ns
        return delivered


class LeavesClockBehind(Scheduler):
    """After the drain the clock stands where the loop stopped, not at the last OP_END."""

    drain_class = _SetsClockBack


class _MarksNothing(Effects):
    def _close(self, die: Die, segment: Segment, outcome: Outcome) -> None:
        draining, self._model.draining = self._model.draining, False
        super()._close(die, segment, outcome)
        self._model.draining = draining


class UnmarkedDrain(Scheduler):
    """The OP_ENDs that a drain delivers are not marked as drained."""

    effects_class = _MarksNothing


class _EndsAreAllThereIs(Effects):
    def _apply_program(self, segment: Segment) -> None:
        if not self._model.draining:
            super()._apply_program(segment)


class DrainAppliesNothing(Scheduler):
    """The drain delivers the OP_ENDs of programs without what they do to their pages."""

    effects_class = _EndsAreAllThereIs


class SnapshotBeforeDrain(Scheduler):
    """The snapshot of a run's end is taken before the drain."""

    _early: dict[str, Any] | None = None

    def end_run(self, stop: RunStop = RunStop.RUN_UNTIL, *, is_last: bool = False) -> RunEnd:
        self._early = super().snapshot()
        end = super().end_run(stop, is_last=is_last)
        self._early = None
        return end

    def snapshot(self) -> dict[str, Any]:
        return super().snapshot() if self._early is None else self._early


class DrainsNever(Scheduler):
    """A run whose time is over drops what is reserved, whatever it was told."""

    def _end_of_run(self, stop: RunStop, is_last: bool) -> RunEnd:
        end = super()._end_of_run(stop, is_last)
        return RunEnd.DROPPED if end is RunEnd.DRAINED else end
