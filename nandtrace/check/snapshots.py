"""Snapshots of a NAND device as the checker needs them: the shape of the fields that it looks into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandtrace.check.event_batch import State


def shape_problem(state: State) -> str | None:
    """What is wrong with the shape of a snapshot, None when nothing is.

    Op lists hold a list of ids (or null) per die; `pending` holds [time_ns, event, segment or null];
    `latches` and `caches` hold [die, plane, name]; `segments` and `suspended` hold maps of what a COMMIT
    says; `bootstrap` is a map or null; the others are flat lists. Any field may be absent, other fields
    are free.
    """
    for name, (fits, shape) in _SHAPES.items():
        if name in state and not fits(state[name]):
            return f"{name} is no {shape}"
    return None


def _are_op_lists(value: Any) -> bool:
    return isinstance(value, list) and all(_is_flat(ops, int | None) for ops in value)


def _are_pending(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, list)
        and len(entry) == 3
        and isinstance(entry[1], str)
        and _is_flat([entry[0]], int)
        and _is_flat([entry[2]], int | None)
        for entry in value
    )


def _are_plane_words(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, list)
        and len(entry) == 3
        and isinstance(entry[2], str)
        and _is_flat(entry[:2], int)
        for entry in value
    )


def _are_segments(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and _is_flat([row.get(name) for name in ("seg", "op", "start_ns", "end_ns")], int)
        and _is_flat([row.get(name) for name in ("op_name", "base", "source")], str)
        and _is_flat([row.get("cut_ns", 0)], int)
        and _are_targets(row.get("targets"))
        for row in value
    )


def _are_targets(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(target, list)
        and len(target) == 4
        and _is_flat(target[:3], int)
        and _is_flat(target[3:], int | None)
        for target in value
    )


def _is_flat(value: Any, item: Any) -> bool:
    """A list of such items; integers fit 64 bits."""
    if not isinstance(value, list):
        return False
    if not all(isinstance(entry, item) for entry in value):
        return False
    numbers = [entry for entry in value if isinstance(entry, int)]
    return not numbers or (min(numbers) >= -(2**63) and max(numbers) < 2**63)


def _is_bootstrap(value: Any) -> bool:
    return not value or (isinstance(value, dict) and isinstance(value.get("stage"), str | None))


def _are(item: Any) -> Callable[[Any], bool]:
    return lambda value: _is_flat(value, item)


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("ongoing", "suspended_erase", "suspended_program", "backlog"),
        (_are_op_lists, "list of lists of op ids"),
    ),
    "pending": (_are_pending, "list of [time, event, segment]"),
    "latches": (_are_plane_words, "list of [die, plane, name]"),
    "caches": (_are_plane_words, "list of [die, plane, name]"),
    "addr_state": (_are(int), "list of integers"),
    "cell_modes": (_are(str | None), "list of names"),
    "odt_disabled": (_are(int), "list of dies"),
    "segments": (_are_segments, "list of segments as they were committed"),
    "suspended": (_are_segments, "list of segments as they were committed"),
    "bootstrap": (_is_bootstrap, "map with a stage"),
}
