"""The page docs/coverage.md says what there is, and its examples do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nandtrace.cli.main import run
from nandtrace.coverage import table_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coverage.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
BLOCKS = [(found[1], found[2]) for found in BLOCK.finditer(PAGE)]
COMMANDS = [text for language, text in BLOCKS if language == "sh"]
(OUTPUT,) = [text for language, text in BLOCKS if language == "text"]


def test_every_table_is_described() -> None:
    described = re.findall(r"^\| `([a-z-]+)` \|", PAGE, flags=re.MULTILINE)
    assert sorted(described) == sorted(table_names())


def test_the_examples(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    printed = []
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "nandtrace"
        assert run(arguments) == 0
        printed += [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in OUTPUT.splitlines() if line not in printed] == []
