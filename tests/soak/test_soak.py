"""Many recordings: `verify` finds nothing wrong in any of them, and has checked every invariant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import TraceVerdict, Verdict, load_invariants, verify_trace
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record
from tests.nand.devices import NANDSEQGEN, built_in

NAMES = ["default", "tiny", "suspends", "nandseqgen"]
SEEDS, SEEDS_A_TEST = 200, 20
FEW_SEEDS = 12

SHAPES = (
    Options(runs=3, run_for_ns=(30_000_000,)),
    Options(runs=3, run_for_ns=(45_000_000, 2_000_000)),
    Options(runs=6, run_for_ns=(15_000_000,), max_hooks=250),
    Options(runs=4, run_for_ns=(8_000_000,)),
)
"""Long runs; one long and short ones; runs that a hook budget stops; runs within the bootstrap."""


def _profile(name: str) -> Profile:
    if name == "nandseqgen":
        if not NANDSEQGEN.exists():
            pytest.skip("its configuration is not here")
        return load_profile(NANDSEQGEN).profile
    profile = built_in(name)
    return replace(profile, bad_blocks=((0, 3), (1, 7))) if name == "default" else profile


def _verdict(path: Path, profile: Profile, seed: int) -> TraceVerdict:
    record(path, profile, replace(SHAPES[seed % len(SHAPES)], seed=seed))
    verdict = verify_trace(path)
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    assert (seed, verdict.verdict, violated) == (seed, Verdict.OK, [])
    return verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_few_seeds(name: str, tmp_path: Path) -> None:
    profile = _profile(name)
    for seed in range(FEW_SEEDS):
        _verdict(tmp_path / "a.mpk", profile, seed)


def test_every_invariant_has_something_to_check(tmp_path: Path) -> None:
    exercised: set[str] = set()
    for name in NAMES[:3]:
        for seed in range(100, 108):
            verdict = _verdict(tmp_path / "a.mpk", _profile(name), seed)
            exercised |= {item.id for item in verdict.invariants if item.exercised}
    of_nand = load_invariants("nand")
    assert [name for name in of_nand if name not in exercised] == []


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
@pytest.mark.parametrize("name", NAMES)
def test_many_seeds(name: str, first: int, tmp_path: Path) -> None:
    profile = _profile(name)
    for seed in range(first, first + SEEDS_A_TEST):
        _verdict(tmp_path / "a.mpk", profile, seed)
