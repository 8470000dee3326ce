"""Paths on the command line: globs are expanded here too, for shells that don't."""

from __future__ import annotations

import glob
from pathlib import Path

from nandtrace.errors import UsageError


def expand(patterns: tuple[str, ...]) -> list[Path]:
    """Paths in the order given, each pattern's matches sorted; none twice.

    A name that exists, or holds no wildcard, is taken as it is. Raises UsageError for a pattern that
    matches nothing.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        if Path(pattern).exists() or not glob.has_magic(pattern):
            found[Path(pattern)] = None
            continue
        matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (patterns may be absolute)
        if not matches:
            raise UsageError(f"{pattern}: no file matches")
        found |= dict.fromkeys(map(Path, matches))
    return list(found)
