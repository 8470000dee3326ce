"""A snapshot by itself: what no scheduler can be in, whatever happened before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nandtrace.check.event_batch import State
from nandtrace.check.workorder.limits import Limits
from nandtrace.vocab.workorder import ACTIVE, OrderState

_PAST = ("since_ns", "claimed_ns")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule expects of a snapshot, what there is, and of which order and slot."""

    expected: str
    actual: str
    order: int | None = None
    slot: int | None = None


def flaws(state: State, limits: Limits) -> Iterator[Flaw]:
    """What is wrong with a snapshot of the right shape."""
    yield from _of_slots(state["slots"], limits)
    ids = Counter(row["id"] for row in state["orders"])
    for row in state["orders"]:
        order = row["order"]
        if ids[row["id"]] > 1:
            yield Flaw(f"one live order with the id {row['id']}", f"{ids[row['id']]} orders", order)
        if order >= state["next_order"]:
            below = f"an order that was accepted, below {state['next_order']}"
            yield Flaw(below, f"order {order}", order)
        yield from _of_order(row)
    yield from _of_times(state)


def _of_slots(pairs: list[list[int]], limits: Limits) -> Iterator[Flaw]:
    held = Counter(order for _, order in pairs)
    for slot, order in pairs:
        if slot >= limits.slots:
            yield Flaw(f"a slot from 0 to {limits.slots - 1}", f"slot {slot}", order, slot)
        if held[order] > 1:
            yield Flaw(f"one slot held by order {order}", f"{held[order]} slots", order, slot)


def _of_order(row: dict[str, Any]) -> Iterator[Flaw]:
    order, state = row["order"], row["state"]
    least = int(state != OrderState.PENDING)
    most = row["max_retries"] + (state in ACTIVE)
    if not least <= row["attempts"] <= most:
        tried = f"{least} to {most} attempts of order {order}, which is {state}"
        yield Flaw(tried, f"{row['attempts']}", order)
    if state == OrderState.WAITING_RETRY and row["due_ns"] is None:
        yield Flaw(f"a time at which the retry of order {order} is due", "none", order)


def _of_times(state: State) -> Iterator[Flaw]:
    """What is over is not later than now."""
    now_ns, last_ns = state["clock_ns"], state["last_claim_ns"]
    if last_ns is not None and last_ns > now_ns:
        yield Flaw(f"last_claim_ns not after clock_ns, {now_ns}", f"{last_ns}")
    for row in state["orders"]:
        for name in _PAST:
            if row[name] is not None and row[name] > now_ns:
                past = f"{name} of order {row['order']} not after clock_ns, {now_ns}"
                yield Flaw(past, f"{row[name]}", row["order"])
