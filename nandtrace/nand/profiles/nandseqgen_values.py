"""Values of a nandseqgen configuration, repaired on the way: every repair is one text."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.user_files import shorten

STATE_ALIASES = {"DOUT": "DATA_OUT", "DATAIN": "DATA_IN"}

_GRID_US = Decimal("0.01")
_MAX_US = 3_600_000_000
_LEADING_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,2})?)")


class Repairs:
    """The repairs made so far, in the order of the file."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, place: str, text: str) -> None:
        self.texts.append(f"{place}: {text}")

    def time_us(self, value: object, place: str) -> float:
        """A time on the grid of 0.01 µs, rounded half to even. Raises ProfileError for no number."""
        exact = self._number(value, place)
        if not abs(exact) <= _MAX_US:
            raise ProfileError(place, f"{shorten(value)} µs is more than an hour")
        on_grid = exact.quantize(_GRID_US, ROUND_HALF_EVEN)
        if on_grid != exact:
            self.add(place, f"{_text(exact)} µs is off the 0.01 µs grid: {_text(on_grid)} µs")
        return float(on_grid)

    def _number(self, value: object, place: str) -> Decimal:
        """The number as it was written: the shortest text of a float is what stood in the file."""
        if isinstance(value, str):
            return self._without_stray(value, place)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProfileError(place, f"{shorten(value)} is not a time")
        if isinstance(value, float) and not math.isfinite(value):
            raise ProfileError(place, f"{value} is not a time")
        return Decimal(repr(value))

    def _without_stray(self, value: str, place: str) -> Decimal:
        match = _LEADING_NUMBER.match(value)
        if match is None:
            raise ProfileError(place, f"{shorten(value)} is not a time")
        self.add(place, f"{shorten(value)} is no number: taken as {match[1]}")
        return Decimal(match[1])

    def state(self, name: str, place: str) -> str:
        """A state by the name that it has here."""
        known = STATE_ALIASES.get(name, name)
        if known != name:
            self.add(place, f"{name} is the state {known}")
        return known


def map_at(plain: Any, place: str) -> dict[str, Any]:
    """A map, or an empty one for null. Raises ProfileError for anything else."""
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise ProfileError(place, f"{shorten(plain)} is not a map")
    return plain


def maps_at(plain: Any, place: str) -> dict[str, dict[str, Any]]:
    """A map of maps. Raises ProfileError for anything else."""
    return {key: map_at(item, f"{place}.{key}") for key, item in map_at(plain, place).items()}


def list_at(plain: Any, place: str) -> list[Any]:
    """A list, or an empty one for null. Raises ProfileError for anything else."""
    if plain is None:
        return []
    if not isinstance(plain, list):
        raise ProfileError(place, f"{shorten(plain)} is not a list")
    return plain


def names_at(plain: Any, place: str) -> list[str]:
    """A list of names. Raises ProfileError for anything else."""
    names = list_at(plain, place)
    for name in names:
        if not isinstance(name, str):
            raise ProfileError(place, f"{shorten(name)} is no name")
    return names


def pairs_at(plain: Any, place: str) -> list[tuple[str, Any]]:
    """The entries of a list of maps with one key each."""
    pairs: list[tuple[str, Any]] = []
    for at, item in enumerate(list_at(plain, place)):
        entry = map_at(item, f"{place}[{at}]")
        if len(entry) != 1:
            raise ProfileError(f"{place}[{at}]", f"{shorten(item)} is not a map with one key")
        pairs.extend(entry.items())
    return pairs


def _text(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
