"""`nandtrace record`: run the NAND scheduler and record what it does; other schedulers below it."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from nandtrace.cli import record_graph_command, record_workorder_command
from nandtrace.cli.exits import Exit
from nandtrace.cli.recording_options import (
    Extras,
    blocks_options,
    compress_option,
    duration_options,
    json_option,
    provenance_option,
    scheduler_option,
    verify_option,
)
from nandtrace.errors import UsageError
from nandtrace.nand.chosen import Blocks, Choices
from nandtrace.vocab.nand import ApplyPolicy

_PATH = click.Path(path_type=Path)


@click.group(
    "record",
    invoke_without_command=True,
    subcommand_metavar="| (graph | workorder) [OPTIONS] SOURCE",
)
@click.option("--profile", metavar="NAME|FILE", help="The device and its mix.  [default: default]")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of every choice.  [default: 0]"
)
@click.option("--runs", type=click.IntRange(1), help="How many runs.  [default: 3]")
@click.option(
    "--run-until",
    "run_for_ns",
    metavar="DURATION",
    callback=duration_options,
    multiple=True,
    help="Simulated time of a run: 10ms, 500us; a plain number is µs. Once for each run, the last "
    "is repeated.  [default: 100ms]",
)
@click.option("--max-hooks", type=click.IntRange(1), help="Stop a run after so many hooks.")
@click.option(
    "--drain/--no-drain",
    default=None,
    help="Whether a run delivers what is still reserved when it stops.  [default: drain]",
)
@click.option(
    "--bootstrap/--no-bootstrap",
    default=None,
    help="Whether to fill the device first.  [default: as the profile says]",
)
@click.option(
    "--apply-policy",
    type=click.Choice([policy.value for policy in ApplyPolicy]),
    help="Whether a program counts once per op or once per segment.  [default: per_op]",
)
@click.option(
    "--bad-blocks",
    metavar="DIE:BLOCK[,…]",
    callback=blocks_options,
    multiple=True,
    help="Blocks never touched, in place of the profile's.",
)
@compress_option
@provenance_option
@click.option("-o", "--output", type=_PATH, help="The trace to write.  [default: PROFILE-SEED.mpk]")
@verify_option
@json_option
@scheduler_option
@click.option("--from", "source", metavar="TRACE", type=_PATH, help="Continue this recording.")
@click.option("--run", type=click.IntRange(0), help="With --from: continue after this run.")
@click.option(
    "--live", is_flag=True, help="Verify each run as soon as it is written; the exit code counts."
)
@click.option("--fail-fast", is_flag=True, help="With --live: stop once a run is violated.")
@click.option(
    "--graph-trace",
    type=_PATH,
    metavar="FILE",
    help="With --live: also record the graph that does it.",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    profile: str | None,
    seed: int | None,
    runs: int | None,
    run_for_ns: tuple[int, ...],
    max_hooks: int | None,
    drain: bool | None,
    bootstrap: bool | None,
    apply_policy: str | None,
    bad_blocks: Blocks,
    compress: bool,
    provenance: bool,
    output: Path | None,
    verify: bool,
    as_json: bool,
    scheduler: str | None,
    source: Path | None,
    run: int | None,
    live: bool,
    fail_fast: bool,
    graph_trace: Path | None,
) -> int:
    """Run the NAND operation scheduler and record all that it does; with the command graph a graph, with
    workorder a scenario of work orders.

    The same profile, seed, options and version give the same trace, byte by byte. A trace that is
    there already is replaced once the new one is complete.

    With --from and --run the recording goes on from the snapshot at that run's end, with the profile
    and options of the trace, and its events are those of the uninterrupted recording; --runs then
    says how many runs to record, by default as many as were left.

    With --scheduler a class of your own decides. MODULE is a module, looked for in the current folder
    first, or a file: schedulers/greedy.py:Greedy. The trace's header names it; to continue or replay such
    a trace takes --scheduler again, for what only a trace names is never imported.

    With --live a second process verifies every run, as soon as the chunk with its end is written, while
    the next ones are recorded. The trace is the same, unless --fail-fast ends it once a run is violated:
    with that run, those recorded meanwhile, and an orderly end.

    Exit codes: 0 recorded; 2 a wrong option, profile or run; 3 a trace could not be
    written, or not be read to continue it.
    With --verify or --live also 1, when an invariant is violated.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context, context.invoked_subcommand)
        return Exit.CLEAN
    choices = Choices(
        profile=profile,
        seed=seed,
        runs=runs,
        run_for_ns=run_for_ns,
        max_hooks=max_hooks,
        drain=drain,
        bootstrap=bootstrap,
        apply_policy=None if apply_policy is None else ApplyPolicy(apply_policy),
        bad_blocks=bad_blocks,
    )
    _check_continuation(choices, source, run)
    if not live and (fail_fast or graph_trace is not None):
        raise UsageError("--fail-fast and --graph-trace are for --live")
    # Imported here, so that a usage error or --help does not wait for it.
    from nandtrace.cli import recording, recording_report  # noqa: PLC0415

    extras = Extras(compress=compress, with_provenance=provenance)
    with recording.chosen_scheduler(scheduler) as own:
        if source is not None and run is not None:
            plan = recording.plan_continuation(source, run, runs, output, own)
        else:
            plan = recording.plan_anew(choices, output, own)
        if live:
            from nandtrace.cli import live_recording  # noqa: PLC0415 - see above

            done = live_recording.record(plan, extras, fail_fast=fail_fast, graph_trace=graph_trace)
        else:
            done = recording.record(plan, extras)
    return recording_report.report(done, as_json=as_json, verify=verify)


command.add_command(record_graph_command.command)
command.add_command(record_workorder_command.command)


def _refuse_options(context: click.Context, subcommand: str) -> None:
    """Raise UsageError for options of the NAND scheduler in front of another one's name."""
    given = [
        option.opts[-1]
        for option in context.command.params
        if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(f"{', '.join(given)}: options of {subcommand} come after its name")


def _check_continuation(choices: Choices, source: Path | None, run: int | None) -> None:
    """Raise UsageError for options that contradict --from, or lack it."""
    if source is None:
        if run is not None:
            raise UsageError("--run is for --from TRACE")
        return
    if run is None:
        raise UsageError("--from needs --run: after which run to continue")
    given = {
        "--profile": choices.profile,
        "--seed": choices.seed,
        "--run-until": choices.run_for_ns or None,
        "--max-hooks": choices.max_hooks,
        "--drain/--no-drain": choices.drain,
        "--bootstrap/--no-bootstrap": choices.bootstrap,
        "--apply-policy": choices.apply_policy,
        "--bad-blocks": choices.bad_blocks or None,
    }
    contradicting = [name for name, value in given.items() if value is not None]
    if contradicting:
        raise UsageError(
            f"{', '.join(contradicting)}: --from takes the profile and options of its trace"
        )
