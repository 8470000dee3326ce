"""Exit codes, and the one line that a user sees of an error."""

from __future__ import annotations

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


def exit_code_of(error: BaseException) -> int:
    """Say what went wrong on stderr, in one line, and return the exit code that it means."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return Exit.USAGE
    if isinstance(error, KeyboardInterrupt | click.Abort):
        print("nandtrace: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    if isinstance(error, InputError | StorageError):
        print(f"nandtrace: {error}", file=sys.stderr)
        return Exit.UNREADABLE
    if isinstance(error, NandtraceError):
        print(f"nandtrace: {error}", file=sys.stderr)
        return Exit.USAGE
    return _defect(error)


def _defect(error: BaseException) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    print(
        f"nandtrace: a defect of nandtrace itself, please report it: {error!r} "
        f"({DEBUG_VARIABLE}=1 shows where)",
        file=sys.stderr,
    )
    return Exit.DEFECT
