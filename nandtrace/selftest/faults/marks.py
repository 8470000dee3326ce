"""Faults of latches, cache states, termination, and of what they exclude."""

from __future__ import annotations

from dataclasses import replace

from nandtrace.nand.effects import Effects
from nandtrace.nand.log import EventLog, Row
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Masks
from nandtrace.nand.profile import Profile
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Segment
from nandtrace.vocab.nand import Axis


class _FreesNoLatch(Effects):
    def _set_marks(
        self,
        log: Row,
        marks: list[str],
        off: tuple[str, ...],
        on: str | None,
        where: tuple[int, ...],
    ) -> None:
        super()._set_marks(log, marks, () if log is self._model.log.latch else off, on, where)


class NeverFreesLatches(Scheduler):
    """A latch that was filled once stays full."""

    effects_class = _FreesNoLatch


class _LeavesNoCache(Effects):
    def _set_marks(
        self,
        log: Row,
        marks: list[str],
        off: tuple[str, ...],
        on: str | None,
        where: tuple[int, ...],
    ) -> None:
        super()._set_marks(log, marks, () if log is self._model.log.cache else off, on, where)


class NeverLeavesCache(Scheduler):
    """A cache state that was entered once is never left."""

    effects_class = _LeavesNoCache


class _FirstPlaneOnly(Effects):
    def _leave_planes(self, die: Die, segment: Segment) -> None:
        touched = segment.touched
        segment.touched &= -touched
        super()._leave_planes(die, segment)
        segment.touched = touched


class MarksFirstPlane(Scheduler):
    """A multi-plane op fills and frees the latches of its first plane alone."""

    effects_class = _FirstPlaneOnly


class _SwitchesQuietly(Effects):
    def _switch_odt(self, die: Die, disable: bool, segment: Segment) -> None:  # noqa: ARG002
        die.odt_disabled = disable
        self._model.refresh_die(die)


class SwitchesQuietly(Scheduler):
    """On-die termination is switched and not written to be."""

    effects_class = _SwitchesQuietly


class _ModelWithMasks(Model):
    """A model that forgets some of what its profile excludes."""

    def __init__(self, profile: Profile, seed: int, log: EventLog) -> None:
        super().__init__(profile, seed, log)
        self.catalogue = replace(self.catalogue, masks=self._forget(self.catalogue.masks))

    def _forget(self, masks: Masks) -> Masks:
        return masks


class _NoTermination(_ModelWithMasks):
    def _forget(self, masks: Masks) -> Masks:
        return replace(masks, odt_disabled=0)


class IgnoresTermination(Scheduler):
    """What needs its on-die termination starts without it."""

    model_class = _NoTermination


class _NoLatches(_ModelWithMasks):
    def _forget(self, masks: Masks) -> Masks:
        return replace(masks, latch={})


class IgnoresLatches(Scheduler):
    """What a full latch keeps out starts all the same."""

    model_class = _NoLatches


class _NoCaches(_ModelWithMasks):
    def _forget(self, masks: Masks) -> Masks:
        return replace(masks, cache={})


class IgnoresCacheStates(Scheduler):
    """What a cache state keeps out starts all the same."""

    model_class = _NoCaches


class _NoSuspends(_ModelWithMasks):
    def _forget(self, masks: Masks) -> Masks:
        return replace(masks, suspended=dict.fromkeys(Axis, 0))


class IgnoresSuspends(Scheduler):
    """What something suspended keeps out starts all the same."""

    model_class = _NoSuspends


class _PlaneForDie(Model):
    def excluded(self, die: Die, plane: int, now_ns: int) -> tuple[int, int]:
        on_plane, _ = super().excluded(die, plane, now_ns)
        return on_plane, on_plane


class ExcludesByPlane(Scheduler):
    """An op of the whole die is judged by what one plane excludes."""

    model_class = _PlaneForDie


class _OpsHaveNoWindows(Model):
    def __init__(self, profile: Profile, seed: int, log: EventLog) -> None:
        super().__init__(profile, seed, log)
        for op in self.catalogue.ops:
            op.has_windows = False


class IgnoresBusyOps(Scheduler):
    """What an op in its busy state keeps out starts all the same."""

    model_class = _OpsHaveNoWindows
