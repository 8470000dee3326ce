"""A resolved profile as its YAML says it, whole or as what differs from a built-in profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from nandtrace.nand.profile import (
    BaseState,
    Continuation,
    OpBase,
    OpName,
    Policies,
    Profile,
    ScriptStep,
    Step,
)
from nandtrace.nand.profiles.drain_checks import TABLES
from nandtrace.nand.profiles.loading import built_in_names, load_profile, standalone_text
from nandtrace.nand.profiles.well_known import meaning_of
from nandtrace.nand.profiles.yaml_text import read_yaml
from nandtrace.units import NS_PER_US

Plain = dict[str, Any]

_FOLDER = resources.files("nandtrace.nand.profiles")
_NOTHING = "none"
_SECTIONS_LEFT_OUT_EMPTY = ("bad_blocks", "script", "interleaving_bases", "celltype_compatible")


@dataclass(frozen=True, slots=True)
class Ground:
    """A built-in profile to extend: its name, what its files say, and what that resolves to."""

    name: str
    said: Plain
    resolved: Plain


def grounds() -> Iterator[Ground]:
    """The built-in profiles, in a fixed order."""
    for name in built_in_names():
        yield Ground(name, _said(name), plain_profile(load_profile(name).profile))


def _said(name: str) -> Plain:
    with resources.as_file(_FOLDER / f"{name}.yaml") as path:
        said: Plain = read_yaml(standalone_text(path).decode()).value
    return said


def plain_profile(profile: Profile) -> Plain:
    """All of a profile, but for its name, as maps, lists and scalars; times in µs."""
    plain: Plain = {
        "topology": asdict(profile.topology),
        "celltypes": list(profile.celltypes),
        "celltype_compatible": _lists(profile.celltype_compatible),
        "policies": _policies(profile.policies, profile.topology.planes),
        "bootstrap": asdict(profile.bootstrap),
        "op_bases": {name: _base(base) for name, base in profile.op_bases.items()},
        "op_names": {
            name: _op(op, profile.op_bases[op.base]) for name, op in profile.op_names.items()
        },
        "sequences": {
            base: [_continuation(item) for item in items]
            for base, items in profile.sequences.items()
        },
        "interleaving_bases": list(profile.interleaving_bases),
        "exclusions": {
            "groups": _lists(profile.exclusions.groups),
            **{table: _lists(getattr(profile.exclusions, table)) for table in TABLES},
        },
        "weights": {
            "overall": dict(profile.weights.overall),
            "by_state": {key: dict(item) for key, item in profile.weights.by_state.items()},
        },
        "bad_blocks": [list(block) for block in profile.bad_blocks],
        "script": [_script_step(step) for step in profile.script],
    }
    for section in _SECTIONS_LEFT_OUT_EMPTY:
        if not plain[section]:
            del plain[section]
    return plain


def extending(ground: Ground, resolved: Plain) -> Plain:
    """What a profile says that extends a built-in one: only what differs."""
    return {"extends": ground.name, **_difference(resolved, ground.resolved, ground.said)}


def _difference(wanted: Plain, below: Plain, said: Mapping[str, Any]) -> Plain:
    result: Plain = {}
    for key, value in wanted.items():
        under = below.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            entry = said.get(key)
            deeper = _difference(value, under, entry if isinstance(entry, dict) else {})
            if deeper:
                result[key] = deeper
        elif key not in below or value != under:
            result[key] = value
    for key in below:
        if key not in wanted and key in said:
            result[key] = None
    return result


# ---- the entries


def _lists(plain: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {key: list(items) for key, items in plain.items()}


def _us(time_ns: int) -> float:
    """Microseconds: an integer where it is a whole number, so that it reads back exactly."""
    whole, rest = divmod(time_ns, NS_PER_US)
    return time_ns / NS_PER_US if rest else whole


def _policies(policies: Policies, planes: int) -> Plain:
    plain: Plain = {}
    for key, value in asdict(policies).items():
        if key.endswith("_ns"):
            plain[f"{key.removesuffix('_ns')}_us"] = _us(value)
        elif key == "proposals":
            plain[key] = value.value
        elif key != "max_planes" or value != planes:
            plain[key] = value
    return plain


def _base(base: OpBase) -> Plain:
    """A base, without what its name says already."""
    known = meaning_of(base.name)
    plain: Plain = {"scope": base.scope.value, "states": [_state(state) for state in base.states]}
    if base.instant:
        plain["instant"] = True
    if base.role is not known.role:
        plain["role"] = base.role.value
    for key in ("fills", "enters"):
        if getattr(base, key) != getattr(known, key):
            plain[key] = getattr(base, key) or _NOTHING
    for key in ("frees", "leaves"):
        if getattr(base, key) != getattr(known, key):
            plain[key] = list(getattr(base, key))
    return plain


def _state(state: BaseState) -> Plain:
    return {"name": state.name, "bus": True} if state.bus else {"name": state.name}


def _op(op: OpName, base: OpBase) -> Plain:
    times = zip(base.states, op.durations_ns, strict=True)
    return {
        "base": op.base,
        "celltype": op.celltype,
        "multi": op.multi,
        "durations_us": {state.name: _us(time_ns) for state, time_ns in times},
    }


def _continuation(item: Continuation) -> Plain:
    return {"probability": item.probability, "steps": [_step(step) for step in item.steps]}


def _step(step: Step) -> Plain:
    plain: Plain = {"base": step.base, "rules": list(step.rules)}
    return {**plain, "names": dict(step.name_weights)} if step.name_weights else plain


def _script_step(step: ScriptStep) -> Plain:
    plain: Plain = {"at_us": _us(step.at_ns), "op_name": step.op_name}
    if step.die:
        plain["die"] = step.die
    if step.block is not None:
        plain["block"] = step.block
    if step.page is not None:
        plain["page"] = step.page
    if step.plane != (step.planes[0] if step.planes else 0):
        plain["plane"] = step.plane
    if step.planes:
        plain["planes"] = list(step.planes)
    return plain
