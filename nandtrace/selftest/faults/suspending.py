"""Faults of suspends and resumes, and of the backlog that waits for them."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.decisions import Refusal
from nandtrace.nand.effects import Effects
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op, OpState
from nandtrace.nand.planner import Planner
from nandtrace.nand.proposer import Proposer
from nandtrace.nand.queue import Due
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Segment, Suspended, Waiting
from nandtrace.units import QUANTUM_NS
from nandtrace.vocab.nand import ApplyPolicy, Axis, Outcome, Role


class _LeavesEndQueued(Effects):
    def _withdraw_end(self, target: Segment) -> None:
        super()._withdraw_end(target)
        self._model.queue.push(target.end_ns, Due.OP_END, target)

    def end(self, segment: Segment) -> None:
        if segment.is_cut:
            completed = self._outcomes[Outcome.COMPLETED]
            self._model.log.op_end(self._model.clock_ns, segment.seg, completed, 0)
        else:
            super().end(segment)


class LeavesEndQueued(Scheduler):
    """A suspend writes that the OP_END of its target is withdrawn, and leaves it in the queue."""

    effects_class = _LeavesEndQueued


class _NoCancel(Effects):
    def _withdraw_end(self, target: Segment) -> None:
        self._model.queue.withdraw(target.end_id)


class ForgetsCancel(Scheduler):
    """A suspend withdraws the OP_END of its target and does not write so."""

    effects_class = _NoCancel


class _AlwaysCompleted(Effects):
    def _close(self, die: Die, segment: Segment, outcome: Outcome) -> None:  # noqa: ARG002
        super()._close(die, segment, Outcome.COMPLETED)


class AlwaysCompleted(Scheduler):
    """Every OP_END says COMPLETED, also that of a segment that a suspend cut."""

    effects_class = _AlwaysCompleted


class _MeasuresLate(Effects):
    def _remaining(self, target: Segment, by: Segment) -> tuple[OpState, ...]:
        return target.remaining_at(by.end_ns) or super()._remaining(target, by)


class MeasuresRestLate(Scheduler):
    """What remains of a suspended op is measured where the suspend ends, not where it starts."""

    effects_class = _MeasuresLate


class _CountsBusyAnew(Effects):
    def _remaining(self, target: Segment, by: Segment) -> tuple[OpState, ...]:
        left = super()._remaining(target, by)
        return tuple(state for state in target.states if state.name in {each.name for each in left})


class CountsBusyAnew(Scheduler):
    """A suspended op keeps the whole of the state in which it was cut, not the rest of it."""

    effects_class = _CountsBusyAnew


class _RestartsOps(Reserver):
    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:
        suspended.remaining = suspended.op.states
        super().commit_chain(die, resume, suspended)


class RestartsResumedOps(Scheduler):
    """A resumed op runs from its beginning again."""

    reserver_class = _RestartsOps


class _ResumesNextRow(Reserver):
    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:
        topology = self._model.profile.topology
        suspended.targets = tuple(
            (number, plane, (block + topology.planes) % topology.blocks_per_die, page)
            for number, plane, block, page in suspended.targets
        )
        super().commit_chain(die, resume, suspended)


class ResumesWrongBlock(Scheduler):
    """A resumed op goes on in the next row of blocks."""

    reserver_class = _ResumesNextRow


class _CommitsChainTwice(Reserver):
    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:
        super().commit_chain(die, resume, suspended)
        super().commit_chain(die, resume, suspended)


class CommitsChainTwice(Scheduler):
    """What a resume resumes is committed twice."""

    reserver_class = _CommitsChainTwice


class _AnyResume(Model):
    def refresh_die(self, die: Die) -> None:
        super().refresh_die(die)
        if die.suspended[Axis.ERASE]:
            resumes = self.catalogue.resume_bits[Axis.ERASE]
            die.excludes &= ~resumes
            die.waits_for_resume &= ~resumes


class ResumesEraseFirst(Scheduler):
    """An erase may be resumed while a program is suspended inside it."""

    model_class = _AnyResume


class _SuspendsInAnyState(Model):
    def suspendable(self, die: Die, axis: Axis, at_ns: int) -> Segment | None:
        target = die.running[axis]
        if target is None or target.state_at(at_ns) is None or len(die.open) > 1:
            return None
        return target


class _SuspendsAtOnce(Planner):
    def _start(self, die: Die, op: Op, touched: int) -> int | Refusal:
        start = super()._start(die, op, touched)
        waits = start in (Refusal.NO_BUS, Refusal.UNSTEADY) and die.switching is None
        return self._model.clock_ns if waits and op.suspends is not None else start


class SuspendsInAnyState(Scheduler):
    """A suspend is sent while its target still takes its data in."""

    model_class = _SuspendsInAnyState
    planner_class = _SuspendsAtOnce


class _ResumesTwice(Effects):
    _resumed_twice: frozenset[int] = frozenset()

    def _resume(self, die: Die, by: Segment, resumed: Suspended) -> None:
        super()._resume(die, by, resumed)
        axis = resumed.op.axis
        if axis is not None and resumed.seg not in self._resumed_twice:
            self._resumed_twice |= {resumed.seg}
            die.suspended[axis].append(resumed)
            self._model.refresh_die(die)


class ResumesTwice(Scheduler):
    """A resumed op stays on the list of those suspended, and is resumed once more."""

    effects_class = _ResumesTwice


class CountsSegments(Scheduler):
    """A program counts whenever one of its segments ends, where it counts once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._effects._per_segment = True


