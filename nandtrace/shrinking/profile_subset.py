"""A profile with some of its op bases alone, and nothing that speaks of others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from nandtrace.nand.profile import Exclusions, OpBase, Profile, Weights
from nandtrace.nand.profiles.policy_checks import DEFAULT_KEY

ValueT = TypeVar("ValueT")

Table = dict[str, tuple[str, ...]]


def with_bases(profile: Profile, wanted: Collection[str]) -> Profile:
    """The profile with these bases; sequences that need others are left out."""
    bases = {name: base for name, base in profile.op_bases.items() if name in wanted}
    names = {name: op for name, op in profile.op_names.items() if op.base in bases}
    known = {*bases, *names}
    return replace(
        profile,
        op_bases=bases,
        op_names=names,
        sequences={
            base: items
            for base, items in _of(profile.sequences, bases).items()
            if all(step.base in bases for item in items for step in item.steps)
        },
        interleaving_bases=tuple(base for base in profile.interleaving_bases if base in bases),
        exclusions=_exclusions(profile.exclusions, bases),
        weights=Weights(
            overall=_of(profile.weights.overall, known),
            by_state={
                key: _of(weights, known)
                for key, weights in profile.weights.by_state.items()
                if key == DEFAULT_KEY or _base_of(key) in bases
            },
        ),
    )


def _exclusions(rules: Exclusions, bases: Mapping[str, OpBase]) -> Exclusions:
    groups = {
        name: kept
        for name, group in rules.groups.items()
        if (kept := tuple(base for base in group if base in bases))
    }
    by_op_state = {key: row for key, row in rules.by_op_state.items() if _base_of(key) in bases}
    fills = [base.fills for base in bases.values()]
    enters = [base.enters for base in bases.values()]
    return Exclusions(
        groups=groups,
        by_op_state=_known_groups(by_op_state, groups),
        by_latch_state=_known_groups(_of(rules.by_latch_state, fills), groups),
        by_suspend_state=_known_groups(rules.by_suspend_state, groups),
        by_odt_state=_known_groups(rules.by_odt_state, groups),
        by_cache_state=_known_groups(_of(rules.by_cache_state, enters), groups),
    )


def _known_groups(table: Table, groups: Collection[str]) -> Table:
    rows = {key: tuple(name for name in row if name in groups) for key, row in table.items()}
    return {key: row for key, row in rows.items() if row}


def _of(table: Mapping[str, ValueT], keys: Collection[str | None]) -> dict[str, ValueT]:
    return {key: value for key, value in table.items() if key in keys}


def _base_of(key: str) -> str:
    return key.partition(".")[0]
