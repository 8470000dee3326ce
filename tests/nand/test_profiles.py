"""Profiles load, extend each other, and go through a header unchanged."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
import yaml
from jsonschema import Draft7Validator

from nandtrace.nand.profile import BaseState, Continuation, OpName, Policies, Profile, Step
from nandtrace.nand.profiles.loading import built_in_names, load_profile
from nandtrace.nand.profiles.plain_map import profile_from_map, profile_to_map
from nandtrace.nand.profiles.well_known import WELL_KNOWN
from nandtrace.schema_files import load_schema
from nandtrace.trace.header import Header, header_to_bytes
from nandtrace.trace.recorder import Topology
from nandtrace.vocab.nand import NAND, Role, Scope

RESETS = {"RESET": 0.0005, "RESET_LUN": 0.0005}

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "nandtrace" / "nand" / "profiles"

SMALL = """
topology: {dies: 1, planes: 1, blocks_per_die: 2, pages_per_block: 4}
celltypes: [SLC]
op_bases:
  ERASE:
    scope: DIE_WIDE
    states: [{name: ISSUE, bus: true, default_us: 0.3}, {name: CORE_BUSY}]
  MINE:
    scope: NONE
    role: OTHER
    fills: none
    instant: false
    states: [{name: ISSUE, default_us: 1}]
op_names:
  Erase: {base: ERASE, celltype: SLC, durations_us: {CORE_BUSY: 3000}}
  Mine: {base: MINE}
sequences:
  MINE:
    - {probability: 1, steps: [{base: MINE, rules: [none], names: {Mine: 2}}]}
exclusions:
  groups: {all: {all_but: [MINE]}}
  by_op_state: {ERASE.CORE_BUSY: [all]}
weights:
  by_state: {DEFAULT: {Erase: 1}}
policies: {proposals: both, sequence_gap_us: 0.5}
script:
  - {at_us: 0.01, op_name: Erase, block: 1}
