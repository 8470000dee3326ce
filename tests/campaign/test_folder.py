"""Output folders: who may begin or resume a campaign where, and what a failed begin leaves: nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.campaign import Progress, read_status, resume_campaign, run_campaign
from nandtrace.campaign.lock import holder_of, locked
from nandtrace.errors import InputError, StorageError, UsageError
from tests.campaign.campaigns import PaperEngine, write_campaign

HOLD = """
import sys
from pathlib import Path
from nandtrace.campaign.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_lies_where(tmp_path: Path, paper: PaperEngine) -> None:
    (tmp_path / "my own.yaml").write_text("extends: tiny\n")
    text = 'profiles = ["tiny", "my own.yaml"]\nseeds = 0\n'
    file = write_campaign(tmp_path, text)
    run_campaign(file, tmp_path / "deep" / "out")
    out = tmp_path / "deep" / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*")) == [
        "campaign.lock",
        "campaign.toml",
        "journal.sqlite",
        "profiles",
        "profiles/my own.yaml",
        "traces",
        "traces/my-own",
        "traces/my-own/default",
        "traces/my-own/default/0.mpk",
        "traces/tiny",
        "traces/tiny/default",
        "traces/tiny/default/0.mpk",
    ]
    assert (out / "campaign.toml").read_text() == text
    assert (out / "traces/tiny/default/0.mpk").read_text() == "tiny/default/0"


def test_without_a_folder_it_is_named_after_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paper: PaperEngine
) -> None:
    monkeypatch.chdir(tmp_path)
    summary = run_campaign(write_campaign(tmp_path))
    assert summary.status.folder == Path("small")
    assert (tmp_path / "small" / "journal.sqlite").is_file()


