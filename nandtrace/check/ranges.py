"""Sets of ids as ranges: ids are mostly handed out one after another, so a few ranges hold millions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nandtrace.trace.columns import Int64s


def _none() -> Int64s:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class IdRanges:
    """An immutable set of ids: sorted, disjoint ranges from `low` to `high`, both inclusive."""

    low: Int64s = field(default_factory=_none)
    high: Int64s = field(default_factory=_none)

    def contains(self, ids: Int64s) -> npt.NDArray[np.bool_]:
        """Which of the ids are in the set."""
        if not len(self.low):
            return np.zeros(len(ids), np.bool_)
        place = np.searchsorted(self.low, ids, side="right") - 1
        return (place >= 0) & (ids <= self.high[np.maximum(place, 0)])

    def union(self, ids: Int64s) -> IdRanges:
        """The set with more ids in it."""
        if not len(ids):
            return self
        steps = np.diff(ids)
        ordered = ids
        if len(steps) and int(steps.min()) < 0:
            ordered = np.sort(ids)
            steps = np.diff(ordered)
        breaks = np.flatnonzero(steps > 1)
        low = np.concatenate([self.low, ordered[:1], ordered[breaks + 1]])
        high = np.concatenate([self.high, ordered[breaks], ordered[-1:]])
        order = np.argsort(low, kind="stable")
        low, high = low[order], np.maximum.accumulate(high[order])
        apart = np.flatnonzero(low[1:] > high[:-1] + 1)
        return IdRanges(
            np.concatenate([low[:1], low[apart + 1]]), np.concatenate([high[apart], high[-1:]])
        )
