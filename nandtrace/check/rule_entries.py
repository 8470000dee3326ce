"""Entries of the header's `device` map, one by one; what makes no sense is a ValueError that names it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

Plain = dict[str, Any]
"""A map as msgpack gives it."""

_Word = TypeVar("_Word", bound=StrEnum)


def typed(plain: Plain, name: str, expected: type, default: Any, within: str = "device") -> Any:
    """The value of an entry, `default` where it is not there."""
    value = plain.get(name)
    if value is None:
        return default
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return value
    raise ValueError(f"{within}.{name} is {value!r}, not a {expected.__name__}")


def names(
    plain: Plain, name: str, default: tuple[str, ...] | None, within: str = "device"
) -> tuple[str, ...] | None:
    """A list of names as a tuple."""
    value = plain.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{within}.{name} is {value!r}, not a list of names")
    return tuple(value)


def word(plain: Plain, name: str, of: type[_Word], default: _Word, within: str) -> _Word:
    """A word of an enumeration."""
    value = plain.get(name, default.value)
    if value not in [item.value for item in of]:
        raise ValueError(f"{within}.{name} is {value!r}, not one of {', '.join(of)}")
    return of(value)


def natural(plain: Plain, name: str, within: str) -> int | None:
    """A positive number of 31 bits."""
    value = plain.get(name)
    if value is not None and (not isinstance(value, int) or not 0 < value < 2**31):
        raise ValueError(f"{within}.{name} is {value!r}, not a positive number")
    return value


def not_negative(plain: Plain, name: str) -> int | None:
    """A number from 0 on that fits 63 bits."""
    value: int | None = typed(plain, name, int, None)
    if value is not None and not 0 <= value < 2**63:
        raise ValueError(f"device.{name} is {value!r}, not a number from 0 on")
    return value


def pair(value: Any, within: str) -> tuple[int, int]:
    """A die and a block."""
    if isinstance(value, list) and len(value) == 2 and all(type(item) is int for item in value):
        return value[0], value[1]
    raise ValueError(f"{within} holds {value!r}, not a pair of die and block")


def name_lists(plain: Plain, name: str) -> dict[str, tuple[str, ...]] | None:
    """A map of lists of names."""
    lists: Plain | None = typed(plain, name, dict, None)
    if lists is None:
        return None
    return {str(key): names(lists, key, (), f"device.{name}") or () for key in lists}


def excluded(
    plain: Plain, name: str, groups: dict[str, tuple[str, ...]], states: Iterable[str] | None = None
) -> dict[str, frozenset[str]]:
    """The bases that may not start in a state, by state: those of its groups.

    `states`, where given, are all states there are.
    """
    found = {}
    for state, wanted in (name_lists(plain, name) or {}).items():
        if states is not None and state not in states:
            raise ValueError(f"device.{name}.{state}: the states are {', '.join(states)}")
        for group in wanted:
            if group not in groups:
                raise ValueError(f"device.{name}.{state}: there is no exclusion group {group!r}")
        found[state] = frozenset(base for group in wanted for base in groups[group])
    return found
