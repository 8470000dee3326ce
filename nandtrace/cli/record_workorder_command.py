"""`nandtrace record workorder`: run a scenario and record what the work-order scheduler does."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.recording_options import (
    Extras,
    WorkOrderChoices,
    checkpoint_option,
    compress_option,
    json_option,
    provenance_option,
    verify_option,
)

_PATH = click.Path(path_type=Path)


@click.command("workorder", short_help="Run a scenario of work orders and record it.")
@click.argument("scenario", metavar="SCENARIO.toml", type=_PATH)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of the jitter of retries.  [default: the scenario's, else 0]",
)
@checkpoint_option
@compress_option
@provenance_option
@click.option(
    "-o",
    "--output",
    type=_PATH,
    help="The trace to write.  [default: the scenario's name and .mpk]",
)
@verify_option
@json_option
def command(
    *,
    scenario: Path,
    seed: int | None,
    checkpoint: int | None,
    compress: bool,
    provenance: bool,
    output: Path | None,
    verify: bool,
    as_json: bool,
) -> int:
    """Run the work-order scheduler through a scenario, and record all that it does.

    A scenario is a TOML file: orders, how their handler fares, what the memory is, and what else
    happens. It runs by a virtual clock: the same scenario, seed and options give the same trace, byte
    by byte.

    Exit codes: 0 recorded, also where orders failed: the trace says so; 2 a wrong option or scenario;
    3 the trace could not be written. With --verify also 1, when an invariant is violated.
    """
    choices = WorkOrderChoices(scenario, seed=seed, checkpoint=checkpoint)
    # Imported here, so that a usage error or --help does not wait for it.
    from nandtrace.cli import recording_report, workorder_recording  # noqa: PLC0415

    extras = Extras(compress=compress, with_provenance=provenance)
    done = workorder_recording.record_anew(choices, output, extras)
    return recording_report.report(done, as_json=as_json, verify=verify)
