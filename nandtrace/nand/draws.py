"""Weighted draws: weights summed up to 1, and the item at a uniform number."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def cumulate(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights summed up, scaled so that the last is exactly 1."""
    total, upto = sum(weights), 0.0
    summed = []
    for weight in weights:
        upto += weight
        summed.append(upto / total)
    if summed:
        summed[-1] = 1.0
    return tuple(summed)


def pick(items: Sequence[T], cumulated: Sequence[float], uniform: float) -> T:
    """The item at a uniform number in [0, 1), by weights that `cumulate` summed up."""
    return items[bisect_right(cumulated, uniform)]
