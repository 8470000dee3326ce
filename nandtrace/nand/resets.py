"""Resets: what a RESET or a RESET_LUN ends when it starts."""

from __future__ import annotations

from nandtrace.nand.model import Model
from nandtrace.nand.queue import Due
from nandtrace.nand.state import Die, Plane, Segment, Suspended
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis, CancelReason, Outcome, Role, Source


class Resets:
    """Ends everything on the dies that a reset concerns."""

    def __init__(self, model: Model) -> None:
        self._model = model
        code = model.log.code
        self._op_start, self._op_end = code("OP_START"), code("OP_END")
        self._reason = code(CancelReason.RESET.value)
        self._outcome = code(Outcome.RESET.value)

    def reset(self, by: Segment) -> None:
        """The reset starts now."""
        model = self._model
        for die in self._dies(by):
            die.reset_until_ns = max(die.reset_until_ns, by.end_ns)
            for segment in [other for other in die.open if other is not by]:
                self._end_segment(die, segment)
            for axis in Axis:
                for suspended in die.suspended[axis]:
                    self._give_up(suspended)
                die.suspended[axis].clear()
            for number, plane in enumerate(die.planes):
                self._clear_plane(die, number, plane, by)
            model.refresh_die(die)
            model.queue_backlog(die, Due.BACKLOG_REFILL, by.end_ns)

    def _dies(self, by: Segment) -> list[Die]:
        """The dies that a reset concerns."""
        dies = self._model.dies
        return dies if by.op.role is Role.RESET else [dies[by.die]]

    def _end_segment(self, die: Die, segment: Segment) -> None:
        """A started segment gets its OP_END; one that waits is withdrawn, start and end."""
        model, log, now = self._model, self._model.log, self._model.clock_ns
        model.queue.withdraw(segment.end_id)
        segment.is_cut = True
        if segment.started:
            log.op_end(now, segment.seg, self._outcome, 0)
        else:
            model.queue.withdraw(segment.start_id)
            log.cancel(now, segment.seg, self._op_start, segment.start_ns, self._reason)
            log.cancel(now, segment.seg, self._op_end, segment.end_ns, self._reason)
        model.forget(die, segment)
        model.bus.release(segment.seg, now)
        if segment.started or segment.source is Source.RESUME_CHAIN:
            self._abort(segment)
        else:
            self._withdraw(segment)

    def _give_up(self, suspended: Suspended) -> None:
        """A suspended op will never be resumed."""
        log, now = self._model.log, self._model.clock_ns
        log.cancel(now, suspended.seg, self._op_end, now, self._reason)
        self._abort(suspended)

    def _abort(self, cut: Segment | Suspended) -> None:
        """Its cells have suffered: a page counts as used, a block is unusable until its next erase."""
        model, op = self._model, cut.op
        if op.role is Role.PROGRAM:
            cells = tuple((die, block, page) for die, _, block, page in cut.targets)
            model.log.apply_pgm(model.clock_ns, cells, cut.seg, model.log.code(op.celltype), 1)
            for die, block, page in cells:
                assert page is not None
                model.addresses.apply_program(die, block, page)
        elif op.role is Role.ERASE:
            blocks = tuple((die, block, NULL) for die, _, block, _ in cut.targets)
            model.log.apply_erase(model.clock_ns, blocks, cut.seg, model.log.code(op.celltype), 1)
            for die, block, _ in blocks:
                model.addresses.abort_erase(die, block)

    def _withdraw(self, segment: Segment) -> None:
        """It never began: what was planned for its cells is not."""
        addresses = self._model.addresses
        for die, _, block, _ in segment.targets:
            if segment.op.role is Role.PROGRAM:
                addresses.withdraw_program(die, block)
            elif segment.op.role is Role.ERASE:
                addresses.withdraw_erase(die, block)

    def _clear_plane(self, die: Die, number: int, plane: Plane, by: Segment) -> None:
        model, log, now = self._model, self._model.log, self._model.clock_ns
        for latch in sorted(plane.latches):
            log.latch(now, 0, die.number, number, log.code(latch), by.seg)
        for cache in sorted(plane.caches):
            log.cache(now, 0, die.number, number, log.code(cache), by.seg)
        plane.latches.clear()
        plane.caches.clear()
        plane.left, plane.tail_ns, plane.interleaves = 0, die.reset_until_ns, False
        plane.holder = by
        model.refresh_plane(plane)
