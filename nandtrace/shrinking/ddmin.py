"""Delta debugging: the fewest items with which something still happens.

Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002): ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")


def ddmin(items: Sequence[ItemT], holds: Callable[[tuple[ItemT, ...]], bool]) -> tuple[ItemT, ...]:
    """The items of which none can be left out alone, in their order.

    `holds` says whether what is sought still happens with some of the items. That it does with all of them
    is taken for granted.
    """
    kept, pieces = tuple(items), 2
    while kept:
        found = _reduced(kept, min(pieces, len(kept)), holds)
        if found is not None:
            kept, pieces = found
        elif pieces >= len(kept):
            break
        else:
            pieces *= 2
    return kept


def _reduced(
    items: tuple[ItemT, ...], pieces: int, holds: Callable[[tuple[ItemT, ...]], bool]
) -> tuple[tuple[ItemT, ...], int] | None:
    """One piece alone, or all but one, and into how many pieces to cut that next."""
    cuts = list(_cuts(len(items), pieces))
    if pieces > 2:
        for start, stop in cuts:
            if holds(items[start:stop]):
                return items[start:stop], 2
    for start, stop in reversed(cuts):
        rest = items[:start] + items[stop:]
        if holds(rest):
            return rest, max(pieces - 1, 2)
    return None


def _cuts(count: int, pieces: int) -> Iterator[tuple[int, int]]:
    for piece in range(pieces):
        yield count * piece // pieces, count * (piece + 1) // pieces
