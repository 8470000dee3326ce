"""Excerpts of traces of work orders: orders that can be left out, and runs that end early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.shrinking.cut import RUN_BEGIN, RUN_END, Groups
from nandtrace.trace.event import Event
from nandtrace.vocab.workorder import RunEnd
from nandtrace.workorder.fold import LogState


def order_groups(events: Sequence[TapeEvent]) -> Groups:
    """The events of each order; each refusal, and each kind of what tells of decisions not to claim."""
    groups: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        if event.kind in ("HOLD", "PRESSURE", "HEALTH"):
            groups.setdefault(f"{event.kind} {place}", []).append(place)
        elif event.get("order") is not None:
            groups.setdefault(f"order {event.get('order')}", []).append(place)
        elif event.kind == "REFUSE":
            groups.setdefault(f"refusal {place}", []).append(place)
    return groups


def closed_run(_: Sequence[TapeEvent], kept: Sequence[TapeEvent]) -> TapeEvent:
    """A RUN_END after the last of the events: a checkpoint, which `mended_orders` gives its snapshot."""
    last = kept[-1]
    return TapeEvent(RUN_END, last.time_ns, last.run, {"end": RunEnd.CHECKPOINT.value}, {})


def mended_orders(
    whole: Sequence[TapeEvent], kept: Sequence[TapeEvent], restated: bool
) -> Sequence[TapeEvent]:
    """Orders numbered without a hole again, and ends that say what the events come to."""
    first = next((event.snapshot for event in whole if event.snapshot), {})
    numbers = _numbers(whole, kept, int(first.get("next_order", 0)))
    return _stated([_renumbered(event, numbers) for event in kept], all_of_them=restated)


def _numbers(
    whole: Sequence[TapeEvent], kept: Sequence[TapeEvent], first: int
) -> Mapping[int, int]:
    """New numbers of the orders that came within the excerpt; earlier ones keep theirs."""
    left = {event.get("order") for event in kept if event.kind == "ENQUEUE"}
    came = [event.get("order") for event in whole if event.kind == "ENQUEUE"]
    return {old: first + at for at, old in enumerate(old for old in came if old in left)}


def _renumbered(event: TapeEvent, numbers: Mapping[int, int]) -> TapeEvent:
    old = event.get("order")
    if old not in numbers:
        return event
    return replace(event, fields={**event.fields, "order": numbers[old]})


def _stated(events: Sequence[TapeEvent], *, all_of_them: bool) -> Sequence[TapeEvent]:
    stated, state, known = [], None, None
    for event in events:
        mine: dict[str, Any] | None = event.snapshot
        if event.kind == RUN_BEGIN and mine is not None:
            mine = known if all_of_them and known is not None else mine
            state = LogState(mine)
        elif state is not None:
            state.apply(Event(0, event.run, event.time_ns, event.kind, dict(event.fields)))
        if event.kind == RUN_END and state is not None and (all_of_them or not mine):
            mine = known = state.snapshot()
        stated.append(replace(event, snapshot=mine))
    return stated
