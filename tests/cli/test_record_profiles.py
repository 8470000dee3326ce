"""Wrong profiles on the command line: exit code 2, one line that says where and why, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.cli.main import run
from tests.nand.test_profile_errors import WRONG


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_profile_writes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text, _ = WRONG[name]
    profile = tmp_path / "wrong.yaml"
    profile.write_text(text)
    assert run(["record", "--profile", "wrong.yaml", "-o", "a.mpk"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("nandtrace: ")
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [profile]
