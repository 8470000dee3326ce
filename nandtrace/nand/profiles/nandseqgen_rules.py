"""Sequences, exclusions and weights of a nandseqgen configuration, as a native profile writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nandtrace.nand.profiles.nandseqgen_values import (
    STATE_ALIASES,
    Repairs,
    list_at,
    map_at,
    maps_at,
    names_at,
    pairs_at,
)
from nandtrace.nand.profiles.policy_checks import DEFAULT_KEY
from nandtrace.nand.profiles.well_known import meaning_of
from nandtrace.vocab.nand import END

Plain = dict[str, Any]

_TABLES = {
    "exclusions_by_op_state": "by_op_state",
    "exclusions_by_latch_state": "by_latch_state",
    "exclusions_by_cache_state": "by_cache_state",
    "exclusions_by_suspend_state": "by_suspend_state",
    "exclusions_by_odt_state": "by_odt_state",
}
_SUSPEND_STATES = (
    "ERASE_SUSPENDED",
    "NOT_ERASE_SUSPENDED",
    "PROGRAM_SUSPENDED",
    "NOT_PROGRAM_SUSPENDED",
)


def sequences_of(config: Plain, ops: Plain, repairs: Repairs) -> Plain:
    """The `sequence` of every base that has one."""
    sequences = {}
    for base, spec in maps_at(config.get("op_bases"), "op_bases").items():
        place = f"op_bases.{base}.sequence"
        plain = map_at(spec.get("sequence"), place)
        items = _alternatives(config, plain, ops, place, repairs)
        if items:
            sequences[base] = items
    return sequences


def _alternatives(
    config: Plain, plain: Plain, ops: Plain, place: str, repairs: Repairs
) -> list[Plain]:
    rules = map_at(config.get("generate_seq_rules"), "generate_seq_rules")
    inherit = dict(pairs_at(plain.get("inherit"), f"{place}.inherit"))
    with_names = {op["base"] for op in ops.values()}
    items: list[Plain] = []
    for key, probability in pairs_at(plain.get("probs"), f"{place}.probs"):
        if key.endswith(".SEQ") and key not in rules:
            repairs.add(f"{place}.probs", f"there is no generate_seq_rules.{key}: dropped")
            continue
        steps = _steps(key, rules, names_at(inherit.get(key), f"{place}.inherit"))
        nameless = [step["base"] for step in steps if step["base"] not in with_names]
        if nameless:
            repairs.add(f"{place}.probs", f"{key} needs {nameless[0]}, which no op has: dropped")
            continue
        items.append({"probability": probability, "steps": steps})
    return items


def _steps(key: str, rules: Plain, inherited: list[str]) -> list[Plain]:
    """What an alternative stands for: nothing, one op, or a sequence with rules of its own."""
    if key == "NONE":
        return []
    if not key.endswith(".SEQ"):
        return [{"base": key, "rules": inherited}]
    place = f"generate_seq_rules.{key}"
    pairs = pairs_at(map_at(rules[key], place).get("sequences"), f"{place}.sequences")
    return [{"base": base, "rules": names_at(own, f"{place}.{base}")} for base, own in pairs]


def exclusions_of(config: Plain, bases: Plain, repairs: Repairs) -> Plain:
    """The exclusion groups and the tables that use them, without what the device does not have."""
    exclusions: Plain = {"groups": {}}
    for name, group in map_at(config.get("exclusion_groups"), "exclusion_groups").items():
        place = f"exclusion_groups.{name}"
        exclusions["groups"][name] = _known(names_at(group, place), bases, place, repairs)
    for table, native in _TABLES.items():
        rows = {
            key: names_at(groups, f"{table}.{key}")
            for key, groups in map_at(config.get(table), table).items()
        }
        exclusions[native] = _known_keys(rows, _key_test(native, bases), table, repairs)
    return exclusions


def _known(names: Iterable[str], known: Plain, place: str, repairs: Repairs) -> list[str]:
    for name in names:
        if name not in known:
            repairs.add(place, f"there is no op base {name}: dropped")
    return [name for name in names if name in known]


def _key_test(table: str, bases: Plain) -> Callable[[str], bool]:
    if table == "by_op_state":
        keys = {key for base, spec in bases.items() for key in _state_keys(base, spec)}
    elif table == "by_latch_state":
        keys = {meaning_of(base).fills or "" for base in bases}
    elif table == "by_cache_state":
        keys = {meaning_of(base).enters or "" for base in bases}
    elif table == "by_suspend_state":
        keys = set(_SUSPEND_STATES)
    else:
        keys = {"ODT_DISABLE"}
    return keys.__contains__


def _state_keys(base: str, spec: Plain) -> list[str]:
    return [f"{base}.{name}" for name in (*(state["name"] for state in spec["states"]), END)]


def _known_keys(
    rows: Plain, is_known: Callable[[str], bool], place: str, repairs: Repairs
) -> Plain:
    """Rows by the names that their states have here; those of unknown states are dropped."""
    result: Plain = {}
    for key, row in rows.items():
        base, dot, state = key.partition(".")
        known = f"{base}{dot}{STATE_ALIASES.get(state, state)}"
        if not is_known(known):
            repairs.add(f"{place}.{key}", "there is no such state: dropped")
            continue
        if known != key:
            repairs.add(f"{place}.{key}", f"{key} is the state {known}")
        result[known] = row
    return result


def weights_of(config: Plain, bases: Plain, ops: Plain, repairs: Repairs) -> Plain:
    """`phase_conditional_overrides`: `global` is for every state, the other keys are states."""
    section = "phase_conditional_overrides"
    rows = {
        key: _known_weights(map_at(row, f"{section}.{key}"), bases, ops, key, repairs)
        for key, row in map_at(config.get(section), section).items()
    }
    overall = rows.pop("global", {})
    in_states = _key_test("by_op_state", bases)
    by_state = _known_keys(rows, lambda key: key == DEFAULT_KEY or in_states(key), section, repairs)
    return {"overall": overall, "by_state": by_state}


def _known_weights(row: Plain, bases: Plain, ops: Plain, key: str, repairs: Repairs) -> Plain:
    for name in row:
        if name not in ops and name not in bases:
            repairs.add(
                f"phase_conditional_overrides.{key}.{name}",
                "there is no such op name or op base: dropped",
            )
    return {name: weight for name, weight in row.items() if name in ops or name in bases}


def interleaving_of(config: Plain, bases: Plain, repairs: Repairs) -> list[str]:
    """Bases whose single-plane ops may overlap."""
    place = "constraints.single_single_allowed_bases"
    constraints = map_at(config.get("constraints"), "constraints")
    names = names_at(list_at(constraints.get("single_single_allowed_bases"), place), place)
    return _known(names, bases, place, repairs)