"""


def _load(folder: Path, text: str) -> Profile:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_profile(path)
    assert loaded.repairs == ()
    return loaded.profile


def test_built_in_names() -> None:
    assert built_in_names() == ("default", "suspends", "tiny")


def test_default_fits_its_schema() -> None:
    plain = yaml.safe_load((PROFILES / "default.yaml").read_text(encoding="utf-8"))
    schema = load_schema("profile")
    Draft7Validator.check_schema(schema)
    assert [error.message for error in Draft7Validator(schema).iter_errors(plain)] == []


def test_default_is_the_device_it_claims_to_be() -> None:
    profile = load_profile("default").profile
    assert profile.name == "default"
    assert profile.topology == Topology(2, 4, 128, 64)
    assert profile.policies == Policies()
    busy_ns = {
        name: dict(
            zip(
                [state.name for state in profile.op_bases[op.base].states],
                op.durations_ns,
                strict=True,
            )
        )["CORE_BUSY"]
        for name, op in profile.op_names.items()
        if name
        in (
            "Read_SLC",
            "Read_LSB",
            "Read_CSB",
            "Read_MSB",
            "Page_Program_SLC",
            "One_Shot_Program_Execute",
            "Block_Erase_SLC",
            "Block_Erase_TLC",
            "Program_Suspend",
            "Erase_Suspend",
        )
    }
    assert busy_ns == {
        "Block_Erase_SLC": 3_000_000,
        "Block_Erase_TLC": 5_000_000,
        "Page_Program_SLC": 300_000,
        "One_Shot_Program_Execute": 1_900_000,
        "Read_SLC": 25_000,
        "Read_LSB": 56_000,
        "Read_CSB": 78_000,
        "Read_MSB": 106_000,
        "Erase_Suspend": 500_000,
        "Program_Suspend": 100_000,
    }


def test_default_has_every_well_known_base_and_a_name_for_each() -> None:
    profile = load_profile("default").profile
    assert len(profile.op_bases) == 57
    assert set(WELL_KNOWN) <= set(profile.op_bases)
    assert {op.base for op in profile.op_names.values()} == set(profile.op_bases)
    assert {base.role for base in profile.op_bases.values()} == set(Role)


def test_default_names_every_base_in_its_weights() -> None:
    profile = load_profile("default").profile
    assert set(profile.weights.overall) == set(profile.op_bases)


def test_every_base_of_default_can_occur() -> None:
    profile = load_profile("default").profile
    weighted = {base for base, weight in profile.weights.overall.items() if weight}
    for weights in profile.weights.by_state.values():
        weighted |= {base for base, weight in weights.items() if weight}
    steps = {
        step.base
        for base, items in profile.sequences.items()
        if base in weighted
        for item in items
        for step in item.steps
    }
    assert weighted | steps == set(profile.op_bases)


def test_a_recorded_profile_may_keep_resumes_out() -> None:
    profile = load_profile("default").profile
    rules = profile.exclusions
    strict = replace(
        profile,
        exclusions=replace(rules, by_op_state={**rules.by_op_state, "ERASE.END": ("on_busy",)}),
    )
    assert profile_from_map(profile_to_map(strict)) == strict


def test_tiny_changes_only_what_it_says() -> None:
    default, tiny = load_profile("default").profile, load_profile("tiny").profile
    assert tiny.topology == Topology(1, 2, 4, 8)
    assert tiny.policies == replace(default.policies, max_planes=2)
    assert tiny.weights.overall == {**default.weights.overall, "ERASE": 0.05, **RESETS}
    assert tiny.op_names == default.op_names
    assert tiny.name == "tiny"


def test_a_small_profile_from_nothing(tmp_path: Path) -> None:
    profile = _load(tmp_path, SMALL)
    erase, mine = profile.op_bases.values()
    assert (erase.role, erase.scope, erase.addressed) == (Role.ERASE, Scope.DIE_WIDE, True)
    assert erase.states == (BaseState("ISSUE", True), BaseState("CORE_BUSY", False))
    assert (mine.role, mine.instant, mine.addressed, mine.fills) == (Role.OTHER, False, False, None)
    assert profile.op_names["Erase"] == OpName("Erase", "ERASE", False, "SLC", (300, 3_000_000))
    assert profile.op_names["Mine"].celltype == "NONE"
    step = Step("MINE", ("none",), (("Mine", 2.0),))
    assert profile.sequences == {"MINE": (Continuation(1.0, (step,)),)}
    assert profile.exclusions.groups == {"all": ("ERASE",)}
    assert profile.policies.sequence_gap_ns == 500
    assert profile.policies.max_planes == 1
    assert profile.script[0].at_ns == 10


def test_extending_replaces_lists_and_removes_nulls(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SMALL, encoding="utf-8")
    profile = _load(
        tmp_path,
        """
