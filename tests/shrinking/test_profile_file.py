"""Shrunk profiles as files: short, and the same when read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.profiles.plain_map import profile_to_map
from nandtrace.shrinking.profile_file import characters_of, write_profile
from nandtrace.shrinking.profile_subset import with_bases
from nandtrace.trace.recorder import Topology

ROOT = Path(__file__).parents[2]
SCRIPTED = [ROOT / f"golden/profiles/{name}.yaml" for name in ("nested-suspend", "reset-carried")]
PROFILES = ["default", "tiny", "suspends", *SCRIPTED]


@pytest.mark.parametrize("source", PROFILES, ids=lambda item: Path(item).stem)
def test_a_profile_reads_back_as_it_was_written(source: str | Path, tmp_path: Path) -> None:
    profile = load_profile(source).profile
    read = write_profile(tmp_path / "out.yaml", profile, ["a comment"])
    assert read.name == "out"
    assert profile_to_map(replace(read, name="")) == profile_to_map(replace(profile, name=""))
    assert (tmp_path / "out.yaml").read_text().startswith("# a comment\n")


def test_a_profile_says_only_what_differs(tmp_path: Path) -> None:
    tiny = load_profile("tiny").profile
    smaller = replace(
        tiny,
        topology=Topology(1, 2, 4, 2),
        bootstrap=replace(tiny.bootstrap, enabled=False),
        op_names={name: op for name, op in tiny.op_names.items() if name != "Nop"},
    )
    write_profile(tmp_path / "out.yaml", smaller, [])
    assert (tmp_path / "out.yaml").read_text() == (
        "extends: tiny\n"
        "topology: {pages_per_block: 2}\n"
        "bootstrap: {enabled: false}\n"
        "op_names: {Nop: null}\n"
    )
    assert characters_of(tiny) < characters_of(smaller) < 200


def test_some_bases_alone_are_a_profile() -> None:
    default = load_profile("default").profile
    few = with_bases(default, ["ERASE", "PROGRAM_SLC", "READ", "DOUT", "NOP"])
    check_profile(few)
    assert list(few.op_bases) == ["ERASE", "PROGRAM_SLC", "READ", "DOUT", "NOP"]
    assert list(few.sequences) == []
    assert list(few.exclusions.by_latch_state) == ["LATCH_ON_READ"]
