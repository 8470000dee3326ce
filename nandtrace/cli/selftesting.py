"""The work of `nandtrace selftest`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from nandtrace.cli.exits import Exit
from nandtrace.cli.selftest_text import (
    fault_lines,
    faults_headline,
    headline,
    invariants_table,
    problem_lines,
)
from nandtrace.cli.sources import expand_patterns
from nandtrace.cli.status_line import status_line
from nandtrace.cli.workers import processors
from nandtrace.pool import start_pool
from nandtrace.selftest.document import selftest_document
from nandtrace.selftest.faulty import FaultProof, prove_faults
from nandtrace.selftest.run import DomainProof, Wanted, prove_domains


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options of the command."""

    traces: tuple[str, ...]
    domains: tuple[str, ...]
    mutants: int
    faults: bool
    search: bool
    without: tuple[str, ...]


def selftest(chosen: Chosen, *, as_json: bool, verbose: bool) -> int:
    """Run it, print what was found, and return the exit code."""
    wanted = Wanted(
        domains=chosen.domains,
        traces=tuple(Path(name) for name in expand_patterns(chosen.traces)),
        mutants=chosen.mutants,
        without=chosen.without,
    )
    out = Console(highlight=False, soft_wrap=True)
    with start_pool(processors(), "nandtrace.selftest.mutants") as pool:
        domains = _prove_domains(wanted, pool, None if as_json else out, verbose=verbose)
        faults = _prove_faults(chosen, pool, None if as_json else out, verbose=verbose)
    if as_json:
        json.dump(selftest_document(domains, faults), sys.stdout, indent=2)
        print()
    holds = all(proof.holds for proof in domains) and all(fault.holds for fault in faults)
    return Exit.CLEAN if holds else Exit.VIOLATED


def _prove_domains(
    wanted: Wanted, pool: ProcessPoolExecutor, out: Console | None, *, verbose: bool
) -> list[DomainProof]:
    proofs = []
    with (
        tempfile.TemporaryDirectory(prefix="nandtrace-") as folder,
        status_line("recording") as told,
    ):
        for proof in prove_domains(wanted, Path(folder), pool, told):
            proofs.append(proof)
            if out is not None:
                _show_domain(proof, out, verbose=verbose)
    return proofs


def _show_domain(proof: DomainProof, out: Console, *, verbose: bool) -> None:
    out.print(headline(proof), markup=False)
    for line in problem_lines(proof):
        out.print(line, markup=False)
    if verbose:
        out.print(invariants_table(proof))


def _prove_faults(
    chosen: Chosen, pool: ProcessPoolExecutor, out: Console | None, *, verbose: bool
) -> list[FaultProof]:
    if not chosen.faults:
        return []
    with status_line("faulty schedulers"):
        faults = list(prove_faults(chosen.domains, pool, search=chosen.search))
    if out is not None and faults:
        out.print(faults_headline(faults), markup=False)
        for line in fault_lines(faults, verbose=verbose):
            out.print(line, markup=False)
    return faults
