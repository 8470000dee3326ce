"""`nandtrace verify`: check traces against the invariants."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from nandtrace.cli.sources import expand_patterns
from nandtrace.errors import UsageError
from nandtrace.pool import start_pool


@click.command("verify")
@click.argument("traces", nargs=-1, metavar="TRACE...")
@click.option("--list", "list_only", is_flag=True, help="Print the invariants and stop.")
@click.option(
    "--only", multiple=True, metavar="ID", help="Check this invariant alone. May be repeated."
)
@click.option(
    "--require",
    multiple=True,
    metavar="ID",
    help="Fail unless this invariant had something to check. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every invariant, not only violated ones.")
@click.option(
    "--limit", default=5, show_default=True, help="Violations shown of each violated invariant."
)
def command(
    *,
    traces: tuple[str, ...],
    list_only: bool,
    only: tuple[str, ...],
    require: tuple[str, ...],
    as_json: bool,
    verbose: bool,
    limit: int,
) -> int:
    """Check each TRACE: is the log well formed, and do the invariants hold.

    The verdict is OK, VIOLATED, or UNKNOWN where the trace is incomplete or damaged and no violation
    was found in its whole runs. Patterns such as 'golden/*.mpk' are expanded here too.

    Exit codes: 0 all OK; 1 one is VIOLATED; 2 usage; 3 one is UNKNOWN.
    """
    if not list_only and not traces:
        raise UsageError("verify: name at least one TRACE")
    if limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    paths = [] if list_only else [Path(name) for name in expand_patterns(traces)]
    with _workers(paths) as pool:
        # Imported here, so that the workers start meanwhile.
        from nandtrace.cli import verifying  # noqa: PLC0415

        if list_only:
            return verifying.list_invariants(as_json=as_json)
        return verifying.verify_paths(
            paths, pool, only=only, require=require, limit=limit, as_json=as_json, verbose=verbose
        )


PARALLEL_BYTES, PARALLEL_TRACES = 16 * 2**20, 24
"""Traces of this size together, or so many, are worth the start of worker processes."""


def _workers(paths: list[Path]) -> AbstractContextManager[ProcessPoolExecutor | None]:
    size = sum(path.stat().st_size for path in paths if path.is_file())
    cores = _cores()
    pays = size >= PARALLEL_BYTES or len(paths) >= PARALLEL_TRACES
    return start_pool(cores) if pays and cores > 1 else nullcontext()


def _cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
