"""What a command's arguments name: files, patterns of files, and files in a commit of git."""

from __future__ import annotations

import contextlib
import glob
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from nandtrace.errors import InputError, StorageError, UsageError

_GIT = "git"


def expand_patterns(arguments: Iterable[str]) -> list[str]:
    """Files in the order given, each pattern (`golden/*.mpk`, also `**`) replaced by its matches.

    Raises UsageError for a pattern that matches nothing. A file whose name looks like a pattern is
    that file.
    """
    found: list[str] = []
    for argument in arguments:
        if glob.has_magic(argument) and not os.path.lexists(argument):
            found += _matches(argument)
        else:
            found.append(argument)
    return found


def expand_one(argument: str) -> str:
    """Like `expand_patterns`, for an argument that must name one file."""
    found = expand_patterns([argument])
    if len(found) > 1:
        raise UsageError(f"{argument}: matches {len(found)} files where one is wanted")
    return found[0]


@contextlib.contextmanager
def side_of_diff(argument: str) -> Iterator[Path]:
    """The file that a side of diff names: a file, a pattern that matches one, or git's REV:path.

    A file from git lies in a temporary folder until the block is left. Raises InputError where git
    or what it was asked for is missing.
    """
    if ":" not in argument or os.path.lexists(argument):
        yield Path(expand_one(argument))
        return
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        copy = Path(folder) / "side.mpk"
        _git_show(argument, copy)
        yield copy


def _matches(pattern: str) -> list[str]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - keeps the names as typed
    if not matches:
        raise UsageError(f"{pattern}: matches no file")
    return matches


def _git_show(argument: str, target: Path) -> None:
    command = [_GIT, "show", "--no-textconv", "--end-of-options", argument]
    environment = os.environ | {"LC_ALL": "C"}
    try:
        with target.open("wb") as file:
            done = subprocess.run(  # noqa: S603 - a list, and no option can come from the argument
                command, stdout=file, stderr=subprocess.PIPE, env=environment, check=False
            )
    except FileNotFoundError as error:
        raise InputError(argument, "no such file, and git is not installed") from error
    except OSError as error:
        raise StorageError(str(target), error) from error
    if done.returncode != 0:
        raise InputError(argument, _git_reason(done.stderr))


def _git_reason(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines() or ["it failed without a word"]
    return f"no such file, and git says: {lines[0].removeprefix('fatal: ')}"
