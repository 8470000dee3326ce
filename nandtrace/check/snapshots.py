"""Snapshots as the checker needs them: the shape of the fields that it looks into."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]
"""The fields of a snapshot by name."""

_OP_LISTS = ("ongoing", "suspended_erase", "suspended_program", "backlog")
_FLAT: dict[str, tuple[Any, str]] = {
    "addr_state": (int, "integers"),
    "cell_modes": (str | None, "names"),
    "odt_disabled": (int, "dies"),
}


def shape_problem(state: State) -> str | None:
    """What is wrong with the shape of a snapshot, None when nothing is.

    Op lists hold a list of ids (or null) per die; `pending` holds [time_ns, event, segment or null];
    `latches` and `caches` hold [die, plane, name]; `bootstrap` is a map or null; the others are flat
    lists. Any field may be absent, other fields are free.
    """
    for name in _OP_LISTS:
        if not _are_op_lists(state.get(name, [])):
            return f"{name} is no list of lists of op ids"
    if not _are_pending(state.get("pending", [])):
        return "pending is no list of [time, event, segment]"
    for name in ("latches", "caches"):
        if not _are_plane_words(state.get(name, [])):
            return f"{name} is no list of [die, plane, name]"
    for name, (item, what) in _FLAT.items():
        if not _is_flat(state.get(name, []), item):
            return f"{name} is no list of {what}"
    bootstrap = state.get("bootstrap") or {}
    if not isinstance(bootstrap, dict) or not isinstance(bootstrap.get("stage"), str | None):
        return "bootstrap is no map with a stage"
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


def _is_flat(value: Any, item: Any) -> bool:
    """A list of such items; integers fit 64 bits."""
    if not isinstance(value, list):
        return False
    if not all(isinstance(entry, item) for entry in value):
        return False
    numbers = [entry for entry in value if isinstance(entry, int)]
    return not numbers or (min(numbers) >= -(2**63) and max(numbers) < 2**63)
