"""Logs whose header does not tell how long ops take: what their states say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from nandtrace.check.mutation.edits import pick
from nandtrace.check.mutation.nand_scene import Scene, scene_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.nand import Outcome

_TIMES = "op_states"


@breaking("untold-state-cut", "states-fill-segment", domain="nand")
def untold_state_cut(tape: Tape, chance: Random) -> Tape | None:
    """The last state of an op ends before the op does, and the header does not tell how long it lasts."""
    place = pick(chance, _last_of_completed(tape.view(scene_of)))
    if place is None:
        return None
    until_ns = tape.events[place].fields["until_ns"]
    return _without_times(tape.changed(place, until_ns=until_ns - 10))


@breaking("untold-state-doubled", "states-fill-segment", domain="nand")
def untold_state_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A state of an op comes twice, and the header does not tell of any."""
    place = pick(chance, tape.places("STATE"))
    return None if place is None else _without_times(tape.inserted(place, tape.events[place]))


def _last_of_completed(scene: Scene) -> Iterator[int]:
    """Last states of ops that were completed, and that last longer than a moment."""
    events = scene.tape.events
    for life in scene.lives.values():
        whole = [at for at in life.ends if events[at].get("outcome") == Outcome.COMPLETED]
        if len(life.states) > 1 and whole:
            yield life.states[-1]


def _without_times(tape: Tape) -> Tape:
    device = {name: rule for name, rule in tape.header.device.items() if name != _TIMES}
    return tape.under(replace(tape.header, device=device))
