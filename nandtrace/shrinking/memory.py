"""What a search has tried: kept in a file, so that one that was killed goes on where it was.

The file holds lines of JSON: what is searched, then one for each candidate with its key and its size, null
where it does not do what is sought. A line that was cut off is as good as none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

from nandtrace.errors import StorageError, UsageError
from nandtrace.shrinking.sizes import Size

_VERSION = 1


class Memory:
    """Sizes by the keys of candidates; without a path they are kept nowhere else."""

    def __init__(self, path: Path | None = None, task: Mapping[str, Any] | None = None) -> None:
        self.sizes: dict[str, Size | None] = {}
        self.known_before = 0
        self._path = path
        self._file: BinaryIO | None = None
        if path is not None:
            self._open(path, {"version": _VERSION, **(task or {})})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, key: str, size: Size | None) -> None:
        """Keep what a candidate came to. Raises StorageError."""
        self.sizes[key] = size
        self._write([key, None if size is None else size.to_list()])

    def forget(self) -> None:
        """Remove the file: the search is over."""
        if self._path is not None and self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _open(self, path: Path, task: dict[str, Any]) -> None:
        """Read what is there, and append to it. Raises UsageError for the memory of another search."""
        try:
            whole = _whole_lines(path)
            if whole:
                self._read(path, whole, task)
            self._file = path.open("r+b" if path.exists() else "wb")
            self._file.seek(sum(len(line) for line in whole))
            self._file.truncate()
        except OSError as error:
            raise StorageError(str(path), error) from error
        if not whole:
            self._write(task)

    def _read(self, path: Path, lines: list[bytes], task: dict[str, Any]) -> None:
        try:
            found, *rows = map(json.loads, lines)
            sizes = {key: None if size is None else Size(*size) for key, size in rows}
        except (ValueError, TypeError) as error:
            raise UsageError(f"{path}: not what a search keeps; remove it: {error}") from error
        if found != task:
            raise UsageError(f"{path}: of another search; remove it, or choose another output")
        self.sizes, self.known_before = sizes, len(sizes)

    def _write(self, value: Any) -> None:
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(json.dumps(value).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(str(self._path), error) from error


def _whole_lines(path: Path) -> list[bytes]:
    if not os.path.lexists(path):
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    return [line for line in lines if line.endswith(b"\n")]
