"""`nandtrace verify`: check traces against the invariants."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from nandtrace.check.pool import start_pool
from nandtrace.check.registry import load_invariants
from nandtrace.check.verdict import Verdict
from nandtrace.check.verify import Options, select_invariants, verify_trace
from nandtrace.cli.exits import Exit
from nandtrace.cli.sources import expand_patterns
from nandtrace.errors import UsageError
from nandtrace.report.catalogue import catalogue_document, print_catalogue
from nandtrace.report.console import VerdictPrinter
from nandtrace.report.context import add_context
from nandtrace.report.verdict_json import verdict_document


@click.command("verify")
@click.argument("traces", nargs=-1, metavar="TRACE...")
@click.option("--list", "list_only", is_flag=True, help="Print the invariants and stop.")
@click.option(
    "--only", multiple=True, metavar="ID", help="Check this invariant alone. May be repeated."
)
@click.option(
    "--require",
    multiple=True,
    metavar="ID",
    help="Fail unless this invariant had something to check. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every invariant, not only violated ones.")
@click.option(
    "--limit", default=5, show_default=True, help="Violations shown of each violated invariant."
)
def command(
    *,
    traces: tuple[str, ...],
    list_only: bool,
    only: tuple[str, ...],
    require: tuple[str, ...],
    as_json: bool,
    verbose: bool,
    limit: int,
) -> int:
    """Check each TRACE: is the log well formed, and do the invariants hold.

    The verdict is OK, VIOLATED, or UNKNOWN where the trace is incomplete or damaged and no violation
    was found in its whole runs. Patterns such as 'golden/*.mpk' are expanded here too.

    Exit codes: 0 all OK; 1 one is VIOLATED; 2 usage; 3 one is UNKNOWN.
    """
    if list_only:
        return _list(as_json)
    if not traces:
        raise UsageError("verify: name at least one TRACE")
    if limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    options = Options(only=only, require=require, kept=limit)
    return _verify(traces, options, as_json, verbose)


def _verify(traces: tuple[str, ...], options: Options, as_json: bool, verbose: bool) -> int:
    select_invariants(options)
    printer = VerdictPrinter(verbose=verbose)
    verdicts = []
    paths = [Path(name) for name in expand_patterns(traces)]
    with _workers(paths) as pool:
        for path in paths:
            with printer.progress(str(path)):
                verdict = verify_trace(path, options, pool)
            add_context(verdict)
            verdicts.append(verdict)
            if not as_json:
                printer.show(verdict)
    if as_json:
        json.dump(verdict_document(verdicts), sys.stdout, indent=2)
        print()
    found = {item.verdict for item in verdicts}
    if Verdict.VIOLATED in found:
        return Exit.VIOLATED
    return Exit.UNREADABLE if Verdict.UNKNOWN in found else Exit.CLEAN


PARALLEL_BYTES = 16 * 2**20
"""Traces of this size together are worth the start of worker processes."""


def _workers(paths: list[Path]) -> AbstractContextManager[ProcessPoolExecutor | None]:
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return start_pool(cores) if size >= PARALLEL_BYTES and cores > 1 else nullcontext()


def _list(as_json: bool) -> int:
    invariants = list(load_invariants().values())
    if as_json:
        json.dump(catalogue_document(invariants), sys.stdout, indent=2)
        print()
    else:
        print_catalogue(invariants)
    return Exit.CLEAN
