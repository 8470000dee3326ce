"""`nandtrace diff`: where two traces first differ, and by how much."""

from __future__ import annotations

import click

from nandtrace.cli.results import EXIT_OF_RESULT
from nandtrace.cli.sources import side_of_diff
from nandtrace.diff import CONTEXT_EVENTS, compare
from nandtrace.report.diff import diff_json, diff_lines
from nandtrace.report.plain import json_line


@click.command("diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "-U",
    "--context",
    type=click.IntRange(0, 1_000),
    default=CONTEXT_EVENTS,
    show_default=True,
    help="Events to show before and after the divergence.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(old: str, new: str, context: int, as_json: bool) -> int:
    """Show where trace B first differs from trace A.

    A side is a file or git's REV:path, as in HEAD~1:golden/base.mpk or :golden/base.mpk for what is
    staged. Equal digests settle it without reading an event; damage inside a trace is then verify's
    to find. Traces of the same events in other chunks or another compression are the same.

    Exit codes: 0 same; 1 different; 3 a side is unreadable, or incomplete and otherwise the same.
    """
    with side_of_diff(old) as mine, side_of_diff(new) as theirs:
        diff = compare(mine, theirs, (old, new), context)
    if as_json:
        click.echo(json_line(diff_json(diff)))
    else:
        for line in diff_lines(diff):
            click.echo(line)
    return EXIT_OF_RESULT[diff.result]
