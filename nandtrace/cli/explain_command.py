"""`nandtrace explain`: what an invariant means, and how its violation looks."""

from __future__ import annotations

import difflib
import json
import sys

import click

from nandtrace.check.registry import Invariant, load_invariants
from nandtrace.cli.exits import Exit
from nandtrace.errors import UsageError
from nandtrace.report.explanation import explanation_document, explanation_lines


@click.command("explain")
@click.argument("invariant_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, invariant_id: str, as_json: bool) -> int:
    """Show what the invariant ID says, why, where that comes from, and an example of its violation.

    The example is what `nandtrace verify` says of a real trace in which one thing was changed: the
    violation, and the events that show it. `nandtrace verify --list` has the invariants.

    Exit codes: 0 shown; 2 there is no such invariant.
    """
    item = _found(invariant_id)
    if as_json:
        json.dump(explanation_document(item), sys.stdout, indent=2)
        print()
    else:
        print("\n".join(explanation_lines(item)))
    return Exit.CLEAN


def _found(invariant_id: str) -> Invariant:
    known = load_invariants()
    if invariant_id in known:
        return known[invariant_id]
    near = difflib.get_close_matches(invariant_id, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "`nandtrace verify --list` has them"
    raise UsageError(f"there is no invariant {invariant_id!r}; {hint}")
