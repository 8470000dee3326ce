"""The lines of a log, one JSON object each: read with bounded memory, decoded strictly."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from nandtrace.errors import LogError
from nandtrace.user_files import shorten

MAX_LINE_BYTES = 8 * 2**20
"""No line may be longer, and so none takes more than some 50 times that in memory. A snapshot of a
million blocks fits."""

Progress = Callable[[int], None]
"""Called now and then with the number of bytes read since the last call."""

_PROGRESS_BYTES = 2**20


class PointNumber(float):
    """A number written with a point or an exponent: no integer, whatever its value.

    JSON Schema takes 1.0 for an integer; an id or an address written so is a mistake.
    """

    __slots__ = ()

    def is_integer(self) -> bool:
        return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_float=PointNumber, parse_constant=_no_constant)


@contextlib.contextmanager
def open_log(path: Path) -> Iterator[BinaryIO]:
    """Open a log for reading. Raises LogError when that can't be done."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise LogError(str(path), f"cannot read: {error.strerror}") from error
    with file:
        yield file


def read_lines(
    path: Path, file: BinaryIO, progress: Progress | None = None
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield each line that is not blank: its number from 1, its size in bytes, its object.

    Raises LogError, with the line, for what is no UTF-8, no JSON, no object or too long.
    """
    number = unreported_bytes = 0
    while raw := _read_line(path, file, number + 1):
        number += 1
        unreported_bytes += len(raw)
        if progress is not None and unreported_bytes >= _PROGRESS_BYTES:
            progress(unreported_bytes)
            unreported_bytes = 0
        if not raw.isspace():
            yield number, len(raw), _decode(path, number, raw)
    if progress is not None:
        progress(unreported_bytes)


def _read_line(path: Path, file: BinaryIO, number: int) -> bytes:
    try:
        raw = file.readline(MAX_LINE_BYTES + 1)
    except OSError as error:
        reason = f"cannot read: {error.strerror}"
        raise LogError(str(path), reason, f"line {number}") from error
    if len(raw) > MAX_LINE_BYTES:
        raise LogError(str(path), f"longer than {MAX_LINE_BYTES} bytes", f"line {number}")
    return raw


def _decode(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    place = f"line {number}"
    try:
        line = _DECODER.decode(raw.rstrip(b"\r\n").decode())
    except UnicodeDecodeError as error:
        reason = f"not UTF-8: {error.reason}"
        raise LogError(str(path), reason, f"{place}, byte {error.start + 1}") from error
    except json.JSONDecodeError as error:
        # A line holds no line break, so the column is the place in it.
        reason = f"not JSON: {error.msg}"
        raise LogError(str(path), reason, f"{place}, column {error.colno}") from error
    except ValueError as error:
        reason = f"not JSON: {str(error).partition(';')[0]}"
        raise LogError(str(path), reason, place) from error
    except RecursionError as error:
        raise LogError(str(path), "not JSON: nested too deeply", place) from error
    if not isinstance(line, dict):
        raise LogError(str(path), f"{shorten(line)} is no JSON object", place)
    return line
