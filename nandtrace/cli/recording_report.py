"""What a recording command prints once its trace is written, and the exit code that follows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import click

from nandtrace.check.verdict import TraceVerdict
from nandtrace.check.verify import verify_trace
from nandtrace.cli import verify_command
from nandtrace.cli.exits import Exit
from nandtrace.cli.verifying import exit_of
from nandtrace.errors import UsageError
from nandtrace.report.console import VerdictPrinter
from nandtrace.report.context import add_context
from nandtrace.report.plain import json_line
from nandtrace.report.verdict_json import verdict_document


class Done(Protocol):
    """A recording that was made."""

    @property
    def trace(self) -> Path: ...
    @property
    def seconds(self) -> float: ...

    @property
    def verdict(self) -> TraceVerdict | None:
        """The verdict, where the trace was verified on the way."""
        ...

    @property
    def rate_text(self) -> str:
        """How fast it was, with its unit."""
        ...

    def lines(self) -> Iterator[str]:
        """What was recorded."""
        ...

    def remarks(self) -> Iterator[str]:
        """What else a person should know; for stderr."""
        ...

    def document(self) -> dict[str, Any]:
        """What was recorded as plain JSON, but for the verdict."""
        ...


def report(done: Done, *, as_json: bool, verify: bool) -> int:
    """Print what was recorded, verify it where asked to, and return the exit code."""
    if as_json:
        verdict = _verdict(done) if verify or done.verdict is not None else None
        entry = verdict and verdict_document([verdict])["traces"][0]
        click.echo(json_line({**done.document(), "verdict": entry}))
        return exit_of([verdict] if verdict else [])
    for line in done.lines():
        click.echo(line)
    for remark in done.remarks():
        click.echo(remark, err=True)
    # The only figure that differs from call to call stays off stdout.
    click.echo(f"nandtrace: {done.seconds:.2f} s, {done.rate_text}", err=True)
    if done.verdict is not None:
        verdict = _verdict(done)
        VerdictPrinter(verbose=False).show(verdict)
        return exit_of([verdict])
    if not verify:
        return Exit.CLEAN
    code: int = click.get_current_context().invoke(
        verify_command.command, traces=(str(done.trace),)
    )
    return code


def _verdict(done: Done) -> TraceVerdict:
    """The verdict on a recording, with the events around its violations."""
    verdict = done.verdict or verify_trace(done.trace)
    add_context(verdict)
    return verdict


def refuse_same(target: Path, other: Path | str | None, what: str) -> None:
    """Raise UsageError where the new trace would replace what it is made from."""
    with contextlib.suppress(OSError):
        if other is not None and target.samefile(other):
            raise UsageError(f"{target}: the new trace would replace the {what}")
