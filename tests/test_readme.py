"""The README's examples do what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_sessions_print_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    for step in re.split(r"^\$ ", "\n".join(_blocks("console")), flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        done = subprocess.run(
            command.split(), capture_output=True, text=True, cwd=tmp_path, check=False,
            env=os.environ | {"PATH": path},
        )  # fmt: skip
        assert done.stdout.strip() == expected.strip(), command
        ran += 1
    assert ran == 4


def test_the_recording_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = _blocks("python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert verify_trace("mine.mpk").verdict is Verdict.OK


def test_every_command_is_in_the_table() -> None:
    listed = re.findall(r"^\| `nandtrace (\w+)", README, flags=re.MULTILINE)
    assert listed == list(COMMANDS)
