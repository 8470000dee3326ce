"""Repairs of a nandseqgen configuration that need the whole profile: its exclusions and sequences."""

from __future__ import annotations

import math
from dataclasses import replace

from nandtrace.nand.profile import Continuation, Exclusions, Profile
from nandtrace.nand.profiles.checks import PROBABILITY_NOISE
from nandtrace.nand.profiles.drain_checks import TABLES, resumes_kept_out
from nandtrace.nand.profiles.nandseqgen_values import Repairs
from nandtrace.nand.profiles.sequence_checks import first_illegal_step
from nandtrace.nand.profiles.step_checks import first_impossible_step


def with_resumes(profile: Profile, repairs: Repairs) -> Profile:
    """Let the resumes in that a run's end needs: the rows that keep them out get groups without them."""
    exclusions = profile.exclusions
    groups = dict(exclusions.groups)
    tables = {table: dict(getattr(exclusions, table)) for table in TABLES}
    for row in resumes_kept_out(exclusions, profile.op_bases):
        tables[row.table][row.key] = tuple(
            _group_without(groups, name, row.resumes) for name in tables[row.table][row.key]
        )
        repairs.add(
            f"exclusions_{row.table}.{row.key}",
            f"it keeps out {' and '.join(row.resumes)}, which the end of a run needs: let in",
        )
    return replace(profile, exclusions=Exclusions(groups=groups, **tables))


def _group_without(groups: dict[str, tuple[str, ...]], name: str, bases: tuple[str, ...]) -> str:
    """The name of a group that lacks these bases, added to the groups where it is new."""
    group = groups.get(name, ())
    without = tuple(base for base in group if base not in bases)
    if without == group:
        return name
    lacking = "+".join(base for base in bases if base in group)
    groups[f"{name}-{lacking}"] = without
    return f"{name}-{lacking}"


def without_illegal(profile: Profile, repairs: Repairs) -> Profile:
    """Drop the sequences that can't be; the probabilities of the others are scaled to 1."""
    sequences = {}
    for base, items in profile.sequences.items():
        legal = tuple(item for item in items if _is_legal(profile, base, item, repairs))
        total = math.fsum(item.probability for item in legal)
        if total <= 0:
            continue
        if abs(total - 1) > PROBABILITY_NOISE:
            repairs.add(
                f"op_bases.{base}.sequence", f"the probabilities sum to {total:g}: scaled to 1"
            )
            legal = tuple(replace(item, probability=item.probability / total) for item in legal)
        sequences[base] = legal
    return replace(profile, sequences=sequences)


def _is_legal(profile: Profile, base: str, item: Continuation, repairs: Repairs) -> bool:
    bases = profile.op_bases
    if base not in bases or any(step.base not in bases for step in item.steps):
        return True  # check_profile names it
    impossible = first_impossible_step(base, item.steps, bases)
    if impossible is not None:
        reason = impossible[1]
    else:
        illegal = first_illegal_step(base, item.steps, bases, profile.exclusions)
        if illegal is None:
            return True
        reason = f"{item.steps[illegal[0]].base} is excluded by {illegal[1]}"
    chain = " → ".join(step.base for step in item.steps)
    repairs.add(f"op_bases.{base}.sequence", f"{chain}: {reason}: dropped")
    return False
