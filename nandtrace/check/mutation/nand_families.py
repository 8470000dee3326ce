"""Families of operators: an event of a kind is missing, comes twice, or says something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_editing import chosen
from nandtrace.check.mutation.nand_scene import Scene, scene_of
from nandtrace.check.mutation.operators import Operator, breaking
from nandtrace.check.mutation.tape import Tape

Where = Callable[[Scene, int], bool]
"""Whether the change breaks the rule for certain at a place."""

Say = Callable[[Scene, int, Random], Mapping[str, Any] | None]
"""What the event at a place says instead; None where it has nothing wrong to say."""


def everywhere(_scene: Scene, _place: int) -> bool:
    """At every place of the kind."""
    return True


def dropping(
    operator_id: str, breaks: str, kind: str, sentence: str, where: Where = everywhere
) -> Operator:
    """An operator that leaves an event of a kind out."""

    def change(tape: Tape, chance: Random) -> Tape | None:
        place = _chosen(tape, chance, kind, where)
        return None if place is None else tape.without(place)

    return _named(operator_id, breaks, sentence, change)


def doubling(
    operator_id: str, breaks: str, kind: str, sentence: str, where: Where = everywhere
) -> Operator:
    """An operator that lets an event of a kind come twice."""

    def change(tape: Tape, chance: Random) -> Tape | None:
        place = _chosen(tape, chance, kind, where)
        return None if place is None else tape.inserted(place, tape.events[place])

    return _named(operator_id, breaks, sentence, change)


def saying(operator_id: str, breaks: str, kind: str, sentence: str, say: Say) -> Operator:
    """An operator that gives an event of a kind other fields."""

    def change(tape: Tape, chance: Random) -> Tape | None:
        scene = tape.view(scene_of)
        places = tape.places(kind)
        for place in chance.sample(places, len(places)):
            fields = say(scene, place, chance)
            if fields is not None:
                return tape.changed(place, **fields)
        return None

    return _named(operator_id, breaks, sentence, change)


def _chosen(tape: Tape, chance: Random, kind: str, where: Where) -> int | None:
    scene = tape.view(scene_of)
    return chosen(chance, [place for place in tape.places(kind) if where(scene, place)])


def _named(
    operator_id: str, breaks: str, sentence: str, change: Callable[[Tape, Random], Tape | None]
) -> Operator:
    change.__doc__ = sentence
    return breaking(operator_id, breaks, domain="nand")(change)