extends: base.yaml
name: other
op_names: {Mine: null, Erase: {durations_us: {CORE_BUSY: 12.5}}}
op_bases: {MINE: null}
sequences: null
exclusions: {groups: {all: [ERASE]}}
script: [{at_us: 1, op_name: Erase}, {at_us: 1, op_name: Erase}]
""",
    )
    assert profile.name == "other"
    assert list(profile.op_names) == ["Erase"]
    assert profile.op_names["Erase"].durations_ns == (300, 12_500)
    assert [step.at_ns for step in profile.script] == [1_000, 1_000]


def test_a_name_is_not_inherited(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("name: base of all\n" + SMALL, encoding="utf-8")
    assert _load(tmp_path, "extends: base.yaml").name == "mine"


def test_the_example_of_the_docs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 1
    profile = _load(tmp_path, examples[0])
    assert profile.topology == Topology(1, 4, 64, 64)
    assert profile.op_names["Read_SLC"].durations_ns == (300, 22_500)
    assert profile.op_names["Read_SLC_Fast"].durations_ns == (300, 18_000)
    assert "Synchronous_Reset" not in profile.op_names
    assert profile.bad_blocks == ((0, 17),)


def test_the_docs_list_every_well_known_base() -> None:
    page = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    table = page.partition("| bases | role | effect |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()]
    listed = [base for row in rows for base in row.strip().split(", ")]
    assert sorted(listed) == sorted([*WELL_KNOWN, "any other"])


def _through_header(plain: dict[str, Any]) -> Any:
    header = Header(NAND, identity={"profile": plain})
    return msgpack.unpackb(header_to_bytes(header))["identity"]["profile"]


@pytest.mark.parametrize("name", ["default", "suspends", "tiny"])
def test_a_profile_goes_through_a_header_unchanged(name: str) -> None:
    profile = load_profile(name).profile
    back = profile_from_map(_through_header(profile_to_map(profile)))
    assert back == profile
    assert list(back.op_bases) == list(profile.op_bases)
    assert list(back.op_names) == list(profile.op_names)


def test_a_script_goes_through_a_header_unchanged(tmp_path: Path) -> None:
    profile = _load(tmp_path, SMALL)
    assert profile_from_map(_through_header(profile_to_map(profile))) == profile


FORGED = {
    "no-map": ((), None, "profile: None is not of type dict"),
    "no-name": (("name",), 7, "profile.name: 7 is not of type str"),
    "unknown": (("colour",), "red", "profile.'colour': there is no such entry"),
    "topology": (("topology", "dies"), True, "profile.topology.dies: True is not of type int"),
    "huge": (("topology", "dies"), 2**63, f"profile.topology.dies: {2**63} is out of range"),
    "zero": (("topology", "dies"), 0, "topology.dies: 0 is not from 1 to 256"),
    "bases": (("op_bases",), {}, "profile.op_bases: {} is not of type list"),
    "twice": (("op_names", 1, "name"), "Erase", "profile.op_names: 'Erase' is there twice"),
    "scope": (
        ("op_bases", 0, "scope"),
        "DIE",
        "profile.op_bases.ERASE.scope: 'DIE' is no Scope",
    ),
    "addressed": (
        ("op_bases", 0, "addressed"),
        False,
        "op_bases.ERASE: an op of role ERASE does not address what it says",
    ),
    "duration": (
        ("op_names", 0, "durations_ns"),
        [5, 10],
        "op_names.Erase.ISSUE: 5 ns is not a multiple of 10 ns",
    ),
    "negative": (
        ("op_names", 0, "durations_ns"),
        [-10, 10],
        "op_names.Erase.ISSUE: a negative time: -0.01 µs",
    ),
    "durations": (
        ("op_names", 0, "durations_ns"),
        [10],
        "op_names.Erase: 1 durations for 2 states of ERASE",
    ),
    "rule": (
        ("sequences", "MINE", 0, "steps", 0, "rules"),
        ["next"],
        "sequences.MINE[0].steps[0].rules: there is no inherit rule 'next'",
    ),
    "weight": (
        ("weights", "by_state", "DEFAULT", "Erase"),
        float("nan"),
        "profile.weights.by_state.DEFAULT.Erase: nan is no finite number",
    ),
    "bad-blocks": (
        ("bad_blocks",),
        [[0, 1, 2]],
        "profile.bad_blocks[0]: has 3 items, not 2",
    ),
    "period": (
        ("policies", "queue_refill_period_ns"),
        0,
        "policies.queue_refill_period: 0 µs is less than 0.01 µs",
    ),
}


@pytest.mark.parametrize(("way", "value", "message"), FORGED.values(), ids=FORGED)
def test_a_forged_profile_is_refused(
    tmp_path: Path, way: tuple[str | int, ...], value: object, message: str
) -> None:
    plain: Any = {"": profile_to_map(_load(tmp_path, SMALL))}
    *before, last = ("", *way)
    place = plain
    for step in before:
        place = place[step]
    place[last] = value
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        profile_from_map(plain[""])


def test_a_forged_profile_lacks_entries(tmp_path: Path) -> None:
    plain = profile_to_map(_load(tmp_path, SMALL))
    for entry in ("name", "topology", "celltypes", "op_bases", "op_names", "sequences"):
        without = {key: value for key, value in plain.items() if key != entry}
        with pytest.raises(ValueError, match=f"^profile.{entry}: is missing$"):
            profile_from_map(without)
