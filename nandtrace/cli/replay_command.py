"""`nandtrace replay`: execute a recording again and compare."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.recording import chosen_scheduler, recording_progress
from nandtrace.cli.recording_options import json_option, scheduler_option
from nandtrace.cli.results import EXIT_OF_RESULT
from nandtrace.cli.sources import expand_one
from nandtrace.diff.side import list_problems
from nandtrace.nand.replaying import replay
from nandtrace.report.plain import json_line
from nandtrace.report.recording import replay_json, replay_lines, replay_result
from nandtrace.trace import TraceReader


@click.command("replay")
@click.argument("trace")
@click.option("--run", type=click.IntRange(0), help="Only this run, from its first snapshot.")
@scheduler_option
@json_option
def command(trace: str, run: int | None, scheduler: str | None, as_json: bool) -> int:
    """Execute the recording in TRACE again, from the profile, seed and options of its header.

    Where the result is another one, the first event that differs is shown as by `nandtrace diff`:
    A is the trace, B what was executed now. A run that was stopped on request, the last one of a
    recording with --fail-fast, is left out.

    A trace that names a scheduler of its own takes --scheduler; with it, any recording shows whether a
    class of yours does the same.

    Exit codes: 0 same; 1 different; 2 the trace is of another scheduler; 3 the trace is unreadable,
    or incomplete and otherwise the same.
    """
    path = Path(expand_one(trace))
    problems = _problems(path)
    with chosen_scheduler(scheduler) as own, recording_progress() as progress:
        outcome = replay(path, run, progress, own)
    for problem in problems:
        click.echo(f"nandtrace: {path}: {problem}", err=True)
    if outcome.left_out is not None:
        left_out = f"run {outcome.left_out} was stopped on request and is left out"
        click.echo(f"nandtrace: {path}: {left_out}", err=True)
    if as_json:
        click.echo(json_line(replay_json(str(path), run, outcome, problems)))
    else:
        for line in replay_lines(str(path), outcome, problems):
            click.echo(line)
    return EXIT_OF_RESULT[replay_result(outcome, problems)]


def _problems(path: Path) -> list[str]:
    """What a trace lacks, a line each."""
    with TraceReader(path) as reader:
        return list_problems(reader)
