"""Worker processes for commands that read many traces, where they pay."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from nandtrace.pool import start_pool

PARALLEL_BYTES, PARALLEL_TRACES = 16 * 2**20, 24
"""Traces of this size together, or so many, are worth the start of worker processes."""


def workers_for(
    paths: Sequence[Path], warm_up: str
) -> AbstractContextManager[ProcessPoolExecutor | None]:
    """A pool whose processes import the module `warm_up`, or None where it does not pay."""
    size = sum(path.stat().st_size for path in paths if path.is_file())
    cores = processors()
    pays = size >= PARALLEL_BYTES or len(paths) >= PARALLEL_TRACES
    return start_pool(cores, warm_up) if pays and cores > 1 else nullcontext()


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
