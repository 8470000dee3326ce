"""The work of `nandtrace record`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from nandtrace.check.verdict import TraceVerdict, Verdict
from nandtrace.check.verify import verify_trace
from nandtrace.cli import verify_command
from nandtrace.cli.exits import Exit
from nandtrace.cli.provenance import collect_provenance
from nandtrace.cli.recording_options import DEFAULT_PROFILE, Choices
from nandtrace.errors import UsageError
from nandtrace.nand.options import DEFAULT_RUN_NS, Options
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.profiles.policy_checks import check_policy
from nandtrace.nand.recording import Progress, Summary, continue_recording, record
from nandtrace.report.context import add_context
from nandtrace.report.plain import json_line
from nandtrace.report.recording import summary_json, summary_lines
from nandtrace.report.verdict_json import verdict_document
from nandtrace.trace import TraceReader
from nandtrace.units import ns_to_us_text
from nandtrace.vocab.nand import ApplyPolicy

SUFFIX = ".mpk"


@dataclass(frozen=True, slots=True)
class Extras:
    """What does not change the events of a trace."""

    compress: bool = False
    with_provenance: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A recording about to be made."""

    profile: Profile
    options: Options
    repairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A recording that was made, and the wall time it took."""

    trace: Path
    summary: Summary
    seconds: float
    repairs: tuple[str, ...] = ()

    @property
    def ops_per_s(self) -> float:
        return self.summary.ops / self.seconds if self.seconds > 0 else 0.0


def plan_recording(choices: Choices) -> Plan:
    """Resolve profile and options. Raises UsageError for a wrong one; nothing is written."""
    loaded = load_profile(choices.profile or DEFAULT_PROFILE)
    options = Options(
        seed=choices.seed or 0,
        runs=choices.resolved_runs,
        run_for_ns=choices.run_for_ns or (DEFAULT_RUN_NS,),
        max_hooks=choices.max_hooks,
        drain=choices.drain is not False,
        apply_policy=choices.apply_policy or ApplyPolicy.PER_OP,
    )
    return Plan(_overridden(loaded.profile, choices), options, loaded.repairs)


def _overridden(profile: Profile, choices: Choices) -> Profile:
    """The profile with what was chosen in place of its own, checked again."""
    if choices.bootstrap is None and not choices.bad_blocks:
        return profile
    if choices.bootstrap is not None:
        profile = replace(profile, bootstrap=replace(profile.bootstrap, enabled=choices.bootstrap))
    if choices.bad_blocks:
        profile = replace(profile, bad_blocks=choices.bad_blocks)
    try:
        check_policy(profile)
    except ProfileError as error:
        raise UsageError(f"{profile.name} with the given options: {error}") from error
    return profile


def record_anew(choices: Choices, output: Path | None, extras: Extras) -> Done:
    """Record with a profile and options."""
    plan = plan_recording(choices)
    _print_repairs(choices.profile or DEFAULT_PROFILE, plan.repairs)
    target = output or _default_output(choices)
    _refuse_same(target, choices.profile, "profile")
    begin = time.perf_counter()
    with recording_progress() as progress:
        summary = record(
            target,
            plan.profile,
            plan.options,
            compress=extras.compress,
            provenance=collect_provenance() if extras.with_provenance else None,
            progress=progress,
        )
    return Done(target, summary, time.perf_counter() - begin, plan.repairs)


def continue_from(
    source: Path, run: int, runs: int | None, output: Path | None, extras: Extras
) -> Done:
    """Record what comes after a run of a recording: `runs` runs, or all that follow."""
    target = output or Path(f"{source.stem}-after-{run}{SUFFIX}")
    _refuse_same(target, source, "trace it continues")
    begin = time.perf_counter()
    with recording_progress() as progress:
        summary = continue_recording(
            target,
            source,
            run,
            compress=extras.compress,
            provenance=collect_provenance() if extras.with_provenance else None,
            progress=progress,
            runs=runs,
        )
    return Done(target, summary, time.perf_counter() - begin)


def report(done: Done, *, as_json: bool, verify: bool) -> int:
    """Print what was recorded, verify it where asked to, and return the exit code."""
    if as_json:
        verdict = _verified(done.trace) if verify else None
        click.echo(json_line(_to_json(done, verdict)))
        return _exit_of(verdict)
    for line in summary_lines(str(done.trace), done.summary):
        click.echo(line)
    # The only figure that differs from call to call stays off stdout.
    click.echo(f"nandtrace: {done.seconds:.2f} s, {done.ops_per_s:,.0f} ops/s", err=True)
    if not verify:
        return Exit.CLEAN
    code: int = click.get_current_context().invoke(
        verify_command.command, traces=(str(done.trace),)
    )
    return code


def _verified(trace: Path) -> TraceVerdict:
    verdict = verify_trace(trace)
    add_context(verdict)
    return verdict


def _exit_of(verdict: TraceVerdict | None) -> int:
    if verdict is None or verdict.verdict is Verdict.OK:
        return Exit.CLEAN
    return Exit.VIOLATED if verdict.verdict is Verdict.VIOLATED else Exit.UNREADABLE


def _to_json(done: Done, verdict: TraceVerdict | None) -> dict[str, object]:
    with TraceReader(done.trace) as reader:
        identity = reader.header.identity
    return {
        "version": 1,
        "trace": str(done.trace),
        "profile": identity["profile"]["name"],
        "seed": identity["options"]["seed"],
        **summary_json(done.summary),
        "seconds": done.seconds,
        "ops_per_s": done.ops_per_s,
        "repairs": list(done.repairs),
        "verdict": verdict and verdict_document([verdict])["traces"][0],
    }


def _default_output(choices: Choices) -> Path:
    name = Path(choices.profile or DEFAULT_PROFILE).stem
    return Path(f"{name}-{choices.seed or 0}{SUFFIX}")


def _refuse_same(target: Path, other: Path | str | None, what: str) -> None:
    with contextlib.suppress(OSError):
        if other is not None and target.samefile(other):
            raise UsageError(f"{target}: the new trace would replace the {what}")


def _print_repairs(profile: str, repairs: tuple[str, ...]) -> None:
    if repairs:
        count = f"{len(repairs)} repair{'' if len(repairs) == 1 else 's'}"
        click.echo(f"nandtrace: {profile}: {count}", err=True)
    for repair in repairs:
        click.echo(f"  {repair}", err=True)


@contextlib.contextmanager
def recording_progress() -> Iterator[Callable[[Progress], None] | None]:
    """On a terminal, a line that says how far a recording is; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 (a terminal alone needs it)

    with Console(stderr=True, highlight=False).status("recording") as status:
        yield lambda progress: status.update(_progress_text(progress))


def _progress_text(progress: Progress) -> str:
    return (
        f"recorded {progress.runs_done} of {progress.runs} runs, "
        f"{ns_to_us_text(progress.time_ns)} µs, {progress.ops:,} ops, {progress.events:,} events"
    )
