"""The search for the smallest scenario that violates the same invariant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nandtrace.shrinking.ddmin import ddmin
from nandtrace.shrinking.scenario_recording import Plain
from nandtrace.shrinking.search import Search

_LISTS = (("orders",), ("steps",), ("memory", "steps"))
_ROUNDS = 8

Path = tuple[str | int, ...]


def reduce_scenario(search: Search[Plain]) -> None:
    """Reduce until nothing gets smaller. Raises BudgetSpentError before that where the budget is used up."""
    for _ in range(_ROUNDS):
        before = search.size
        for path in _LISTS:
            _fewer_items(search, path)
        _fewer_of_each(search)
        _fewer_entries(search)
        _smaller_numbers(search)
        if search.size == before:
            return


def _fewer_items(search: Search[Plain], path: Path) -> None:
    items = _at(search.best, path)
    if not items:
        return

    def holds(kept: tuple[Any, ...]) -> bool:
        return search.attempt(_with(search.best, path, list(kept) or None))

    if not holds(()):
        ddmin(items, holds)


def _fewer_of_each(search: Search[Plain]) -> None:
    """Fewer orders of an entry that counts several."""
    for number, order in enumerate(search.best.get("orders", ())):
        count = order.get("count")
        for fewer in (None, 1, 2, *_halves(count or 0)):
            if count is not None and (fewer is None or fewer < count):
                search.attempt(_with(search.best, ("orders", number, "count"), fewer))


def _fewer_entries(search: Search[Plain]) -> None:
    """Without entries whose default does as well."""
    for path in list(_paths(search.best)):
        if _at(search.best, path) is not None:
            search.attempt(_with(search.best, path, None))


def _smaller_numbers(search: Search[Plain]) -> None:
    """Times and retries that are smaller."""
    for path in list(_paths(search.best)):
        value = _at(search.best, path)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 1:
            for less in (1, *_halves(int(value))):
                if less < value and search.attempt(_with(search.best, path, less)):
                    break
        elif isinstance(value, list) and len(value) > 1 and not isinstance(value[0], dict):
            any(search.attempt(_with(search.best, path, value[at:])) for at in (len(value) - 1, 1))


def _halves(value: int) -> Iterator[int]:
    if value > 2:
        yield value // 2
        yield value - 1


# ---- places in plain values


def _paths(plain: Any, path: Path = ()) -> Iterator[Path]:
    """The places of all entries of maps, those of what is deeper after their own."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield (*path, key)
            yield from _paths(value, (*path, key))
    elif isinstance(plain, list):
        for number, value in enumerate(plain):
            yield from _paths(value, (*path, number))


def _at(plain: Any, path: Path) -> Any:
    """What is at a place; None where there is nothing."""
    for step in path:
        if isinstance(plain, dict):
            plain = plain.get(step)
        elif isinstance(plain, list) and isinstance(step, int) and step < len(plain):
            plain = plain[step]
        else:
            return None
    return plain


def _with(plain: Any, path: Path, value: Any) -> Any:
    """A copy with another value at a place; without that entry where the value is None."""
    key, rest = path[0], path[1:]
    copied: Any = list(plain) if isinstance(plain, list) else dict(plain)
    if rest:
        copied[key] = _with(plain[key], rest, value)
    elif value is None:
        del copied[key]
    else:
        copied[key] = value
    return copied
