"""The work of `nandtrace shrink`: heavy to import, and imported once the options are sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nandtrace.check.verify import Options, verify_trace
from nandtrace.cli.exits import Exit
from nandtrace.cli.recording import chosen_scheduler
from nandtrace.cli.status_line import status_line
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.nand.replaying import replay
from nandtrace.report.console import VerdictPrinter
from nandtrace.report.context import add_context
from nandtrace.report.plain import json_line
from nandtrace.report.recording import replay_json, replay_lines
from nandtrace.report.shrinking import event_lines, shrunk_json, shrunk_lines
from nandtrace.report.verdict_json import verdict_document
from nandtrace.shrinking import REPLAY, Budget, End, Shrunk, Size, shrink_trace
from nandtrace.shrinking.judging import ReplayJudge


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be tried: candidates, or seconds of wall time."""

    candidates: int | None
    seconds: float | None

    def budget(self) -> Budget:
        """The budget, from now on."""
        if self.seconds is None:
            return Budget(self.candidates)
        until = time.monotonic() + self.seconds
        return Budget(self.candidates, lambda: time.monotonic() >= until)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to shrink, and into what."""

    trace: Path
    stem: Path
    invariant: str | None
    scheduler: str | None
    record: bool


def shrink(wanted: Wanted, limits: Limits, *, as_json: bool) -> int:
    """Shrink a trace, and say what came of it."""
    with chosen_scheduler(wanted.scheduler) as own:
        shrunk = _shrink(wanted, limits, own)
        proof = _replayed(shrunk, own) if shrunk.invariant == REPLAY else _verified(shrunk)
    if as_json:
        click.echo(json_line({**shrunk_json(str(wanted.trace), shrunk), **proof.entries}))
    else:
        for line in (*shrunk_lines(str(wanted.trace), shrunk), *event_lines(shrunk.trace)):
            click.echo(line)
        proof.show()
    for remark in _remarks(wanted, shrunk):
        click.echo(f"nandtrace: {remark}", err=True)
    return Exit.INTERRUPTED if shrunk.end is End.INTERRUPTED else Exit.CLEAN


@dataclass(frozen=True, slots=True)
class _Proof:
    """That the smaller trace is as wrong: the entries of the JSON document, and how to show them."""

    entries: dict[str, Any]
    show: Callable[[], None]


def _verified(shrunk: Shrunk) -> _Proof:
    verdict = verify_trace(shrunk.trace, Options(only=(shrunk.invariant,), kept=1))
    add_context(verdict)
    (entry,) = verdict_document([verdict])["traces"]
    return _Proof({"verdict": entry, "replay": None}, lambda: VerdictPrinter().show(verdict))


def _replayed(shrunk: Shrunk, own: OwnScheduler | None) -> _Proof:
    sight = ReplayJudge().first(shrunk.trace, own)
    assert sight is not None, "what differed once does so again"
    outcome = replay(shrunk.trace, sight.run, scheduler=own)
    name = str(shrunk.trace)

    def show() -> None:
        for line in replay_lines(name, outcome, ()):
            click.echo(line)

    return _Proof({"verdict": None, "replay": replay_json(name, sight.run, outcome, ())}, show)


def _shrink(wanted: Wanted, limits: Limits, own: OwnScheduler | None) -> Shrunk:
    with status_line("shrinking") as show:

        def told(tried: int, size: Size) -> None:
            if show is not None:
                show(f"{tried:,} candidates tried, the smallest has {size.counted:,} events")

        return shrink_trace(
            wanted.trace,
            wanted.stem,
            invariant=wanted.invariant,
            scheduler=own,
            scheduler_text=wanted.scheduler,
            budget=limits.budget(),
            told=told,
            record=wanted.record,
        )


def _remarks(wanted: Wanted, shrunk: Shrunk) -> list[str]:
    """What else a person should know."""
    remarks = []
    if wanted.record and not shrunk.commands:
        remarks.append(f"{wanted.trace}: an excerpt: no recipe in its header gives this violation")
    if shrunk.known_before:
        remarks.append(f"went on after {shrunk.known_before:,} candidates tried before")
    if shrunk.end is End.BUDGET:
        remarks.append(
            "the budget is used up: the same command with a larger one goes on from here"
        )
    if shrunk.end is End.INTERRUPTED:
        remarks.append("interrupted: the same command goes on from here")
    return remarks
