"""Values that a user gives: read once, refused with what and where."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from nandtrace.errors import GraphError
from nandtrace.vocab.graph import Band, Policy

LONGEST_NS = 2**60
"""No duration is longer, 36 years: times stay far from the bounds of a column."""

Word = TypeVar("Word", bound=StrEnum)

Merge = Callable[[Any, Any], Any]
"""The payload that stands for two: of the message on the edge, and of the one put on it."""


def band_of(value: Band | int | str, what: str) -> Band:
    """The band of a number from 1 to 3 or a name. Raises GraphError that says whose priority it is."""
    if isinstance(value, str) and value.upper() in Band.__members__:
        return Band[value.upper()]
    if isinstance(value, int) and not isinstance(value, bool) and value in list(Band):
        return Band(value)
    names = ", ".join(f"{band.value} {band.name.lower()}" for band in Band)
    raise GraphError(f"{what}: the priority {value!r} is none of {names}")


def word_of(value: Word | str, words: type[Word], what: str) -> Word:
    """A word of an enumeration. Raises GraphError that lists them."""
    try:
        return words(value)
    except ValueError as error:
        raise GraphError(f"{what}: {value!r} is none of {', '.join(words)}") from error


def natural_of(value: int, what: str) -> int:
    """A whole number from 1 on, below 2**31."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31:
        return value
    raise GraphError(f"{what} is {value!r}, not a whole number from 1 on")


def duration_ns_of(value: float, unit_ns: int, what: str) -> int:
    """A positive duration in ns, rounded to them."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 1 / unit_ns <= value < LONGEST_NS / unit_ns:
        return round(value * unit_ns)
    raise GraphError(f"{what} is {value!r}, not a positive time")


def policy_of(value: Policy | str, merge: Merge | None, what: str) -> Policy:
    """A policy; one that merges needs to know how."""
    policy = word_of(value, Policy, f"{what}: policy")
    if merge is not None and policy is not Policy.COALESCE:
        raise GraphError(f"{what}: merge is for the policy coalesce, not {policy}")
    if merge is not None and not callable(merge):
        raise GraphError(f"{what}: merge is {merge!r}, which can't be called")
    return policy


def newest(_: Any, payload: Any) -> Any:
    """How payloads merge unless the edge says otherwise: the newest stands for both."""
    return payload
