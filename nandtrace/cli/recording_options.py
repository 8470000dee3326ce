"""What a user chooses for a recording, on the command line or in a manifest of goldens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import click

from nandtrace.errors import UsageError
from nandtrace.units import NS_PER_US, QUANTUM_NS
from nandtrace.vocab.nand import ApplyPolicy

SUFFIX = ".mpk"
DEFAULT_PROFILE = "default"
DEFAULT_RUNS = 3

Blocks = tuple[tuple[int, int], ...]
"""Pairs of die and block."""

_UNITS_NS = {
    "ns": 1,
    "us": NS_PER_US,
    "µs": NS_PER_US,
    "μs": NS_PER_US,
    "ms": 1_000 * NS_PER_US,
    "s": 1_000_000 * NS_PER_US,
    "": NS_PER_US,
}
_DURATION = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([a-zµμ]*)", re.ASCII | re.IGNORECASE)
_BLOCK = re.compile(r"([0-9]{1,9}):([0-9]{1,9})", re.ASCII)
_MAX_NS = 2**60

GRAPH_QUANTUM_NS = 1
"""The time of a graph has no grid but that of its unit."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The profile and options of a recording; None or empty where nothing was chosen."""

    profile: str | None = None
    seed: int | None = None
    runs: int | None = None
    run_for_ns: tuple[int, ...] = ()
    max_hooks: int | None = None
    drain: bool | None = None
    bootstrap: bool | None = None
    apply_policy: ApplyPolicy | None = None
    bad_blocks: Blocks = ()

    @property
    def resolved_runs(self) -> int:
        """How many runs: as chosen, else one for each duration where there are several.

        Raises UsageError where there are more durations than runs.
        """
        if self.runs is None:
            return len(self.run_for_ns) if len(self.run_for_ns) > 1 else DEFAULT_RUNS
        if len(self.run_for_ns) > self.runs:
            raise UsageError(f"{len(self.run_for_ns)} durations for {self.runs} runs")
        return self.runs


@dataclass(frozen=True, slots=True)
class GraphChoices:
    """The function that builds a graph, and how it runs; None where nothing was chosen."""

    target: str
    seed: int | None = None
    until_ns: int | None = None
    checkpoint: int | None = None
    """Events between snapshots."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What does not change the events of a trace."""

    compress: bool = False
    with_provenance: bool = False


def duration_ns(text: str, quantum_ns: int = QUANTUM_NS) -> int:
    """The ns of `10ms`, `500us`, `1.5s`, `20ns`; a plain number is µs.

    Raises ValueError for what is no duration, is zero, or lies off the grid of simulated time.
    """
    found = _DURATION.fullmatch(text.strip())
    unit_ns = _UNITS_NS.get(found[2].lower()) if found else None
    if found is None or unit_ns is None:
        raise ValueError(f"{text!r} is no duration: a number with ns, us, ms or s")
    value_ns = Decimal(found[1]) * unit_ns
    if value_ns % quantum_ns:
        raise ValueError(f"{text!r} is not a multiple of {quantum_ns} ns")
    if not 0 < value_ns < _MAX_NS:
        raise ValueError(f"{text!r} is not between {quantum_ns} ns and 36 years")
    return int(value_ns)


def blocks_of(text: str) -> Blocks:
    """The pairs of `0:12,1:3`, die and block. Raises ValueError for anything else."""
    pairs = []
    for part in text.split(","):
        found = _BLOCK.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{part!r} is no DIE:BLOCK")
        pairs.append((int(found[1]), int(found[2])))
    return tuple(pairs)


def merged_blocks(groups: Iterable[Blocks]) -> Blocks:
    """All pairs of several lists, each once, in order."""
    return tuple(sorted({pair for group in groups for pair in group}))


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
