"""Faults of sequences: what follows an op, and where."""

from __future__ import annotations

from dataclasses import replace

from nandtrace.nand.choices import Room
from nandtrace.nand.decisions import Decision, Refusal, Reservation
from nandtrace.nand.ops import Op
from nandtrace.nand.planner import Planner
from nandtrace.nand.profile import ScriptStep
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die
from nandtrace.vocab.nand import Role

_PROGRAMS = (Role.PROGRAM, Role.LOAD)


class _ChangesSequences(Planner):
    """Changes what was decided for an op and what follows it."""

    def decide(
        self, die: Die, plane: int, op: Op, room: Room, step: ScriptStep | None = None
    ) -> Decision | Refusal:
        found = super().decide(die, plane, op, room, step)
        if isinstance(found, Decision) and len(found.items) > 1:
            found = replace(found, items=self._changed(found.items))
        return found

    def _changed(self, items: list[Reservation]) -> list[Reservation]:
        return items


class _CutsShort(_ChangesSequences):
    def _changed(self, items: list[Reservation]) -> list[Reservation]:
        return items[:1]


class CutsSequencesShort(Scheduler):
    """Of an op and its sequence only the op is committed."""

    planner_class = _CutsShort


class _ForgetsLast(_ChangesSequences):
    def _changed(self, items: list[Reservation]) -> list[Reservation]:
        is_read = items[-1].op.role is Role.DATA_OUT and len(items) > 2
        return items[:-1] if is_read else items


class ForgetsLastDataOut(Scheduler):
    """The last data out of a longer sequence is forgotten."""

    planner_class = _ForgetsLast


class _InheritsWrong(_ChangesSequences):
    def _changed(self, items: list[Reservation]) -> list[Reservation]:
        return [items[0], *(self._moved(item) for item in items[1:])]

    def _moved(self, item: Reservation) -> Reservation:
        if not self._is_wrong(item.op):
            return item
        targets = tuple(
            (die, plane, block, page - 1 if page else page)
            for die, plane, block, page in item.targets
        )
        return replace(item, targets=targets)

    def _is_wrong(self, op: Op) -> bool:
        return op.role in _PROGRAMS


class InheritsOneOff(Scheduler):
    """A program or load of a sequence takes the page before the one that its rule gives it."""

    planner_class = _InheritsWrong


class _DeliversOther(_InheritsWrong):
    def _is_wrong(self, op: Op) -> bool:
        return op.role is Role.DATA_OUT


class DeliversPageBefore(Scheduler):
    """Data out asks for the page before the one that was read."""

    planner_class = _DeliversOther


class _Swaps(_ChangesSequences):
    def _changed(self, items: list[Reservation]) -> list[Reservation]:
        first, second, *rest = items
        if not first.op.addressed:
            return items
        early = replace(second, start_ns=first.start_ns)
        late = replace(first, start_ns=first.start_ns + second.op.total_ns + 1000)
        return [early, late, *rest]


class SwapsFirstTwo(Scheduler):
    """The first two ops of a sequence are committed in the wrong order."""

    planner_class = _Swaps
