"""The same profile, seed and options give the same bytes, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.nand.options import Options
from nandtrace.nand.recording import record
from tests.nand.devices import NANDSEQGEN, built_in, rows_of

PROFILES = ["default", "tiny", "suspends", str(NANDSEQGEN)]

RECORD = """
import sys
from nandtrace.nand.options import Options
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record

for number, name in enumerate(sys.argv[1:]):
    options = Options(seed=9, runs=3, run_for_ns=(15_000_000,))
    record(f"{number}.mpk", load_profile(name).profile, options)
"""


def _names() -> list[str]:
    return [name for name in PROFILES if name in PROFILES[:3] or Path(name).exists()]


def _digests(folder: Path, hash_seed: str) -> list[str]:
    folder.mkdir()
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    names = _names()
    subprocess.run([sys.executable, "-c", RECORD, *names], cwd=folder, env=environment, check=True)
    return [
        hashlib.sha256((folder / f"{number}.mpk").read_bytes()).hexdigest()
        for number in range(len(names))
    ]


def test_fresh_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the order of their sets."""
    digests = [_digests(tmp_path / seed, seed) for seed in ("0", "1", "random")]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests[0])) == len(_names())


@pytest.mark.parametrize("name", ["default", "tiny", "suspends"])
def test_another_seed_is_another_trace(name: str, tmp_path: Path) -> None:
    digests = {
        record(tmp_path / f"{seed}.mpk", built_in(name), Options(seed=seed)).digest
        for seed in range(4)
    }
    assert len(digests) == 4


def test_one_process_records_the_same_twice(tmp_path: Path) -> None:
    """Nothing is left behind by a recording that another one could see."""
    first = record(tmp_path / "1.mpk", built_in("tiny"), Options(seed=1))
    record(tmp_path / "2.mpk", built_in("default"), Options(seed=2))
    assert record(tmp_path / "3.mpk", built_in("tiny"), Options(seed=1)) == first


def test_more_runs_begin_the_same(tmp_path: Path) -> None:
    """Runs that are not the last do not know how many follow."""
    profile = built_in("suspends")
    record(tmp_path / "2.mpk", profile, Options(seed=1, runs=2, run_for_ns=(60_000_000,)))
    record(tmp_path / "4.mpk", profile, Options(seed=1, runs=4, run_for_ns=(60_000_000,)))
    two, four = (rows_of(tmp_path / name) for name in ("2.mpk", "4.mpk"))
    assert [row[3]["end"] for row in four if row[2] == "RUN_END"] == ["DRAINED"] * 4
    assert two == [row for row in four if row[0] < 2]
