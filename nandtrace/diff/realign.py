"""What follows a divergence, in a bounded window: where the sides agree again, counts by place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from nandtrace.diff.fingerprint import Uint64s, fingerprints, grams
from nandtrace.diff.model import Aftermath, Realignment
from nandtrace.diff.places import PlaceCounts
from nandtrace.diff.side import Side
from nandtrace.trace.columns import Int64s

WINDOW_EVENTS = 65_536
"""A window holds at most this many events of a side."""

EQUAL_EVENTS = 8
"""So many successive equal events count as the same course of things again."""

Key = TypeVar("Key", int, str)


@dataclass(slots=True)
class _Window:
    """The events of one side from the divergence on; `at_end` when they go to the trace's end."""

    prints: Uint64s
    seqs: Int64s
    places: PlaceCounts
    at_end: bool


def follow(old: Side, new: Side, seq: int) -> Aftermath:
    """Decode a window of either side from event `seq` on, and say what it shows."""
    mine, theirs = _window(old, seq), _window(new, seq)
    return Aftermath(
        old_events=len(mine.prints),
        new_events=len(theirs.prints),
        dies=_pairs(mine.places.dies, theirs.places.dies),
        nodes=_pairs(mine.places.nodes, theirs.places.nodes),
        orders=_pairs(mine.places.orders, theirs.places.orders),
        realignment=_realign(mine, theirs),
    )


def _pairs(old: Counter[Key], new: Counter[Key]) -> dict[Key, tuple[int, int]]:
    return {key: (old[key], new[key]) for key in sorted(old.keys() | new.keys())}


def _window(side: Side, seq: int) -> _Window:
    prints: list[Uint64s] = [np.empty(0, np.uint64)]
    seqs: list[Int64s] = [np.empty(0, np.int64)]
    places = PlaceCounts()
    events = 0
    for decoded in side.chunks_from(seq):
        first = max(seq - decoded.first_seq, 0)
        taken = slice(first, first + WINDOW_EVENTS - events)
        prints.append(fingerprints(decoded)[taken])
        seqs.append(decoded.chunk.seq[taken])
        places.add(decoded, taken)
        events += len(prints[-1])
        if events == WINDOW_EVENTS:
            break
    joined = np.concatenate(seqs)
    last = side.extents[-1].stop if side.extents else 0
    at_end = side.complete and (not len(joined) or int(joined[-1]) + 1 == last)
    return _Window(np.concatenate(prints), joined, places, at_end)


def _realign(old: _Window, new: _Window) -> Realignment | None:
    """The earliest pair of places from which EQUAL_EVENTS, or all that are left, are equal."""
    mine, first_mine = np.unique(grams(old.prints, EQUAL_EVENTS), return_index=True)
    theirs, first_theirs = np.unique(grams(new.prints, EQUAL_EVENTS), return_index=True)
    _, left, right = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    if not len(left):
        return _common_end(old, new)
    places, other_places = first_mine[left], first_theirs[right]
    best = int(np.lexsort((places, places + other_places))[0])
    at, other_at = int(places[best]), int(other_places[best])
    return Realignment(
        int(old.seqs[at]),
        int(new.seqs[other_at]),
        _shared_length(old.prints[at:], new.prints[other_at:]),
    )


def _common_end(old: _Window, new: _Window) -> Realignment | None:
    if not (old.at_end and new.at_end):
        return None
    equal = _shared_length(old.prints[::-1], new.prints[::-1])
    if equal == 0:
        return None
    return Realignment(int(old.seqs[-equal]), int(new.seqs[-equal]), equal)


def _shared_length(old: Uint64s, new: Uint64s) -> int:
    """How many events are equal from the start on."""
    length = min(len(old), len(new))
    differs = old[:length] != new[:length]
    return int(differs.argmax()) if differs.any() else length