def test_an_empty_folder_will_do(tmp_path: Path, paper: PaperEngine) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert run_campaign(write_campaign(tmp_path), out).status.ok == 3


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, paper: PaperEngine) -> None:
    with pytest.raises(UsageError, match=r"it is not empty, 'small.toml' is there"):
        run_campaign(write_campaign(tmp_path), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_a_file_is_no_folder(tmp_path: Path, paper: PaperEngine) -> None:
    file = write_campaign(tmp_path)
    with pytest.raises(UsageError, match=r"it is there, and no folder"):
        run_campaign(file, file)
    with pytest.raises(UsageError, match=r"there is no such folder"):
        resume_campaign(file)


def test_a_campaign_is_begun_once(tmp_path: Path, paper: PaperEngine) -> None:
    file, out = write_campaign(tmp_path), tmp_path / "out"
    run_campaign(file, out)
    with pytest.raises(
        UsageError, match=r"a campaign is there already; `nandtrace campaign resume`"
    ):
        run_campaign(file, out)


def test_a_folder_without_a_campaign_is_not_resumed(tmp_path: Path) -> None:
    for call in (resume_campaign, read_status):
        with pytest.raises(UsageError, match=r"no campaign is there: it has no journal.sqlite"):
            call(tmp_path)
        with pytest.raises(UsageError, match=r"there is no such folder"):
            call(tmp_path / "nix")
    assert list(tmp_path.iterdir()) == []


def test_what_a_begin_that_was_killed_left_is_cleared_away(
    tmp_path: Path, paper: PaperEngine
) -> None:
    out = tmp_path / "out"
    (out / "profiles").mkdir(parents=True)
    for name in ("campaign.lock", "campaign.toml", "journal.sqlite.new", "profiles/old.yaml"):
        (out / name).write_text("half")
    with pytest.raises(UsageError, match=r"the campaign there never began; run it again"):
        resume_campaign(out)
    assert run_campaign(write_campaign(tmp_path), out).status.ok == 3
    assert list((out / "profiles").iterdir()) == []


def test_a_second_campaign_on_the_folder_is_told_who_runs_there(
    tmp_path: Path, paper: PaperEngine
) -> None:
    file, out = write_campaign(tmp_path), tmp_path / "out"
    run_campaign(file, out)
    command = [sys.executable, "-c", HOLD, str(out / "campaign.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        held = f"process {other.pid} runs a campaign there"
        with pytest.raises(UsageError, match=held):
            resume_campaign(out)
        with pytest.raises(UsageError, match=held):
            run_campaign(file, out)
        status = read_status(out)
        assert (status.is_running, status.pid) == (True, other.pid)
        (out / "journal.sqlite").rename(out / "journal.sqlite.new")
        for call in (resume_campaign, read_status):
            with pytest.raises(UsageError, match=f"process {other.pid} begins a campaign there"):
                call(out)
        (out / "journal.sqlite.new").rename(out / "journal.sqlite")
        other.communicate()
    assert read_status(out).is_running is False
    assert resume_campaign(out).status.is_finished


def test_the_lock_is_gone_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with locked(path):
        assert holder_of(path) == os.getpid()
    assert holder_of(path) is None


def test_a_lock_that_was_removed_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had a campaign that could not begin removes the file; another may have just opened it."""
    path, opened = tmp_path / "lock", []

    def open_and_lose(name: Path, *rest: int) -> int:
        opened.append(os_open(name, *rest))
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    os_open = os.open
    monkeypatch.setattr("nandtrace.campaign.lock.os.open", open_and_lose)
    with locked(path):
        assert len(opened) == 2
        assert path.read_text() == str(os.getpid())


def test_the_lock_is_no_way_to_another_file(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "other")
    with pytest.raises(StorageError, match=r"lock: cannot write"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "other").exists()


def test_an_unwritable_place(tmp_path: Path, paper: PaperEngine) -> None:
    # /proc takes no folder, from root neither.
    with pytest.raises(StorageError, match=r"/proc/campaign: cannot write: "):
        run_campaign(write_campaign(tmp_path), Path("/proc/campaign"))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from nandtrace.campaign import run_campaign
from nandtrace.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    run_campaign(Path(sys.argv[1]), Path(sys.argv[2]))
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [100, 20_000])
def test_a_full_disk_leaves_no_half_made_campaign(tmp_path: Path, room: int) -> None:
    (tmp_path / "own.yaml").write_text(f"extends: tiny\n# {'long ' * 100}\n")
    file = write_campaign(tmp_path, 'profiles = ["own.yaml"]\nseeds = "0..9999"\n')
    out = tmp_path / "out"
    command = [sys.executable, "-c", FULL_DISK, str(file), str(out), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot write: " in done.stdout
    assert done.stderr == ""
    assert not out.exists()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_begin_that_fails_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        raise StorageError(str(path), OSError(28, "No space left on device"))

    monkeypatch.setattr("nandtrace.campaign.folder.create_journal", full)
    (tmp_path / "own.yaml").write_text("extends: tiny\n")
    file = write_campaign(tmp_path, 'profiles = ["own.yaml"]\nseeds = 0\n')
    empty = tmp_path / "empty"
    empty.mkdir()
    for out in (tmp_path / "new", empty):
        with pytest.raises(StorageError, match=r"journal.sqlite: cannot write: No space left"):
            run_campaign(file, out)
    assert not (tmp_path / "new").exists()
    assert list(empty.iterdir()) == []


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path, paper: PaperEngine) -> None:
    file, out, outside = write_campaign(tmp_path), tmp_path / "out", tmp_path / "outside"
    outside.mkdir()
    paper.stop_after = 0
    run_campaign(file, out)
    (out / "traces").symlink_to(outside)
    paper.stop_after = None
    with pytest.raises(UsageError, match=r"traces/tiny/plain: a symbolic link leads out of the"):
        resume_campaign(out)
    assert list(outside.iterdir()) == []
    assert read_status(out).pending == 3
    (out / "traces").unlink()
    assert resume_campaign(out).status.ok == 3


def test_a_link_that_appears_while_it_runs_is_not_followed(
    tmp_path: Path, paper: PaperEngine
) -> None:
    file, out, outside = write_campaign(tmp_path), tmp_path / "out", tmp_path / "outside"
    (outside / "tiny" / "plain").mkdir(parents=True)

    def told(progress: Progress) -> None:
        if progress.settled_now == 1 and not (out / "traces").is_symlink():
            (out / "traces").rename(tmp_path / "aside")
            (out / "traces").symlink_to(outside)

    with pytest.raises(UsageError, match=r"traces/tiny/plain: a symbolic link leads out of the"):
        run_campaign(file, out, told=told)
    assert list((outside / "tiny" / "plain").iterdir()) == []
    assert read_status(out).pending == 2


def test_the_scratch_folder_is_no_link(tmp_path: Path, paper: PaperEngine) -> None:
    file, out, outside = write_campaign(tmp_path), tmp_path / "out", tmp_path / "outside"
    (outside / "9").mkdir(parents=True)
    paper.stop_after = 0
    run_campaign(file, out)
    (out / "work").symlink_to(outside)
    with pytest.raises(UsageError, match=r"work: a symbolic link"):
        resume_campaign(out)
    assert (outside / "9").is_dir()
    (out / "work").unlink()
    (out / "work").write_text("mine")
    with pytest.raises(UsageError, match=r"work: a file, where the campaign needs a folder"):
        resume_campaign(out)
    assert (out / "work").read_text() == "mine"


def test_a_folder_in_the_place_of_a_trace(tmp_path: Path, paper: PaperEngine) -> None:
    file, out = write_campaign(tmp_path), tmp_path / "out"
    paper.stop_after = 0
    run_campaign(file, out)
    (out / "traces/tiny/plain/0.mpk/x").mkdir(parents=True)
    paper.stop_after = None
    with pytest.raises(StorageError, match=r"0\.mpk: cannot write: "):
        resume_campaign(out)
    assert read_status(out).sessions[-1].outcome == "error"


def test_a_journal_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("no database at all, but quite a few characters" * 9)
    for call in (resume_campaign, read_status):
        with pytest.raises(InputError, match=r"journal.sqlite: the journal can't be read: "):
            call(tmp_path)
