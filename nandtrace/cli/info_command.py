"""`nandtrace info`: what traces hold, from their headers and footers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nandtrace.cli.exits import Exit
from nandtrace.cli.sources import expand_patterns
from nandtrace.errors import InputError
from nandtrace.report.info import info_json, info_lines, trace_facts
from nandtrace.report.plain import json_line


@click.command("info")
@click.argument("traces", metavar="TRACE...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Read every chunk, not the footer alone.")
@click.option(
    "--header", "full_header", is_flag=True, help="Print the whole header, profile and all."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(traces: tuple[str, ...], check: bool, full_header: bool, as_json: bool) -> int:
    """Show what each TRACE holds: its header, counts, sizes, digest, and whether it is complete.

    A sealed trace is judged by its footer; without a sound footer, or with --check, every chunk is
    read.

    Exit codes: 0 all complete; 3 a trace is unreadable or incomplete.
    """
    entries: list[dict[str, Any]] = []
    worst = Exit.CLEAN
    for name in expand_patterns(traces):
        try:
            facts = trace_facts(Path(name), check)
        except InputError as error:
            click.echo(f"nandtrace: {error}", err=True)
            entries.append({"path": name, "error": error.reason})
            worst = Exit.UNREADABLE
            continue
        if not facts.complete:
            worst = Exit.UNREADABLE
        if as_json:
            entries.append(info_json(facts))
        else:
            click.echo("\n".join(info_lines(facts, full_header)))
    if as_json:
        click.echo(json_line({"version": 1, "traces": entries}))
    return worst
