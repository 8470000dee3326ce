"""Reference checker: who holds a slot, and who gives it back."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import WAITING, State


class Slots(Rule):
    """slot-bound, slot-pairing, slot-iff-active."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        self.owed: tuple[int | None, int | None] | None = None
        """The order of which the next event must be the RELEASE, and its slot where it is known."""

        self.must_follow = False
        self.ended_ns = 0
        self.deadline_ns: int | None = None
        """When the handler of that order is abandoned, if it was asked to end."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        owed, self.owed = self.owed, None
        if entry.kind == "RESTART":
            self.run.abandoned.clear()
        if entry.kind == "STRAY":
            yield from self._stray(entry)
        if entry.kind == "RELEASE":
            yield from self._released(entry, state, owed)
        elif owed is not None and not _is_crash(entry):
            if self.must_follow:
                yield "slot-pairing"
            state.free(owed[0])
            if owed[1] is not None:
                state.maybe.add(owed[1])
        if entry.kind in ("COMPLETE", "FAIL", "CANCEL"):
            self._ended(entry, state)
        elif entry.kind == "CLAIM":
            yield from self._claimed(entry, state)
        elif entry.kind == "RUN_END" and not _is_crash(entry):
            yield from self._settled(entry)

    def _ended(self, entry: Entry, state: State) -> None:
        order = state.find(entry.get("order"))
        if entry.kind == "CANCEL" and order is not None and order.state in WAITING:
            return
        asked = order.terminate if order is not None else None
        self.deadline_ns = asked["deadline_ns"] if asked else None
        self.ended_ns = entry.time_ns
        self.owed = (entry.get("order"), order.slot if order else None)
        self.must_follow = order is not None and (order.slot is not None or not order.in_doubt)

    def _released(
        self, entry: Entry, state: State, owed: tuple[int | None, int | None] | None
    ) -> Iterator[str]:
        number, slot = entry.get("order"), entry.get("slot")
        order = state.find(number)
        if owed is not None:
            is_late = entry.time_ns > self.ended_ns + self.run.within_ns
            is_other = number != owed[0] or slot is None or owed[1] not in (None, slot)
            if is_late or is_other:
                yield "slot-pairing"
            state.free(owed[0])
            if owed[1] is None and slot is not None:
                state.free_slot(slot)
        elif order is not None and order.is_active and slot is not None and order.slot == slot:
            yield "slot-iff-active"
            state.free_slot(slot)
        else:
            yield "slot-pairing"
            state.maybe.discard(slot)
        deadline_ns = self.deadline_ns if owed is not None else None
        if entry.get("forced") and (deadline_ns is None or entry.time_ns < deadline_ns):
            yield "slot-pairing"
        if entry.get("forced") is None:
            yield "slot-pairing"
        if entry.get("forced"):
            self.run.abandoned.append((number, slot))

    def _stray(self, entry: Entry) -> Iterator[str]:
        handler = (entry.get("order"), entry.get("slot"))
        if handler in self.run.abandoned:
            self.run.abandoned.remove(handler)
        elif self.run.is_known:
            yield "slot-pairing"

    def _claimed(self, entry: Entry, state: State) -> Iterator[str]:
        order = state.find(entry.get("order"))
        if (order is not None and order.is_active) or state.slots.get(
            entry.get("slot"), -1
        ) not in (-1, entry.get("order")):
            return
        held = {o.slot for o in state.live() if o.slot is not None and o is not order}
        if len(held) >= self.device["slots"] or (entry.get("slot") or 0) >= self.device["slots"]:
            yield "slot-bound"

    def _settled(self, entry: Entry) -> Iterator[str]:
        told = entry.snapshot
        if told is None:
            return
        active = [
            row["order"] for row in told["orders"] if row["state"] in ("PREPARING", "RUNNING")
        ]
        if sorted(number for _, number in told["slots"]) != sorted(active):
            yield "slot-iff-active"


def _is_crash(entry: Entry) -> bool:
    return entry.kind == "RUN_END" and entry.get("end") == "CRASHED"
