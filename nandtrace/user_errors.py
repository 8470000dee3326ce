"""Exceptions of the user's code: told in a line, and as errors that say which line of it raised."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nandtrace.errors import NandtraceError, UsageError

_OUR_FOLDER = Path(__file__).resolve().parent
_TEXT_CHARACTERS = 200
_PATHS = sysconfig.get_paths()
_LIBRARIES = (Path(_PATHS["purelib"]), Path(_PATHS["platlib"]))
_PYTHON = (Path(_PATHS["stdlib"]), Path(_PATHS["platstdlib"]))


def error_text(error: Exception) -> str:
    """An exception in one line: its class and what it says, if it can say anything."""
    name = type(error).__name__
    try:
        said = " ".join(str(error).split()).encode(errors="backslashreplace").decode()
    except Exception:
        return f"{name}, which raises when asked what it says"
    return f"{name}: {said}"[:_TEXT_CHARACTERS] if said else name


@contextmanager
def blaming(what: object) -> Iterator[None]:
    """Turn what the block raises into a UsageError: `what`, file, line and the exception.

    An interrupt goes through.
    """
    try:
        yield
    except SystemExit as error:
        place = _place(error)
        raise UsageError(f"{what}: {place}it ends the program: exit code {error.code}") from error
    except SyntaxError as error:
        place = f"{_shown(error.filename)}:{error.lineno}: " if error.filename else ""
        raise UsageError(f"{what}: {place}{type(error).__name__}: {error.msg}") from error
    except Exception as error:
        text = str(error) if isinstance(error, NandtraceError) else error_text(error)
        raise UsageError(f"{what}: {_place(error)}{text}") from error


def _place(error: BaseException) -> str:
    """The innermost line that is the user's own, else one of a library; empty where there is none."""
    frames = [
        (_rank(frame.f_code.co_filename), depth, frame.f_code.co_filename, line)
        for depth, (frame, line) in enumerate(traceback.walk_tb(error.__traceback__))
    ]
    rank, _, file, line = max(frames)
    return f"{_shown(file)}:{line}: " if rank else ""


def _rank(file: str) -> int:
    """How near code is to the user: 2 own, 1 a library, 0 Python itself or nandtrace."""
    path = Path(file)
    if file.startswith("<") or path.is_relative_to(_OUR_FOLDER):
        return 0
    if any(path.is_relative_to(folder) for folder in _LIBRARIES):
        return 1
    return 0 if any(path.is_relative_to(folder) for folder in _PYTHON) else 2


def _shown(file: str) -> str:
    """A file by its path from the current folder, where it lies in it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
