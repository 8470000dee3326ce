"""The examples run as the README tells a user to run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = str(Path(sys.executable).parent)
ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([BIN, os.environ["PATH"]])}

SUSPEND_INVARIANTS = (
    "segment-chain",
    "op-closed",
    "suspend-has-target",
    "resume-has-target",
    "suspend-in-core-busy",
    "remaining-exact",
    "resume-restores",
    "resume-same-target",
    "nested-order",
)


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
    )


def _record_toy(folder: Path, name: str, seed: int) -> Path:
    script = ROOT / "examples" / "trace_toy.py"
    done = _run(sys.executable, script, name, "--seed", str(seed), cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / name


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_toy_trace_is_right_and_exercises_suspends(tmp_path: Path, seed: int) -> None:
    trace = _record_toy(tmp_path, "toy.mpk", seed)
    required = [part for name in SUSPEND_INVARIANTS for part in ("--require", name)]
    done = _run("nandtrace", "verify", "--json", *required, trace, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (verdict,) = json.loads(done.stdout)["traces"]
    assert (verdict["verdict"], verdict["runs"], verdict["unmet"]) == ("OK", 3, [])


def test_toy_trace_depends_on_the_seed_alone(tmp_path: Path) -> None:
    first, again, other = (
        _record_toy(tmp_path, name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


def test_toy_scheduler_knows_no_trace() -> None:
    assert "nandtrace" not in (ROOT / "examples" / "toy_scheduler.py").read_text()


def test_demo_runs_as_expected(tmp_path: Path) -> None:
    done = _run("sh", ROOT / "examples" / "demo.sh", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("demo: everything as expected\n")
    assert "$ nandtrace verify one.mpk\nOK  one.mpk" in done.stdout
    assert "$ nandtrace replay one.mpk\nsame: one.mpk, 3 runs" in done.stdout
    assert "op_names[4].durations_ns[2]: 300000 -> 350000" in done.stdout
    assert "golden check: 3 goldens, 0 problems" in done.stdout
    assert "suspend-has-target  violated 35 of 35" in done.stdout
    assert list(tmp_path.iterdir()) == []
