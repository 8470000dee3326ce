"""Put a finished trace into its place, so that no half-written one ever has its name."""

from __future__ import annotations

from pathlib import Path

from nandtrace.campaign.folder import Folder
from nandtrace.campaign.model import Cell
from nandtrace.campaign.syncing import sync
from nandtrace.errors import StorageError, UsageError


class Shelf:
    """Takes traces into a campaign's folder."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._root = folder.root.resolve()
        self._known: set[Path] = set()

    def put(self, cell: Cell, trace: Path) -> None:
        """Move a whole trace to where the cell's belongs, and make it last.

        Another one of that name is replaced: the trace of a cell is always the same. Raises UsageError where
        a symbolic link leads out of the folder, StorageError where it can't be written.
        """
        target = self._folder.trace(cell)
        try:
            self._make_folder(target.parent)
            sync(trace)
            trace.replace(target)
            sync(target.parent)
        except OSError as error:
            raise StorageError(str(target), error) from error

    def _make_folder(self, folder: Path) -> None:
        # Each time: what was a folder may be a link by now.
        self._check_inside(folder)
        if folder in self._known:
            return
        missing = [folder, *folder.parents]
        del missing[[path.exists() for path in missing].index(True) :]
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            sync(path.parent)
        self._known.add(folder)

    def _check_inside(self, folder: Path) -> None:
        if not folder.resolve().is_relative_to(self._root):
            raise UsageError(f"{folder}: a symbolic link leads out of the campaign's folder")
