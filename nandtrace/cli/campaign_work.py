"""The work of `nandtrace campaign`: run or resume one, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from nandtrace.campaign import (
    CampaignStatus,
    CampaignSummary,
    Progress,
    default_folder,
    read_status,
    resume_campaign,
    run_campaign,
    status_document,
)
from nandtrace.cli.campaign_progress import campaign_progress
from nandtrace.cli.campaign_text import (
    command_text,
    outcome_lines,
    rate_text,
    report_lines,
    status_lines,
)
from nandtrace.cli.exits import Exit, exit_code_of
from nandtrace.errors import NandtraceError
from nandtrace.report.plain import json_line

_GO_ON = "what is done is kept; to go on"
_TRY_AGAIN = "to try again what failed or is unknown"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Where cells are worked on, as the command line says it."""

    engine: str
    scheduler: str | None
    slots: int | None

    def arguments(self) -> Iterator[str]:
        """The same choice for another call."""
        if self.engine != "local":
            yield from ("--engine", self.engine)
        if self.scheduler is not None:
            yield from ("--scheduler", self.scheduler)
        if self.slots is not None:
            yield from ("--slots", str(self.slots))


def run(file: Path, out: Path | None, choice: EngineChoice, *, as_json: bool) -> int:
    """Run the campaign of a file, print what came of it, and return the exit code."""
    folder = default_folder(file) if out is None else out
    return _carry_out(folder, choice, partial(run_campaign, file, folder), as_json=as_json)


def resume(out: Path, choice: EngineChoice, *, retry_failed: bool, as_json: bool) -> int:
    """Go on with a campaign, print what came of it, and return the exit code."""
    work = partial(resume_campaign, out, retry_failed=retry_failed)
    return _carry_out(out, choice, work, as_json=as_json)


def status(out: Path, *, as_json: bool) -> int:
    """Print how far a campaign is, and return the exit code."""
    # The JSON of all commands has the same in it; the text lists no cells.
    found = read_status(out) if as_json else read_status(out, slowest=0, failures=0)
    _print(found, status_lines, as_json=as_json)
    if not found.is_finished and not found.is_running:
        _tell_resume(_GO_ON, out, [])
    return exit_of(found)


def report(out: Path, *, slowest: int, limit: int | None, as_json: bool) -> int:
    """Print what a campaign found, and return the exit code."""
    found = read_status(out, slowest=slowest, failures=limit)
    _print(found, report_lines, as_json=as_json)
    return exit_of(found)


def exit_of(status: CampaignStatus) -> int:
    """The exit code that the state of the cells means."""
    if status.violated:
        return Exit.VIOLATED
    clean = status.ok == status.cells
    return Exit.CLEAN if clean else Exit.UNREADABLE


def _carry_out(
    folder: Path, choice: EngineChoice, work: Callable[..., CampaignSummary], *, as_json: bool
) -> int:
    """Do the work under a display of its progress. An error in its middle also tells how to go on."""
    begun: list[Progress] = []
    try:
        with campaign_progress() as show:

            def told(progress: Progress) -> None:
                begun[:] = [progress]
                show(progress)

            summary = work(
                engine=choice.engine, scheduler=choice.scheduler, slots=choice.slots, told=told
            )
    except NandtraceError as error:
        if not begun:
            raise
        code = exit_code_of(error)
        _tell_resume(_GO_ON, folder, choice.arguments())
        return code
    return _report_end(summary, folder, choice, as_json=as_json)


def _report_end(
    summary: CampaignSummary, folder: Path, choice: EngineChoice, *, as_json: bool
) -> int:
    _print(summary.status, outcome_lines, as_json=as_json)
    # What differs from call to call stays off stdout.
    if summary.settled_now:
        rate = rate_text(summary.settled_now, summary.seconds)
        _note(f"{summary.seconds:.2f} s, {rate}")
    elif summary.status.is_finished:
        _note("there was nothing left to do")
    if summary.was_interrupted:
        _note("interrupted")
    if not summary.status.is_finished:
        _tell_resume(_GO_ON, folder, choice.arguments())
    elif summary.status.failed or summary.status.unknown:
        _tell_resume(_TRY_AGAIN, folder, ["--retry-failed", *choice.arguments()])
    return Exit.INTERRUPTED if summary.was_interrupted else exit_of(summary.status)


def _print(
    status: CampaignStatus,
    lines: Callable[[CampaignStatus], Iterator[str]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(json_line(status_document(status)))
        return
    for line in lines(status):
        click.echo(line)


def _tell_resume(why: str, folder: Path, arguments: Iterable[str]) -> None:
    _note(f"{why}: {command_text('resume', arguments, folder)}")


def _note(text: str) -> None:
    """Say something on stderr; where that takes no more, the exit code still tells how it went."""
    with suppress(OSError):
        click.echo(f"nandtrace: {text}", err=True)
