"""The README's examples do what it says."""

from __future__ import annotations

import os
import re
import shutil
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


def _shows(shown: str, printed: str) -> bool:
    """Whether the lines are the same. An ellipsis on a line of its own stands for any lines, one at the
    end of a line for the rest of it."""
    pattern = re.escape(shown.strip() + "\n")
    pattern = re.sub(r"^…\\\n", r"(?:.*\\n)*?", pattern, flags=re.MULTILINE)
    pattern = re.sub(r"…\\\n", r".*\\n", pattern)
    return re.fullmatch(pattern, printed.strip() + "\n") is not None


def test_an_ellipsis_stands_for_any_lines() -> None:
    assert _shows("a\n…\nd\n", "a\nb\nc\nd\n")
    assert _shows("a\n…", "a\nb\n")
    assert not _shows("a\n…\nd", "a\nb\nc\n")
    assert not _shows("a\n", "a\nb\n")
    assert _shows("a …\nb", "a one\nb\n")
    assert not _shows("a …\nb", "a one\ntwo\nb\n")


def test_the_sessions_print_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    shutil.copytree(ROOT / "golden", tmp_path / "golden")  # a failing check writes beside a golden
    (profile,) = _blocks("yaml")
    (tmp_path / "slower.yaml").write_text(profile)
    (campaign,) = _blocks("toml")
    (tmp_path / "nightly.toml").write_text(campaign)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    for step in re.split(r"^\$ ", "\n".join(_blocks("console")), flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        done = subprocess.run(
            command.split(), capture_output=True, text=True, cwd=tmp_path, check=False,
            env=os.environ | {"PATH": path},
        )  # fmt: skip
        assert _shows(expected, done.stdout), f"{command}\n{done.stdout}{done.stderr}"
        ran += 1
    assert ran == 19


def test_the_recording_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = _blocks("python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert verify_trace("mine.mpk").verdict is Verdict.OK


def test_every_command_is_in_the_table() -> None:
    listed = re.findall(r"^\| `nandtrace (\w+)", README, flags=re.MULTILINE)
    assert listed == list(COMMANDS)
