"""`nandtrace coverage`: what a set of traces exercised."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.sources import expand_patterns
from nandtrace.cli.workers import workers_for


@click.command("coverage")
@click.argument("traces", nargs=-1, required=True, metavar="TRACE...")
@click.option(
    "--fail-under",
    "least",
    multiple=True,
    metavar="[NAME=]PERCENT",
    help="Fail unless this much of a table was hit, or of the invariants. May be repeated.",
)
@click.option(
    "--show", multiple=True, metavar="NAME", help="Print all bins of this table. May be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show every invariant, and the bins that were not hit."
)
def command(
    *,
    traces: tuple[str, ...],
    least: tuple[str, ...],
    show: tuple[str, ...],
    as_json: bool,
    verbose: bool,
) -> int:
    """Show what the TRACEs exercised together, domain by domain.

    First the invariants: how many had something to check that could have failed. Then tables of what
    occurred, such as the states that ops met when they started: how many of the possible bins were hit,
    where the traces' headers or the model tell which are possible. Whether invariants hold is said by
    `nandtrace verify`. Patterns such as 'golden/*.mpk' are expanded here too.

    Exit codes: 0 shown; 1 below what --fail-under asks for; 2 usage; 3 a TRACE is unreadable or
    incomplete (its whole runs count).
    """
    paths = [Path(name) for name in expand_patterns(traces)]
    with workers_for(paths, "nandtrace.coverage.measuring") as pool:
        # Imported here, so that the workers start meanwhile.
        from nandtrace.cli import coverage_work  # noqa: PLC0415

        wanted = coverage_work.wanted_of(least, show)
        return coverage_work.cover(paths, pool, wanted, as_json=as_json, verbose=verbose)
