"""The examples of docs/workorders.md do what the page says."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.cli.main import run
from nandtrace.trace import TraceReader

PAGE = (Path(__file__).parents[2] / "docs" / "workorders.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
BLOCKS = [(found[1], found[2]) for found in BLOCK.finditer(PAGE)]
PROGRAM, RECORDED = [text for language, text in BLOCKS if language == "python"]
(OUTPUT,) = [text for language, text in BLOCKS if language == "text"]
(SCENARIO,) = [text for language, text in BLOCKS if language == "toml"]
(MANIFEST,) = [text for language, text in BLOCKS if language == "yaml"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)  # accept writes nothing there
    return tmp_path


def test_the_program_prints_what_the_page_shows(folder: Path) -> None:
    (folder / "mill.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, "mill.py"], check=True, capture_output=True, text=True)
    assert done.stdout == OUTPUT


def test_the_recorded_program_leaves_a_sound_trace() -> None:
    names: dict[str, object] = {}
    exec(PROGRAM.partition("\nasyncio.run(")[0] + RECORDED, names)  # noqa: S102 - the page's own code
    recorded = names["recorded"]
    assert callable(recorded)
    asyncio.run(recorded())
    assert run(["verify", "sacks.mpk"]) == 0
    with TraceReader("sacks.mpk") as reader:
        assert reader.index.chunks[-1].last_run == 0


def test_the_scenario_is_recorded_and_verified(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mill.toml").write_text(SCENARIO)
    assert run(["record", "workorder", "mill.toml", "--verify"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("mill.mpk: ")
    assert "\nOK  mill.mpk  " in output


def test_the_manifest_is_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "golden" / "orders").mkdir(parents=True)
    (folder / "golden" / "manifest.yaml").write_text(MANIFEST)
    (folder / "golden" / "orders" / "mill.toml").write_text(SCENARIO)
    assert run(["golden", "accept", "workorder/mill"]) == 0
    assert run(["golden", "check"]) == 0
    assert capsys.readouterr().out.endswith("golden check: 1 golden, 0 problems\n")
