"""The examples of docs/campaigns.md do what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nandtrace.campaign import resume_campaign
from nandtrace.campaign.loading import load_campaign
from nandtrace.campaign.plan import make_plan
from nandtrace.cli.main import run
from tests.campaign.campaigns import PaperEngine

PAGE = (Path(__file__).parents[2] / "docs" / "campaigns.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
BLOCKS = [(found[1], found[2]) for found in BLOCK.finditer(PAGE)]
(CAMPAIGN,) = [text for language, text in BLOCKS if language == "toml"]
(PROGRAM,) = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if language == "sh"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page has beside the campaign file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "small.yaml").write_text("extends: tiny\n")
    few = CAMPAIGN.replace('"0..99"', '"17..18"')
    (tmp_path / "nightly.toml").write_text(few)
    return tmp_path


def test_the_campaign_has_the_cells_that_the_page_says(folder: Path) -> None:
    (folder / "nightly.toml").write_text(CAMPAIGN)
    cells = list(make_plan(load_campaign(Path("nightly.toml"))).cells())
    assert f"These are {len(cells)} cells." in PAGE
    assert f"The\nfirst is called `{cells[0].id}`." in PAGE


def test_the_program_runs_and_resumes(
    paper: PaperEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.stop_after = 3
    code = compile(PROGRAM, "campaigns.md", "exec")
    exec(code, {})  # noqa: S102 - the page's own code
    paper.stop_after = None
    assert resume_campaign(Path("nightly")).status.ok == 8
    assert "Progress(name='nightly', cells=8, " in capsys.readouterr().out


def test_the_commands_are_those_that_there_are(paper: PaperEngine) -> None:
    begin, go_on, _ = SHELL
    for line in (begin + go_on).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "nandtrace"
        assert run(arguments) == 0


def test_the_command_of_a_report(paper: PaperEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["campaign", "run", "nightly.toml"]) == 0
    assert run(["campaign", "report", "nightly", "--slowest", "8", "--json"]) == 0
    *_, record = SHELL
    assert f'"command":"{record.strip()}"' in capsys.readouterr().out.replace('": "', '":"')
