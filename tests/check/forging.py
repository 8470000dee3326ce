"""Forged traces, their checksums right."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from nandtrace.vocab import ColumnType
from tests.check.hand_made import HandMadeLog
from tests.trace.damage import frames_of, mutated_frame, rechained, sealed


def forged(original: bytes, chance: random.Random, rechain: float = 1.0) -> bytes:
    """A trace in which one frame is another; its successors know of that with this probability."""
    frames = [(item.type, item.head, item.payload) for item in frames_of(original)]
    place = chance.randrange(len(frames))
    frames[place] = mutated_frame(frames[place], chance)
    return sealed(rechained(frames) if chance.random() < rechain else frames)


def scrambled(log: HandMadeLog, chance: random.Random) -> HandMadeLog:
    """A log in which one event is gone, elsewhere, new, without its snapshot, or another."""
    place = chance.randrange(len(log.events))
    event = log.events[place]
    match chance.randrange(5):
        case 0 if len(log.events) > 1:
            return log.without(place)
        case 1:
            return log.swapped(place, chance.randrange(len(log.events)))
        case 2:
            kind = chance.choice(log.vocabulary.kinds).name
            return log.inserted(place, kind, None, **_values(log, kind, chance))
        case 3:
            copied = log.copy()
            copied.events[place] = replace(event, snapshot=None)
            return copied
        case _:
            return log.changed(place, **_values(log, event.kind, chance))


def _values(log: HandMadeLog, kind: str, chance: random.Random) -> dict[str, Any]:
    """Values that other events have in such columns, and some that none has."""
    values: dict[str, Any] = {}
    for column in log.vocabulary.by_name[kind].columns:
        pool: list[Any] = [event.values.get(column.name) for event in log.events]
        pool += ["?"] if column.type is ColumnType.NAME else [-1, 0, 2**62, -(2**63)]
        values[column.name] = chance.choice(pool)
    return values
