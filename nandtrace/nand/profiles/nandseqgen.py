"""The configuration of the nandseqgen generator, as it stands, as a profile.

It is rewritten as a native profile; what does not fit is repaired on the way, and every repair listed:
times off the grid are rounded half to even, stray characters cut, state aliases resolved, states that
only op names know added to their base, states and bases that do not exist dropped, thresholds beyond
the topology clamped, ops of pages made to hold their planes, resumes let in where an exclusion would keep
them out of a drain, sequences dropped that its own exclusions or the scheduler make impossible.
"""

from __future__ import annotations

import math
from typing import Any

from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.build import build_profile
from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.profiles.nandseqgen_ops import bases_of, ops_of
from nandtrace.nand.profiles.nandseqgen_repairs import with_resumes, without_illegal
from nandtrace.nand.profiles.nandseqgen_rules import (
    exclusions_of,
    interleaving_of,
    sequences_of,
    weights_of,
)
from nandtrace.nand.profiles.nandseqgen_values import Repairs, map_at, names_at
from nandtrace.nand.profiles.schema import check_schema
from nandtrace.nand.profiles.yaml_text import Document

Plain = dict[str, Any]

DIALECT = "nandseqgen"

_COMPATIBLE = {"SLC": ("A0SLC", "ACSLC")}
"""Cell types of programs that an SLC-erased block takes; the generator has them in its code."""

_POLICY_TIMES = {
    "admission_window": "admission_window_us",
    "queue_refill_period_us": "queue_refill_period_us",
    "sequence_gap": "sequence_gap_us",
}
_POLICY_COUNTS = {"maxtry_candidate": "max_tries", "maxplanes": "max_planes"}
_USED = frozenset(
    {
        "dialect",
        "topology",
        "celltypes",
        "policies",
        "program_base_whitelist",
        "bootstrap",
        "op_bases",
        "exclusion_groups",
        "exclusions_by_op_state",
        "exclusions_by_latch_state",
        "exclusions_by_suspend_state",
        "exclusions_by_odt_state",
        "exclusions_by_cache_state",
        "generate_seq_rules",
        "latencies",
        "op_names",
        "constraints",
        "phase_conditional_overrides",
    }
)


def is_nandseqgen(plain: Plain) -> bool:
    """Whether a YAML map is such a configuration: it says so, or has the sections that tell it."""
    if "dialect" in plain:
        return bool(plain["dialect"] == DIALECT)
    return "op_bases" in plain and "phase_conditional_overrides" in plain


def profile_from_nandseqgen(document: Document, name: str) -> tuple[Profile, tuple[str, ...]]:
    """The profile, and the repairs in the order of the sections. Raises ProfileError."""
    repairs = Repairs()
    for again in document.duplicates:
        repairs.add(
            again.path,
            f"line {again.line} gives it again, after line {again.first_line}: that one counts",
        )
    plain = _native(document.value, repairs)
    check_schema(plain)
    profile = without_illegal(with_resumes(build_profile(plain, name), repairs), repairs)
    check_profile(profile)
    return profile, tuple(repairs.texts)


def _native(config: Plain, repairs: Repairs) -> Plain:
    bases = bases_of(config, repairs)
    ops = ops_of(config, bases, repairs)
    topology = map_at(config.get("topology"), "topology")
    celltypes = names_at(config.get("celltypes"), "celltypes")
    plain = {
        "topology": topology,
        "celltypes": celltypes,
        "celltype_compatible": {
            mode: [other for other in others if other in celltypes]
            for mode, others in _COMPATIBLE.items()
            if mode in celltypes
        },
        "op_bases": bases,
        "op_names": ops,
        "sequences": sequences_of(config, ops, repairs),
        "exclusions": exclusions_of(config, bases, repairs),
        "policies": _policies(config, topology, repairs),
        "bootstrap": _bootstrap(config, topology, repairs),
        "weights": weights_of(config, bases, ops, repairs),
        "interleaving_bases": interleaving_of(config, bases, repairs),
    }
    unused = [key for key in config if key not in _USED]
    if unused:
        repairs.add(", ".join(unused), "not used")
    return plain


def _policies(config: Plain, topology: Plain, repairs: Repairs) -> Plain:
    given = map_at(config.get("policies"), "policies")
    policies: Plain = {}
    for key, native in _POLICY_TIMES.items():
        if key in given:
            policies[native] = repairs.time_us(given[key], f"policies.{key}")
    for key, native in _POLICY_COUNTS.items():
        if key in given:
            policies[native] = given[key]
    if "max_planes" in policies:
        place = "policies.maxplanes"
        policies["max_planes"] = _clamped(place, policies["max_planes"], topology, repairs)
    epr = map_at(map_at(config.get("constraints"), "constraints").get("epr"), "constraints.epr")
    if epr.get("offset_guard") is not None:
        policies["read_offset_guard"] = epr["offset_guard"]
    unused = [key for key in given if key not in {**_POLICY_TIMES, **_POLICY_COUNTS}]
    if unused:
        repairs.add("policies", f"{', '.join(unused)}: not used")
    return policies


def _clamped(place: str, value: Any, topology: Plain, repairs: Repairs) -> Any:
    """At most all planes. What is no number stays, for the schema to refuse."""
    planes = topology.get("planes")
    if type(value) is not int or type(planes) is not int or value <= planes:
        return value
    repairs.add(place, f"{value} is beyond the topology: {planes}")
    return planes


def _bootstrap(config: Plain, topology: Plain, repairs: Repairs) -> Plain:
    """Thresholds beyond the blocks of the device are all its blocks, and no stage beyond the last."""
    given = map_at(config.get("bootstrap"), "bootstrap")
    thresholds = map_at(given.get("thresholds"), "bootstrap.thresholds")
    minimums = map_at(given.get("minimums"), "bootstrap.minimums")
    bootstrap = {key: given[key] for key in ("enabled",) if key in given}
    blocks = most = _blocks(topology)
    for section, table, key in (
        ("thresholds", thresholds, "erase_volume"),
        ("thresholds", thresholds, "program_volume"),
        ("minimums", minimums, "read_volume"),
    ):
        value = table.get(key, 0)
        if type(value) is int and value > most:
            repairs.add(f"bootstrap.{section}.{key}", f"{value} is beyond the topology: {most}")
            value = most
        bootstrap[key] = value
        if type(value) is int and key != "read_volume":
            most = value
    if "read_coverage" in thresholds:
        bootstrap["read_coverage"] = _coverage(thresholds["read_coverage"], most, blocks, repairs)
    return bootstrap


def _coverage(value: Any, programmed: int, blocks: int, repairs: Repairs) -> Any:
    """At most what was programmed before. What is no number stays, for the schema to refuse."""
    if type(value) not in (int, float) or not blocks or not value * blocks > programmed:
        return value
    most = math.floor(programmed / blocks * 10_000) / 10_000
    repairs.add(
        "bootstrap.thresholds.read_coverage", f"{value} is beyond the programmed blocks: {most}"
    )
    return most


def _blocks(topology: Plain) -> int:
    dies, blocks = topology.get("dies"), topology.get("blocks_per_die")
    return dies * blocks if type(dies) is int and type(blocks) is int else 0
