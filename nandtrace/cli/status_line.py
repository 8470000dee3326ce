"""The line on a terminal that says how far long work is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def status_line(text: str) -> Iterator[Callable[[str], None] | None]:
    """On a terminal a line, and what shows another text there; elsewhere None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 (a terminal alone needs it)

    with Console(stderr=True, highlight=False).status(text) as status:
        yield status.update
