"""The journal: each result once, and a clear word for a file that is none, damaged or can't be written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.campaign.database import database_errors
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.journal_creation import create_journal
from nandtrace.campaign.loading import load_campaign
from nandtrace.campaign.model import CellResult, CellState, Limits
from nandtrace.campaign.plan import make_plan
from nandtrace.errors import InputError, InternalError, StorageError, UsageError
from tests.campaign.campaigns import result_ok, write_campaign


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The journal of a campaign of three cells."""
    journal = tmp_path / "a journal #1?.sqlite"
    create_journal(journal, make_plan(load_campaign(write_campaign(tmp_path))), "profiles")
    return journal


def _change(path: Path, command: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(command)
    connection.commit()
    connection.close()


def test_a_new_journal_is_one_file_with_the_whole_plan(path: Path) -> None:
    assert sorted(item.name for item in path.parent.iterdir()) == [path.name, "small.toml"]
    with Journal.open(path) as journal:
        assert journal.fact("name") == "small"
        assert [cell.id for cell in journal.pending()] == [
            f"tiny/plain/{seed}" for seed in range(3)
        ]
        assert journal.limits == Limits(slots=2, memory_gating=False, backoff_s=0.05)
        assert journal.resources == {}
        recipe = journal.recipe_of(next(journal.pending()))
        assert (recipe.profile, recipe.is_copy, recipe.compress) == ("tiny", False, False)
        assert recipe.arguments == ("--runs", "1", "--run-until", "500us")
        assert journal.counts()[CellState.PENDING] == 3


def test_a_result_is_written_once(path: Path) -> None:
    with Journal.open(path) as journal:
        session = journal.begin_session("local")
        cell = next(journal.pending())
        violated = CellResult(CellState.VIOLATED, 0.5, 7, 1, 9, "ff", {"x": 2, "y": 1})
        journal.settle(session, cell, violated, 1)
        with pytest.raises(InternalError, match=r"cell tiny/plain/0 has a result already"):
            journal.settle(session, cell, result_ok(cell), 1)
        assert journal.cell(cell.id) == (cell, CellState.VIOLATED)
        assert journal.cell("nix") is None
        assert journal.query("SELECT * FROM violations") == [(0, "x", 2), (0, "y", 1)]
        assert journal.query("SELECT seconds, digest, attempts FROM cells WHERE ordinal = 0") == [
            (0.5, "ff", 1)
        ]


def test_cells_settled_meanwhile_are_not_given_out_again(tmp_path: Path) -> None:
    text = 'profiles = ["tiny"]\nseeds = "0..599"\n'
    path = tmp_path / "many.sqlite"
    create_journal(path, make_plan(load_campaign(write_campaign(tmp_path, text))), "profiles")
    with Journal.open(path) as journal:
        session, seen = journal.begin_session("local"), []
        for cell in journal.pending():
            seen.append(cell.seed)
            journal.settle(session, cell, result_ok(cell), 1)
        assert seen == list(range(600))
        assert list(journal.pending()) == []
        assert journal.counts()[CellState.OK] == 600


def test_failed_and_unknown_cells_can_be_forgotten(path: Path) -> None:
    with Journal.open(path) as journal:
        session = journal.begin_session("local")
        first, second, third = journal.pending()
        journal.settle(session, first, CellResult.failure("no"), 2)
        journal.settle(session, second, CellResult(CellState.VIOLATED, 1.0, violations={"x": 1}), 1)
        journal.settle(session, third, CellResult(CellState.UNKNOWN, 1.0, violations={"x": 1}), 1)
        assert journal.forget((CellState.FAILED, CellState.UNKNOWN)) == 2
        assert list(journal.pending()) == [first, third]
        assert journal.query("SELECT ordinal FROM violations") == [(1,)]
        assert journal.query("SELECT attempts, seconds, error FROM cells WHERE ordinal = 0") == [
            (0, None, None)
        ]


def test_a_session_that_was_not_ended_has_crashed(path: Path) -> None:
    with Journal.open(path) as journal:
        assert journal.begin_session("local") == 1
        assert journal.begin_session("dask") == 2
        journal.end_session(2, "finished")
        assert journal.query("SELECT engine, outcome FROM sessions ORDER BY number") == [
            ("local", "crashed"),
            ("dask", "finished"),
        ]


def test_others_read_while_it_is_written(path: Path) -> None:
    with Journal.open(path) as journal, Journal.open_to_read(path) as reader:
        session, cell = journal.begin_session("local"), next(journal.pending())
        assert reader.counts()[CellState.OK] == 0
        journal.settle(session, cell, result_ok(cell), 1)
        assert reader.counts()[CellState.OK] == 1
        with pytest.raises(StorageError, match=r"cannot write: .*readonly"):
            reader.begin_session("local")


def test_a_closed_journal_is_one_file(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.begin_session("local")
    with Journal.open_to_read(path):
        pass
    assert sorted(item.name for item in path.parent.iterdir()) == [path.name, "small.toml"]


KILLED = """
import os, sys
from pathlib import Path
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.model import CellResult
journal = Journal.open(Path(sys.argv[1]))
session = journal.begin_session("local")
for cell in journal.pending():
    journal.settle(session, cell, CellResult.failure("no"), 1)
os.kill(os.getpid(), 9)
"""


def test_a_killed_writer_loses_nothing(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    assert path.with_name(f"{path.name}-wal").exists()
    with Journal.open_to_read(path) as reader:
        assert reader.counts()[CellState.FAILED] == 3
    with Journal.open(path) as journal:
        assert journal.counts()[CellState.FAILED] == 3


def test_a_journal_of_another_version(path: Path) -> None:
    _change(path, "PRAGMA user_version = 2")
    expected = "the journal has version 2, and this nandtrace reads version 1"
    for open_it in (Journal.open, Journal.open_to_read):
        with pytest.raises(InputError, match=expected):
            open_it(path)


def test_a_journal_begun_with_another_scheduler(path: Path) -> None:
    _change(path, "UPDATE facts SET value = 'nandtrace.nand 0' WHERE key = 'scheduler'")
    with pytest.raises(UsageError, match=r"begun with nandtrace.nand 0 .*its traces would differ"):
        Journal.open(path)
    with Journal.open_to_read(path) as reader:
        assert reader.counts()[CellState.PENDING] == 3


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    _change(path, "CREATE TABLE cells (ordinal)")
    for open_it in (Journal.open, Journal.open_to_read):
        with pytest.raises(InputError, match=r"a database, but no journal of a campaign"):
            open_it(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"unable to open"):
        Journal.open_to_read(tmp_path / "nix.sqlite")


@pytest.mark.parametrize("raw", [b"", b"SQLite format 3\0", b"x" * 5000])
def test_rubbish_is_no_journal(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(raw)
    for open_it in (Journal.open, Journal.open_to_read):
        with pytest.raises(InputError, match=r"journal.sqlite: "):
            open_it(path)


def test_a_damaged_journal_is_no_defect_of_ours(path: Path) -> None:
    sound = path.read_bytes()
    refused = 0
    for offset in range(0, len(sound), 499):
        path.write_bytes(sound[:offset] + bytes([sound[offset] ^ 0xFF]) + sound[offset + 1 :])
        try:
            with Journal.open(path) as journal:
                journal.counts()
                list(journal.pending())
                journal.cell("tiny/plain/0")
                _ = journal.limits, journal.resources
                journal.recipe_of(next(journal.pending()))
        except (InputError, UsageError):
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("cells SET recipe = 77", "cell tiny/plain/0: the journal is damaged: it has no recipe 77"),
        ("recipes SET identity = '[]'", r"recipes: the journal is damaged: \[\] is no recipe"),
        ("recipes SET identity = '{}'", r"recipes: the journal is damaged: {} is no recipe"),
        (
            "recipes SET arguments = '[1]'",
            r"recipes: the journal is damaged: \[1\] are no arguments",
        ),
    ],
)
def test_a_recipe_that_makes_no_sense_means_damage(path: Path, change: str, reason: str) -> None:
    _change(path, f"UPDATE {change}")
    with Journal.open(path) as journal, pytest.raises(InputError, match=f"sqlite: {reason}$"):
        journal.recipe_of(next(journal.pending()))


def test_a_cut_journal_is_refused(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(InputError, match=r"the journal"):
        Journal.open(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_journal_in_a_folder_that_takes_no_files(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with Journal.open_to_read(path) as reader:
            assert reader.counts()[CellState.PENDING] == 3
    finally:
        path.parent.chmod(0o700)


def test_a_missing_fact_means_damage(path: Path) -> None:
    _change(path, "DELETE FROM facts WHERE key = 'limits'")
    with Journal.open(path) as journal, pytest.raises(InputError, match=r"it has no limits"):
        _ = journal.limits


def test_a_broken_rule_of_the_tables_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError), database_errors(tmp_path):
        raise sqlite3.IntegrityError("UNIQUE")


def test_an_old_half_written_journal_is_replaced(path: Path) -> None:
    plan = make_plan(load_campaign(path.parent / "small.toml"))
    other = path.with_name("other.sqlite")
    shutil.copy(path, f"{other}.new")
    create_journal(other, plan, "profiles")
    assert not Path(f"{other}.new").exists()
    with Journal.open(other) as journal:
        assert journal.counts()[CellState.PENDING] == 3
