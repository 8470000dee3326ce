"""`nandtrace record graph`: run a graph of the user's and record what its scheduler does."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.recording_options import (
    Extras,
    GraphChoices,
    checkpoint_option,
    compress_option,
    graph_duration_option,
    json_option,
    provenance_option,
    verify_option,
)

_PATH = click.Path(path_type=Path)


@click.command("graph", short_help="Run a graph and record what its scheduler does.")
@click.argument("target", metavar="MODULE:FUNCTION")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="For a function with the parameter 'seed'.  [default: the function's, else 0]",
)
@click.option(
    "--until",
    "until_ns",
    metavar="DURATION",
    callback=graph_duration_option,
    help="Shut down after this time: 10ms, 500us; a plain number is µs.  [default: once nothing is "
    "left to do]",
)
@click.option(
    "--real-time", is_flag=True, help="Run by the system's clock.  [default: by a virtual one]"
)
@checkpoint_option
@compress_option
@provenance_option
@click.option(
    "-o", "--output", type=_PATH, help="The trace to write.  [default: the module's name and .mpk]"
)
@verify_option
@json_option
def command(
    *,
    target: str,
    seed: int | None,
    until_ns: int | None,
    real_time: bool,
    checkpoint: int | None,
    compress: bool,
    provenance: bool,
    output: Path | None,
    verify: bool,
    as_json: bool,
) -> int:
    """Run the graph that a function builds, and record all that the graph scheduler does.

    FUNCTION takes no argument, or a 'seed', and returns a nandtrace.graph.Scheduler that has not
    started. MODULE is a module, looked for in the current folder first, or a file:
    graphs/pump.py:build. What the graph prints goes to stderr.

    By the virtual clock the same graph and options give the same trace, byte by byte. With --real-time
    an interrupt (Ctrl-C) shuts the graph down and keeps the trace.

    Exit codes: 0 recorded, also where nodes raised: the trace says so; 2 a wrong option, function or
    graph; 3 the trace could not be written. With --verify also 1, when an invariant is violated.
    """
    choices = GraphChoices(target, seed=seed, until_ns=until_ns, checkpoint=checkpoint)
    # Imported here, so that a usage error or --help does not wait for it.
    from nandtrace.cli import graph_recording, recording_report  # noqa: PLC0415

    extras = Extras(compress=compress, with_provenance=provenance)
    done = graph_recording.record_anew(choices, output, extras, real_time=real_time)
    return recording_report.report(done, as_json=as_json, verify=verify)
