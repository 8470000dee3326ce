"""A profile as a plain map, as it stands in a trace's header, and back from there.

Every dataclass is a map of its fields, every tuple a list. So are op bases and op names: their order
decides, and a header keeps no order of keys. The way back trusts nothing: a forged header must not crash
a replay.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.user_files import shorten

_INT_BITS = 63
_NAMED = ("op_bases", "op_names")
"""Sections whose entries say their own names."""


def profile_to_map(profile: Profile) -> dict[str, Any]:
    """The profile as maps, lists and scalars; times in ns."""
    plain: dict[str, Any] = _to_plain(profile)
    for section in _NAMED:
        plain[section] = list(plain[section].values())
    return plain


def profile_from_map(plain: object) -> Profile:
    """The profile that a map says. Raises ValueError naming the entry that makes no sense."""
    entries = dict(_typed(dict, plain, "profile"))
    for section in _NAMED:
        if section in entries:
            entries[section] = _by_name(entries[section], f"profile.{section}")
    profile: Profile = _read(Profile, entries, "profile")
    check_profile(profile)
    return profile


def _to_plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value


def _by_name(plain: object, place: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for at, item in enumerate(_typed(list, plain, place)):
        name = _typed(str, _typed(dict, item, f"{place}[{at}]").get("name"), f"{place}[{at}].name")
        if name in named:
            raise ProfileError(place, f"{shorten(name)} is there twice")
        named[name] = item
    return named


def _read(expected: Any, plain: object, place: str) -> Any:
    """A value of a type, from what stands for it in a map."""
    if is_dataclass(expected):
        return _read_record(expected, plain, place)
    origin = get_origin(expected)
    if origin in (Union, types.UnionType):
        inner = next(item for item in get_args(expected) if item is not type(None))
        return None if plain is None else _read(inner, plain, place)
    if origin is tuple:
        return _read_tuple(get_args(expected), plain, place)
    if origin is dict:
        return _read_dict(get_args(expected)[1], plain, place)
    if isinstance(expected, type) and issubclass(expected, StrEnum):
        return _read_enum(expected, plain, place)
    return _READ_SCALAR[expected](plain, place)


@cache
def _field_types(record: Any) -> dict[str, Any]:
    return get_type_hints(record)


def _read_record(record: Any, plain: object, place: str) -> Any:
    """Unknown entries are refused: they might change what is recorded."""
    entries = _typed(dict, plain, place)
    known = _field_types(record)
    for key in entries:
        if key not in known:
            raise ProfileError(f"{place}.{shorten(key)}", "there is no such entry")
    values = {}
    for item in fields(record):
        if item.name in entries:
            at = f"{place}.{item.name}"
            values[item.name] = _read(known[item.name], entries[item.name], at)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise ProfileError(f"{place}.{item.name}", "is missing")
    return record(**values)


def _read_tuple(expected: tuple[Any, ...], plain: object, place: str) -> tuple[Any, ...]:
    items = _typed(list, plain, place)
    if len(expected) == 2 and expected[1] is Ellipsis:
        return tuple(_read(expected[0], item, f"{place}[{at}]") for at, item in enumerate(items))
    if len(items) != len(expected):
        raise ProfileError(place, f"has {len(items)} items, not {len(expected)}")
    return tuple(
        _read(kind, item, f"{place}[{at}]")
        for at, (kind, item) in enumerate(zip(expected, items, strict=True))
    )


def _read_dict(expected: Any, plain: object, place: str) -> dict[str, Any]:
    entries = _typed(dict, plain, place)
    for key in entries:
        if type(key) is not str:
            raise ProfileError(place, f"the key {shorten(key)} is no text")
    return {key: _read(expected, item, f"{place}.{key}") for key, item in entries.items()}


def _read_enum(expected: type[StrEnum], plain: object, place: str) -> StrEnum:
    try:
        return expected(_typed(str, plain, place))
    except ValueError as error:
        if isinstance(error, ProfileError):
            raise
        raise ProfileError(place, f"{shorten(plain)} is no {expected.__name__}") from error


def _read_int(plain: object, place: str) -> int:
    value: int = _typed(int, plain, place)
    if value.bit_length() > _INT_BITS:
        raise ProfileError(place, f"{shorten(value)} is out of range")
    return value


def _read_float(plain: object, place: str) -> float:
    value = float(_read_int(plain, place)) if type(plain) is int else _typed(float, plain, place)
    if not math.isfinite(value):
        raise ProfileError(place, f"{value} is no finite number")
    return float(value)


def _typed(expected: type, plain: object, place: str) -> Any:
    if type(plain) is not expected:
        raise ProfileError(place, f"{shorten(plain)} is not of type {expected.__name__}")
    return plain


_READ_SCALAR: dict[Any, Callable[[object, str], Any]] = {
    int: _read_int,
    float: _read_float,
    bool: lambda plain, place: _typed(bool, plain, place),
    str: lambda plain, place: _typed(str, plain, place),
}
