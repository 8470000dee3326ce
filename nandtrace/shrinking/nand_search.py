"""The search for the smallest recording of the NAND scheduler that violates the same invariant."""

from __future__ import annotations

from nandtrace.shrinking import (
    nand_device,
    nand_ops,
    nand_runs,
    nand_script,
    nand_steps,
    nand_undrained,
)
from nandtrace.shrinking.nand_context import Context, Reduction

_FIRST: tuple[Reduction, ...] = (
    nand_runs.small_from_scratch,
    nand_runs.cut_behind,
    nand_runs.fewer_runs,
    nand_script.script_instead,
)
"""What takes away the most, once."""

_AGAIN: tuple[Reduction, ...] = (
    nand_steps.shorter_script,
    nand_steps.without_pairs,
    nand_runs.cut_behind,
    nand_runs.fewer_runs,
    nand_device.less_bootstrap,
    nand_device.no_bad_blocks,
    nand_device.smaller_device,
    nand_ops.plainer_ops,
    nand_steps.plainer_steps,
    nand_ops.plainer_sequences,
    nand_ops.fewer_families,
    nand_ops.fewer_tries,
    nand_runs.fewer_hooks,
    nand_steps.sooner_steps,
    nand_runs.shorter_windows,
    nand_runs.other_seeds,
    nand_script.script_instead,
    nand_ops.skipped_states,
    nand_device.more_like_built_in,
    nand_ops.only_used_families,
)
"""What is done in turn until nothing gets smaller."""

_ROUNDS = 12


def reduce_recording(context: Context) -> None:
    """Reduce until nothing gets smaller. Raises BudgetSpentError before that where the budget is used up."""
    for reduction in _FIRST:
        reduction(context)
    reduce_again(context)


def reduce_undrained(context: Context) -> None:
    """The same for what was reduced before, without a drain where that helps."""
    before = context.search.size
    nand_undrained.without_drain(context)
    if context.search.size < before:
        reduce_again(context)


def reduce_again(context: Context) -> None:
    """The same for what was reduced before."""
    for _ in range(_ROUNDS):
        before = context.search.size
        for reduction in _AGAIN:
            reduction(context)
        if context.search.size == before:
            return
