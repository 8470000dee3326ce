"""Reserving: a chosen batch of ops becomes segments in the log, on the bus, the planes and the queue."""

from __future__ import annotations

from nandtrace.nand.decisions import Decision, Reservation, remaining_pattern
from nandtrace.nand.model import Model
from nandtrace.nand.ops import OpState
from nandtrace.nand.queue import Due
from nandtrace.nand.state import Die, Segment, Suspended
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Role, Source


class Reserver:
    """Commits what was decided. Nothing here can fail: whoever calls has found the way free."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._sources = {source: model.log.code(source.value) for source in Source}

    def commit_decision(
        self, die: Die, decision: Decision, source: Source, op_id: int | None = None
    ) -> None:
        """Commit the ops of a decision; the planes are held from the first to the last."""
        model, last = self._model, len(decision.items) - 1
        for at, item in enumerate(decision.items):
            segment = self._commit(
                die,
                item,
                source if at == 0 else Source.SEQUENCE,
                model.new_op_id() if at or op_id is None else op_id,
                ends_batch=at == last and not item.op.instant,
            )
            model.plan(item.op, item.targets)
            model.ops_by_base[item.op.base] += 1
        until_ns = segment.end_ns
        if decision.resumed is not None:
            until_ns = self._hold_chain(segment, decision.resumed)
        cuts = decision.items[0].op.cuts
        for number, plane in enumerate(die.planes):
            if decision.held >> number & 1:
                least_ns = die.reset_until_ns if cuts else plane.tail_ns
                plane.tail_ns = max(until_ns, least_ns)
                plane.interleaves = decision.interleaves
        if segment.op.role is Role.RESET:
            self._hold_all_dies(segment)

    def _hold_chain(self, resume: Segment, resumed: Suspended) -> int:
        """Hold the way for what a resume will resume; returns when that will be done."""
        resume.resumed = resumed
        pattern = remaining_pattern(resumed.remaining)
        self._model.bus.reserve(pattern, resume.end_ns, resume.seg)
        return resume.end_ns + resumed.remaining_ns

    def _hold_all_dies(self, reset: Segment) -> None:
        """Nothing begins on any die before the reset is over."""
        for die in self._model.dies:
            for plane in die.planes:
                plane.tail_ns = max(reset.end_ns, die.reset_until_ns)
                plane.interleaves = False

    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> None:
        """Commit what a resume resumes; its way was held with the resume."""
        self._model.bus.release(resume.seg, resume.end_ns)
        item = Reservation(suspended.op, suspended.targets, resume.end_ns)
        self._commit(
            die,
            item,
            Source.RESUME_CHAIN,
            suspended.op_id,
            ends_batch=True,
            states=suspended.remaining,
        )

    def _commit(
        self,
        die: Die,
        item: Reservation,
        source: Source,
        op_id: int,
        *,
        ends_batch: bool,
        states: tuple[OpState, ...] | None = None,
    ) -> Segment:
        """Commit one segment, of the op's states or of those that remain of it."""
        model, op, start_ns = self._model, item.op, item.start_ns
        pattern, end_ns = op.pattern, start_ns + op.total_ns
        if states is not None:
            pattern = remaining_pattern(states)
            end_ns = start_ns + sum(state.duration_ns for state in states)
        seg = model.next_seg
        model.next_seg = seg + 1
        segment = Segment(
            seg,
            op_id,
            op,
            source,
            start_ns,
            end_ns,
            op.states if states is None else states,
            item.targets,
            die.number,
            *model.planes_of(op, item.targets),
            ends_batch,
        )
        self._log(segment)
        model.bus.reserve(pattern, start_ns, seg)
        self._queue(die, segment)
        return segment

    def _log(self, segment: Segment) -> None:
        op, targets = segment.op, segment.targets
        if not op.addressed:
            die, plane, block, _ = targets[0]
            targets = ((die, plane, block, NULL),)
        self._model.log.commit(
            self._model.clock_ns,
            targets,
            segment.seg,
            segment.op_id,
            op.name_code,
            op.base_code,
            self._sources[segment.source],
            segment.start_ns,
            segment.end_ns,
        )

    def _queue(self, die: Die, segment: Segment) -> None:
        queue = self._model.queue
        segment.start_id = queue.push(segment.start_ns, Due.OP_START, segment)
        segment.end_id = queue.push(segment.end_ns, Due.OP_END, segment)
        die.open.append(segment)
        if segment.op.instant:
            die.waiting_instants += 1
        if segment.op.switches:
            die.switching = segment
