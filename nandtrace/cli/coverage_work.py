"""The work of `nandtrace coverage`: heavy to import, and imported while worker processes start."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nandtrace.cli.exits import Exit
from nandtrace.cli.status_line import status_line
from nandtrace.coverage import (
    Coverage,
    Requirement,
    Shortfall,
    measure_traces,
    requirement_of,
    shortfalls,
    table_names,
)
from nandtrace.errors import UsageError
from nandtrace.report.coverage import coverage_document, print_coverage


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be reached, and the tables to print whole."""

    least: tuple[Requirement, ...]
    show: tuple[str, ...]


def wanted_of(least: Iterable[str], show: Iterable[str]) -> Wanted:
    """Read the options. Raises UsageError that names the one that makes no sense."""
    known = table_names()
    for name in show:
        if name not in known:
            raise UsageError(f"--show {name}: there is no such table; there are {', '.join(known)}")
    return Wanted(tuple(map(requirement_of, least)), tuple(show))


def cover(
    paths: Sequence[Path],
    pool: ProcessPoolExecutor | None,
    wanted: Wanted,
    *,
    as_json: bool,
    verbose: bool,
) -> int:
    """Measure the traces, print what they exercised, and return the exit code."""
    with status_line("measuring") as told:
        shown = (
            None if told is None else lambda done: told(f"measured {done} of {len(paths)} traces")
        )
        coverage = measure_traces(paths, pool, shown)
    below = shortfalls(coverage, wanted.least)
    if as_json:
        document = coverage_document(coverage, below, verbose=verbose)
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        print_coverage(coverage, below, show=wanted.show, verbose=verbose)
    return _exit_of(coverage, below)


def _exit_of(coverage: Coverage, below: Sequence[Shortfall]) -> int:
    if below:
        return Exit.VIOLATED
    return Exit.UNREADABLE if coverage.problems else Exit.CLEAN
