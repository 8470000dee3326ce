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
        last = len(decision.items) - 1
        for at, item in enumerate(decision.items):
            segment = self._commit(
                die,
                item,
                source if at == 0 else Source.SEQUENCE,
                op_id if at == 0 else None,
                ends_batch=at == last and not item.op.instant,
            )
            self._model.plan(item.op, item.targets)
        until_ns = segment.end_ns
        if decision.resumed is not None:
            until_ns = self._hold_chain(segment, decision.resumed)
        cuts = decision.items[0].op.cuts
        for number, plane in enumerate(die.planes):
            if decision.held >> number & 1:
                plane.tail_ns = until_ns if cuts else max(plane.tail_ns, until_ns)
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
                plane.tail_ns = reset.end_ns
                plane.interleaves = False

    def commit_chain(self, die: Die, resume: Segment, suspended: Suspended) -> Segment:
        """Commit what a resume resumes; its way was held with the resume."""
        bus = self._model.bus
        bus.release(resume.seg, resume.end_ns)
        item = Reservation(suspended.op, suspended.targets, resume.end_ns)
        return self._commit(
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
        op_id: int | None,
        *,
        ends_batch: bool,
        states: tuple[OpState, ...] | None = None,
    ) -> Segment:
        """Commit one segment: log it, reserve the bus, queue its start and its end."""
        model, op, start_ns = self._model, item.op, item.start_ns
        pattern = op.pattern
        end_ns = start_ns + op.total_ns
        if states is not None:
            pattern = remaining_pattern(states)
            end_ns = start_ns + sum(state.duration_ns for state in states)
        if op_id is None:
            op_id = model.new_op_id()
            model.ops_by_base[op.base] += 1
        seg = model.next_seg
        model.next_seg = seg + 1
        touched, held = model.planes_of(op, item.targets)
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
            touched,
            held,
            ends_batch,
        )
        model.log.commit(
            model.clock_ns,
            item.targets if op.addressed else ((die.number, item.targets[0][1], 0, NULL),),
            seg,
            op_id,
            op.name_code,
            op.base_code,
            self._sources[source],
            start_ns,
            end_ns,
        )
        model.bus.reserve(pattern, start_ns, seg)
        segment.start_id = model.queue.push(start_ns, Due.OP_START, segment)
        segment.end_id = model.queue.push(end_ns, Due.OP_END, segment)
        die.open.append(segment)
        if op.instant:
            die.waiting_instants += 1
        return segment
