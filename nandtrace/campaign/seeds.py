"""Seeds: single ones and ranges, in the order of the file, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nandtrace.user_files import EntryError

_LAST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Seeds:
    """Ranges that do not overlap."""

    ranges: tuple[range, ...]

    @property
    def count(self) -> int:
        # Not len(): a range may be longer than that can say.
        return sum(each.stop - each.start for each in self.ranges)

    @property
    def largest(self) -> int:
        return max(each.stop for each in self.ranges) - 1

    def __iter__(self) -> Iterator[int]:
        for each in self.ranges:
            yield from each


def seeds_of(entry: int | str | Sequence[int | str]) -> Seeds:
    """The seeds of 7, "0..99", or a list of such. Raises EntryError, also where one is there twice."""
    items = [entry] if isinstance(entry, int | str) else entry
    is_list = not isinstance(entry, int | str)
    ranges = [
        _range(f"seeds[{place}]" if is_list else "seeds", item) for place, item in enumerate(items)
    ]
    ordered = sorted(ranges, key=lambda each: each.start)
    for before, after in pairwise(ordered):
        if after.start < before.stop:
            raise EntryError("seeds", f"{after.start} is there twice")
    return Seeds(tuple(ranges))


def _range(place: str, item: int | str) -> range:
    if isinstance(item, int):
        return range(item, item + 1)
    first, last = map(int, item.split(".."))
    if last < first:
        raise EntryError(place, f"the range {item} ends before it begins")
    if last > _LAST_SEED:
        raise EntryError(place, f"{last} is greater than {_LAST_SEED}")
    return range(first, last + 1)
