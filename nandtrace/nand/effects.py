"""Effects: what the start and the end of a segment change in the device, and how the log tells it."""

from __future__ import annotations

from nandtrace.nand.log import Row
from nandtrace.nand.model import Model
from nandtrace.nand.ops import OpState
from nandtrace.nand.profile import Proposals
from nandtrace.nand.queue import Due
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.resets import Resets
from nandtrace.nand.state import Die, Segment, Suspended
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import ApplyPolicy, Axis, CancelReason, Outcome, Role, Source, State


class Effects:
    """Dispatches OP_START and OP_END. While the model is draining, no hook is queued."""

    resets_class: type[Resets] = Resets

    def __init__(self, model: Model, reserver: Reserver, policy: ApplyPolicy) -> None:
        self._model = model
        self._reserver = reserver
        self._per_segment = policy is ApplyPolicy.PER_SEGMENT
        self._resets = self.resets_class(model)
        code = model.log.code
        self._outcomes = {outcome: code(outcome.value) for outcome in Outcome}
        self._axes = {axis: code(axis.value) for axis in Axis}
        self._op_end, self._suspend = code("OP_END"), code(CancelReason.SUSPEND.value)
        self._drain = code("DRAIN")

    # ---- a segment starts

    def start(self, segment: Segment) -> None:
        """The segment starts now."""
        model, log, op = self._model, self._model.log, segment.op
        now = model.clock_ns
        die = model.dies[segment.die]
        segment.started = True
        log.op_start(now, segment.seg)
        until_ns = now
        for state in segment.states:
            until_ns += state.duration_ns
            log.state(now, segment.seg, log.code(state.name), until_ns, int(state.bus))
        die.ongoing.append(segment.op_id)
        if op.instant:
            die.waiting_instants -= 1
        if die.switching is segment:
            die.switching = None
        if op.axis is not None:
            die.running[op.axis] = segment
        if op.holds_planes:
            self._take_planes(die, segment)
        if op.suspends is not None:
            self._cut(die, segment, op.suspends)
        elif segment.resumed is not None:
            self._resume(die, segment, segment.resumed)
        elif op.role in (Role.RESET, Role.RESET_LUN):
            self._resets.reset(segment)
        if not self._model.draining:
            self._push_hooks(segment)

    def _take_planes(self, die: Die, segment: Segment) -> None:
        """What the last op left on the planes is over."""
        for number, plane in enumerate(die.planes):
            if segment.held >> number & 1:
                plane.holder = segment
                if plane.left:
                    plane.left = 0
                    self._model.refresh_plane(plane)

    def _push_hooks(self, segment: Segment) -> None:
        """Hooks at random times in its CORE_BUSY, and where a batch is over."""
        model = self._model
        if segment.op.instant or model.policies.proposals is Proposals.SCRIPT:
            return
        die, plane = segment.die, segment.targets[0][1]
        at_ns = segment.start_ns
        for state in segment.states:
            if state.name == State.CORE_BUSY:
                for _ in range(model.policies.busy_hooks):
                    time_ns = at_ns + model.streams.hook.below(state.duration_ns // 10) * 10
                    model.queue.push(time_ns, Due.PHASE_HOOK, (die, plane, None, segment))
            at_ns += state.duration_ns
        if segment.ends_batch:
            if segment.held == model.all_planes:
                plane = model.streams.hook.below(model.profile.topology.planes)
            model.queue.push(segment.end_ns, Due.PHASE_HOOK, (die, plane, None, segment))

    def _cut(self, die: Die, by: Segment, axis: Axis) -> None:
        """A suspend starts: its target's segment ends here, and what remains of it is kept."""
        model, log, now = self._model, self._model.log, self._model.clock_ns
        target = die.running[axis]
        assert target is not None, f"segment {by.seg} suspends nothing"
        remaining = self._remaining(target, by)
        remaining_ns = sum(state.duration_ns for state in remaining)
        log.suspend(now, die.number, self._axes[axis], target.op_id, now, remaining_ns, by.seg)
        self._withdraw_end(target)
        target.is_cut = True
        self._close(die, target, Outcome.SUSPENDED)
        model.bus.release(target.seg, now)
        if self._per_segment:
            self._count_early(target)
        for plane in die.planes:
            plane.holder = by
        die.suspended[axis].append(
            Suspended(
                target.op_id,
                target.op,
                target.targets,
                target.seg,
                target.source,
                target.start_ns,
                now,
                remaining,
                remaining_ns,
            )
        )
        model.refresh_die(die)

    def _remaining(self, target: Segment, by: Segment) -> tuple[OpState, ...]:
        """What a suspend keeps of its target: the work not done when it starts."""
        return target.remaining_at(by.start_ns)

    def _withdraw_end(self, target: Segment) -> None:
        """The OP_END that was due will not come."""
        model = self._model
        model.log.cancel(model.clock_ns, target.seg, self._op_end, target.end_ns, self._suspend)
        model.queue.withdraw(target.end_id)

    def _count_early(self, target: Segment) -> None:
        """Policy per_segment: a program counts whenever one of its segments ends."""
        if target.op.role is Role.PROGRAM:
            self._log_program(target)

    def _resume(self, die: Die, by: Segment, resumed: Suspended) -> None:
        """A resume starts: what it resumes is committed to go on when the resume is over."""
        model, log = self._model, self._model.log
        axis = resumed.op.axis
        assert axis is not None
        assert die.suspended[axis][-1] is resumed, "the op suspended last is resumed first"
        die.suspended[axis].pop()
        by.resumed = None
        log.resume(
            model.clock_ns,
            die.number,
            self._axes[axis],
            resumed.op_id,
            1,
            resumed.remaining_ns,
            by.seg,
            self._drain if self._model.draining else NULL,
        )
        self._reserver.commit_chain(die, by, resumed)
        model.refresh_die(die)

    # ---- a segment ends

    def end(self, segment: Segment) -> None:
        """The segment is completed now."""
        model, op = self._model, segment.op
        die = model.dies[segment.die]
        self._close(die, segment, Outcome.COMPLETED)
        if op.role is Role.ERASE:
            self._apply_erase(segment)
        elif op.role is Role.PROGRAM:
            self._apply_program(segment)
        elif op.role in (Role.ODT_DISABLE, Role.ODT_ENABLE):
            self._switch_odt(die, op.role is Role.ODT_DISABLE, segment)
        elif op.role is Role.READ and model.is_bootstrapping:
            model.read_blocks.update((target[0], target[2]) for target in segment.targets)
        if op.holds_planes or op.fills or op.frees or op.enters or op.leaves:
            self._leave_planes(die, segment)
        if segment.source is Source.RESUME_CHAIN and not die.is_suspended:
            # What waited for that may go on.
            model.queue_backlog(die, Due.BACKLOG_REFILL, model.clock_ns)

    def _close(self, die: Die, segment: Segment, outcome: Outcome) -> None:
        """The segment's one OP_END."""
        self._model.log.op_end(
            self._model.clock_ns,
            segment.seg,
            self._outcomes[outcome],
            int(self._model.draining and outcome is Outcome.COMPLETED),
        )
        self._model.forget(die, segment)

    def _apply_erase(self, segment: Segment) -> None:
        model, op = self._model, segment.op
        cells = tuple((die, block, NULL) for die, _, block, _ in segment.targets)
        model.log.apply_erase(model.clock_ns, cells, segment.seg, model.log.code(op.celltype), 0)
        for die, block, _ in cells:
            model.addresses.apply_erase(die, block, op.celltype)

    def _apply_program(self, segment: Segment) -> None:
        self._log_program(segment)
        for die, _, block, page in segment.targets:
            assert page is not None
            self._model.addresses.apply_program(die, block, page)

    def _log_program(self, segment: Segment) -> None:
        log = self._model.log
        cells = tuple((die, block, page) for die, _, block, page in segment.targets)
        log.apply_pgm(self._model.clock_ns, cells, segment.seg, log.code(segment.op.celltype), 0)

    def _switch_odt(self, die: Die, disable: bool, segment: Segment) -> None:
        if die.odt_disabled != disable:
            die.odt_disabled = disable
            model = self._model
            model.log.odt(model.clock_ns, int(not disable), die.number, segment.seg)
            model.refresh_die(die)

    def _leave_planes(self, die: Die, segment: Segment) -> None:
        """Latches, cache states and the last state that the op leaves on its planes."""
        op, log = segment.op, self._model.log
        for number, plane in enumerate(die.planes):
            if segment.touched >> number & 1:
                where = (die.number, number, segment.seg)
                self._set_marks(log.latch, plane.latches, op.frees, op.fills, where)
                self._set_marks(log.cache, plane.caches, op.leaves, op.enters, where)
            if op.holds_planes and segment.held >> number & 1:
                plane.left = op.end_excludes
            self._model.refresh_plane(plane)

    def _set_marks(
        self,
        log: Row,
        marks: list[str],
        off: tuple[str, ...],
        on: str | None,
        where: tuple[int, ...],
    ) -> None:
        """Take latches or cache states off a plane, and put one on; `where` is die, plane and segment."""
        model, (die, plane, seg) = self._model, where
        for mark in off:
            if mark in marks:
                marks.remove(mark)
                log(model.clock_ns, 0, die, plane, model.log.code(mark), seg)
        if on is not None and on not in marks:
            marks.append(on)
            log(model.clock_ns, 1, die, plane, model.log.code(on), seg)
