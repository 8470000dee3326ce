"""`nandtrace selftest`: prove that the checker finds what is wrong."""

from __future__ import annotations

import click

DOMAINS = ("nand", "graph", "workorder")


@click.command("selftest")
@click.argument("traces", nargs=-1, metavar="[TRACE]...")
@click.option(
    "--domain",
    "domains",
    type=click.Choice(DOMAINS),
    multiple=True,
    help="Prove this domain's invariants alone. May be repeated.  [default: all]",
)
@click.option(
    "--mutants",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Mutants of each operator, on as many traces as there are, by turns.",
)
@click.option("--faults/--no-faults", default=True, help="Whether faulty schedulers run too.")
@click.option(
    "--search",
    is_flag=True,
    help="Try faulty schedulers from the first seed on, not the known one.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="ID",
    help="Switch this invariant off, to see that the selftest fails. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every invariant and faulty scheduler.")
def command(
    *,
    traces: tuple[str, ...],
    domains: tuple[str, ...],
    mutants: int,
    faults: bool,
    search: bool,
    without: tuple[str, ...],
    as_json: bool,
    verbose: bool,
) -> int:
    """Change one thing in valid traces, again and again, and see whether the checker finds it.

    Valid traces are recorded for it; each TRACE, such as golden/*.mpk, is taken beside them. An operator
    changes a trace, and names the invariant that its mutant violates; the mutants of some operators mean
    the same as before, and may violate nothing. Every invariant has to find a mutant that no other finds,
    or to say which others it implies. Then faulty schedulers run, with one bug each, and have to be caught.

    Exit codes: 0 all found; 1 something survived, was missed or wrongly rejected; 2 usage; 3 a TRACE
    can't be read, or is violated to begin with.
    """
    # Imported here, so that a usage error or --help does not wait for it.
    from nandtrace.cli import selftesting  # noqa: PLC0415

    chosen = selftesting.Chosen(
        traces=traces,
        domains=domains or DOMAINS,
        mutants=mutants,
        faults=faults,
        search=search,
        without=without,
    )
    return selftesting.selftest(chosen, as_json=as_json, verbose=verbose)
