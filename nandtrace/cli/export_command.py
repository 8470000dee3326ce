"""`nandtrace export`: a trace as CSV."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nandtrace.cli.exits import Exit
from nandtrace.cli.sources import expand_one
from nandtrace.convert.export_csv import ExportResult, What, export_csv, export_file
from nandtrace.errors import UsageError
from nandtrace.report.plain import json_line
from nandtrace.trace import TraceReader

_STDOUT = "-"


@click.command("export")
@click.argument("trace")
@click.option(
    "--what",
    type=click.Choice([what.value for what in What]),
    default=What.SEQUENCE.value,
    show_default=True,
    help="The ops in the order of their starts, or what each segment did when.",
)
@click.option(
    "-o", "--output", metavar="FILE", default=_STDOUT, help="The file to write.  [default: stdout]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(trace: str, what: str, output: str, as_json: bool) -> int:
    """Write the ops of TRACE as CSV, times in µs.

    The sequence has a row for each op that started: seq, time, op_id, op_name, op_uid, payload (its
    targets, as JSON). The timeline has one for each state of a segment and target: start, end, die,
    plane, block, page, op_name, op_base, source, op_uid, op_state. op_id is the op's id in the trace,
    op_uid its segment's.

    Exit codes: 0 all is exported; 3 the trace is unreadable, or incomplete: what could be read is
    exported.
    """
    if as_json and output == _STDOUT:
        raise UsageError("--json prints on stdout: name a file for the CSV with -o")
    source = expand_one(trace)
    with TraceReader(source) as reader:
        if output == _STDOUT:
            result = export_csv(reader, What(what), sys.stdout)
            sys.stdout.flush()
        else:
            result = export_file(reader, What(what), Path(output))
    for problem in result.problems:
        click.echo(f"nandtrace: {source}: {problem}", err=True)
    if as_json:
        click.echo(json_line(_to_json(source, what, output, result)))
    return Exit.UNREADABLE if result.problems else Exit.CLEAN


def _to_json(source: str, what: str, output: str, result: ExportResult) -> dict[str, object]:
    return {
        "version": 1,
        "path": source,
        "what": what,
        "output": output,
        "rows": result.rows,
        "problems": result.problems,
    }
