"""Goldens, each read once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.golden.reading import GOLDEN, Story


@pytest.fixture(scope="session")
def story() -> Callable[[str], Story]:
    """Reads a golden by its name."""
    known: dict[str, Story] = {}

    def read(name: str) -> Story:
        if name not in known:
            known[name] = Story(GOLDEN / f"{name}.mpk")
        return known[name]

    return read
