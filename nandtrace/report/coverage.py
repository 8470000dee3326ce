"""Coverage as tables for a console, and as one JSON object: schemas/coverage.schema.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from nandtrace.coverage import Coverage, DomainCoverage, InvariantCount, Shortfall, Table
from nandtrace.coverage.table import Bin, percent_text, permille

VERSION = 1

_LINES = 40
"""Lines of missing bins shown of a table."""


def print_coverage(
    coverage: Coverage, below: Sequence[Shortfall], *, show: Sequence[str], verbose: bool
) -> None:
    """Print domain by domain what was exercised, then what could not be read, then what is too little."""
    out = Console(highlight=False, soft_wrap=True)
    for domain in coverage.domains.values():
        out.print(_headline(domain), style="bold", markup=False)
        out.print(_overview(domain))
        for line in _idle_invariants(domain):
            out.print(line, style="yellow", markup=False)
        if verbose:
            out.print(_invariants(domain))
            for table in domain.tables.values():
                for line in _missing_lines(table):
                    out.print(line, markup=False)
        for name in show:
            if name in domain.tables:
                out.print(_bins(domain.tables[name]))
    for path, reasons in coverage.problems:
        out.print(f"not whole: {path}: {'; '.join(reasons)}", style="yellow", markup=False)
    for item in below:
        out.print(f"BELOW  {item.domain}: {item.name}: {item.text}", style="red", markup=False)


def _headline(domain: DomainCoverage) -> str:
    return f"{domain.domain}: {domain.traces:,} traces, {domain.events:,} events in {domain.runs:,} runs"


def _overview(domain: DomainCoverage) -> Grid:
    grid = _grid(("table", False), ("hit", True), ("of", True), ("", True), ("counted", True))
    possible, hit = len(domain.invariants), domain.exercised
    counted = sum(item.exercised for item in domain.invariants.values())
    grid.add_row(
        "invariants", f"{hit:,}", f"{possible:,}", percent_text(hit, possible), f"{counted:,}"
    )
    for table in domain.tables.values():
        counted = sum(table.counts.values())
        grid.add_row(table.point.id, f"{table.hit:,}", *_of(table), f"{counted:,}")
    return grid


def _of(table: Table) -> tuple[str, str]:
    if table.possible is None:
        return "", ""
    return f"{len(table.possible):,}", percent_text(table.hit, len(table.possible))


def _idle_invariants(domain: DomainCoverage) -> Iterator[str]:
    for item in domain.invariants.values():
        if not item.exercised:
            word = "exercised" if item.evaluated else "evaluated"
            yield f"  not {word}: {item.id}"


def _invariants(domain: DomainCoverage) -> Grid:
    titles = ("evaluated", "exercised", "violated", "traces")
    grid = _grid(("invariant", False), *((title, True) for title in titles))
    for item in domain.invariants.values():
        counts = (item.evaluated, item.exercised, item.violated, item.traces_exercised)
        grid.add_row(item.id, *(f"{count:,}" for count in counts))
    return grid


def _missing_lines(table: Table) -> Iterator[str]:
    """Bins that differ in their last value only are in one line."""
    missing = table.missing
    if not missing:
        return
    yield f"not hit in {table.point.id}:"
    lines = [
        f"  {', '.join(head)}{': ' if head else ''}{', '.join(item[-1] for item in items)}"
        for head, items in groupby(missing, lambda item: item[:-1])
    ]
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield f"  … and {len(lines) - _LINES:,} more lines"


def _bins(table: Table) -> Grid:
    """Every bin with its count: also those that are possible and were not hit."""
    point = table.point
    grid = _grid(*((axis, False) for axis in point.axes), ("count", True), ("", False))
    grid.title, grid.title_justify = f"{point.id}: {point.sentence}", "left"
    unforeseen = set(table.unforeseen)
    for each in sorted({*table.counts, *(table.possible or ())}):
        note = "unforeseen" if each in unforeseen else ""
        grid.add_row(*map(Text, each), f"{table.counts[each]:,}", note)
    return grid


def _grid(*columns: tuple[str, bool]) -> Grid:
    grid = Grid(box=None, padding=(0, 2), header_style="bold")
    for title, right in columns:
        grid.add_column(title, justify="right" if right else "left", no_wrap=True)
    return grid


def coverage_document(
    coverage: Coverage, below: Sequence[Shortfall], *, verbose: bool = False
) -> dict[str, Any]:
    """All that was measured; `verbose` adds the bins that were not hit."""
    return {
        "version": VERSION,
        "traces": coverage.traces,
        "problems": [{"path": path, "reasons": reasons} for path, reasons in coverage.problems],
        "below": [{"domain": item.domain, "name": item.name, "text": item.text} for item in below],
        "domains": [_domain(item, verbose=verbose) for item in coverage.domains.values()],
    }


def _domain(domain: DomainCoverage, *, verbose: bool) -> dict[str, Any]:
    return {
        "domain": domain.domain,
        "traces": domain.traces,
        "events": domain.events,
        "runs": domain.runs,
        "invariants": {
            "hit": domain.exercised,
            "possible": len(domain.invariants),
            "percent": _percent(domain.exercised, len(domain.invariants)),
            "items": [_invariant(item) for item in domain.invariants.values()],
        },
        "tables": [_table(table, verbose=verbose) for table in domain.tables.values()],
    }


def _invariant(item: InvariantCount) -> dict[str, Any]:
    return {
        "id": item.id,
        "evaluated": item.evaluated,
        "exercised": item.exercised,
        "violated": item.violated,
        "traces": {
            "evaluated": item.traces_evaluated,
            "exercised": item.traces_exercised,
            "violated": item.traces_violated,
        },
    }


def _table(table: Table, *, verbose: bool) -> dict[str, Any]:
    possible = None if table.possible is None else len(table.possible)
    plain: dict[str, Any] = {
        "name": table.point.id,
        "sentence": table.point.sentence,
        "axes": list(table.point.axes),
        "hit": table.hit,
        "possible": possible,
        "percent": None if possible is None else _percent(table.hit, possible),
        "bins": [_bin(each, count) for each, count in sorted(table.counts.items())],
        "unforeseen": [list(each) for each in table.unforeseen],
    }
    return plain | {"missing": [list(each) for each in table.missing]} if verbose else plain


def _bin(values: Bin, count: int) -> dict[str, Any]:
    return {"values": list(values), "count": count}


def _percent(hit: int, possible: int) -> float | None:
    """Rounded down to one decimal."""
    return permille(hit, possible) / 10 if possible else None
