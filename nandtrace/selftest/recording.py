"""Recordings made for a selftest: valid traces of every domain, without any file to begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recording:
    """A valid trace that can be recorded anew; `record` writes the same bytes whenever it is called."""

    name: str
    record: Callable[[Path], object]
