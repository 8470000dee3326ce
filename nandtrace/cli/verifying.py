"""The work of `nandtrace verify`: heavy to import, and imported while worker processes start."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from nandtrace.check.registry import load_invariants
from nandtrace.check.verdict import TraceVerdict, Verdict
from nandtrace.check.verify import Options, check_ids, verify_traces
from nandtrace.cli.exits import Exit
from nandtrace.report.catalogue import catalogue_document, print_catalogue
from nandtrace.report.console import VerdictPrinter
from nandtrace.report.context import add_context
from nandtrace.report.verdict_json import verdict_document


def verify_paths(
    paths: Sequence[Path],
    pool: ProcessPoolExecutor | None,
    *,
    only: tuple[str, ...],
    require: tuple[str, ...],
    limit: int,
    as_json: bool,
    verbose: bool,
) -> int:
    """Verify each trace, print the verdicts, and return the exit code of the worst."""
    options = Options(only=only, require=require, kept=limit)
    check_ids(options)
    printer = VerdictPrinter(verbose=verbose)
    verdicts = []
    with printer.progress(len(paths)) as told:
        for verdict in verify_traces(paths, options, pool):
            add_context(verdict)
            verdicts.append(verdict)
            told(len(verdicts))
            if not as_json:
                printer.show(verdict)
    if as_json:
        json.dump(verdict_document(verdicts), sys.stdout, indent=2)
        print()
    return exit_of(verdicts)


def exit_of(verdicts: Iterable[TraceVerdict]) -> int:
    """The exit code of the worst of the verdicts."""
    found = {item.verdict for item in verdicts}
    if Verdict.VIOLATED in found:
        return Exit.VIOLATED
    return Exit.UNREADABLE if Verdict.UNKNOWN in found else Exit.CLEAN


def list_invariants(*, as_json: bool) -> int:
    """Print the catalogue."""
    invariants = list(load_invariants().values())
    if as_json:
        json.dump(catalogue_document(invariants), sys.stdout, indent=2)
        print()
    else:
        print_catalogue(invariants)
    return Exit.CLEAN
