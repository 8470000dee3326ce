"""No drain: a recording that ends with its violation, and not with all that was begun before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nandtrace.nand.job import Recipe
from nandtrace.shrinking.nand_context import Context, changed_options, said_durations
from nandtrace.shrinking.nand_runs import until_sight
from nandtrace.shrinking.nand_script import as_script
from nandtrace.units import QUANTUM_NS


def without_drain(context: Context) -> None:
    """Drop what follows the violation. A script proposes what the drain resumed before it."""
    any(context.search.attempt(recipe) for recipe in _undrained(context))


def _undrained(context: Context) -> Iterator[Recipe]:
    recipe, seen = context.recipe, context.seen()
    durations = until_sight(context)
    # A tick at run_until itself may be left out, or be the one that crosses it.
    for last_ns in (durations[-1], durations[-1] + QUANTUM_NS):
        run_for_ns = said_durations([*durations[:-1], last_ns])
        cut = replace(recipe.options, runs=len(durations), run_for_ns=run_for_ns)
        yield replace(recipe, options=replace(cut, drain=False))
    yield changed_options(as_script(recipe, seen), run_for_ns=(seen.sight.time_ns,), drain=False)
