"""Other ways to tell the same of a NAND device."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_scene import scene_of
from nandtrace.check.mutation.nand_situation import windows_of
from nandtrace.check.mutation.operators import equivalent
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent

_SEGS, _OPS = ("seg", "by_seg"), ("op",)
_OP_LISTS = ("ongoing", "suspended_erase", "suspended_program", "backlog")

_TIMES = ("start_ns", "end_ns", "until_ns", "due_ns", "at_ns", "run_until_ns")


@equivalent("segments-renumbered", domain="nand")
def segments_renumbered(tape: Tape, chance: Random) -> Tape | None:
    """All segments have higher numbers, in events and snapshots."""
    more = chance.randint(1, 10_000)
    return tape.mapped(
        lambda event: replace(
            event,
            fields=_raised(event.fields, _SEGS, more),
            snapshot=None if event.snapshot is None else _other_segs(event.snapshot, more),
        )
    )


@equivalent("ops-renumbered", domain="nand")
def ops_renumbered(tape: Tape, chance: Random) -> Tape | None:
    """All ops have higher numbers, in events and snapshots."""
    more = chance.randint(1, 10_000)
    return tape.mapped(
        lambda event: replace(
            event,
            fields=_raised(event.fields, _OPS, more),
            snapshot=None if event.snapshot is None else _other_ops(event.snapshot, more),
        )
    )


@equivalent("clock-advanced", domain="nand")
def clock_advanced(tape: Tape, chance: Random) -> Tape | None:
    """All of it happens later, by the same time."""
    later_ns = 10 * chance.randint(1, 10**9)
    return tape.mapped(
        lambda event: replace(
            event,
            time_ns=event.time_ns + later_ns,
            fields=_raised(event.fields, _TIMES, later_ns),
            snapshot=None if event.snapshot is None else _later(event.snapshot, later_ns),
        )
    )


@equivalent("states-told-as-entered", domain="nand")
def states_told_as_entered(tape: Tape, chance: Random) -> Tape | None:  # noqa: ARG001 - all of them
    """Every state is told when it is entered, not when its op starts."""
    scene, gone, entered = tape.view(scene_of), set(), []
    begins = {(window.life.seg, window.state, window.begin_ns) for window in tape.view(windows_of)}
    for life in scene.lives.values():
        if not life.ends or not life.starts or life.ends[0] not in scene.run_of(life.starts[0]):
            continue
        begin_ns = life.start_ns
        for place in life.states:
            event = tape.events[place]
            if begin_ns != event.time_ns:
                gone.add(place)
                if (life.seg, event.fields["state"], begin_ns) in begins:
                    entered.append(replace(event, time_ns=begin_ns))
            begin_ns = event.fields["until_ns"]
    if not entered:
        return None
    events = [event for place, event in enumerate(tape.events) if place not in gone]
    for event in sorted(entered, key=lambda item: item.time_ns):
        events.insert(bisect_left(events, event.time_ns, key=_time), event)
    return replace(tape, events=events)


def _time(event: TapeEvent) -> int:
    return event.time_ns


def _raised(fields: Any, names: tuple[str, ...], more: int) -> dict[str, Any]:
    return {name: value + more if name in names else value for name, value in fields.items()}


def _other_segs(state: State, more: int) -> State:
    def named(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "seg": row["seg"] + more}

    return _changed(
        state,
        pending=lambda rows: [[at, kind, _plus(seg, more)] for at, kind, seg in rows],
        segments=lambda rows: [named(row) for row in rows],
        suspended=lambda rows: [named(row) for row in rows],
        bus=lambda rows: [[begin, end, seg + more] for begin, end, seg in rows],
        next=lambda ids: {**ids, "seg": ids["seg"] + more},
        planes=lambda dies: [
            [{**plane, "holder": _plus(plane["holder"], more)} for plane in die] for die in dies
        ],
    )


def _other_ops(state: State, more: int) -> State:
    def named(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "op": row["op"] + more}

    lists = dict.fromkeys(_OP_LISTS, lambda dies: [[_plus(op, more) for op in ops] for ops in dies])
    return _changed(
        state,
        segments=lambda rows: [named(row) for row in rows],
        suspended=lambda rows: [named(row) for row in rows],
        waiting=lambda dies: [[[op + more, *rest] for op, *rest in ops] for ops in dies],
        next=lambda ids: {**ids, "op": ids["op"] + more},
        **lists,
    )


def _later(state: State, later_ns: int) -> State:
    def moved(row: dict[str, Any]) -> dict[str, Any]:
        return _raised(row, ("start_ns", "end_ns", "cut_ns"), later_ns)

    return _changed(
        state,
        clock_ns=lambda clock_ns: clock_ns + later_ns,
        pending=lambda rows: [[at + later_ns, *rest] for at, *rest in rows],
        segments=lambda rows: [moved(row) for row in rows],
        suspended=lambda rows: [moved(row) for row in rows],
        bus=lambda rows: [[begin + later_ns, end + later_ns, seg] for begin, end, seg in rows],
        planes=lambda dies: [
            [{**plane, "tail_ns": plane["tail_ns"] + later_ns} for plane in die] for die in dies
        ],
    )


def _plus(number: int | None, more: int) -> int | None:
    return None if number is None else number + more


def _changed(state: State, **changes: Callable[[Any], Any]) -> State:
    """With some of the fields that it has changed."""
    return {
        name: changes[name](value) if name in changes else value for name, value in state.items()
    }
