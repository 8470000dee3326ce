"""`nandtrace verify`: check traces against the invariants."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.sources import expand_patterns
from nandtrace.cli.workers import workers_for
from nandtrace.errors import UsageError


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
    with workers_for(paths, "nandtrace.check.judge") as pool:
        # Imported here, so that the workers start meanwhile.
        from nandtrace.cli import verifying  # noqa: PLC0415

        if list_only:
            return verifying.list_invariants(as_json=as_json)
        return verifying.verify_paths(
            paths, pool, only=only, require=require, limit=limit, as_json=as_json, verbose=verbose
        )
