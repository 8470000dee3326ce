"""Sequences: what was reserved with an op, and what held a plane after what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt

from nandtrace.check.exclusion_by_op import holders_of
from nandtrace.check.facts import Facts
from nandtrace.check.rules import DeviceRules
from nandtrace.coverage.collector import NOTHING, Collector, tally
from nandtrace.coverage.nand_device import after_each_other, device_of
from nandtrace.coverage.table import Bin, Point, Table
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s

SEQUENCES = Point(
    "sequences",
    ("base", "followed_by"),
    "What was reserved with an op, of what the header lets follow it; what comes once per plane is one.",
)
PLANE_PAIRS = Point(
    "plane-sequences",
    ("before", "base"),
    "Which base addressed a plane after which held or reset it, as the header's exclusions admit.",
)
POINTS = (SEQUENCES, PLANE_PAIRS)

Flags = npt.NDArray[np.bool_]


class OpSequences(Collector[Facts]):
    """Counts sequences. Carries the base that held each plane last."""

    def __init__(self, header: Header) -> None:
        device = device_of(header)
        self._rules = device.rules
        self._sequences = Table(SEQUENCES, _possible(device.rules))
        self._pairs = Table(PLANE_PAIRS, after_each_other(device) if device.rules.bases else None)
        self._last: dict[int, str] = {}
        self.tables = (self._sequences, self._pairs)

    def take(self, facts: Facts, *, follows: bool) -> None:
        if not follows:
            self._last.clear()
        told = self._rules.sequences or {}
        for bases, count in _shapes(facts):
            if bases[0] in told or len(bases) > 1:
                self._sequences.counts[bases[0], _followers(bases[1:])] += count
        self._count_pairs(facts)

    def _count_pairs(self, facts: Facts) -> None:
        names = [*facts.batch.names, NOTHING]
        lane, base, aimed = _uses(facts)
        same = lane[1:] == lane[:-1]
        after = same & aimed[1:]
        for (one, other), count in tally(base[:-1][after], base[1:][after]):
            self._pairs.counts[names[one], names[other]] += count
        firsts = np.flatnonzero(np.append(True, ~same)) if len(lane) else lane
        lasts = np.append(firsts[1:], len(lane)) - 1
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=False):
            here = int(lane[first])
            if here in self._last and aimed[first]:
                self._pairs.counts[self._last[here], names[int(base[first])]] += 1
            self._last[here] = names[int(base[last])]


def _possible(rules: DeviceRules) -> frozenset[Bin] | None:
    if rules.sequences is None:
        return None
    return frozenset(
        (base, _followers([step.base for step in steps]))
        for base, alternatives in rules.sequences.items()
        for steps in alternatives
    )


def _followers(bases: Iterable[str]) -> str:
    """Bases in a row, those that repeat at once written once."""
    return " ".join(base for base, _ in groupby(bases)) or "nothing"


def _shapes(facts: Facts) -> Iterator[tuple[tuple[str, ...], int]]:
    """The bases of the ops reserved together, and how often these were."""
    batch, found = facts.batch, facts.sequences
    base = batch.column("COMMIT", "base")
    counts: Counter[tuple[str, ...]] = Counter()
    for size in np.unique(found.sizes).tolist():
        heads = found.heads[found.sizes == size]
        for codes, count in tally(*(base[heads + place] for place in range(size))):
            counts[tuple(batch.name(code) or NOTHING for code in codes)] += count
    yield from counts.items()


def _uses(facts: Facts) -> tuple[Int64s, Int64s, Flags]:
    """Of what holds planes, and of resets: the plane, the base, and whether it is an op that comes after
    another there. In order of the planes, on each in order."""
    occupancy = facts.occupancy
    holders, starts = holders_of(occupancy), occupancy.starts
    fresh = starts.fresh & ~starts.chained
    mine = fresh[holders.place]
    # An op that holds its die comes after what was on the planes that it addresses.
    aimed = np.isin(holders.key[mine], occupancy.touched_by_commands.key)
    reset_lane, reset_place = _resets(facts)
    lane = np.concatenate([holders.lane[mine], reset_lane])
    place = np.concatenate([holders.place[mine], reset_place])
    order = np.lexsort((place, lane))
    aimed = np.concatenate([aimed, np.zeros(len(reset_lane), np.bool_)])
    return lane[order], starts.base[place[order]], aimed[order]


def _resets(facts: Facts) -> tuple[Int64s, Int64s]:
    """The planes that resets free, and the places of these."""
    occupancy = facts.occupancy
    dies, planes = facts.rules.dies or 0, facts.rules.planes or 0
    lanes: list[int] = []
    places: list[int] = []
    for place in occupancy.resets.tolist():
        of_all = occupancy.traits.resets_all[occupancy.starts.base[place]]
        die = int(occupancy.starts.die[place])
        first, stop = (0, dies) if of_all else (die, die + 1)
        if 0 <= first < stop <= dies:
            lanes += range(first * planes, stop * planes)
            places += [place] * ((stop - first) * planes)
    return np.array(lanes, np.int64), np.array(places, np.int64)
