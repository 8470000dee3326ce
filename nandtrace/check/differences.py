"""Snapshots compared: the first difference of each field, and where in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST_TEXT = 100


def differences(mine: Mapping[str, Any], its: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The first difference of each field of mine: where, my value, its value."""
    for name, value in mine.items():
        if value != its.get(name):
            yield _first(name, value, its.get(name))


def _first(path: str, mine: Any, its: Any) -> tuple[str, Any, Any]:
    """Go down to the first difference, as far as both sides have the same parts."""
    if isinstance(mine, dict) and isinstance(its, dict) and mine.keys() <= its.keys():
        for key in mine:
            if mine[key] != its[key]:
                return _first(f"{path}.{key}", mine[key], its[key])
    rows = isinstance(mine, list) and isinstance(its, list) and len(mine) == len(its)
    if rows and all(isinstance(row, dict) for row in mine):
        for left, right in zip(mine, its, strict=True):
            if left != right and isinstance(right, dict):
                name = left.get("name", left.get("id"))
                return _first(f"{path}[{name}]", left, right)
    return path, mine, its


def short(value: Any) -> str:
    """A value as a text of bounded length."""
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
