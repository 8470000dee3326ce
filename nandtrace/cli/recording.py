"""The work of `nandtrace record`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nandtrace.check.verdict import TraceVerdict
from nandtrace.cli.provenance import collect_provenance
from nandtrace.cli.recording_options import SUFFIX, Extras
from nandtrace.cli.recording_report import refuse_same
from nandtrace.cli.status_line import status_line
from nandtrace.nand.chosen import DEFAULT_PROFILE, Choices
from nandtrace.nand.job import Job
from nandtrace.nand.own_scheduler import OwnScheduler, loaded_scheduler
from nandtrace.nand.recipes import new_job
from nandtrace.nand.recording import Progress, Summary, continued_job, run_job
from nandtrace.report.recording import summary_json, summary_lines
from nandtrace.trace import TraceReader
from nandtrace.units import ns_to_us_text
from nandtrace.user_modules import parse_target


@dataclass(frozen=True, slots=True)
class Plan:
    """A recording about to be made: what, where, and from which file (as `what` it serves)."""

    job: Job
    target: Path
    source: Path | str | None
    what: str
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A recording that was made, and the wall time it took."""

    trace: Path
    summary: Summary
    seconds: float
    repairs: tuple[str, ...] = ()
    verdict: TraceVerdict | None = None
    """Where it was verified on the way."""

    @property
    def ops_per_s(self) -> float:
        return self.summary.ops / self.seconds if self.seconds > 0 else 0.0

    @property
    def rate_text(self) -> str:
        return f"{self.ops_per_s:,.0f} ops/s"

    def lines(self) -> Iterator[str]:
        """What was recorded."""
        return summary_lines(str(self.trace), self.summary)

    def remarks(self) -> Iterator[str]:
        """Nothing: repairs are told before the recording begins."""
        return iter(())

    def document(self) -> dict[str, Any]:
        """As schemas/record.schema.json describes it, but for the verdict."""
        with TraceReader(self.trace) as reader:
            identity = reader.header.identity
        return {
            "version": 1,
            "trace": str(self.trace),
            "profile": identity["profile"]["name"],
            "seed": identity["options"]["seed"],
            **summary_json(self.summary),
            "seconds": self.seconds,
            "ops_per_s": self.ops_per_s,
            "repairs": list(self.repairs),
        }


@contextlib.contextmanager
def chosen_scheduler(target: str | None) -> Iterator[OwnScheduler | None]:
    """The class of the user's that records, if one is named; inside the block it may run.

    What it prints goes to stderr. Raises UsageError for one that can't be used, or that raises.
    """
    if target is None:
        yield None
        return
    with (
        contextlib.redirect_stdout(sys.stderr),
        loaded_scheduler(parse_target(target, "CLASS"), (Path.cwd(),)) as scheduler,
        scheduler.blamed(),
    ):
        yield scheduler


def plan_anew(choices: Choices, output: Path | None, scheduler: OwnScheduler | None = None) -> Plan:
    """Plan a recording with a profile and options, and tell what of the profile was repaired."""
    job, repairs = new_job(choices, scheduler)
    target = output or _default_output(choices)
    refuse_same(target, choices.profile, "profile")
    _print_repairs(choices.profile or DEFAULT_PROFILE, repairs)
    return Plan(job, target, choices.profile, "profile", repairs)


def plan_continuation(
    source: Path,
    run: int,
    runs: int | None,
    output: Path | None,
    scheduler: OwnScheduler | None = None,
) -> Plan:
    """Plan what comes after a run of a recording: `runs` runs, or all that follow."""
    target = output or Path(f"{source.stem}-after-{run}{SUFFIX}")
    refuse_same(target, source, "trace it continues")
    job = continued_job(source, run, runs, scheduler)
    return Plan(job, target, source, "trace it continues")


def record(plan: Plan, extras: Extras) -> Done:
    """Make a recording."""
    begin = time.perf_counter()
    with recording_progress() as progress:
        summary = run_job(
            plan.target,
            plan.job,
            compress=extras.compress,
            provenance=collect_provenance() if extras.with_provenance else None,
            progress=progress,
        )
    return Done(plan.target, summary, time.perf_counter() - begin, plan.repairs)


def _default_output(choices: Choices) -> Path:
    name = Path(choices.profile or DEFAULT_PROFILE).stem
    return Path(f"{name}-{choices.seed or 0}{SUFFIX}")


def _print_repairs(profile: str, repairs: tuple[str, ...]) -> None:
    if repairs:
        count = f"{len(repairs)} repair{'' if len(repairs) == 1 else 's'}"
        click.echo(f"nandtrace: {profile}: {count}", err=True)
    for repair in repairs:
        click.echo(f"  {repair}", err=True)


@contextlib.contextmanager
def recording_progress() -> Iterator[Callable[[Progress], None] | None]:
    """On a terminal, a line that says how far a recording is; elsewhere nothing."""
    with status_line("recording") as show:
        yield None if show is None else lambda progress: show(progress_text(progress))


def progress_text(progress: Progress) -> str:
    """How far a recording is, in a line."""
    return (
        f"recorded {progress.runs_done} of {progress.runs} runs, "
        f"{ns_to_us_text(progress.time_ns)} µs, {progress.ops:,} ops, {progress.events:,} events"
    )
