"""Differences of headers and snapshots, found by DeepDiff: structures, never event streams."""

from __future__ import annotations

from typing import Any

from nandtrace.diff.model import ABSENT, Change
from nandtrace.trace.header import Header
from nandtrace.vocab import Column, Kind, Vocabulary


def header_changes(old: Header, new: Header) -> list[Change]:
    """What differs between two headers: domain, identity, device, vocabulary, in that order."""
    changes: list[Change] = []
    for name in ("domain", "identity", "device"):
        changes += structure_changes(getattr(old, name), getattr(new, name), name)
    changes += structure_changes(
        _plain_vocabulary(old.vocabulary), _plain_vocabulary(new.vocabulary), "vocabulary"
    )
    return changes


def structure_changes(old: Any, new: Any, root: str = "") -> list[Change]:
    """What differs between two JSON-like values, by path; lists are compared place by place."""
    if old == new and repr(old) == repr(new):
        return []
    # DeepDiff takes a third of a second to import; most comparisons need none of it.
    from deepdiff import DeepDiff  # noqa: PLC0415

    tree = DeepDiff(old, new, view="tree", zip_ordered_iterables=True)
    changes = [
        Change(
            _path(root, level.path(output_format="list")),
            ABSENT if category.endswith("_added") else level.t1,
            ABSENT if category.endswith("_removed") else level.t2,
        )
        for category, levels in tree.items()
        for level in levels
    ]
    return sorted(changes, key=lambda change: _natural(change.path))


def _plain_vocabulary(vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "kinds": {kind.name: _plain_kind(kind) for kind in vocabulary.kinds},
        "snapshot": {
            item.name: "derivable" if item.derivable else "kept" for item in vocabulary.snapshot
        },
    }


def _plain_kind(kind: Kind) -> dict[str, Any]:
    return {
        "code": kind.code,
        "columns": _plain_columns(kind.columns),
        "lists": {item.name: _plain_columns(item.columns) for item in kind.lists},
    }


def _plain_columns(columns: tuple[Column, ...]) -> dict[str, str]:
    return {column.name: column.type.value for column in columns}


def _path(root: str, steps: list[Any]) -> str:
    path = root
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else str(step)
    return path


def _natural(path: str) -> list[tuple[int, str]]:
    """A sort key that puts `[2]` before `[10]`."""
    parts = path.replace("[", ".[").replace("]", "").split(".")
    return [
        (int(part[1:]), "") if part.startswith("[") and part[1:].isdigit() else (0, part)
        for part in parts
    ]
