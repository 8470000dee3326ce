"""How a campaign stands: from its journal alone, in whatever state it is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.campaign import (
    CampaignStatus,
    Progress,
    read_status,
    resume_campaign,
    run_campaign,
    status_document,
)
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.model import CellResult, CellState
from nandtrace.campaign.status import Violated
from nandtrace.schema_files import load_schema
from tests.campaign.campaigns import PaperEngine, write_campaign
from tests.nand.test_nandseqgen import REPAIRS, SMALL

TWO_BY_THREE = """
profiles = ["tiny"]
seeds = "0..2"
[options.a]
[options.b]
run_until = "500us"
compress = true
"""


def _check(status: CampaignStatus) -> None:
    document = json.loads(json.dumps(status_document(status)))
    jsonschema.Draft7Validator(load_schema("campaign-status")).validate(document)


@pytest.fixture
def troubled(tmp_path: Path, paper: PaperEngine) -> Path:
    """The folder of a campaign in which not all went well."""
    paper.results = {
        "tiny/a/1": CellResult(CellState.VIOLATED, 9.0, 5, 1, 3, "ab", {"x.two": 2, "x.one": 1}),
        "tiny/b/0": CellResult(CellState.VIOLATED, 0.5, 5, 1, 3, "ab", {"x.two": 3}),
        "tiny/b/1": CellResult.failure("timed out after 600 s"),
        "tiny/b/2": CellResult(CellState.UNKNOWN, 0.25, 5, 1, 3, "ab", {}, "bad checksum"),
    }
    run_campaign(write_campaign(tmp_path, TWO_BY_THREE), tmp_path / "out")
    return tmp_path / "out"


def test_counts_violations_and_the_slowest(troubled: Path) -> None:
    status = read_status(troubled)
    _check(status)
    assert (status.name, status.folder, status.is_running, status.pid) == (
        "small",
        troubled,
        False,
        None,
    )
    assert (status.cells, status.pending, status.is_finished) == (6, 0, True)
    assert (status.ok, status.violated, status.unknown, status.failed) == (2, 2, 1, 1)
    assert (status.events, status.bytes, status.cell_seconds) == (35, 15, 13.75)
    assert list(status.violations.items()) == [
        ("x.two", Violated(2, 5, "tiny/a/1")),
        ("x.one", Violated(1, 1, "tiny/a/1")),
    ]
    assert [cell.id for cell in status.slowest] == [
        "tiny/a/1",
        "tiny/a/2",
        "tiny/a/0",
        "tiny/b/0",
        "tiny/b/2",
    ]
    assert [cell.id for cell in status.troubled] == ["tiny/a/1", "tiny/b/0", "tiny/b/1", "tiny/b/2"]
    first, _, failed, unknown = status.troubled
    assert first.violations == {"x.one": 1, "x.two": 2}
    assert first.trace == troubled / "traces/tiny/a/1.mpk"
    assert (
        first.command
        == "nandtrace record --profile tiny --seed 1 --runs 3 --verify -o tiny-a-1.mpk"
    )
    assert (failed.state, failed.error, failed.events) == ("failed", "timed out after 600 s", None)
    assert failed.command == (
        "nandtrace record --profile tiny --seed 1 --runs 3 --run-until 500us --compress --verify "
        "-o tiny-b-1.mpk"
    )
    assert (unknown.state, unknown.error) == ("unknown", "bad checksum")


def test_lists_are_as_long_as_is_asked_for(troubled: Path) -> None:
    status = read_status(troubled, slowest=1, failures=2)
    assert [cell.id for cell in status.slowest] == ["tiny/a/1"]
    assert [cell.id for cell in status.troubled] == ["tiny/a/1", "tiny/b/0"]
    assert (status.violated, status.failed) == (2, 1)


def test_sessions_and_what_is_left(tmp_path: Path, paper: PaperEngine) -> None:
    out = tmp_path / "out"
    paper.stop_after = 2
    summary = run_campaign(write_campaign(tmp_path), out)
    _check(summary.status)
    assert (summary.was_interrupted, summary.settled_now) == (True, 2)
    assert (summary.status.pending, summary.status.is_finished) == (1, False)
    paper.stop_after = None
    summary = resume_campaign(out)
    _check(summary.status)
    assert (summary.was_interrupted, summary.settled_now) == (False, 1)
    assert [
        (each.number, each.engine, each.outcome, each.settled) for each in summary.status.sessions
    ] == [(1, "local", "interrupted", 2), (2, "local", "finished", 1)]
    assert all(each.begun <= str(each.ended) for each in summary.status.sessions)


def test_while_it_runs(tmp_path: Path, paper: PaperEngine) -> None:
    out = tmp_path / "out"
    seen: list[tuple[int, bool, str]] = []

    def told(progress: Progress) -> None:
        status = read_status(out)
        _check(status)
        assert status.ok == progress.ok
        seen.append((status.ok, status.is_running, status.sessions[-1].outcome))

    run_campaign(write_campaign(tmp_path), out, told=told)
    assert seen[0] == (0, True, "running")
    assert seen[-1] == (3, True, "running")
    assert len(seen) == 7


def test_progress_counts_earlier_sessions(tmp_path: Path, paper: PaperEngine) -> None:
    told: list[Progress] = []
    paper.stop_after = 1
    run_campaign(write_campaign(tmp_path), tmp_path / "out")
    paper.stop_after = None
    resume_campaign(tmp_path / "out", told=told.append)
    first, last = told[0], told[-1]
    assert (first.name, first.cells, first.done, first.pending) == ("small", 3, 1, 2)
    assert (first.running, first.settled_now) == ((), 0)
    assert told[1].running == ("tiny/plain/1",)
    assert (last.done, last.pending, last.running, last.settled_now) == (3, 0, (), 2)
    assert last.seconds >= first.seconds
    assert not last.is_stopping


def test_an_error_of_an_engine_is_in_the_journal(tmp_path: Path, paper: PaperEngine) -> None:
    paper.results = {"tiny/plain/1": RuntimeError("no")}
    with pytest.raises(RuntimeError, match="no"):
        run_campaign(write_campaign(tmp_path), tmp_path / "out")
    status = read_status(tmp_path / "out")
    _check(status)
    assert (status.ok, status.pending, status.sessions[0].outcome) == (1, 2, "error")
    assert not (tmp_path / "out/work").exists()


def test_repairs_of_a_dialect_are_told(tmp_path: Path, paper: PaperEngine) -> None:
    (tmp_path / "odd.yaml").write_text(SMALL)
    text = 'profiles = ["odd.yaml", "tiny"]\nseeds = 0\n'
    status = run_campaign(write_campaign(tmp_path, text), tmp_path / "out").status
    _check(status)
    assert status.repairs == {"odd": tuple(REPAIRS)}
    assert (tmp_path / "out/profiles/odd.yaml").read_text() == SMALL


def test_a_session_that_died_has_crashed(tmp_path: Path, paper: PaperEngine) -> None:
    run_campaign(write_campaign(tmp_path), tmp_path / "out")
    with Journal.open(tmp_path / "out/journal.sqlite") as journal:
        journal.begin_session("dask")
    status = read_status(tmp_path / "out")
    _check(status)
    assert [(each.engine, each.outcome, each.ended is None) for each in status.sessions] == [
        ("local", "finished", False),
        ("dask", "crashed", True),
    ]
