"""Values that a user gives: read once, refused with what and where."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from nandtrace.errors import WorkOrderError
from nandtrace.units import BYTES_PER_MB, s_to_ns

LARGEST = 2**60
"""No time in ns (36 years) and no size in bytes is larger: both stay far from the bounds of a column."""

Word = TypeVar("Word", bound=StrEnum)


def whole_of(value: int, what: str, low: int, high: int = 2**31) -> int:
    """A whole number from `low` on, below `high`."""
    if isinstance(value, int) and not isinstance(value, bool) and low <= value < high:
        return value
    raise WorkOrderError(f"{what} is {value!r}, not a whole number from {low} on")


def duration_ns_of(seconds: float, what: str) -> int:
    """A duration in ns, from 0 on."""
    if _is_number(seconds) and 0 <= seconds < LARGEST / 1e9:
        try:
            return s_to_ns(seconds)
        except ValueError as error:
            raise WorkOrderError(f"{what}: {error}") from error
    raise WorkOrderError(f"{what} is {seconds!r}, not a time from 0 s on")


def positive_ns_of(seconds: float, what: str) -> int:
    """A duration in ns that is not 0."""
    duration_ns = duration_ns_of(seconds, what)
    if duration_ns == 0:
        raise WorkOrderError(f"{what} is 0; it takes a positive time")
    return duration_ns


def permille_of(value: float, what: str, low: float = 0.0, high: float = 1.0) -> int:
    """A ratio in thousandths, from `low` to `high`."""
    if not _is_number(value) or not low <= value <= high:
        raise WorkOrderError(f"{what} is {value!r}, not a number from {low} to {high}")
    permille = round(value * 1000)
    if abs(value * 1000 - permille) > 1e-6:
        raise WorkOrderError(f"{what} is {value!r}; it has at most three decimals")
    return permille


def bytes_of(megabytes: float, what: str) -> int:
    """A size in bytes, rounded to them."""
    if _is_number(megabytes) and 0 <= megabytes < LARGEST / BYTES_PER_MB:
        return round(megabytes * BYTES_PER_MB)
    raise WorkOrderError(f"{what} is {megabytes!r}, not a size from 0 MB on")


def word_of(value: Word | str, words: type[Word], what: str) -> Word:
    """A word of an enumeration."""
    try:
        return words(value)
    except ValueError as error:
        raise WorkOrderError(f"{what}: {value!r} is none of {', '.join(words)}") from error


def text_of(value: str, what: str) -> str:
    """A text that a trace can hold."""
    if not isinstance(value, str) or not value:
        raise WorkOrderError(f"{what} is {value!r}, not a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise WorkOrderError(f"{what} is {value!r}, which no text file can hold") from error
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
