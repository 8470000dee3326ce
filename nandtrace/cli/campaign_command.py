"""`nandtrace campaign`: record and verify a matrix of profiles, seeds and options."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.errors import UsageError

_PATH = click.Path(path_type=Path)
_LOCAL = "local"
_DASK = "dask"

_out = click.argument("out", type=_PATH)
_engine = click.option(
    "--engine",
    type=click.Choice([_LOCAL, _DASK]),
    default=_LOCAL,
    show_default=True,
    help="Where the cells are worked on: processes of this machine, or a Dask cluster.",
)
_scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="With --engine dask: the cluster, such as tcp://host:8786.  [default: a cluster on this "
    "machine]",
)
_slots = click.option(
    "--slots",
    type=click.IntRange(1, 4096),  # as schemas/campaign.schema.json bounds it
    help="Cells worked on at once, on this machine.  [default: as the campaign file says, else the cores]",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("campaign")
def command() -> None:
    """Record and verify a matrix of profiles, seeds and options, each cell in a process of its own.

    Results are kept in a folder: traces, a journal, and campaign.mpk, the trace of the campaign itself.

    Exit codes: 0 every cell is OK; 1 a cell is violated; 2 usage, or a wrong campaign file; 3 a cell
    failed, is unknown or is not done yet, or the folder can't be read or written; 130 interrupted.
    """


@command.command("run", short_help="Record and verify every cell.")
@click.argument("file", type=_PATH)
@click.option(
    "-o",
    "--output",
    "out",
    metavar="OUT",
    type=_PATH,
    help="The folder of the results.  [default: FILE's name without its ending, here]",
)
@_engine
@_scheduler
@_slots
@_json
def run(
    *,
    file: Path,
    out: Path | None,
    engine: str,
    scheduler: str | None,
    slots: int | None,
    as_json: bool,
) -> int:
    """Record and verify every cell of the campaign that FILE describes.

    Interrupted, it begins no other cell, gives those that run the time that FILE grants, and is
    continued by `nandtrace campaign resume OUT`; at the second interrupt it ends at once. What was done
    is never lost, whatever ends it.
    """
    _check_scheduler(engine, scheduler, slots)
    from nandtrace.cli import campaign_work  # noqa: PLC0415 - --help does not wait for it

    choice = campaign_work.EngineChoice(engine, scheduler, slots)
    return campaign_work.run(file, out, choice, as_json=as_json)


@command.command("resume", short_help="Go on with a campaign.")
@_out
@click.option("--retry-failed", is_flag=True, help="Work on failed and unknown cells, too.")
@_engine
@_scheduler
@_slots
@_json
def resume(
    *,
    out: Path,
    retry_failed: bool,
    engine: str,
    scheduler: str | None,
    slots: int | None,
    as_json: bool,
) -> int:
    """Do what is left of the campaign in the folder OUT, whatever ended it."""
    _check_scheduler(engine, scheduler, slots)
    from nandtrace.cli import campaign_work  # noqa: PLC0415 - --help does not wait for it

    choice = campaign_work.EngineChoice(engine, scheduler, slots)
    return campaign_work.resume(out, choice, retry_failed=retry_failed, as_json=as_json)


@command.command("status", short_help="Show how far a campaign is.")
@_out
@_json
def status(*, out: Path, as_json: bool) -> int:
    """Show how far the campaign in the folder OUT is; also while it runs."""
    from nandtrace.cli import campaign_work  # noqa: PLC0415 - --help does not wait for it

    return campaign_work.status(out, as_json=as_json)


@command.command("report", short_help="Show what a campaign found.")
@_out
@click.option(
    "--slowest",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the slowest cells are listed.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    help="How many violated, unknown and failed cells are listed.  [default: all]",
)
@_json
def report(*, out: Path, slowest: int, limit: int | None, as_json: bool) -> int:
    """Show what the campaign in the folder OUT found; also while it runs.

    Violations by invariant, the slowest cells, and each cell that is violated, unknown or failed with
    the command that records it again.
    """
    from nandtrace.cli import campaign_work  # noqa: PLC0415 - --help does not wait for it

    return campaign_work.report(out, slowest=slowest, limit=limit, as_json=as_json)


def _check_scheduler(engine: str, scheduler: str | None, slots: int | None) -> None:
    if scheduler is None:
        return
    if engine != _DASK:
        raise UsageError("--scheduler is for --engine dask")
    if slots is not None:
        raise UsageError("--slots is for this machine; the workers of --scheduler have their own")
