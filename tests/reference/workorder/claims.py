"""Reference checker: what a claim takes, and what must allow it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule
from tests.reference.workorder.state import DOUBT, Order, State


class Claims(Rule):
    """claim-atomic, no-double-claim, stagger, no-critical-claim, claim-has-memory, claim-order."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "CLAIM":
            first = wanted(state, self.device)
            order = state.find(entry.get("order"))
            held_by = state.slots.get(entry.get("slot"))
            is_held = held_by not in (None, entry.get("order"))
            is_held = is_held or entry.get("slot") in state.freed_late
            if (
                is_held
                or (order is not None and order.is_active)
                or entry.get("order") in state.ghosts
            ):
                yield "no-double-claim"
            else:
                yield from self._taken(entry, state)
            if order is not None and order.state == "PENDING" and order is not first:
                yield "claim-order"
                doubt_overtaken(order, state, self.device)
            yield from self._allowed(entry, state)

    def _taken(self, entry: Entry, state: State) -> Iterator[str]:
        order, slot = state.find(entry.get("order")), entry.get("slot")
        if reading_of(entry) is None:
            yield "claim-atomic"
        elif slot is not None and slot >= self.device["slots"]:
            return
        elif (
            slot is None
            or not _is_lowest(slot, state, entry.get("order"))
            or (
                order is not None
                and not order.is_missing
                and entry.get("attempt") != order.attempts + 1
            )
        ):
            yield "claim-atomic"

    def _allowed(self, entry: Entry, state: State) -> Iterator[str]:
        if stagger_until(state, self.device) > entry.time_ns:
            yield "stagger"
        reading = reading_of(entry)
        if reading is None or not self.device["memory_gating"]:
            return
        if level(reading, self.device) == "CRITICAL":
            yield "no-critical-claim"
        if reading[1] < needed(entry.time_ns, state, self.device):
            yield "claim-has-memory"


def _is_lowest(slot: int, state: State, number: int | None) -> bool:
    """May it be the lowest free slot, whatever those are that nobody knows?"""
    free = [lower for lower in range(slot) if state.slots.get(lower, number) == number]
    return len(free) <= state.unknown_slots


def doubt_overtaken(named: Order, state: State, device: dict[str, Any]) -> None:
    """Something must have happened to the orders whose turn was before that of the one named."""
    for other in state.live():
        if other.state == "PENDING" and precedes(other, named, device):
            other.state = DOUBT


def precedes(one: Order, other: Order, device: dict[str, Any]) -> bool:
    if device["policy"] == "priority" and one.priority != other.priority:
        return one.priority > other.priority
    return one.number < other.number


def wanted(state: State, device: dict[str, Any]) -> Order | None:
    """The pending order that is claimed next."""
    best: Order | None = None
    for order in state.live():
        if order.state != "PENDING":
            continue
        is_higher = device["policy"] == "priority" and best and order.priority > best.priority
        if best is None or is_higher:
            best = order
    return best


def stagger_until(state: State, device: dict[str, Any]) -> int:
    """When the next order may be claimed."""
    if state.last_claim_ns is None:
        return 0
    until_ns: int = state.last_claim_ns + device["stagger_ns"]
    return until_ns


def reading_of(entry: Entry) -> tuple[int, int] | None:
    """The total and the available bytes that were read, None where they make no reading."""
    total, available = entry.get("total_bytes"), entry.get("available_bytes")
    if total is None or available is None or not 0 <= available <= total or total == 0:
        return None
    return total, available


def level(reading: tuple[int, int], device: dict[str, Any]) -> str:
    """The pressure that a reading tells."""
    total, available = reading
    used = total - available
    if used * 1000 >= device["critical_permille"] * total:
        return "CRITICAL"
    if used * 1000 >= device["warning_permille"] * total:
        return "WARNING"
    return "NONE"


def needed(time_ns: int, state: State, device: dict[str, Any]) -> int:
    """The memory that one more claim needs, that of the young ones included."""
    young = 0
    for number in state.slots.values():
        order = state.find(number)
        if order is None or order.claimed_ns is None:
            continue
        if time_ns - order.claimed_ns < device["settle_ns"]:
            young += 1
    bytes_: int = device["memory_per_slot_bytes"] * (1 + young)
    return bytes_
