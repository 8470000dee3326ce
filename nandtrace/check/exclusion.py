"""Exclusion: spans in which bases may not start, and the starts that fall into them all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.occupancy import Flags, Lanes
from nandtrace.trace.columns import Int64s


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of places, from `low` up to but not with `high`, in each of which something holds on a lane.

    `label` says what, as an index into the labels that the spans were made with. `owner` is the place of
    the start that brought it about, -1 where none did.
    """

    lane: Int64s
    low: Int64s
    high: Int64s
    label: Int64s
    owner: Int64s

    @staticmethod
    def join(parts: Iterable[Spans]) -> Spans:
        """All spans of several."""
        columns = [(p.lane, p.low, p.high, p.label, p.owner) for p in parts]
        if len(columns) == 1:
            return Spans(*columns[0])
        return Spans(*(np.concatenate(part) for part in zip(*columns, strict=True)))


@dataclass(frozen=True, slots=True)
class Label:
    """What a span means: in its `text`, no op of the `bases` may start."""

    text: str
    bases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Excluded:
    """Starts that fell into a span excluding them: their places, ascending, and the index of that span.

    `covered` counts the starts that fell into any span.
    """

    place: Int64s
    span: Int64s
    covered: int


def find_excluded(
    batch: Batch, lanes: Lanes, base: Int64s, spans: Spans, labels: list[Label]
) -> Excluded:
    """Which of the places in `lanes` may not have started; `base` has the code of each place's base."""
    if not len(spans.lane):
        return _first_each([], [], 0)
    low, high = lanes.keys(spans.lane, spans.low), lanes.keys(spans.lane, spans.high)
    covering = np.flatnonzero(high > low)
    low, high, label = low[covering], high[covering], spans.label[covering]
    covered = _covered(lanes, low, high)
    places: list[Int64s] = []
    found: list[Int64s] = []
    kinds, label_kind = _kinds(labels)
    for number, bases in enumerate(kinds):
        mine = np.flatnonzero(label_kind[label] == number)
        if not len(mine):
            continue
        member = members(batch, bases)[base[lanes.place]]
        pairs, span = _pairs(member, low[mine], high[mine])
        places.append(lanes.place[pairs])
        found.append(covering[mine[span]])
    return _first_each(places, found, covered)


def _kinds(labels: list[Label]) -> tuple[list[frozenset[str]], Int64s]:
    """The distinct sets of bases, and per label the number of its set."""
    kinds: dict[frozenset[str], int] = {}
    numbers = [kinds.setdefault(label.bases, len(kinds)) for label in labels]
    return list(kinds), np.array(numbers, np.int64)


def members(batch: Batch, bases: frozenset[str]) -> Flags:
    """Per name of the batch whether it is one of the bases; false for the entry of none."""
    member = np.zeros(len(batch.names) + 1, np.bool_)
    member[batch.codes(sorted(bases))] = True
    return member


def _covered(lanes: Lanes, low: Int64s, high: Int64s) -> int:
    """How many places lie in any of the ranges of pairs."""
    count = len(lanes.key)
    steps = np.bincount(low, minlength=count + 1) - np.bincount(high, minlength=count + 1)
    inside = np.cumsum(steps[:count]) > 0
    among = np.zeros(lanes.width, np.bool_)
    among[lanes.place[inside]] = True
    return int(np.count_nonzero(among))


def _pairs(member: Flags, low: Int64s, high: Int64s) -> tuple[Int64s, Int64s]:
    """Members within the ranges, each with the range that began first: positions, range indices."""
    before = np.zeros(len(member) + 1, np.int64)
    np.cumsum(member, out=before[1:])
    bad = np.flatnonzero(before[high] > before[low])
    bad = bad[np.argsort(low[bad], kind="stable")]
    if not len(bad):
        return bad, bad
    # What a range shares with those that began before it is theirs.
    reached = np.maximum.accumulate(high[bad])
    first = low[bad]
    first[1:] = np.maximum(first[1:], reached[:-1])
    counts = np.maximum(high[bad] - first, 0)
    which = np.repeat(np.arange(len(bad)), counts)
    positions = first[which] + np.arange(len(which)) - (np.cumsum(counts) - counts)[which]
    hit = member[positions]
    return positions[hit], bad[which[hit]]


def _first_each(places: list[Int64s], found: list[Int64s], covered: int) -> Excluded:
    """Each place once, with the first of its spans."""
    if not places:
        empty = np.empty(0, np.int64)
        return Excluded(empty, empty, covered)
    place, span = np.concatenate(places), np.concatenate(found)
    order = np.lexsort((span, place))
    place, span = place[order], span[order]
    first = np.ones(len(place), np.bool_)
    first[1:] = place[1:] != place[:-1]
    return Excluded(place[first], span[first], covered)
