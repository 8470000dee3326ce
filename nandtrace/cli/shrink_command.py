"""`nandtrace shrink`: find the smallest recording that violates the same invariant."""

from __future__ import annotations

from pathlib import Path

import click

from nandtrace.cli.recording_options import SUFFIX, json_option, scheduler_option
from nandtrace.cli.sources import expand_one
from nandtrace.errors import UsageError
from nandtrace.units import NS_PER_S, duration_ns

_DEFAULT_BUDGET = "60s"


def _budget_option(
    context: click.Context,  # noqa: ARG001 - click calls it so
    option: click.Parameter,  # noqa: ARG001
    value: str,
) -> tuple[int | None, float | None]:
    """Candidates, or seconds. Raises BadParameter."""
    if value.isdecimal():
        return _positive(int(value)), None
    try:
        return None, duration_ns(value, quantum_ns=1) / NS_PER_S
    except ValueError as error:
        raise click.BadParameter(f"a number of candidates, or a time: {error}") from error


def _positive(candidates: int) -> int:
    if candidates < 1:
        raise click.BadParameter("it must be at least 1")
    return candidates


@click.command("shrink")
@click.argument("trace")
@click.option(
    "--invariant", metavar="ID", help="Which violation to keep.  [default: the first in the trace]"
)
@click.option(
    "--replay",
    "differs",
    is_flag=True,
    help="Keep no violation, but that a run differs when it alone is executed again.",
)
@scheduler_option
@click.option(
    "--budget",
    metavar="N|DURATION",
    default=_DEFAULT_BUDGET,
    show_default=True,
    callback=_budget_option,
    help="Try so many candidates, or for so long: 500, 90s.",
)
@click.option(
    "--record/--no-record",
    default=True,
    help="Whether to record anew where the header says how; else an excerpt is cut.",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="The trace to write, and the name of what goes beside it.  [default: TRACE-small]",
)
@json_option
def command(
    *,
    trace: str,
    invariant: str | None,
    differs: bool,
    scheduler: str | None,
    budget: tuple[int | None, float | None],
    record: bool,
    output: Path | None,
    as_json: bool,
) -> int:
    """Find the smallest recording that violates the same invariant as TRACE.

    A trace whose header says how it was recorded (nandtrace record, record workorder) is recorded again
    and again with less: fewer runs, shorter, on a smaller device, with fewer ops, for chance a script.
    What is left is OUT.mpk, the profile OUT.yaml or scenario OUT.toml, and the one command that records
    it. Events are counted without hooks and fruitless proposals. A trace that a scheduler of your own
    recorded takes --scheduler again; the smallest recording is then one in which nandtrace's own does not
    violate the invariant. One that would have more than 30 events need not be drained (--no-drain); else
    it is cut in two: OUT-base.mpk, which leads to the violation, and OUT.mpk, which goes on from there.
    The last line of those that begin with "nandtrace record" records OUT.mpk from the files beside it;
    before it stands the one for OUT-base.mpk where there is one.

    With --replay it is the smallest recording of which a run differs when it alone is executed again, from
    the snapshot at its begin (nandtrace replay --run): for a scheduler with a state that no snapshot holds.

    Of any other trace an excerpt is cut: the shortest prefix with the fewest ops, messages or orders in
    which the same event violates the invariant, and nothing is violated that was not before.

    What was tried is kept in OUT.shrink until nothing gets smaller: where the budget is used up, or the
    search is interrupted, the best so far is written, and the same command goes on.

    Exit codes: 0 shrunk, or as small as can be already; 2 usage, also where nothing is wrong with TRACE;
    3 TRACE is unreadable or not whole, or something could not be written; 130 interrupted.
    """
    path = Path(expand_one(trace))
    stem = (output or path.with_name(f"{path.stem}-small")).with_suffix("")
    if output is not None and output.suffix not in ("", SUFFIX):
        raise UsageError(f"-o {output}: a trace is named *{SUFFIX}")
    if differs and (invariant is not None or not record):
        raise UsageError("--replay goes neither with --invariant nor with --no-record")
    # Imported here, so that a usage error or --help does not wait for it.
    from nandtrace.cli import shrinking  # noqa: PLC0415
    from nandtrace.shrinking import REPLAY  # noqa: PLC0415

    candidates, seconds = budget
    limits = shrinking.Limits(candidates, seconds)
    sought = REPLAY if differs else invariant
    wanted = shrinking.Wanted(path, stem, sought, scheduler, record=record)
    return shrinking.shrink(wanted, limits, as_json=as_json)
