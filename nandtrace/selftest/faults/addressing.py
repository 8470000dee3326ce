"""Faults of the address manager: blocks, pages, planes and cell types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nandtrace.nand.addresses import Address, AddressManager, AddressSlot, Use
from nandtrace.nand.choices import Room
from nandtrace.nand.decisions import Decision, Refusal, Reservation
from nandtrace.nand.effects import Effects
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op
from nandtrace.nand.planner import Planner
from nandtrace.nand.profile import Profile, ScriptStep
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Segment
from nandtrace.nand.streams import Stream
from nandtrace.trace.recorder import Target
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import ERASED, Role


class _NoBadBlocks(AddressManager):
    def __init__(self, profile: Profile, stream: Stream) -> None:
        super().__init__(replace(profile, bad_blocks=()), stream)


class _ModelNoBadBlocks(Model):
    addresses_class = _NoBadBlocks


class UsesBadBlocks(Scheduler):
    """The list of bad blocks is read and not used."""

    model_class = _ModelNoBadBlocks


class _SkipsPages(AddressManager):
    def _with_page(self, slot: AddressSlot, die: int, blocks: Sequence[int]) -> Address | None:
        found = super()._with_page(slot, die, blocks)
        if found is None or slot.use is not Use.PROGRAM:
            return found
        block, page = found
        last = self.topology.pages_per_block - 1 - slot.span
        return block, min(page + (page == 1), last)


class _ModelSkipsPages(Model):
    addresses_class = _SkipsPages


class SkipsPage(Scheduler):
    """A program that would take page 1 of its block takes page 2."""

    model_class = _ModelSkipsPages


class _KeepsPages(AddressManager):
    def apply_erase(self, die: int, block: int, mode: str) -> None:
        planned = self.planned[die][block]
        super().apply_erase(die, block, mode)
        if planned > ERASED:
            self.planned[die][block] = planned
            self._file(die, block)


class _ModelKeepsPages(Model):
    addresses_class = _KeepsPages


class EraseKeepsPages(Scheduler):
    """An erase leaves the count of pages where it was, so that the next program goes on there."""

    model_class = _ModelKeepsPages


class _KeepsMode(AddressManager):
    def apply_erase(self, die: int, block: int, mode: str) -> None:
        super().apply_erase(die, block, self.mode[die][block] or mode)


class _ModelKeepsMode(Model):
    addresses_class = _KeepsMode


class EraseKeepsCellType(Scheduler):
    """A block keeps for ever the cell type that its first erase gave it."""

    model_class = _ModelKeepsMode


class _IgnoresModes(AddressManager):
    def __init__(self, profile: Profile, stream: Stream) -> None:
        super().__init__(profile, stream)
        self._modes = dict.fromkeys(self._modes, (*profile.celltypes, None))


class _ModelIgnoresModes(Model):
    addresses_class = _IgnoresModes


class IgnoresCellTypes(Scheduler):
    """A program takes any erased block, whatever its cell type."""

    model_class = _ModelIgnoresModes


class _ReadsOneTooFar(AddressManager):
    def __init__(self, profile: Profile, stream: Stream) -> None:
        super().__init__(profile, stream)
        self._guard -= 1


class _ModelReadsOneTooFar(Model):
    addresses_class = _ReadsOneTooFar


class ReadsOneTooFar(Scheduler):
    """A read may take the page after the last one that the offset guard allows."""

    model_class = _ModelReadsOneTooFar


class _TrustsPlans(AddressManager):
    def plan_program(self, die: int, block: int, page: int) -> None:
        super().plan_program(die, block, page)
        self.applied[die][block] = page
        self._file(die, block)


class _ModelTrustsPlans(Model):
    addresses_class = _TrustsPlans


class ReadsWhatIsPlanned(Scheduler):
    """A page counts as programmed as soon as its program is reserved."""

    model_class = _ModelTrustsPlans


class _EraseIsNoUse(AddressManager):
    def _file(self, die: int, block: int) -> None:
        erasers, self._erasers[die][block] = self._erasers[die][block], 0
        super()._file(die, block)
        self._erasers[die][block] = erasers


class _ModelEraseIsNoUse(Model):
    addresses_class = _EraseIsNoUse


class UsesBlocksInErase(Scheduler):
    """A block stays in use while an erase of it is reserved, runs or is suspended."""

    model_class = _ModelEraseIsNoUse


class _ShiftsLastPlane(Planner):
    """Moves the last target of multi-plane ops."""

    def decide(
        self, die: Die, plane: int, op: Op, room: Room, step: ScriptStep | None = None
    ) -> Decision | Refusal:
        found = super().decide(die, plane, op, room, step)
        if isinstance(found, Decision):
            items = [self._shifted(item) if item.op.multi else item for item in found.items]
            found = replace(found, items=items)
        return found

    def _shifted(self, item: Reservation) -> Reservation:
        *kept, last = item.targets
        return replace(item, targets=(*kept, self._shift(last)))

    def _shift(self, target: Target) -> Target:
        return target


class _ShiftsRow(_ShiftsLastPlane):
    def _shift(self, target: Target) -> Target:
        die, plane, block, page = target
        topology = self._model.profile.topology
        return die, plane, (block + topology.planes) % topology.blocks_per_die, page


class MixesRows(Scheduler):
    """The last plane of a multi-plane op addresses the next row of blocks."""

    planner_class = _ShiftsRow


class _ShiftsPage(_ShiftsLastPlane):
    def _shift(self, target: Target) -> Target:
        die, plane, block, page = target
        return die, plane, block, page and page - 1


class MixesPages(Scheduler):
    """The last plane of a multi-plane op addresses the page before that of the others."""

    planner_class = _ShiftsPage


class _CountsPlanesWrong(_ShiftsLastPlane):
    def _shift(self, target: Target) -> Target:
        die, plane, block, page = target
        return die, plane, (block + 1) % self._model.profile.topology.blocks_per_die, page


class CrossesPlanes(Scheduler):
    """The last plane of a multi-plane op addresses a block that lies in the next plane."""

    planner_class = _CountsPlanesWrong


class _AppliesFirstErase(Effects):
    def _apply_erase(self, segment: Segment) -> None:
        model, (die, _, block, _) = self._model, segment.targets[0]
        code = model.log.code(segment.op.celltype)
        model.log.apply_erase(model.clock_ns, ((die, block, NULL),), segment.seg, code, 0)
        for number, _, each, _ in segment.targets:
            model.addresses.apply_erase(number, each, segment.op.celltype)


class AppliesFirstPlane(Scheduler):
    """A multi-plane erase is applied to the block of its first plane."""

    effects_class = _AppliesFirstErase


class _CountsLoads(Effects):
    def end(self, segment: Segment) -> None:
        super().end(segment)
        if segment.op.role is Role.LOAD:
            self._log_program(segment)


class CountsLoads(Scheduler):
    """A load that only fills a latch counts as a program of its page."""

    effects_class = _CountsLoads
