"""The catalogue of invariants: as text, JSON, and the page docs/invariants.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from nandtrace.check.registry import Invariant

VERSION = 1
_PIPE_WIDTH = 400

_INTRODUCTION = """\
# Invariants

What `nandtrace verify` proves of a trace. This page is generated from the registry
(`make docs`), and a test keeps it current.

An invariant is evaluated over whole runs, from the trace alone. One for which a trace has no events,
or whose rule the header does not tell, is *not evaluated*; one that found nothing that could have
failed is *not exercised*. Neither counts as passed: `nandtrace verify --require ID` makes it a
failure.
"""


def catalogue_document(invariants: Iterable[Invariant]) -> dict[str, Any]:
    """The catalogue as one JSON object."""
    return {
        "version": VERSION,
        "invariants": [
            {
                "id": item.id,
                "domains": list(item.domains),
                "group": item.group,
                "sentence": item.sentence,
                "rationale": item.rationale,
                "source": item.source,
                "needs": list(item.needs),
                "implies": list(item.implies),
                "stays": item.stays,
            }
            for item in invariants
        ],
    }


def catalogue_page(invariants: Iterable[Invariant]) -> str:
    """The page docs/invariants.md: by domain, and in a domain by group."""
    parts = [_INTRODUCTION]
    for domain, of_domain in groupby(invariants, key=_domain_text):
        parts.append(f"## Domain: {domain}\n")
        for group, items in groupby(of_domain, key=lambda item: item.group):
            parts.append(f"### {group}\n")
            parts += [_entry(item) for item in items]
    return "\n".join(parts)


def _domain_text(item: Invariant) -> str:
    return ", ".join(item.domains) or "every"


def _entry(item: Invariant) -> str:
    needs = f"- Needs: {', '.join(item.needs)}\n" if item.needs else ""
    implies = (
        f"- What violates it also violates {' or '.join(item.implies)}. It stays: {item.stays}\n"
        if item.implies
        else ""
    )
    return (
        f"#### {item.id}\n\n{item.sentence}\n\n"
        f"- Why: {item.rationale}\n- Source: {item.source}\n{needs}{implies}"
    )


def print_catalogue(invariants: Iterable[Invariant]) -> None:
    """One line an invariant, by domain and group."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("domain", "group", "invariant", "what it says"):
        table.add_column(title, no_wrap=title == "invariant", overflow="fold")
    for item in invariants:
        table.add_row(_domain_text(item), item.group, item.id, item.sentence)
    # In a pipe a line is a line: nothing is folded to the width of no terminal.
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)
