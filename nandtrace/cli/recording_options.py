"""What a user chooses for a recording, as options of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from nandtrace.nand.chosen import Blocks, blocks_of, merged_blocks
from nandtrace.units import duration_ns

SUFFIX = ".mpk"
GRAPH_QUANTUM_NS = 1
"""The time of a graph has no grid but that of its unit."""


@dataclass(frozen=True, slots=True)
class GraphChoices:
    """The function that builds a graph, and how it runs; None where nothing was chosen."""

    target: str
    seed: int | None = None
    until_ns: int | None = None
    checkpoint: int | None = None
    """Events between snapshots."""


@dataclass(frozen=True, slots=True)
class WorkOrderChoices:
    """The file of a scenario, and how it is recorded; None where nothing was chosen."""

    scenario: Path
    seed: int | None = None
    checkpoint: int | None = None
    """Events between snapshots."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What does not change the events of a trace."""

    compress: bool = False
    with_provenance: bool = False


# ---- options that several recordings have, as decorators

compress_option = click.option(
    "--compress/--no-compress", default=False, help="Compress the trace with zstd."
)
provenance_option = click.option(
    "--provenance", is_flag=True, help="Keep time, host, version and git commit beside the trace."
)
verify_option = click.option(
    "--verify", is_flag=True, help="Verify the trace at once; its exit code counts."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
scheduler_option = click.option(
    "--scheduler",
    metavar="MODULE:CLASS",
    help="A subclass of nandtrace.nand.scheduler.Scheduler to execute in its place.",
)
checkpoint_option = click.option(
    "--checkpoint",
    type=click.IntRange(1, 2**63 - 1),
    metavar="N",
    help="Write a snapshot every N events or so.  [default: 100000]",
)


# ---- callbacks of options


def duration_options(
    context: click.Context,  # noqa: ARG001 - click calls it so
    option: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> tuple[int, ...]:
    """Callback of an option with durations. Raises BadParameter."""
    try:
        return tuple(map(duration_ns, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def graph_duration_option(
    context: click.Context,  # noqa: ARG001 - click calls it so
    option: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> int | None:
    """Callback of an option with a graph's duration, whose time has no grid. Raises BadParameter."""
    try:
        return None if value is None else duration_ns(value, GRAPH_QUANTUM_NS)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def blocks_options(
    context: click.Context,  # noqa: ARG001 - click calls it so
    option: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> Blocks:
    """Callback of an option with lists of blocks. Raises BadParameter."""
    try:
        return merged_blocks(map(blocks_of, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
