"""Exit codes, and the one line that a user sees of an error."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from enum import IntEnum

import click

from nandtrace.errors import InputError, NandtraceError, StorageError

DEBUG_VARIABLE = "NANDTRACE_DEBUG"


class Exit(IntEnum):
    """Exit codes of every command."""

    CLEAN = 0
    VIOLATED = 1
    USAGE = 2
    UNREADABLE = 3
    DEFECT = 70
    INTERRUPTED = 130


_OUTPUT_ERRORS = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)


def is_output_error(error: BaseException) -> bool:
    """Whether stdout took no more, as when it is a file on a disk that is full."""
    return isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_ERRORS


def exit_code_of(error: BaseException) -> int:
    """Say what went wrong on stderr, in one line, and return the exit code that it means."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return Exit.USAGE
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _say("interrupted")
        return Exit.INTERRUPTED
    if is_output_error(error):
        _say(f"cannot write the output: {error}")
        return Exit.UNREADABLE
    if isinstance(error, NandtraceError):
        _say(str(error))
        unreadable = isinstance(error, InputError | StorageError)
        return Exit.UNREADABLE if unreadable else Exit.USAGE
    return _defect(error)


def _defect(error: BaseException) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    _say(
        f"a defect of nandtrace itself, please report it: {error!r} "
        f"({DEBUG_VARIABLE}=1 shows where)"
    )
    return Exit.DEFECT


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        # Where stderr takes nothing either, the exit code has to do.
        print(f"nandtrace: {text}", file=sys.stderr)
