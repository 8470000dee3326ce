"""Edits of NAND tapes that keep everything else right: whole ops come, go and move, counts follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from nandtrace.check.mutation.nand_scene import Cell, Scene, scene_of
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.check.rules import OpState
from nandtrace.vocab.nand import Outcome, Source

Target = tuple[int, int, int, int | None]

ChoiceT = TypeVar("ChoiceT")

GRID_NS = 10


@dataclass(frozen=True, slots=True)
class NewOp:
    """An op that nobody asked for: its name and base, when it starts, what it goes through, and where.

    `effects` are events that come with its OP_END.
    """

    name: str
    base: str
    start_ns: int
    states: tuple[OpState, ...]
    targets: tuple[Target, ...]
    effects: tuple[tuple[str, dict[str, Any]], ...] = ()

    @property
    def end_ns(self) -> int:
        return self.start_ns + sum(state.duration_ns for state in self.states)


def with_op(tape: Tape, op: NewOp) -> Tape:
    """With a whole op of one segment, committed when it starts; its run counts it.

    Nothing else may happen at the times at which it starts and ends, nor may a run or a drain begin or
    end in between.
    """
    scene = tape.view(scene_of)
    start, end = scene.place_at(op.start_ns), scene.place_at(op.end_ns)
    run = scene.run_of(start - 1)
    assert scene.times[start - 1] < op.start_ns < op.end_ns < scene.times[scene.drain_of(run)]
    number = tape.events[run.start].run
    begin, finish = _events_of(op, number, max(scene.lives) + 1, max(scene.by_op) + 1)
    events = [*tape.events[:start], *begin, *tape.events[start:end], *finish, *tape.events[end:]]
    changed = replace(tape, events=events)
    return counted(changed, run.stop - 1 + len(begin) + len(finish), ops=1)


def _events_of(op: NewOp, run: int, seg: int, number: int) -> tuple[list[TapeEvent], ...]:
    commit = {
        "seg": seg,
        "op": number,
        "op_name": op.name,
        "base": op.base,
        "source": Source.PROPOSAL.value,
        "start_ns": op.start_ns,
        "end_ns": op.end_ns,
        "targets": list(op.targets),
    }
    begin = [
        TapeEvent("COMMIT", op.start_ns, run, commit),
        TapeEvent("OP_START", op.start_ns, run, {"seg": seg}),
    ]
    until_ns = op.start_ns
    for state in op.states:
        until_ns += state.duration_ns
        told = {"seg": seg, "state": state.name, "until_ns": until_ns, "bus": state.bus}
        begin.append(TapeEvent("STATE", op.start_ns, run, told))
    ended = {"seg": seg, "outcome": Outcome.COMPLETED.value, "drained": False}
    finish = [TapeEvent("OP_END", op.end_ns, run, ended)]
    finish += [TapeEvent(kind, op.end_ns, run, {**told, "seg": seg}) for kind, told in op.effects]
    return begin, finish


def counted(tape: Tape, run_end: int, **more: int) -> Tape:
    """With counts of a RUN_END, at its place, changed."""
    fields = tape.events[run_end].fields
    return tape.changed(run_end, **{name: fields[name] + by for name, by in more.items()})


def quiet_time(
    scene: Scene, chance: Random, length_ns: int, within: tuple[int, int] | None = None
) -> int | None:
    """A time at which nothing happens, nor `length_ns` later, before the drain of a run.

    With `within` the op lies between two times. None where there is none.
    """
    found = []
    for run in scene.runs:
        last = scene.times[scene.drain_of(run)]
        for begin, end in scene.quiet(run):
            low, high = begin + GRID_NS, end - GRID_NS
            if within is not None:
                low, high = (
                    max(low, within[0] + GRID_NS),
                    min(high, within[1] - GRID_NS - length_ns),
                )
            if low > high:
                continue
            for start_ns in (low, (low + high) // 2 // GRID_NS * GRID_NS, high):
                if start_ns + length_ns < last and _is_quiet(scene, start_ns + length_ns):
                    found.append(start_ns)
    return chance.choice(found) if found else None


def _is_quiet(scene: Scene, time_ns: int) -> bool:
    return scene.times[scene.place_at(time_ns) - 1] != time_ns


def restated_after(tape: Tape, place: int, change: Callable[[State], State]) -> Tape:
    """With every snapshot from a place on changed."""
    events = [
        replace(event, snapshot=change(event.snapshot))
        if at >= place and event.snapshot is not None
        else event
        for at, event in enumerate(tape.events)
    ]
    return replace(tape, events=events)


def with_block(tape: Tape, place: int, cell: Cell, state: int) -> Tape:
    """With another `addr_state` of a block in all snapshots from a place on."""
    return _with_entry(tape, place, cell, "addr_state", state)


def with_mode(tape: Tape, place: int, cell: Cell, mode: str | None) -> Tape:
    """With another cell mode of a block in all snapshots from a place on."""
    return _with_entry(tape, place, cell, "cell_modes", mode)


def _with_entry(tape: Tape, place: int, cell: Cell, field: str, value: Any) -> Tape:
    number = tape.view(scene_of).number_of(cell)
    return restated_after(
        tape, place, lambda state: {**state, field: _put(state[field], number, value)}
    )


def _put(values: Sequence[Any], place: int, value: Any) -> list[Any]:
    return [*values[:place], value, *values[place + 1 :]]


def chosen(chance: Random, found: Sequence[ChoiceT]) -> ChoiceT | None:
    """One of several at random; None where there is none."""
    return chance.choice(found) if found else None
