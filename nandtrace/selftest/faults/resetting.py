"""Faults of resets: what they forget to end."""

from __future__ import annotations

from nandtrace.nand.addresses import AddressManager
from nandtrace.nand.effects import Effects
from nandtrace.nand.model import Model
from nandtrace.nand.resets import Resets
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Plane, Segment, Suspended
from nandtrace.vocab.nand import Role


class _OneDie(Resets):
    def _dies(self, by: Segment) -> list[Die]:
        return [self._model.dies[by.die]]


class _EffectsOfOneDie(Effects):
    resets_class = _OneDie


class ResetForgetsDies(Scheduler):
    """A RESET ends what is on its own die, and forgets the others."""

    effects_class = _EffectsOfOneDie


class _KeepsSuspended(Resets):
    def reset(self, by: Segment) -> None:
        kept = [{axis: list(ops) for axis, ops in die.suspended.items()} for die in self._dies(by)]
        for die in self._dies(by):
            for ops in die.suspended.values():
                ops.clear()
        super().reset(by)
        for die, suspended in zip(self._dies(by), kept, strict=True):
            die.suspended.update(suspended)
            self._model.refresh_die(die)


class _EffectsKeepSuspended(Effects):
    resets_class = _KeepsSuspended


class ResetForgetsSuspended(Scheduler):
    """A reset ends what runs and what waits, and leaves suspended what is suspended."""

    effects_class = _EffectsKeepSuspended


class _KeepsReserved(Resets):
    def _end_segment(self, die: Die, segment: Segment) -> None:
        if segment.started:
            super()._end_segment(die, segment)


class _EffectsKeepReserved(Effects):
    resets_class = _KeepsReserved


class ResetForgetsReserved(Scheduler):
    """A reset ends what runs, and what is reserved starts all the same."""

    effects_class = _EffectsKeepReserved


class _AbortsNothing(Resets):
    def _abort(self, cut: Segment | Suspended) -> None:
        addresses = self._model.addresses
        for die, _, block, _ in cut.targets:
            if cut.op.role is Role.PROGRAM:
                addresses.withdraw_program(die, block)
            elif cut.op.role is Role.ERASE:
                addresses.withdraw_erase(die, block)


class _EffectsAbortNothing(Effects):
    resets_class = _AbortsNothing


class ResetSparesCells(Scheduler):
    """What a reset cuts leaves its cells as if it had never begun."""

    effects_class = _EffectsAbortNothing


class _KeepsLatches(Resets):
    def _clear_plane(self, die: Die, number: int, plane: Plane, by: Segment) -> None:
        latches, caches = list(plane.latches), list(plane.caches)
        plane.latches.clear()
        plane.caches.clear()
        super()._clear_plane(die, number, plane, by)
        plane.latches += latches
        plane.caches += caches
        self._model.refresh_plane(plane)


class _EffectsKeepLatches(Effects):
    resets_class = _KeepsLatches


class ResetKeepsLatches(Scheduler):
    """A reset leaves latches and cache states as they are."""

    effects_class = _EffectsKeepLatches


class _AbortedIsErased(AddressManager):
    def abort_erase(self, die: int, block: int) -> None:
        self.apply_erase(die, block, self.mode[die][block] or "SLC")


class _ModelAbortedIsErased(Model):
    addresses_class = _AbortedIsErased


class AbortedEraseCounts(Scheduler):
    """A block whose erase a reset cut is taken for erased."""

    model_class = _ModelAbortedIsErased