class _CountsPages(Effects):
    def _cut(self, die: Die, by: Segment, axis: Axis) -> None:
        target = die.running[axis]
        super()._cut(die, by, axis)
        if target is not None and target.op.role is Role.PROGRAM:
            planned = self._model.addresses.planned
            for number, _, block, _ in target.targets:
                planned[number][block] += 1


class CountsPagesBySegment(Scheduler):
    """The page that is next in a block moves on whenever a segment ends, so that pages are skipped."""

    effects_class = _CountsPages


class _ServesLastFirst(Proposer):
    def _wait(self, die: Die, plane: int, op: Op) -> None:
        super()._wait(die, plane, op)
        die.backlog.insert(0, die.backlog.pop())


class ServesLastFirst(Scheduler):
    """The backlog of a die is a stack."""

    proposer_class = _ServesLastFirst


class _LeavesQuietly(Proposer):
    def leave_backlog(self, die: Die, waiting: Waiting) -> None:
        die.backlog.remove(waiting)


class LeavesBacklogQuietly(Scheduler):
    """An op that leaves the backlog is not written to leave it."""

    proposer_class = _LeavesQuietly


class _LosesChain(Reserver):
    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:  # noqa: ARG002
        self._model.bus.release(resume.seg, resume.end_ns)


class LosesResumedOps(Scheduler):
    """A resume takes an op off the list of those suspended, and nothing of it is committed."""

    reserver_class = _LosesChain


class _SwapsAxes(Effects):
    def __init__(self, model: Model, reserver: Reserver, policy: ApplyPolicy) -> None:
        super().__init__(model, reserver, policy)
        erase, program = self._axes[Axis.ERASE], self._axes[Axis.PROGRAM]
        self._axes = {Axis.ERASE: program, Axis.PROGRAM: erase}


class SwapsAxes(Scheduler):
    """SUSPEND and RESUME of an erase are written as those of a program, and the reverse."""

    effects_class = _SwapsAxes


class _ChainsEarly(Reserver):
    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:
        resume.end_ns -= QUANTUM_NS
        super().commit_chain(die, resume, suspended)
        resume.end_ns += QUANTUM_NS


class ChainsTooEarly(Scheduler):
    """What a resume resumes goes on a quantum before the resume is over."""

    reserver_class = _ChainsEarly
