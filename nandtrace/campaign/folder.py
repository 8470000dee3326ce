"""The output folder of a campaign: what lies where, and how it begins.

campaign.toml   the campaign file, as it was given
profiles/       copies of the profiles' files, each complete in itself
journal.sqlite  the plan and the results; a folder without it holds no campaign
campaign.lock   held while the campaign runs
campaign.mpk    the trace of the local engine's scheduler
work/           scratch of the cells that run
traces/…        the traces, each under its name only once it is whole
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from nandtrace.campaign.journal_creation import create_journal
from nandtrace.campaign.lock import holder_of, locked, process_text
from nandtrace.campaign.model import Cell
from nandtrace.campaign.plan import Plan
from nandtrace.campaign.syncing import sync
from nandtrace.errors import StorageError, UsageError

PROFILES = "profiles"

_CAMPAIGN = "campaign.toml"
_JOURNAL = "journal.sqlite"
_LOCK = "campaign.lock"
_WORK = "work"
_HALF_MADE = (_CAMPAIGN, _LOCK, PROFILES, f"{_JOURNAL}.new", f"{_JOURNAL}.new-journal")
"""What a campaign that was killed before it began may leave."""


class Folder:
    """An output folder, by its path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def journal(self) -> Path:
        return self.root / _JOURNAL

    @property
    def lock(self) -> Path:
        return self.root / _LOCK

    @property
    def scheduler_trace(self) -> Path:
        return self.root / "campaign.mpk"

    @property
    def work(self) -> Path:
        return self.root / _WORK

    def trace(self, cell: Cell) -> Path:
        """Where the trace of a cell goes."""
        return self.root / cell.trace

    @property
    def has_campaign(self) -> bool:
        return self.journal.is_file()

    def check_campaign(self) -> None:
        """Raise UsageError where the folder holds no campaign."""
        if self.has_campaign:
            return
        if not self.root.is_dir():
            raise UsageError(f"{self.root}: there is no such folder")
        holder = self.holder()
        if holder is not None:
            raise UsageError(f"{self.root}: {process_text(holder)} begins a campaign there")
        if self._is_half_made():
            raise UsageError(f"{self.root}: the campaign there never began; run it again")
        raise UsageError(f"{self.root}: no campaign is there: it has no {_JOURNAL}")

    def holder(self) -> int | None:
        """The pid of the process that runs the campaign: None where none does, 0 where it can't be told."""
        return holder_of(self.lock)

    @contextlib.contextmanager
    def resumed(self) -> Iterator[None]:
        """Hold the folder of a campaign that is there. Raises UsageError or StorageError."""
        self.check_campaign()
        with locked(self.lock):
            yield

    @contextlib.contextmanager
    def begun(self, plan: Plan) -> Iterator[None]:
        """Make the folder and begin the campaign in it; hold it in the block.

        Raises UsageError for a folder with other things in it, or with a campaign, and StorageError where
        it can't be written: then it is as before.
        """
        self._check_free()
        is_new = not self.root.exists()
        with self._storage_errors():
            self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.lock):
            self._check_free()
            self._make(plan, is_new=is_new)
            yield

    def _check_free(self) -> None:
        """Raise UsageError where no campaign can begin."""
        if os.path.lexists(self.root) and not self.root.is_dir():
            raise UsageError(f"{self.root}: it is there, and no folder")
        if self.has_campaign and self.holder() is None:
            raise UsageError(
                f"{self.root}: a campaign is there already; `nandtrace campaign resume` continues it"
            )
        if self.root.is_dir() and not (self.has_campaign or self._is_half_made()):
            with self._storage_errors():
                others = sorted(item.name for item in self.root.iterdir())
            if others:
                raise UsageError(f"{self.root}: it is not empty, {others[0]!r} is there")

    def _is_half_made(self) -> bool:
        with self._storage_errors():
            names = {item.name for item in self.root.iterdir()}
        return _LOCK in names and names.issubset(_HALF_MADE)

    def _make(self, plan: Plan, *, is_new: bool) -> None:
        try:
            with self._storage_errors():
                self._clear()
                self._write_inputs(plan)
            create_journal(self.journal, plan, PROFILES)
        except BaseException:
            with contextlib.suppress(OSError):
                self._clear()
                self.lock.unlink()
                if is_new:
                    self.root.rmdir()
            raise

    def _clear(self) -> None:
        for name in _HALF_MADE:
            path = self.root / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif name != _LOCK:
                path.unlink(missing_ok=True)

    def _write_inputs(self, plan: Plan) -> None:
        profiles = self.root / PROFILES
        profiles.mkdir()
        for profile in plan.profiles:
            if profile.text is not None:
                _write(profiles / profile.file_name, profile.text)
        _write(self.root / _CAMPAIGN, plan.file.raw)
        sync(profiles)

    @contextlib.contextmanager
    def scratch(self, session: int) -> Iterator[Path]:
        """An empty folder for a session's work, while the block lasts; what earlier ones left is removed."""
        path = self.work / str(session)
        self.remove_work()
        with self._storage_errors():
            path.mkdir(parents=True)
        try:
            yield path
        finally:
            self.remove_work()

    def remove_work(self) -> None:
        """Remove the scratch of a session that is over. Raises UsageError for what is no folder."""
        if self.work.is_symlink():
            raise UsageError(f"{self.work}: a symbolic link, where the campaign needs a folder")
        if self.work.exists() and not self.work.is_dir():
            raise UsageError(f"{self.work}: a file, where the campaign needs a folder")
        # A cell of a campaign that was killed may still be ending: what it leaves goes the next time.
        shutil.rmtree(self.work, ignore_errors=True)

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(str(error.filename or self.root), error) from error


def _write(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
