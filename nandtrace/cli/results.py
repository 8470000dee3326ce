"""The exit code that the result of a comparison means."""

from __future__ import annotations

from nandtrace.cli.exits import Exit
from nandtrace.diff import Result

EXIT_OF_RESULT = {
    Result.SAME: Exit.CLEAN,
    Result.DIFFERENT: Exit.VIOLATED,
    Result.INCOMPLETE: Exit.UNREADABLE,
}
