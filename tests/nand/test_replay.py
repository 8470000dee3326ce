"""Replays: a trace executed again from its own header is the same, or says where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.nand.job import Job, Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap, Profile
from nandtrace.nand.recording import continue_recording, record, run_job
from nandtrace.nand.replaying import replay
from nandtrace.vocab.nand import ApplyPolicy
from tests.nand.devices import built_in, scripted, step

ERASE = step(0, "Block_Erase_SLC", 0)
PROGRAM = step(3100, "Page_Program_SLC", 0)
SUSPENDED = (ERASE, PROGRAM, step(3200, "Program_Suspend"), step(3400, "Program_Resume"))

OPTIONS = Options(seed=4, runs=3, run_for_ns=(6_000_000,))


@pytest.mark.parametrize("name", ["default", "tiny", "suspends"])
def test_the_same_whole_and_run_by_run(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    summary = record(path, built_in(name), OPTIONS)
    whole = replay(path)
    assert (whole.same, whole.runs) == (True, 3)
    assert whole.actual_digest == whole.expected_digest == summary.digest
    for run in range(3):
        one = replay(path, run)
        assert (one.same, one.runs) == (True, 1)
        assert one.actual_digest == one.expected_digest


@pytest.mark.parametrize(
    "options",
    [
        replace(OPTIONS, drain=False),
        replace(OPTIONS, max_hooks=25),
        replace(OPTIONS, apply_policy=ApplyPolicy.PER_SEGMENT),
    ],
    ids=["no drain", "hook budget", "per segment"],
)
def test_with_other_options(options: Options, tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    record(path, replace(built_in("suspends"), bootstrap=Bootstrap()), options)
    assert replay(path).same
    assert [replay(path, run).same for run in range(3)] == [True, True, True]


def test_the_rest_of_a_recording(tmp_path: Path) -> None:
    whole, rest = tmp_path / "whole.mpk", tmp_path / "rest.mpk"
    record(whole, built_in("tiny"), OPTIONS)
    continue_recording(rest, whole, 0)
    again = replay(rest)
    assert (again.same, again.runs) == (True, 2)
    assert replay(rest, 2).same


def test_a_compressed_trace_has_the_same_digest(tmp_path: Path) -> None:
    plain = record(tmp_path / "plain.mpk", built_in("tiny"), OPTIONS)
    packed = record(tmp_path / "packed.mpk", built_in("tiny"), OPTIONS, compress=True)
    assert packed.bytes < plain.bytes
    assert packed.digest == plain.digest
    assert replay(tmp_path / "packed.mpk").same


def _claiming(path: Path, profile: Profile, options: Options, claimed: Recipe) -> Path:
    """A trace whose header claims to come from another recipe."""
    job = Job(Recipe(profile, options), range(options.runs), identity=claimed.identity())
    run_job(path, job)
    return path


def test_a_changed_option_diverges_where_it_first_matters(tmp_path: Path) -> None:
    profile = scripted(*SUSPENDED)
    options = Options(runs=1, run_for_ns=(20_000_000,))
    claimed = Recipe(profile, replace(options, apply_policy=ApplyPolicy.PER_SEGMENT))
    result = replay(_claiming(tmp_path / "a.mpk", profile, options, claimed))
    assert not result.same
    assert result.expected_digest != result.actual_digest
    assert result.divergence is not None
    first = result.divergence.divergence
    assert first is not None
    assert (first.old.time_ns, first.old.kind) == (3_300_200, "OP_END")
    assert (first.new.time_ns, first.new.kind) == (3_200_000, "APPLY_PGM")


def test_a_changed_profile_diverges(tmp_path: Path) -> None:
    profile = built_in("tiny")
    weights = replace(profile.weights, overall=profile.weights.overall | {"SR": 0.5})
    claimed = Recipe(replace(profile, weights=weights), OPTIONS)
    path = _claiming(tmp_path / "a.mpk", profile, OPTIONS, claimed)
    assert not replay(path).same
    assert [replay(path, run).same for run in range(3)] == [True, True, False]


def test_a_changed_seed_diverges(tmp_path: Path) -> None:
    profile = built_in("tiny")
    claimed = Recipe(profile, replace(OPTIONS, seed=5))
    assert not replay(_claiming(tmp_path / "a.mpk", profile, OPTIONS, claimed)).same


def test_there_must_be_such_a_run(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    record(path, scripted(ERASE), Options(runs=1))
    with pytest.raises(UsageError, match="it has no RUN_BEGIN of a run 1"):
        replay(path, 1)
