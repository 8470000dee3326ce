"""Op bases and op names of a nandseqgen configuration, as a native profile writes them."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.profile import ANY_CELLTYPE
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.nand.profiles.nandseqgen_values import Repairs, list_at, map_at, maps_at, names_at
from nandtrace.nand.profiles.well_known import ADDRESSED_ROLES, meaning_of
from nandtrace.vocab.nand import Role, Scope

Plain = dict[str, Any]


def bases_of(config: Plain, repairs: Repairs) -> Plain:
    """`op_bases`, with the states that only op names know added."""
    programs = config.get("program_base_whitelist")
    bases = {
        name: _base(name, spec, repairs)
        for name, spec in maps_at(config.get("op_bases"), "op_bases").items()
    }
    if programs is not None:
        _set_roles(bases, names_at(programs, "program_base_whitelist"), repairs)
    for name, base in bases.items():
        if is_addressed(name, bases):
            _let_hold_planes(name, base, repairs)
    _add_states(bases, config, repairs)
    return bases


def ops_of(config: Plain, bases: Plain, repairs: Repairs) -> Plain:
    """`op_names`."""
    specs = maps_at(config.get("op_names"), "op_names")
    typed = {spec["base"] for spec in specs.values() if spec.get("celltype") != ANY_CELLTYPE}
    ops = {name: _op(name, spec, bases, typed, repairs) for name, spec in specs.items()}
    used = {op["base"] for op in ops.values()}
    for base in bases:
        if base not in used:
            repairs.add(f"op_bases.{base}", "no op name is of this base: no op of it is possible")
    return ops


def is_addressed(base: str, bases: Plain) -> bool:
    """Whether ops of a base address pages."""
    return _role_of(base, bases[base]) in ADDRESSED_ROLES


def _role_of(base: str, spec: Plain) -> Role:
    return Role(spec["role"]) if "role" in spec else meaning_of(base).role


def _let_hold_planes(name: str, base: Plain, repairs: Repairs) -> None:
    """Ops of pages wait for their planes and hold them; a transfer holds the bus alone."""
    role = _role_of(name, base)
    if base.get("instant") is True:
        base["instant"] = False
        repairs.add(
            f"op_bases.{name}.instant_resv",
            f"an op of role {role} must wait until its planes are free: taken as false",
        )
    if base["scope"] == Scope.NONE and role is not Role.DATA_OUT:
        base["scope"] = Scope.PLANE_SET.value
        repairs.add(
            f"op_bases.{name}.scope",
            f"an op of role {role} must hold its planes: taken as PLANE_SET",
        )


def _base(name: str, spec: Plain, repairs: Repairs) -> Plain:
    states = [
        _state(item, f"op_bases.{name}.states[{at}]", repairs)
        for at, item in enumerate(list_at(spec.get("states"), f"op_bases.{name}.states"))
    ]
    base = {"scope": spec.get("scope"), "states": states}
    if "instant_resv" in spec:
        base["instant"] = spec["instant_resv"]
    return base


def _state(item: Any, place: str, repairs: Repairs) -> Plain:
    """A state is a map whose one key beside `bus` and `duration` is its name."""
    spec = map_at(item, place)
    names = [key for key in spec if key not in ("bus", "duration")]
    if len(names) != 1:
        raise ProfileError(place, f"{len(names)} names of a state")
    state = {"name": repairs.state(names[0], place), "bus": spec.get("bus", False)}
    if "duration" in spec:
        state["default_us"] = repairs.time_us(spec["duration"], f"{place}.duration")
    return state


def _set_roles(bases: Plain, programs: list[str], repairs: Repairs) -> None:
    """The listed bases program pages; of the others, those that usually do only load."""
    for base in programs:
        if base in bases:
            bases[base]["role"] = Role.PROGRAM.value
        else:
            repairs.add("program_base_whitelist", f"there is no op base {base}: dropped")
    for base, spec in bases.items():
        if base not in programs and meaning_of(base).role is Role.PROGRAM:
            spec["role"] = Role.LOAD.value


def _add_states(bases: Plain, config: Plain, repairs: Repairs) -> None:
    for name, spec in maps_at(config.get("op_names"), "op_names").items():
        place = f"op_names.{name}"
        base = bases.get(str(spec.get("base")))
        if base is None:
            raise ProfileError(f"{place}.base", f"there is no op base {spec.get('base')!r}")
        states = [state["name"] for state in base["states"]]
        for given in map_at(spec.get("durations"), f"{place}.durations"):
            state = Repairs().state(given, place)
            if state not in states:
                states.append(state)
                base["states"].append({"name": state, "bus": False})
                repairs.add(
                    f"op_bases.{spec['base']}.states",
                    f"{state} is added, for {name} gives a duration for it",
                )


def _op(name: str, spec: Plain, bases: Plain, typed: set[Any], repairs: Repairs) -> Plain:
    place = f"op_names.{name}"
    base = spec["base"]
    durations: Plain = {}
    for given, value in map_at(spec.get("durations"), f"{place}.durations").items():
        at = f"{place}.durations.{given}"
        durations[repairs.state(given, at)] = repairs.time_us(value, at)
    senses = base not in typed or spec.get("celltype") != ANY_CELLTYPE
    _fill_in(place, durations, bases[base]["states"], senses, repairs)
    op = {"base": base, "durations_us": durations, "celltype": spec.get("celltype", ANY_CELLTYPE)}
    if spec.get("multi") and not is_addressed(base, bases):
        repairs.add(f"{place}.multi", f"{base} addresses a die: taken as false")
    else:
        op["multi"] = spec.get("multi", False)
    return op


def _fill_in(
    place: str, durations: Plain, states: list[Plain], senses: bool, repairs: Repairs
) -> None:
    """Missing states: those of a base with cell types are skipped by its ops that have none."""
    for state in states:
        name = state["name"]
        if name in durations:
            continue
        if not senses or "default_us" not in state:
            durations[name] = 0
            repairs.add(f"{place}.durations", f"{name} is missing: skipped")
        else:
            repairs.add(
                f"{place}.durations",
                f"{name} is missing: the default of its base, {state['default_us']:g} µs",
            )
