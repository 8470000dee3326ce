"""From what a profile's YAML says, already valid by its schema, to the resolved profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nandtrace.nand.profile import (
    ANY_CELLTYPE,
    BaseState,
    Bootstrap,
    Continuation,
    Exclusions,
    OpBase,
    OpName,
    Policies,
    Profile,
    Proposals,
    ScriptStep,
    Step,
    Weights,
)
from nandtrace.nand.profiles.entries import ProfileError, quoted
from nandtrace.nand.profiles.well_known import ADDRESSED_ROLES, meaning_of
from nandtrace.trace.recorder import Topology
from nandtrace.units import us_to_ns
from nandtrace.vocab.nand import Role, Scope

Plain = Mapping[str, Any]

_NOTHING = "none"


def build_profile(plain: Plain, name: str) -> Profile:
    """Resolve a profile. Raises ProfileError where a time is inexact or a duration can't be resolved."""
    bases = {base: _base(base, spec) for base, spec in plain["op_bases"].items()}
    exclusions = plain.get("exclusions", {})
    weights = plain.get("weights", {})
    topology = Topology(**plain["topology"])
    return Profile(
        name=plain.get("name", name),
        topology=topology,
        celltypes=tuple(item for item in plain["celltypes"] if item != ANY_CELLTYPE),
        celltype_compatible=_tuples(plain.get("celltype_compatible", {})),
        op_bases=bases,
        op_names={op: _op(op, spec, bases, plain) for op, spec in plain["op_names"].items()},
        sequences={
            base: tuple(map(_continuation, items))
            for base, items in plain.get("sequences", {}).items()
        },
        policies=_policies(plain.get("policies", {}), topology),
        bootstrap=_bootstrap(plain.get("bootstrap", {})),
        exclusions=Exclusions(
            groups=_groups(exclusions.get("groups", {}), bases),
            **{key: _tuples(value) for key, value in exclusions.items() if key != "groups"},
        ),
        weights=Weights(
            overall=_weights(weights.get("overall", {})),
            by_state={key: _weights(item) for key, item in weights.get("by_state", {}).items()},
        ),
        interleaving_bases=tuple(plain.get("interleaving_bases", ())),
        bad_blocks=tuple((die, block) for die, block in plain.get("bad_blocks", ())),
        script=tuple(
            _script_step(item, f"script[{at}]") for at, item in enumerate(plain.get("script", ()))
        ),
    )


def time_ns(value_us: float, place: str) -> int:
    """A time of a profile. Raises ProfileError where it is not on the grid."""
    try:
        return us_to_ns(value_us)
    except ValueError as error:
        raise ProfileError(place, str(error)) from error


def _base(name: str, spec: Plain) -> OpBase:
    known = meaning_of(name)
    role = Role(spec["role"]) if "role" in spec else known.role
    for at, state in enumerate(spec["states"]):
        time_ns(state.get("default_us", 0), f"op_bases.{name}.states[{at}].default_us")
    return OpBase(
        name=name,
        scope=Scope(spec["scope"]),
        role=role,
        instant=spec.get("instant", False),
        states=tuple(BaseState(state["name"], state.get("bus", False)) for state in spec["states"]),
        fills=_optional(spec.get("fills", known.fills)),
        frees=tuple(spec.get("frees", known.frees)),
        enters=_optional(spec.get("enters", known.enters)),
        leaves=tuple(spec.get("leaves", known.leaves)),
        addressed=role in ADDRESSED_ROLES,
    )


def _optional(name: str | None) -> str | None:
    return None if name == _NOTHING else name


def _op(name: str, spec: Plain, bases: Mapping[str, OpBase], plain: Plain) -> OpName:
    base = bases.get(spec["base"])
    if base is None:
        raise ProfileError(f"op_names.{name}.base", f"there is no op base {spec['base']!r}")
    return OpName(
        name=name,
        base=base.name,
        multi=spec.get("multi", False),
        celltype=spec.get("celltype", ANY_CELLTYPE),
        durations_ns=_durations(
            f"op_names.{name}.durations_us",
            spec.get("durations_us", {}),
            base,
            plain["op_bases"][base.name]["states"],
        ),
    )


def _durations(place: str, given: Plain, base: OpBase, states: list[Plain]) -> tuple[int, ...]:
    names = [state.name for state in base.states]
    for name in given:
        if name not in names:
            raise ProfileError(
                f"{place}.{name}", f"{base.name} has no such state, only {quoted(names)}"
            )
    durations = []
    for state in states:
        name = state["name"]
        if name not in given and "default_us" not in state:
            raise ProfileError(
                f"{place}.{name}", f"is missing, and {base.name} gives no default for it"
            )
        durations.append(time_ns(given.get(name, state.get("default_us")), f"{place}.{name}"))
    return tuple(durations)


def _continuation(item: Plain) -> Continuation:
    return Continuation(
        probability=float(item["probability"]),
        steps=tuple(
            Step(
                base=step["base"],
                rules=tuple(step.get("rules", ())),
                name_weights=tuple(_weights(step.get("names", {})).items()),
            )
            for step in item["steps"]
        ),
    )


def _groups(plain: Plain, bases: Mapping[str, OpBase]) -> dict[str, tuple[str, ...]]:
    return {name: _group(name, group, bases) for name, group in plain.items()}


def _group(name: str, group: Any, bases: Mapping[str, OpBase]) -> tuple[str, ...]:
    if isinstance(group, list):
        return tuple(group)
    without = group["all_but"]
    for base in without:
        if base not in bases:
            raise ProfileError(f"exclusions.groups.{name}.all_but", f"there is no op base {base!r}")
    return tuple(base for base in bases if base not in without)


def _policies(plain: Plain, topology: Topology) -> Policies:
    """Times have their unit as suffix: `sequence_gap_us` becomes `sequence_gap_ns`."""
    options: dict[str, Any] = {"max_planes": topology.planes}
    for key, value in plain.items():
        if key.endswith("_us"):
            options[f"{key[:-3]}_ns"] = time_ns(value, f"policies.{key}")
        else:
            options[key] = Proposals(value) if key == "proposals" else value
    return Policies(**options)


def _script_step(plain: Plain, place: str) -> ScriptStep:
    planes = tuple(plain.get("planes", ()))
    return ScriptStep(
        at_ns=time_ns(plain["at_us"], f"{place}.at_us"),
        op_name=plain["op_name"],
        die=plain.get("die", 0),
        plane=plain.get("plane", planes[0] if planes else 0),
        block=plain.get("block"),
        page=plain.get("page"),
        planes=planes,
    )


def _weights(plain: Plain) -> dict[str, float]:
    return {name: float(weight) for name, weight in plain.items()}


def _bootstrap(plain: Plain) -> Bootstrap:
    options = dict(plain)
    if "read_coverage" in options:
        options["read_coverage"] = float(options["read_coverage"])
    return Bootstrap(**options)


def _tuples(plain: Plain) -> dict[str, tuple[str, ...]]:
    return {key: tuple(items) for key, items in plain.items()}
